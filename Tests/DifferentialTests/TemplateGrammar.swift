import KindTesting
import SegmentModel
import ServerTesting

/// Random templates: SQL that mostly runs, with edges around its tags.
///
/// What a column computes from a text tag is a text that holds the value as it is: that is what
/// `Judgement` compares.
struct TemplateGrammar {
    let rules: SQLRules
    var random: SeededGenerator

    mutating func next() -> TriedTemplate {
        var template = isOneOf(5) ? known() : framed()
        if isOneOf(4) { mutate(&template) }
        return template
    }

    // MARK: Chance

    mutating func isOneOf(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices.randomElement(using: &random)!
    }

    /// Without an N, SQL Server loses what is not ASCII of the operator's own text.
    func writable(_ pieces: [String]) -> [String] {
        rules.kind == .mssql ? pieces.filter { $0.utf8.allSatisfy { $0 < 0x80 } } : pieces
    }

    private mutating func chance(_ weights: [Int]) -> Int {
        var rest = Int.random(in: 0..<weights.reduce(0, +), using: &random)
        for (index, weight) in weights.enumerated() {
            if rest < weight { return index }
            rest -= weight
        }
        return weights.count - 1
    }

    // MARK: Statements

    private mutating func framed() -> TriedTemplate {
        let columns = (0..<Int.random(in: 1...3, using: &random)).map { _ in column() }
            .joined(separator: pick([", ", ",", ",\n"]))
        switch chance([46, 8, 8, 22, 8, 8]) {
        case 0:
            return TriedTemplate(
                source: "SELECT {for $i, $lead = $batch}{$i}, \(columns){autocomma}{end}\(tail())",
                frame: .select)
        case 1:
            return TriedTemplate(
                source: "{for $i, $lead = $batch}{if $i > 0} UNION ALL {end}SELECT {$i}, "
                    + "\(columns) {end}",
                frame: .select)
        case 2: return TriedTemplate(source: "SELECT \(columns)\(tail())", frame: .single)
        case 3:
            return TriedTemplate(
                source: "INSERT INTO data (n, c, d) VALUES {for $i, $lead = $batch}"
                    + "({$i}, \(storable()), \(storable())){autocomma}{end}\(tail())",
                frame: .insert)
        case 4:
            return TriedTemplate(
                source: "SELECT n FROM pool WHERE " + condition(), frame: .condition)
        default:
            guard rules.kind != .clickhouse else {
                return TriedTemplate(
                    source: "SELECT n FROM pool WHERE " + condition(), frame: .condition)
            }
            let verb = pick(["DELETE FROM pool WHERE ", "UPDATE pool SET hit = 1 WHERE "])
            return TriedTemplate(source: verb + condition(), frame: .change)
        }
    }

    private mutating func tail() -> String {
        isOneOf(6) ? pick([";", "\n", " -- end", "/* ' */", " ; ", "-- it's\n", "#"]) : ""
    }

    private mutating func known() -> TriedTemplate {
        pick(KnownStatements.all(rules))
    }

    // MARK: Columns

    private mutating func column() -> String {
        var text = isOneOf(3) ? edge() : expression(depth: 2)
        if isOneOf(9) { text += pick([" AS \"c{segment_id}\"", " AS a{segment_id}", " AS \"a\""]) }
        if isOneOf(7) { wrap(&text) }
        return text
    }

    /// What fits into a column for texts.
    private mutating func storable() -> String {
        var text =
            isOneOf(4) ? edge() : isOneOf(3) ? pick(Lexicon.texts + Lexicon.numbers) : literal()
        if isOneOf(7) { wrap(&text) }
        return text
    }

    private mutating func expression(depth: Int) -> String {
        guard depth > 0 else { return isOneOf(4) ? bare() : literal() }
        switch chance([44, 16, 6, 5, 5, 4, 4, 3, 6, 4, 2]) {
        case 0: return literal()
        case 1: return bare()
        case 2:
            let parts = [expression(depth: depth - 1), literal()]
            return rules.kind == .mysql || isOneOf(2)
                ? "concat(\(parts.joined(separator: ", ")))" : parts.joined(separator: " || ")
        case 3:
            return "CASE WHEN 1 = 1 THEN \(expression(depth: depth - 1)) ELSE "
                + "\(literal()) END"
        case 4: return "COALESCE(\(expression(depth: depth - 1)), 'x')"
        case 5: return cast(expression(depth: depth - 1))
        case 6: return "(\(expression(depth: depth - 1)))"
        case 7: return "(SELECT \(expression(depth: depth - 1)))"
        case 8:
            return "{if $lead.\(pick(["k", "z", "k"]))}\(expression(depth: depth - 1)){else}"
                + "\(expression(depth: depth - 1)){end}"
        case 9:
            let comment = pick(["/* it's */", "-- it's\n", "/* \" */", "/**/", "# '\n"])
            return isOneOf(2)
                ? comment + expression(depth: depth - 1) : expression(depth: depth - 1) + comment
        default: return special(literal())
        }
    }

