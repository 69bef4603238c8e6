/// Makes a finding as short as it can be: takes away pieces of the template, members' differences
/// and characters of values, as long as the database still tells the two apart.
struct Shrinker {
    let trial: Trial
    let reader: any StatementReader
    private var best: Finding
    private var trialsLeft = 1_500

    init(_ trial: Trial, _ reader: any StatementReader, _ finding: Finding) {
        self.trial = trial
        self.reader = reader
        best = finding
    }

    mutating func run() async throws -> Finding {
        var isShorter = true
        while isShorter, trialsLeft > 0 {
            let length = best.template.source.utf8.count
            try await shortenTemplate()
            try await unwrapBlocks()
            isShorter = best.template.source.utf8.count < length
        }
        try await shortenValues()
        return best
    }

    private mutating func takes(_ template: TriedTemplate, _ values: TrialValues) async throws
        -> Bool
    {
        guard trialsLeft > 0 else { return false }
        trialsLeft -= 1
        guard case .differs(let finding) = try await trial.run(template, values, in: reader) else {
            return false
        }
        best = finding
        return true
    }

    private mutating func takes(_ pieces: [String]) async throws -> Bool {
        var template = best.template
        template.source = pieces.joined()
        return try await takes(template, best.values)
    }

    /// Takes runs of pieces away, long ones first.
    private mutating func shortenTemplate() async throws {
        var length = max(1, SourcePiece.pieces(of: best.template.source).count / 2)
        while length > 0 {
            var start = 0
            while true {
                var pieces = SourcePiece.pieces(of: best.template.source)
                guard start + length <= pieces.count else { break }
                pieces.removeSubrange(start..<start + length)
                if try await !takes(pieces) { start += 1 }
            }
            length = length > 4 ? length / 2 : length - 1
        }
    }

    /// Takes a block's tags away and leaves what is in it.
    private mutating func unwrapBlocks() async throws {
        var start = 0
        while true {
            let pieces = SourcePiece.pieces(of: best.template.source)
            guard
                let open = pieces.indices.dropFirst(start).first(where: {
                    SourcePiece.opensBlock(pieces[$0])
                })
            else { return }
            start = open + 1
            guard let end = Self.end(of: open, pieces) else { continue }
            let kept = pieces.indices.filter { $0 != open && $0 != end }.map { pieces[$0] }
            if try await takes(kept) { start = open }
        }
    }

    private static func end(of open: Int, _ pieces: [String]) -> Int? {
        var depth = 0
        for index in pieces.indices.dropFirst(open) {
            if SourcePiece.opensBlock(pieces[index]) { depth += 1 }
            if pieces[index] == "{end}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private mutating func shortenValues() async throws {
        for field in ValuePool.textFields + ValuePool.numberFields {
            var same = best.values
            same.hostile[field] = trial.pool.markers[field]!
            if try await takes(best.template, same) { continue }
            for member in 0..<ValuePool.memberCount { try await shorten(field, member) }
        }
        var same = best.values
        same.segmentName = trial.pool.segmentName
        _ = try await takes(best.template, same)
    }

    private mutating func shorten(_ field: String, _ member: Int) async throws {
        var same = best.values
        same.hostile[field]![member] = trial.pool.markers[field]![member]
        if try await takes(best.template, same) { return }
        guard !ValuePool.numberFields.contains(field) else { return }
        var index = 0
        while true {
            var scalars = Array(best.values.hostile[field]![member].unicodeScalars)
            guard index < scalars.count else { return }
            scalars.remove(at: index)
            var shorter = best.values
            shorter.hostile[field]![member] = String(String.UnicodeScalarView(scalars))
            if try await !takes(best.template, shorter) { index += 1 }
        }
    }
}
