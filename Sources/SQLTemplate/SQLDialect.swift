package import SegmentModel

/// How a kind of database reads SQL: what quotes, what escapes, what comments.
package struct SQLDialect: Sendable {
    /// How a string ends and how a value is escaped in it.
    struct StringForm: Hashable, Sendable {
        let quote: UInt8
        /// A backslash takes the next character's meaning away.
        let hasBackslash: Bool
        /// A quote in a value is escaped by a backslash; otherwise it is doubled.
        var isQuoteBackslashed = false
    }

    enum BlockComments: Sendable {
        case flat, nested
    }

    package let kind: ConnectorKind
    let title: String
    /// `'…'`.
    let apostrophe: StringForm
    /// `"…"`, where it is a string and not an identifier.
    var doubleQuoteString: StringForm?
    var hasBacktickIdentifiers = false
    var hasBracketIdentifiers = false
    /// `E'…'`.
    var hasEscapeStrings = false
    /// `U&'…'`.
    var hasUnicodeStrings = false
    /// `q'[…]'`.
    var hasAlternativeQuoting = false
    /// `$tag$…$tag$`.
    var hasDollarQuotes = false
    var blockComments = BlockComments.flat
    var hasHashComments = false
    /// `--` starts a comment only before white space.
    var dashCommentNeedsSpace = false
    var lineCommentEndsAtReturn = false
    /// Characters that begin a bound parameter, which a query does not have.
    var parameterMarks: [UInt8] = []
    /// Characters that join what follows them to a name.
    var nameMarks: [UInt8] = []
    /// What stands before the quote of a complete literal.
    var literalPrefix: [UInt8] = []
    var trueLiteral = Array("1".utf8)
    var falseLiteral = Array("0".utf8)

    package init(_ kind: ConnectorKind) {
        self.kind = kind
        let quote = UInt8(ascii: "'")
        switch kind {
        case .mysql, .clickhouse:
            apostrophe = StringForm(
                quote: quote, hasBackslash: true, isQuoteBackslashed: kind == .clickhouse)
        default: apostrophe = StringForm(quote: quote, hasBackslash: false)
        }
        switch kind {
        case .sqlite: title = "SQLite"
        case .postgresql: title = "PostgreSQL"
        case .mysql: title = "MySQL"
        case .mssql: title = "SQL Server"
        case .oracle: title = "Oracle"
        case .clickhouse: title = "ClickHouse"
        }
        setRules()
    }

    private mutating func setRules() {
        switch kind {
        case .sqlite:
            hasBacktickIdentifiers = true
            hasBracketIdentifiers = true
            parameterMarks = Array("?:@#$".utf8)
        case .postgresql:
            hasEscapeStrings = true
            hasUnicodeStrings = true
            hasDollarQuotes = true
            blockComments = .nested
            lineCommentEndsAtReturn = true
            nameMarks = Array(":".utf8)
            setBooleanWords()
        case .mysql:
            doubleQuoteString = StringForm(quote: UInt8(ascii: "\""), hasBackslash: true)
            hasBacktickIdentifiers = true
            hasHashComments = true
            dashCommentNeedsSpace = true
            nameMarks = Array("@:?".utf8)
            setBooleanWords()
        case .mssql:
            hasBracketIdentifiers = true
            blockComments = .nested
            nameMarks = Array("@#:?".utf8)
            literalPrefix = Array("N".utf8)
        case .oracle:
            hasAlternativeQuoting = true
            nameMarks = Array("@#:?".utf8)
        case .clickhouse:
            hasBacktickIdentifiers = true
            hasDollarQuotes = true
            hasHashComments = true
            nameMarks = Array("@:?".utf8)
            setBooleanWords()
        }
    }

    private mutating func setBooleanWords() {
        trueLiteral = Array("TRUE".utf8)
        falseLiteral = Array("FALSE".utf8)
    }
}