    private mutating func cast(_ text: String) -> String {
        switch rules.kind {
        case .postgresql: isOneOf(2) ? "\(text)::text" : "CAST(\(text) AS text)"
        case .mysql: isOneOf(2) ? "CONVERT(\(text) USING utf8mb4)" : "CAST(\(text) AS char)"
        case .sqlite: "CAST(\(text) AS TEXT)"
        case .clickhouse: isOneOf(2) ? "toString(\(text))" : "CAST(\(text) AS String)"
        case .mssql: "CAST(\(text) AS nvarchar(max))"
        default: "TO_CLOB(\(text))"
        }
    }

    private mutating func special(_ text: String) -> String {
        switch rules.kind {
        case .postgresql:
            pick(["(ARRAY[\(text)])[1]", "\(text) COLLATE \"C\"", "format('%s', \(text))"])
        case .mysql: pick(["\(text) COLLATE utf8mb4_bin", "IFNULL(\(text), 1)"])
        case .sqlite:
            pick(["\(text) COLLATE NOCASE", "ifnull(\(text), 1)", "printf('%s', \(text))"])
        case .clickhouse: pick(["[\(text)][1]", "(\(text), 1).1", "materialize(\(text))"])
        case .mssql: pick(["\(text) COLLATE Latin1_General_BIN", "ISNULL(\(text), 1)"])
        default: pick(["NVL(\(text), 'x')", "\(text) COLLATE BINARY"])
        }
    }

    private mutating func bare() -> String {
        switch chance([6, 4, 2]) {
        case 0: pick(Lexicon.texts)
        case 1: pick(Lexicon.numbers)
        default: pick(Lexicon.constants)
        }
    }

    // MARK: Strings

    mutating func literal() -> String {
        let isDouble =
            isOneOf(rules.kind == .mysql && !rules.settings.contains(.ansiQuotes) ? 4 : 40)
        let quote = isDouble ? "\"" : isOneOf(60) ? "`" : "'"
        var prefix = ""
        switch chance([75, 17, 8]) {
        case 0: break
        case 1: prefix = pick(Lexicon.ownPrefixes(rules))
        default: prefix = pick(Lexicon.prefixes)
        }
        if !prefix.isEmpty, isOneOf(5) { prefix += pick(Lexicon.separators) }
        if prefix.lowercased().hasSuffix("q"), isOneOf(2) {
            return prefix + "'[" + body("'") + "]'"
        }
        return prefix + quote + body(quote) + quote
    }

    /// Mostly harmless text around a tag.
    private mutating func body(_ quote: String) -> String {
        var body = ""
        for _ in 0..<Int.random(in: 0...2, using: &random) { body += bodyPiece(quote) }
        body += isOneOf(8) ? "{for $q = $lead.l}{$q}{autocomma}{end}" : tag()
        for _ in 0..<Int.random(in: 0...1, using: &random) { body += bodyPiece(quote) }
        if isOneOf(8) { body += tag() }
        return body
    }

    private mutating func tag() -> String {
        isOneOf(8) ? pick(Lexicon.numbers + Lexicon.constants) : pick(Lexicon.texts)
    }

    private mutating func bodyPiece(_ quote: String) -> String {
        switch chance([70, 14, 16]) {
        case 0:
            let piece = pick(writable(Lexicon.bodies))
            return piece == quote || piece == "'" && quote == "'" ? quote + quote : piece
        case 1: return quote + quote
        default: return pick(Lexicon.escapes)
        }
    }

    // MARK: Edges

