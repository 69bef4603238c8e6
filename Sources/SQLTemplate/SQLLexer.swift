internal import SegmentModel

/// Reads the text between two tags by a dialect's rules.
///
/// Sources: PostgreSQL `src/backend/parser/scan.l`, SQLite `src/tokenize.c`, the lexical chapters
/// of the other manuals. Where a text could be read in two ways, depending on what a tag before it
/// rendered, it is a problem and not a guess.
struct SQLLexer {
    enum Problem {
        case joinsValue, joinsTag, stringAfterValue, stringAfterEscapeString, quoteAfterNumber
        case returnInComment, parameter, executableComment, hintQuote, nestedComment, curlyQuote
    }

    private let dialect: SQLDialect
    private let bytes: [UInt8]
    private let end: Int
    private var index: Int
    private(set) var state: SQLState
    private(set) var problems: [(problem: Problem, offset: Int)] = []
    /// What stands outside of strings and comments, for `QueryShape`.
    private(set) var tokens: [SQLToken] = []

    /// `state` is the one directly behind a tag, or the beginning.
    init(dialect: SQLDialect, bytes: [UInt8], range: Range<Int>, state: SQLState) {
        self.dialect = dialect
        self.bytes = bytes
        self.state = state
        index = range.lowerBound
        end = range.upperBound
    }

    mutating func run() {
        var isSeam = true
        while index < end {
            switch state.mode {
            case .plain: isSeam ? seam() : token()
            case .string(let form): string(form)
            case .identifier(let close): identifier(close)
            case .sealed: return
            }
            isSeam = false
        }
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        index + distance < end ? bytes[index + distance] : nil
    }

    static func isWordStart(_ byte: UInt8) -> Bool {
        TagLexer.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        isWordStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }

    /// The word before a string, where it can name the string's character set.
    private var introducer: Range<Int>? {
        guard dialect.hasCharacterSetIntroducers, let last = tokens.last, last.kind == .word else {
            return nil
        }
        return last.range
    }

