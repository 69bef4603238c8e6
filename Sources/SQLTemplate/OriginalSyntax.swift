internal import SegmentModel

/// Syntax that pages of other systems print for such queries, and that means something else here.
enum OriginalSyntax {
    private static let tagWords = [
        "for", "if", "elseif", "else", "end", "autocomma", "batch_in", "lead",
    ]

    /// The word behind a doubled brace at `index` that would make a tag behind a single one.
    static func tagWord(behindBracesAt index: Int, in source: [UInt8]) -> String? {
        let rest = source[min(index + 2, source.count)...]
        if rest.first == UInt8(ascii: "$") { return "$" }
        let word = rest.prefix { TagLexer.isLetter($0) || $0 == UInt8(ascii: "_") }
        let text = String(decoding: word, as: UTF8.self)
        return tagWords.first { $0.isExactly(text) }
    }

    /// What to do without a name of the other system's; nil: it is none of these.
    static func instead(of name: String) -> String? {
        let names = [
            "subscription_field", "subscription", "json", "apicontent", "products", "product",
            "market", "utm",
        ]
        guard names.contains(where: { $0.isExactly(name) }) else { return nil }
        return "send what it stands for as a field of the profile, and write {$lead.Field}"
    }

    /// `// …`, which begins a comment in ClickHouse alone, where it is no token.
    static func slashes(
        _ tokens: [SQLToken], _ template: SplitTemplate, _ dialect: SQLDialect,
        _ diagnostics: inout Diagnostics
    ) {
        let slash = SQLToken.Kind.symbol(UInt8(ascii: "/"))
        for (first, second) in zip(tokens, tokens.dropFirst())
        where first.kind == slash && second.kind == slash
            && first.range.upperBound == second.range.lowerBound
        {
            let place = template.sourceOffset(ofLiteral: first.range.lowerBound)
            let message = "// begins no comment in \(dialect.title)"
            let hint = "write -- and a space, or take the comment away"
            if dialect.advice.hasSlashOperators {
                diagnostics.warning("comment", at: place, message, hint: hint)
            } else {
                diagnostics.error("comment", at: place, message, hint: hint)
            }
            return
        }
    }
}