    private mutating func edge() -> String {
        switch chance([5, 5, 4, 4, 3, 3, 4, 2, 2]) {
        case 0:  // An escape that the value could finish.
            return pick(["", "", "E", "U&", "N"]) + "'" + pick(Lexicon.escapes) + tag() + "'"
        case 1:  // A word, something, and a literal.
            let value = isOneOf(3) ? bare() : "'" + tag() + "'"
            let word = pick(Lexicon.prefixes + Lexicon.ownPrefixes(rules))
            return (isOneOf(3) ? "{if $lead.k}\(word){end}" : word) + pick(Lexicon.separators)
                + value
        case 2:  // Two side by side.
            let second = isOneOf(3) ? bare() : literal()
            return (isOneOf(3) ? bare() : literal()) + pick(Lexicon.separators) + second
        case 3: return touching()
        case 4: return dollar()
        case 5:  // Doubled delimiters across blocks.
            let (open, close) = pick([("'", "'"), ("\"", "\""), ("[", "]"), ("`", "`")])
            let empty = pick(Lexicon.emptyBlocks)
            return pick([
                "1 AS \(open)a\(close)\(empty)\(close)\(open) b\(close)",
                "1 AS \(open)a\(close)\(empty)\(close) '\(tag())' \(open)b\(close)",
                "\(open)a\(tag())\(close)\(empty)\(close)b\(close)",
                "1 AS \(open)a\(close)\(close)\(empty)b\(close)", "\(open)\(close)\(empty)\(tag())",
            ])
        case 6: return joined()
        case 7: return pick(["/* /* */", "/*/**/ "]) + bare() + pick([" */", "*/ "]) + literal()
        default:
            return pick(["/* ' ", "/*/* ", "-- ' ", "/*!", "// ", "# ", "-- "]) + tag()
                + pick([" */", "\n", "*/*/"]) + literal()
        }
    }

    /// Two strings that are one to some databases, perhaps by the rules of the first.
    private mutating func joined() -> String {
        let first = pick(Lexicon.ownPrefixes(rules)) + "'a'"
        let second = "'" + tag() + "'"
        let space = pick(["\n", " ", "\n", "-- c\n", " \n"])
        return (isOneOf(3) ? "{if $lead.k}\(first){end}" : first) + space
            + (isOneOf(4) ? "{if $lead.k}\(second){end}" : second)
    }

    /// Operators, numbers and marks that touch a tag.
    private mutating func touching() -> String {
        let number = pick(Lexicon.numbers)
        let text = pick(Lexicon.texts)
        // ClickHouse 18 has no plus sign before parentheses, and says so.
        let sign = rules.kind == .clickhouse ? "-" : "+"
        return pick([
            "\(sign)\(number)", "-\(number)", "- \(number)", "1 -\(number)", "1-\(number)",
            "1 --\(number)",
            "\(number)-\(number)", "\(number)::text", "\(text)::text", "1e\(number)", "0x\(number)",
            "1\(number)", "1.\(number)", "\(number)\(number)", "@\(text)", ":\(text)", "@\(number)",
            "\(text)\(text)", "a\(number)", "\(number)a", "$\(number)", "\(text)'a'", "a.\(number)",
            "\(number)e1", "\(number).1", "*\(number)", "~\(number)", "{segment_id}x",
            "x{segment_id}",
            "1 /\(number)", "1/\(number)*2", "-\(text)", "\(number) -- x\n", "{$lead.b}\(text)",
        ])
    }

    private mutating func dollar() -> String {
        let mark = pick(["$$", "$a$", "$é$", "$1$", "$_$"])
        return mark + pick(["x", "it's", "\\", "\"", tag(), "$", "/*"]) + mark
            + (isOneOf(2) ? pick(Lexicon.separators) + bare() : "")
    }

    // MARK: Conditions

    /// True for the rows of `pool` that hold a value, if no edge interferes.
    private mutating func condition() -> String {
        let field = pick(["v", "v", "w", "n", "id"])
        let every = "{for $i, $lead = $batch}{if $i > 0} OR {end}"
        let list = "v IN ({batch_in \"\(field)\"})"
        switch chance([5, 4, 2, 2]) {
        case 0: return list
        case 1:
            var value = pick(["'{$lead.\(field)}'", "('{$lead.\(field)}')"])
            if field != "n", isOneOf(3) { value = "{$lead.\(field)}" }
            if isOneOf(4) { value = pick(Lexicon.ownPrefixes(rules)) + value }
            if isOneOf(6) { wrap(&value) }
            return "\(every)v = \(value){end}"
        case 2: return "v IN ({batch_in \"\(field)\"}) AND n >= 0 OR v IN ({batch_in \"w\"})"
        default: return "v IN ({for $lead = $batch}'{$lead.\(field)}'{autocomma}{end})"
        }
    }
}