    private func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
            || (byte == UInt8(ascii: "`") && dialect.hasBacktickIdentifiers)
    }

    private func isSign(_ byte: UInt8) -> Bool { "+-*/<>=~!@#%^&|?".utf8.contains(byte) }

    private mutating func report(_ problem: Problem, at offset: Int? = nil) {
        problems.append((problem, offset ?? index))
    }

    /// Ends a token: what is directly before the next one, and nothing older.
    private mutating func took(_ count: Int, _ seams: SQLState.Seams) {
        index += count
        state.seams = seams
    }

    private mutating func seal(_ seal: SQLState.Seal, from start: Int) {
        state.mode = .sealed(seal)
        state.openedAt = start
        index = end
    }

    // MARK: The first byte behind a tag

    private mutating func seam() {
        let byte = bytes[index]
        let seams = state.seams
        let joinsWords = Self.isWord(byte)
        if seams.contains(.value), joinsWords || byte == UInt8(ascii: ".") || byte == 0x27 {
            report(.joinsValue)
        }
        if !seams.isDisjoint(with: [.quote, .word, .number]), isQuote(byte) {
            report(.joinsTag)
        }
        if !seams.isDisjoint(with: [.word, .number, .value]), byte == UInt8(ascii: "$") {
            report(.joinsTag)
        }
        if seams.contains(.sign), isSign(byte) {
            report(.joinsTag)
        }
        if seams.contains(.half), joinsWords || isQuote(byte) || isSign(byte) {
            report(.joinsTag)
        }
        if seams.contains(.number), joinsWords || byte == UInt8(ascii: ".") {
            number()
        } else if seams.contains(.word), joinsWords {
            word(isContinued: true)
        } else {
            token()
        }
    }

    // MARK: Outside of quotes

    private mutating func token() {
        let byte = bytes[index]
        let next = peek(1)
        if Self.isSpace(byte) {
            index += 1
            state.seams.subtract(.direct)
        } else if Self.isDigit(byte) {
            number()
        } else if Self.isWordStart(byte), !isCurlyQuote() {
            word(isContinued: false)
        } else if byte == UInt8(ascii: "'") {
            openString(dialect.apostrophe, behindWord: introducer)
        } else if byte == UInt8(ascii: "\""), let form = dialect.doubleQuoteString {
            openString(form, behindWord: introducer)
        } else if byte == UInt8(ascii: "\"") {
            openIdentifier(close: byte)
        } else if byte == UInt8(ascii: "`"), dialect.hasBacktickIdentifiers {
            openIdentifier(close: byte)
        } else if byte == UInt8(ascii: "["), dialect.hasBracketIdentifiers {
            openIdentifier(close: UInt8(ascii: "]"))
        } else if beginsLineComment() {
            lineComment()
        } else if byte == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
            blockComment()
        } else if isCurlyQuote() {
            report(.curlyQuote)
            took(3, .word)
        } else if byte == UInt8(ascii: "$"), dialect.hasDollarQuotes {
            dollarQuote()
        } else if dialect.parameterMarks.contains(byte) {
            report(.parameter)
            took(1, .half)
        } else {
            let isHalf =
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\\")
                || byte == UInt8(ascii: "$") || dialect.nameMarks.contains(byte)
            tokens.append(SQLToken(kind: .symbol(byte), range: index..<index + 1))
            took(1, isHalf ? .half : isSign(byte) ? .sign : [])
        }
    }

    private mutating func number() {
        while let byte = peek(), Self.isWord(byte) || byte == UInt8(ascii: ".") {
            if byte == UInt8(ascii: "$") { break }
            index += 1
        }
        if let byte = peek(), byte == UInt8(ascii: "$") || byte == UInt8(ascii: "'") {
            report(.quoteAfterNumber)
        }
        state.seams = .number
    }

    /// `isContinued`: part of the word may stand before the tag.
    private mutating func word(isContinued: Bool) {
        let start = index
        while let byte = peek(), Self.isWord(byte), !isCurlyQuote() {
            index += 1
        }
        state.seams = .word
        tokens.append(SQLToken(kind: .word, range: start..<index))
        guard let next = peek() else { return }
        if isContinued {
            if isQuote(next) || next == UInt8(ascii: "&") {
                report(.joinsTag)
            }
            return
        }
        let length = index - start
        let first = bytes[start] | 0x20
        if next == UInt8(ascii: "'") {
            if dialect.hasEscapeStrings, length == 1, first == UInt8(ascii: "e") {
                openString(SQLDialect.StringForm(quote: next, hasBackslash: true))
            } else if dialect.hasAlternativeQuoting, bytes[index - 1] | 0x20 == UInt8(ascii: "q"),
                length == 1 || (length == 2 && first == UInt8(ascii: "n"))
            {
                alternativeQuote(from: start)
            } else if dialect.hasCharacterSetIntroducers {
                openString(dialect.apostrophe, behindWord: start..<index)
            } else if dialect.hasNationalStrings {
                let isNational = length == 1 && first == UInt8(ascii: "n")
                openString(dialect.apostrophe, isNational: isNational)
            }
        } else if dialect.hasUnicodeStrings, next == UInt8(ascii: "&"), length == 1,
            first == UInt8(ascii: "u")
        {
            unicodeString()
        }
    }

    /// At the `&` of `U&'…'` or `U&"…"`.
    private mutating func unicodeString() {
        let start = index - 1
        guard let quote = peek(1) else { return took(1, .half) }
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return took(1, .sign)
        }
        index += 2
        guard skipQuoted(quote) else { return seal(.unicodeString, from: start) }
        let isString = quote == UInt8(ascii: "'")
        state.seams = isString ? [.quote, .afterString, .afterEscapeString] : .quote
    }

    /// Moves behind the closing quote; false if there is none.
    private mutating func skipQuoted(_ quote: UInt8) -> Bool {
        while let byte = peek() {
            index += 1
            guard byte == quote else { continue }
            guard peek() == quote else { return true }
            index += 1
        }
        return false
    }

    /// At the quote of `q'[…]'`: everything up to the closing mark and the quote behind it.
    private mutating func alternativeQuote(from start: Int) {
        guard let open = peek(1) else { return seal(.alternativeQuote, from: start) }
        let pairs: [UInt8: UInt8] = [
            UInt8(ascii: "["): UInt8(ascii: "]"), UInt8(ascii: "("): UInt8(ascii: ")"),
            UInt8(ascii: "{"): UInt8(ascii: "}"), UInt8(ascii: "<"): UInt8(ascii: ">"),
        ]
        // A mark is one character, which may be several bytes.
        var mark = [open]
        while open >= 0x80, let next = peek(1 + mark.count), next & 0xC0 == 0x80 {
            mark.append(next)
        }
        index += 1 + mark.count
        let close = (pairs[open].map { [$0] } ?? mark) + [UInt8(ascii: "'")]
        while index + close.count <= end {
            if bytes[index..<index + close.count].elementsEqual(close) {
                return took(close.count, [.quote, .afterString])
            }
            index += 1
        }
        seal(.alternativeQuote, from: start)
    }

    /// `‘`, `’`, `“` or `”` where they are quotes.
    private func isCurlyQuote() -> Bool {
        guard dialect.hasCurlyQuotes, bytes[index] == 0xE2, peek(1) == 0x80 else { return false }
        return peek(2).map { [0x98, 0x99, 0x9C, 0x9D].contains($0) } ?? false
    }

    private func beginsLineComment() -> Bool {
        let byte = bytes[index]
        if byte == UInt8(ascii: "#"), dialect.hasHashComments {
            guard dialect.hashCommentNeedsSpace, let second = peek(1) else { return true }
            return second == UInt8(ascii: " ") || second == UInt8(ascii: "!")
        }
        guard byte == UInt8(ascii: "-"), peek(1) == byte else { return false }
        guard dialect.dashCommentNeedsSpace, let third = peek(2) else { return true }
        return third <= 0x20 || third == 0x7F
    }

    private mutating func lineComment() {
        let start = index
        while let byte = peek() {
            let isEnd = byte == 0x0A || (byte == 0x0D && dialect.lineCommentEndsAtReturn)
            if isEnd { return state.seams.subtract(.direct) }
            if byte == 0x0D, dialect.hasUnsettledReturns, peek(1) != 0x0A {
                report(.returnInComment)
            }
            index += 1
        }
        seal(.lineComment, from: start)
    }

    private mutating func blockComment() {
        let start = index
        var depth = 1
        index += 2
        let isHint = dialect.hasExecutableComments && peek() == UInt8(ascii: "+")
        let isExecutable =
            peek() == UInt8(ascii: "!")
            || (peek() == UInt8(ascii: "M") && peek(1) == UInt8(ascii: "!"))
        if dialect.hasExecutableComments, isExecutable {
            report(.executableComment, at: start)
        }
        while depth > 0 {
            guard let byte = peek() else { return seal(.blockComment, from: start) }
            if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                index += 2
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*"),
                dialect.blockComments != .flat
            {
                if dialect.blockComments == .unsettled {
                    report(.nestedComment)
                }
                depth += 1
                index += 2
            } else {
                if isHint, isQuote(byte) {
                    report(.hintQuote)
                }
                index += 1
            }
        }
        state.seams.subtract(.direct)
    }

    private mutating func dollarQuote() {
        let start = index
        if !state.seams.isDisjoint(with: [.number, .half]) {
            report(.quoteAfterNumber)
        }
        var tagEnd = index + 1
        if let first = peek(1), Self.isWordStart(first) {
            while tagEnd < end, Self.isWordStart(bytes[tagEnd]) || Self.isDigit(bytes[tagEnd]) {
                tagEnd += 1
            }
        }
        guard tagEnd < end else { return took(end - index, .half) }
        guard bytes[tagEnd] == UInt8(ascii: "$") else {
            report(.parameter)
            return took(tagEnd - index, .half)
        }
        let mark = bytes[start...tagEnd]
        index = tagEnd + 1
        while index + mark.count <= end {
            if bytes[index] == mark.first, bytes[index..<index + mark.count] == mark {
                return took(mark.count, [.quote, .afterString])
            }
            index += 1
        }
        seal(.dollarQuote, from: start)
    }

    // MARK: Inside of quotes

    private mutating func openString(
        _ form: SQLDialect.StringForm, isNational: Bool = false, behindWord word: Range<Int>? = nil
    ) {
        var form = form
        if let word, !keepsAllCharacters(word) { form.takesValues = false }
        form.lacksNational = dialect.hasNationalStrings && !isNational
        if state.seams.contains(.afterValue) {
            report(.stringAfterValue)
        }
        if state.seams.contains(.afterEscapeString) {
            report(.stringAfterEscapeString)
        }
        state.mode = .string(form)
        state.openedAt = index
        took(1, [])
    }

    /// Whether a string behind this word, which can name a character set, holds any text as it is.
    private func keepsAllCharacters(_ word: Range<Int>) -> Bool {
        let name = String(decoding: bytes[word], as: UTF8.self).lowercased()
        guard name == "n" || name.hasPrefix("_") else { return true }
        return ["_utf8mb4", "_binary"].contains(name)
    }

    private mutating func string(_ form: SQLDialect.StringForm) {
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), form.hasBackslash {
                guard peek(1) != nil else { return seal(.escape, from: index) }
                index += 2
            } else if byte == form.quote {
                guard peek(1) == form.quote else {
                    let isEscape = form.hasBackslash && !dialect.apostrophe.hasBackslash
                    tokens.append(SQLToken(kind: .string, range: state.openedAt..<index + 1))
                    state.mode = .plain
                    return took(
                        1,
                        isEscape
                            ? [.quote, .afterString, .afterEscapeString] : [.quote, .afterString])
                }
                index += 2
            } else {
                index += 1
            }
        }
    }

    private mutating func openIdentifier(close: UInt8) {
        state.mode = .identifier(close: close)
        state.openedAt = index
        took(1, [])
    }

    private mutating func identifier(_ close: UInt8) {
        let isDoubled = close != UInt8(ascii: "]") || dialect.isBracketDoubled
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), dialect.hasIdentifierBackslash {
                index += min(2, end - index)
            } else if byte == close {
                guard isDoubled, peek(1) == close else {
                    tokens.append(SQLToken(kind: .name, range: state.openedAt + 1..<index))
                    state.mode = .plain
                    return took(1, .quote)
                }
                index += 2
            } else {
                index += 1
            }
        }
    }
}
