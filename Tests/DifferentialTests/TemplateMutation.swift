import ServerTesting

/// Changes that know nothing of SQL.
extension TemplateGrammar {
    /// Puts a part into a block, or an empty block somewhere.
    mutating func wrap(_ text: inout String) {
        var pieces = SourcePiece.pieces(of: text)
        guard !pieces.isEmpty else { return }
        if isOneOf(2) {
            let place = Int.random(in: 0...pieces.count, using: &random)
            pieces.insert(pick(Lexicon.emptyBlocks), at: place)
        } else {
            let start = Int.random(in: 0..<pieces.count, using: &random)
            let length = Int.random(in: 1...min(6, pieces.count - start), using: &random)
            let part = pieces[start..<start + length].joined()
            let block = pick([
                "{if $lead.k}\(part){end}", "{if $lead.k}\(part){else}\(part){end}",
                "{if $lead.z}\(part){end}", "{for $q = $lead.k}\(part){end}",
                "{for $q = $lead.l}\(part){autocomma}{end}", "{if $lead.z}{else}\(part){end}",
                "{if $lead.z}{elseif $lead.k}\(part){end}",
            ])
            pieces.replaceSubrange(start..<start + length, with: [block])
        }
        text = pieces.joined()
    }

    mutating func mutate(_ template: inout TriedTemplate) {
        var pieces = SourcePiece.pieces(of: template.source)
        for _ in 0..<Int.random(in: 1...2, using: &random) where pieces.count > 2 {
            let place = Int.random(in: 0..<pieces.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: pieces.remove(at: place)
            case 1: pieces.insert(pieces[place], at: place)
            case 2: pieces.swapAt(place, max(0, place - 1))
            case 3: pieces[place] = pick(writable(Lexicon.symbols))
            default: pieces.insert(pick(writable(Lexicon.symbols + Lexicon.escapes)), at: place)
            }
        }
        template.source = pieces.joined()
    }
}
