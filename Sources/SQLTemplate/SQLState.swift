/// Where a point of a template lies in the SQL around it.
///
/// A template renders to many texts, so `seams` says what *may* stand before the point: at a place
/// that several ways lead to it is the union of them.
struct SQLState: Equatable {
    enum Mode: Equatable {
        /// Outside of quotes and comments.
        case plain
        case string(SQLDialect.StringForm)
        /// In a quoted identifier that ends with this byte.
        case identifier(close: UInt8)
        /// In something that no tag may stand in.
        case sealed(Seal)
    }

    enum Seal: Equatable {
        case lineComment, blockComment, dollarQuote, unicodeString, alternativeQuote
        /// Behind a backslash, or in an escape that can take more characters.
        case escape
        /// In a quoted name, behind a backslash.
        case nameEscape
        /// Behind the FORMAT of an INSERT.
        case formatData

        /// What is sealed is a string.
        var isText: Bool {
            switch self {
            case .dollarQuote, .unicodeString, .alternativeQuote, .escape: true
            case .lineComment, .blockComment, .nameEscape, .formatData: false
            }
        }
    }

    /// What may stand before a point outside of quotes.
    struct Seams: OptionSet {
        let rawValue: UInt16

        /// Directly before it: an identifier or a keyword.
        static let word = Seams(rawValue: 1)
        static let number = Seams(rawValue: 2)
        /// Directly before it: a closing quote.
        static let quote = Seams(rawValue: 4)
        static let value = Seams(rawValue: 8)
        /// Directly before it: an operator.
        static let sign = Seams(rawValue: 16)
        /// Directly before it: something that what follows would become a part of, as `$` or `.`.
        static let half = Seams(rawValue: 32)
        /// The last token, white space and comments aside.
        static let afterString = Seams(rawValue: 64)
        static let afterEscapeString = Seams(rawValue: 128)
        static let afterValue = Seams(rawValue: 256)
        /// The last token, white space and comments aside: what gives the string that follows
        /// another character set, or reads it by other rules.
        static let introducer = Seams(rawValue: 512)
        /// Directly before it: an integer of a tag that continues a word.
        static let integer = Seams(rawValue: 1024)

        static let direct: Seams = [.word, .number, .quote, .value, .sign, .half, .integer]
    }

    var mode = Mode.plain
    var seams: Seams = []
    /// Where in its statement it lies.
    var code = CodeContext()
    /// The literal offset where the string, identifier or comment began.
    var openedAt = 0

    static func == (left: SQLState, right: SQLState) -> Bool {
        left.mode == right.mode && left.seams == right.seams && left.code == right.code
    }

    /// Also in what equality passes over, because it is only told.
    func isIdentical(to other: SQLState) -> Bool {
        self == other && openedAt == other.openedAt && code.name == other.code.name
    }

    /// The state where both may be; the mode of `self` where they differ.
    func joined(_ other: SQLState) -> SQLState {
        var joined = self
        joined.seams.formUnion(other.seams)
        joined.code = code.joined(other.code)
        return joined
    }
}
