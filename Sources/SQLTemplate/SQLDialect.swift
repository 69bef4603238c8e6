package import SegmentModel

/// How a kind of database reads SQL: what quotes, what escapes, what comments, and what its
/// statements do.
///
/// A value of facts, each with the default that most databases share. The kind's adapter gives its
/// own, for the settings that a connector states; nothing here knows a kind.
package struct SQLDialect: Sendable {
    /// How a string ends and how a value is escaped in it.
    package struct StringForm: Hashable, Sendable {
        let quote: UInt8
        /// A backslash takes the next character's meaning away.
        let hasBackslash: Bool
        /// A quote in a value is escaped by a backslash; otherwise it is doubled.
        var isQuoteBackslashed = false
        /// A tag may stand in it.
        var takesValues = true
        /// It was opened without the `N` that characters beyond ASCII need.
        var lacksNational = false
        var followers = Followers.alike

        package init(
            quote: UInt8, hasBackslash: Bool, isQuoteBackslashed: Bool = false,
            takesValues: Bool = true
        ) {
            self.quote = quote
            self.hasBackslash = hasBackslash
            self.isQuoteBackslashed = isQuoteBackslashed
            self.takesValues = takesValues
        }
    }

    /// How a string is read that stands behind another, where the two become one.
    enum Followers: Hashable, Sendable {
        case alike
        /// By the rules of the first one, which are not those of a string that stands alone.
        case otherwise
        /// In the character set of the first one.
        case introduced
    }

    /// An escape of more characters than the one behind the backslash.
    package struct LongEscape: Sendable {
        /// The characters behind the backslash that begin it.
        let starts: [UInt8]
        /// How many more characters it takes at most.
        let digitCountMax: Int
        let digits: Digits

        package enum Digits: Sendable {
            case octal, hexadecimal
            /// Whatever stands there, a quote or a backslash too.
            case anything
        }

        package init(starts: String, digitCountMax: Int, digits: Digits = .hexadecimal) {
            self.starts = Array(starts.utf8)
            self.digitCountMax = digitCountMax
            self.digits = digits
        }
    }

    package enum BlockComments: Sendable {
        case flat, nested
        /// Versions differ, so that a comment in a comment is refused.
        case unsettled
    }

    package let settings: SQLSettings
    /// What the database calls itself, for sentences.
    package let title: String
    /// The names of the settings that its connectors may state.
    package var settingNames: [String] = []

    // MARK: Strings and names

    /// `'…'`.
    package var apostrophe = StringForm(quote: UInt8(ascii: "'"), hasBackslash: false)
    /// `"…"`, where it is a string and not an identifier.
    package var doubleQuoteString: StringForm?
    package var hasBacktickIdentifiers = false
    package var hasBracketIdentifiers = false
    /// In `[…]` a closing bracket is written twice.
    package var isBracketDoubled = false
    /// In a quoted name a backslash takes the next character's meaning away.
    package var hasIdentifierBackslash = false
    /// What a quoted name stands between.
    package var identifierQuote = "\""
    /// `E'…'`.
    package var hasEscapeStrings = false
    /// `U&'…'`.
    package var hasUnicodeStrings = false
    /// `q'[…]'`.
    package var hasAlternativeQuoting = false
    /// `$tag$…$tag$`.
    package var hasDollarQuotes = false
    /// Escapes behind a backslash that take more than one character.
    package var longEscapes: [LongEscape] = []
    /// Letters directly before the quote of a string that takes values, in small letters; any other
    /// single letter there makes a string that takes none.
    package var stringPrefixes: [UInt8] = []
    /// Letters directly before a quote whose string goes on in the next one, by its own rules.
    package var joiningPrefixes: [UInt8] = []
    /// Words that change what the string behind them holds, in capitals.
    package var introducingWords: Set<String> = []
    /// `_latin1'…'` and `N'…'` are of another character set than the connection's.
    package var hasCharacterSetIntroducers = false
    /// `‘…’` and `“…”` are quotes.
    package var hasCurlyQuotes = false
    /// A literal keeps characters beyond ASCII only behind an `N`.
    package var hasNationalStrings = false
    /// In a string a backslash before a line's end takes both away.
    package var hasLineContinuation = false
    /// Bytes of the longest literal; nil: the longest query.
    package var literalByteCountMax: Int?

    // MARK: Comments

    package var blockComments = BlockComments.flat
    /// `#…` is a comment; with `hashCommentNeedsSpace` only before a space or `!`.
    package var hasHashComments = false
    package var hashCommentNeedsSpace = false
    /// `//…` is a comment.
    package var hasSlashComments = false
    /// `/*!…*/` is run, and `/*+…*/` is read by rules of its own.
    package var hasExecutableComments = false
    /// `--` starts a comment only before white space.
    package var dashCommentNeedsSpace = false
    package var lineCommentEndsAtReturn = false
    /// Whether a bare carriage return ends a comment is not documented, so that it is refused.
    package var hasUnsettledReturns = false

    // MARK: Other characters

    /// Characters that begin a bound parameter, which a query does not have.
    package var parameterMarks: [UInt8] = []
    /// Characters that join what follows them to a name.
    package var nameMarks: [UInt8] = []

    // MARK: Values

    package var timeForm = TimeForm.rfc3339
    package var trueLiteral = Array("1".utf8)
    package var falseLiteral = Array("0".utf8)

    /// How `{event_time}` and `date` write a moment.
    package enum TimeForm: Sendable {
        /// `2026-03-12T10:00:00.000Z`.
        case rfc3339
        /// `2026-03-12T10:00:00.000`: every column type takes it.
        case withoutZone
        /// `2026-03-12 10:00:00.000`.
        case spaced
        /// The same behind the keyword `TIMESTAMP` or `DATE` where it is a literal.
        case keyword
    }

    /// Values beside the text; nil: every value is written into the text.
    package var binding: SQLBinding?

    // MARK: Statements

    /// Where a string is code.
    package var code = CodeIndex(CodeRules())
    /// `::` behind a literal casts its characters, parentheses included, and not its value.
    package var castsLiteralText = false
    /// An INSERT can end with data that is no SQL, behind FORMAT or VALUES.
    package var hasFormatData = false
    /// The database has transactions, which a query must not begin or end.
    package var hasTransactions = true
    /// `BEGIN … END` is a block of statements.
    package var hasBlocks = false
    /// A block keeps its semicolons where a query is cut into statements, as PL/SQL does.
    package var keepsBlocksWhole = false
    /// Definitions, such as CREATE and TRUNCATE, commit by themselves.
    package var commitsDefinitions = false
    /// What a query may not do to its session.
    package var sessionRules = SessionRules()
    /// A temporary table hides the table of its name, so that TRUNCATE can be tried on a copy.
    package var hidesTables = false
    /// What the compiler warns of.
    package var advice = SQLAdvice()
    /// What to do so that an INSERT into `table` can run again.
    package var repeatHint: @Sendable (_ table: String) -> String = { table in
        "give \(table) a unique key and say what happens to a row whose key is there"
    }

    /// What makes a unique key of columns: the statement, or what to do instead.
    package var keyHint: @Sendable (_ table: String, _ key: String, _ columns: String) -> String = {
        table, _, columns in "ALTER TABLE \(table) ADD UNIQUE (\(columns))"
    }
    /// What it has not of the SQL that other databases have.
    package var lacks: [SQLLack] = []
    /// Rows behind VALUES of an INSERT at most; nil: any number.
    package var valueRowCountMax: Int?
    /// How it is asked whether it can parse a statement; nil: it is not asked.
    package var parsing: SQLParsing?

    package init(_ title: String, _ settings: SQLSettings = []) {
        self.title = title
        self.settings = settings
    }

    package mutating func setBooleanWords() {
        trueLiteral = Array("TRUE".utf8)
        falseLiteral = Array("FALSE".utf8)
    }
}

