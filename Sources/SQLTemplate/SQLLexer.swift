internal import SegmentModel

/// Reads the text between two tags by a dialect's rules.
///
/// Sources: PostgreSQL `src/backend/parser/scan.l`, SQLite `src/tokenize.c`, the lexical chapters
/// of the other manuals. Where a text could be read in two ways, depending on what a tag before it
/// rendered, it is a problem and not a guess.
struct SQLLexer {
    enum Problem {
        case joinsValue, joinsTag, stringAfterValue, stringAfterEscapeString, quoteAfterNumber
        case parameter, alternativeQuoting
    }

    private let dialect: SQLDialect
    private let bytes: [UInt8]
    private let end: Int
    private var index: Int
    private(set) var state: SQLState
    private(set) var problems: [(problem: Problem, offset: Int)] = []

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
        } else if Self.isWordStart(byte) {
            word(isContinued: false)
        } else if byte == UInt8(ascii: "'") {
            openString(dialect.apostrophe)
        } else if byte == UInt8(ascii: "\""), let form = dialect.doubleQuoteString {
            openString(form)
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
        } else if byte == UInt8(ascii: "$"), dialect.hasDollarQuotes {
            dollarQuote()
        } else if dialect.parameterMarks.contains(byte) {
            report(.parameter)
            took(1, .half)
        } else {
            let isHalf =
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\\")
                || byte == UInt8(ascii: "$") || dialect.nameMarks.contains(byte)
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
        while let byte = peek(), Self.isWord(byte) {
            index += 1
        }
        state.seams = .word
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
                report(.alternativeQuoting, at: start)
                seal(.alternativeQuote, from: start)
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

    private func beginsLineComment() -> Bool {
        let byte = bytes[index]
        if byte == UInt8(ascii: "#") { return dialect.hasHashComments }
        guard byte == UInt8(ascii: "-"), peek(1) == byte else { return false }
        guard dialect.dashCommentNeedsSpace, let third = peek(2) else { return true }
        return third <= 0x20
    }

    private mutating func lineComment() {
        let start = index
        while let byte = peek() {
            let isEnd = byte == 0x0A || (byte == 0x0D && dialect.lineCommentEndsAtReturn)
            if isEnd { return state.seams.subtract(.direct) }
            index += 1
        }
        seal(.lineComment, from: start)
    }

    private mutating func blockComment() {
        let start = index
        var depth = 1
        index += 2
        while depth > 0 {
            guard let byte = peek() else { return seal(.blockComment, from: start) }
            if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                index += 2
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*"),
                dialect.blockComments == .nested
            {
                depth += 1
                index += 2
            } else {
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

    private mutating func openString(_ form: SQLDialect.StringForm) {
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

    private mutating func string(_ form: SQLDialect.StringForm) {
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), form.hasBackslash {
                guard peek(1) != nil else { return seal(.escape, from: index) }
                index += 2
            } else if byte == form.quote {
                guard peek(1) == form.quote else {
                    let isEscape = form.hasBackslash && !dialect.apostrophe.hasBackslash
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
        let isDoubled = close != UInt8(ascii: "]") || dialect.kind == .mssql
        while let byte = peek() {
            if byte == UInt8(ascii: "\\"), dialect.kind == .clickhouse {
                index += min(2, end - index)
            } else if byte == close {
                guard isDoubled, peek(1) == close else {
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
