/// Where a name stands in a server's message, for the codes where its place is certain: an
/// identifier of the query, which no value can be.
enum ClickHouseNames {
    case none
    /// `Table crm.people does not exist`
    case table
    /// `Database crm does not exist`
    case database
    /// `No such column name in table …`
    case noSuchColumn
    /// ``Unknown expression identifier `name` in scope``
    case identifier
    /// `Syntax error: failed at position 17`
    case position

    /// What is added to a sentence; empty if the message is not of the known form.
    func description(in message: String) -> String {
        let found: String? =
            switch self {
            case .none: nil
            case .table:
                Self.word(behind: "Exception: Table ", in: message, before: [" does", " doesn't"])
            case .database:
                Self.word(
                    behind: "Exception: Database ", in: message, before: [" does", " doesn't"])
            case .noSuchColumn:
                Self.word(behind: "No such column ", in: message, before: [" in table"])
            case .identifier:
                Self.word(behind: "Unknown expression identifier `", in: message, before: ["` in"])
                    ?? Self.word(
                        behind: "Unknown expression or function identifier `", in: message,
                        before: ["` in"])
            case .position:
                Self.word(
                    behind: "Syntax error: failed at position ", in: message, before: [" ", ":"]
                )
                .map { "at its byte \($0)" }
            }
        return found.map { ": \($0)" } ?? ""
    }

    /// The letters, digits, dots and underscores behind a text, if one of `ends` follows.
    private static func word(
        behind start: String, in message: String, before ends: [String]
    ) -> String? {
        guard let place = message.firstRange(of: start)?.upperBound else { return nil }
        let rest = message[place...]
        let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "._".contains($0)) }
        let tail = rest[word.endIndex...]
        guard !word.isEmpty, ends.contains(where: { tail.hasPrefix($0) }) else { return nil }
        return String(word)
    }
}