/// How a database is asked whether it can parse a statement, without running it.
package struct SQLParsing: Sendable {
    /// What reads and writes rows.
    package static let rowVerbs: Set<String> = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH", "VALUES",
    ]

    /// The words that such a statement begins with.
    package var verbs: Set<String>
    /// What is asked about a statement.
    package var question: @Sendable (_ statement: String) -> String
    /// What lets it forget the statement again.
    package var forget: String?
    /// A word of the refusal by versions that do not know the question.
    package var unknownWord: String?

    package init(
        verbs: Set<String> = SQLParsing.rowVerbs, forget: String? = nil,
        unknownWord: String? = nil, question: @escaping @Sendable (_ statement: String) -> String
    ) {
        self.verbs = verbs
        self.question = question
        self.forget = forget
        self.unknownWord = unknownWord
    }
}

/// How a database takes values beside the text of a statement.
package struct SQLBinding: Hashable, Sendable {
    /// How the n-th parameter is spelled.
    package enum Placeholder: Hashable, Sendable {
        /// `?`, by their order.
        case question
        /// `?1` or `$1`: a character and the number, from 1.
        case numbered(UInt8)
    }

    /// The statements whose values can be bound.
    package var verbs: Set<String>
    package var placeholder: Placeholder
    /// The most parameters of one statement.
    package var valueCountMax: Int
    /// Only values that go into a column as they are, row by row: a bulk protocol.
    package var isRowWise = false
    /// TRUE and FALSE have a type of their own.
    package var hasBooleans = false
    /// Numbers of 32 bits have a type of their own.
    package var hasShortIntegers = false
    /// Where not every server of the kind takes them: the one that does.
    package var server: String?

    package init(verbs: Set<String>, placeholder: Placeholder, valueCountMax: Int = 65_535) {
        self.verbs = verbs
        self.placeholder = placeholder
        self.valueCountMax = valueCountMax
    }
}

extension SQLDialect {
    func lack(of form: SQLForm) -> SQLLack? { lacks.first { $0.form == form } }

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
