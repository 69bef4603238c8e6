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
        /// A tag may stand in it.
        var takesValues = true
        /// It was opened without the `N` that characters beyond ASCII need.
        var lacksNational = false
    }

    enum BlockComments: Sendable {
        case flat, nested
        /// Versions differ, so that a comment in a comment is refused.
        case unsettled
    }

    package let kind: ConnectorKind
    package let settings: SQLSettings
    let title: String
    /// `'…'`.
    var apostrophe: StringForm
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
    /// `#…` is a comment; with `hashCommentNeedsSpace` only before a space or `!`.
    var hasHashComments = false
    var hashCommentNeedsSpace = false
    /// `/*!…*/` is run, and `/*+…*/` is read by rules of its own.
    var hasExecutableComments = false
    /// `_latin1'…'` and `N'…'` are of another character set than the connection's.
    var hasCharacterSetIntroducers = false
    /// `‘…’` and `“…”` are quotes.
    var hasCurlyQuotes = false
    /// `--` starts a comment only before white space.
    var dashCommentNeedsSpace = false
    var lineCommentEndsAtReturn = false
    /// Whether a bare carriage return ends a comment is not documented, so that it is refused.
    var hasUnsettledReturns = false
    /// Characters that begin a bound parameter, which a query does not have.
    var parameterMarks: [UInt8] = []
    /// Characters that join what follows them to a name.
    var nameMarks: [UInt8] = []
    /// A literal keeps characters beyond ASCII only behind an `N`.
    var hasNationalStrings = false
    /// In a string a backslash before a line's end takes both away.
    var hasLineContinuation = false
    /// Bytes of the longest literal; nil: the longest query.
    var literalByteCountMax: Int?
    var timeForm = TimeForm.rfc3339
    var trueLiteral = Array("1".utf8)
    var falseLiteral = Array("0".utf8)

    /// How `{event_time}` and `date` write a moment.
    enum TimeForm: Sendable {
        /// `2026-03-12T10:00:00.000Z`.
        case rfc3339
        /// `2026-03-12T10:00:00.000`: every column type takes it.
        case withoutZone
        /// `2026-03-12 10:00:00.000`.
        case spaced
        /// The same behind the keyword `TIMESTAMP` or `DATE` where it is a literal.
        case keyword
    }

    package init(_ kind: ConnectorKind) { self.init(SQLRules(kind)) }

    /// Settings that do not belong to the kind have no effect.
    package init(_ rules: SQLRules) {
        kind = rules.kind
        settings = rules.settings
        let quote = UInt8(ascii: "'")
        let hasBackslash =
            switch kind {
            case .mysql: !settings.contains(.noBackslashEscapes)
            case .clickhouse: true
            case .postgresql: settings.contains(.backslashEscapes)
            case .mssql, .oracle, .sqlite: false
            }
        apostrophe = StringForm(
            quote: quote, hasBackslash: hasBackslash, isQuoteBackslashed: kind == .clickhouse)
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
            if !settings.contains(.ansiQuotes) {
                doubleQuoteString = StringForm(
                    quote: UInt8(ascii: "\""), hasBackslash: apostrophe.hasBackslash)
            }
            hasBacktickIdentifiers = true
            hasHashComments = true
            hasExecutableComments = true
            hasCharacterSetIntroducers = true
            timeForm = .spaced
            dashCommentNeedsSpace = true
            nameMarks = Array("@:?".utf8)
            setBooleanWords()
        case .mssql:
            hasBracketIdentifiers = true
            blockComments = .nested
            nameMarks = Array("@#:?".utf8)
            hasNationalStrings = true
            hasUnsettledReturns = true
            hasLineContinuation = true
            timeForm = .withoutZone
            if settings.contains(.doubleQuotedStrings) {
                doubleQuoteString = StringForm(
                    quote: UInt8(ascii: "\""), hasBackslash: false, takesValues: false)
            }
        case .oracle:
            hasAlternativeQuoting = true
            nameMarks = Array("@#:?".utf8)
            literalByteCountMax = 4000
            hasUnsettledReturns = true
            timeForm = .keyword
        case .clickhouse:
            hasBacktickIdentifiers = true
            hasDollarQuotes = true
            hasHashComments = true
            hashCommentNeedsSpace = true
            hasCurlyQuotes = true
            hasUnsettledReturns = true
            blockComments = .unsettled
            timeForm = .spaced
            nameMarks = Array("@:?".utf8)
            setBooleanWords()
        }
    }

    private mutating func setBooleanWords() {
        trueLiteral = Array("TRUE".utf8)
        falseLiteral = Array("FALSE".utf8)
    }
}

extension SQLDialect {
    /// A text as a complete literal. It must not hold U+0000.
    package func literal(_ text: String) -> String {
        var bytes = [apostrophe.quote]
        for byte in text.utf8 {
            if byte == apostrophe.quote {
                bytes.append(apostrophe.isQuoteBackslashed ? UInt8(ascii: "\\") : byte)
            } else if byte == UInt8(ascii: "\\"), apostrophe.hasBackslash {
                bytes.append(byte)
            }
            bytes.append(byte)
        }
        bytes.append(apostrophe.quote)
        return String(decoding: bytes, as: UTF8.self)
    }
}
