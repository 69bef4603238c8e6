/// What is said of a tag or a text that stands where it cannot.
enum ContextMessages {
    /// nil if a value may stand there.
    static func value(
        _ state: SQLState, isInteger: Bool, isList: Bool, _ dialect: SQLDialect
    ) -> (message: String, hint: String)? {
        switch state.mode {
        case .plain: return plainValue(state.seams, isInteger: isInteger, dialect)
        case .string, .identifier:
            if isList {
                return (
                    "batch_in stands inside of quotes, but writes complete literals",
                    "take the quotes away: IN ({batch_in \"…\"})"
                )
            }
            if case .string(let form) = state.mode {
                if form.takesValues { return nil }
                return (
                    "a value cannot stand in this string, which takes only some characters or reads"
                        + " them by rules of its own",
                    "write the value as '{…}', with nothing but an operator or a comma before it"
                )
            }
            if isInteger { return nil }
            if state.mode == .identifier(close: UInt8(ascii: "\"")) {
                return (
                    "\"…\" names a column in \(dialect.title), so a value cannot stand in it",
                    "write the value in single quotes: '{…}'"
                )
            }
            return (
                "only an integer as {segment_id} can stand in a quoted name",
                "write the value in single quotes: '{…}'"
            )
        case .sealed: return nil
        }
    }

    private static func plainValue(
        _ seams: SQLState.Seams, isInteger: Bool, _ dialect: SQLDialect
    ) -> (message: String, hint: String)? {
        if !seams.isDisjoint(with: [.word, .integer]), !isInteger {
            return (
                "a value cannot continue a word; only an integer as {segment_id} can",
                "put a space before it"
            )
        }
        if !seams.isDisjoint(with: [.half, .number]) {
            return (
                "a value cannot continue what stands before it",
                "put a space, a comma or an operator before it"
            )
        }
        if seams.contains(.introducer), !isInteger {
            return (
                "the word before this value gives it another character set, or reads it by rules"
                    + " of its own",
                "take the word before it away"
            )
        }
        if seams.contains(.afterString) {
            return (
                "a value cannot follow a string: databases join two strings to one",
                "write it inside of the quotes: '…{…}', or join both with \(joining(dialect))"
            )
        }
        if !seams.isDisjoint(with: [.value, .afterValue]) {
            return (
                "a value cannot follow a value: databases join two strings to one",
                "put a comma or an operator in between, or write both in one string: '{…}{…}'"
            )
        }
        return nil
    }

    /// What joins two texts on the database.
    private static func joining(_ dialect: SQLDialect) -> String {
        dialect.lack(of: .bars) == nil ? "||" : "CONCAT(…, …)"
    }

    static func tag(in seal: SQLState.Seal) -> (message: String, hint: String) {
        let braces = "write {{ for a brace that is text"
        return switch seal {
        case .lineComment, .blockComment:
            ("a tag cannot stand in a comment", "take it out of the comment, or \(braces)")
        case .dollarQuote: ("a tag cannot stand in $$…$$", "use '…', or \(braces)")
        case .unicodeString: ("a tag cannot stand in U&'…'", "use '…', or \(braces)")
        case .alternativeQuote: ("a tag cannot stand in q'…'", "use '…', or \(braces)")
        case .escape, .nameEscape:
            (
                "a tag cannot follow a backslash that escapes, or an escape that can take more"
                    + " characters",
                "write \\\\ for a backslash, or the character itself instead of its escape"
            )
        case .formatData:
            (
                "what stands behind FORMAT is data of that format, and a value is written as SQL",
                "write VALUES and the rows instead of FORMAT"
            )
        }
    }

    /// Of a value in a string that the server reads as code.
    static func code(
        _ context: CodeContext, _ dialect: SQLDialect
    ) -> (message: String, hint: String) {
        (
            "a value cannot stand in what \(dialect.title) reads as code behind "
                + "\(dialect.code.text(of: context.name)): it would be escaped for the string, and "
                + "not for the code in it",
            dialect.code.hint(for: context.name)
        )
    }

    static func text(
        _ problem: SQLLexer.Problem, _ dialect: SQLDialect
    ) -> (message: String, hint: String) {
        let space = "put a space between them"
        return switch problem {
        case .joinsValue: ("this text would become a part of the value before it", space)
        case .joinsTag:
            ("this text would become a part of what stands before the tag before it", space)
        case .stringAfterValue:
            (
                "a string cannot follow a value: databases join two strings to one",
                "write both in one string, or join them with \(joining(dialect))"
            )
        case .stringAfterEscapeString:
            (
                "a string cannot follow E'…' or U&'…': databases join two strings to one",
                "write one string"
            )
        case .quoteAfterNumber:
            ("this cannot directly follow a number", "put a comma or an operator between them")
        case .parameter:
            (
                "\(dialect.title) reads a bound parameter here, and a query has none",
                "write the value as a tag: {…}"
            )
        case .castOperator: ("\(dialect.title) has no ::", "write CAST(… AS …)")
        case .returnInComment:
            (
                "a bare carriage return may end this comment or not, on \(dialect.title)",
                "end the line with a line feed"
            )
        case .executableComment:
            (
                "\(dialect.title) runs what stands in /*! … */, so this is no comment",
                "write it without /*! and */"
            )
        case .hintQuote:
            ("a quote cannot stand in /*+ … */", "name what the hint is about without quotes")
        case .nestedComment:
            (
                "versions of \(dialect.title) read a comment in a comment differently",
                "take the inner /* away"
            )
        case .commentInData:
            (
                "\(dialect.title) reads what stands behind VALUES as data, in which versions read a"
                    + " comment differently",
                "write the comment before INSERT, or leave it out"
            )
        case .unsettledEscape:
            (
                "this escape takes the characters behind it whatever they are, a quote too, on"
                    + " \(dialect.title)",
                "write its hexadecimal digits, or \\\\ for a backslash"
            )
        case .castOfValue:
            (
                "\(dialect.title) casts the characters of the literal here, and not its value",
                "write CAST({…} AS …)"
            )
        case .dynamicSource:
            ("the query runs a text that it puts together", dialect.code.hint)
        case .curlyQuote:
            (
                "\(dialect.title) reads ‘…’ and “…” as quotes, and versions differ in it",
                "write ' or \""
            )
        }
    }

    /// nil if a query may end there.
    static func unterminated(_ mode: SQLState.Mode) -> String? {
        switch mode {
        case .plain, .sealed(.lineComment), .sealed(.formatData): nil
        case .string, .sealed(.escape): "this string is not closed"
        case .identifier, .sealed(.nameEscape): "this quoted name is not closed"
        case .sealed(.blockComment): "this comment is not closed"
        case .sealed(.dollarQuote): "this $$ string is not closed"
        case .sealed(.unicodeString): "this U& string is not closed"
        case .sealed(.alternativeQuote): "this string is not closed"
        }
    }
}
