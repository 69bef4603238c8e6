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
        case commentInData, unsettledEscape, castOfValue
        /// A text that is run is put together; fine unless the query has values.
        case dynamicSource
        /// `::` where a colon begins a parameter.
        case castOperator
    }

    let dialect: DialectReference
    let bytes: [UInt8]
    let end: Int
    var index: Int
    var state: SQLState
    private(set) var problems: [(problem: Problem, offset: Int)] = []
    /// What stands outside of strings and comments, for `QueryShape`.
    var tokens: [SQLToken] = []

    /// `state` is the one directly behind a tag, or the beginning.
    init(dialect: DialectReference, bytes: [UInt8], range: Range<Int>, state: SQLState) {
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

    func peek(_ distance: Int = 0) -> UInt8? {
        index + distance < end ? bytes[index + distance] : nil
    }

    static func isWordStart(_ byte: UInt8) -> Bool {
        TagLexer.isLetter(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// A word in capitals; beyond ASCII as Unicode has them.
    static func capitals(_ word: ArraySlice<UInt8>) -> String {
        guard word.allSatisfy({ $0 < 0x80 }) else {
            return String(decoding: word, as: UTF8.self).uppercased()
        }
        return String(unsafeUninitializedCapacity: word.count) { buffer in
            for (place, byte) in word.enumerated() {
                buffer[place] = (0x61...0x7A).contains(byte) ? byte & 0xDF : byte
            }
            return word.count
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        isWordStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }

    private func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
            || (byte == UInt8(ascii: "`") && dialect.facts.hasBacktickIdentifiers)
    }

    private func isSign(_ byte: UInt8) -> Bool { "+-*/<>=~!@#%^&|?".utf8.contains(byte) }

    mutating func report(_ problem: Problem, at offset: Int? = nil) {
        problems.append((problem, offset ?? index))
    }

    mutating func take(_ effect: CodeContext.Effect) {
        switch effect {
        case .none: break
        case .dynamicSource: report(.dynamicSource)
        case .formatData: seal(.formatData, from: index)
        }
    }

    /// Ends a token: what is directly before the next one, and nothing older.
    mutating func took(_ count: Int, _ seams: SQLState.Seams) {
        index += count
        state.seams = seams
    }

    mutating func seal(_ seal: SQLState.Seal, from start: Int) {
        state.mode = .sealed(seal)
        state.openedAt = start
        index = end
    }

    // MARK: The first byte behind a tag

    private mutating func seam() {
        let byte = bytes[index]
        let seams = state.seams
        let joinsWords = Self.isWord(byte)
        // Which word this would be a part of depends on the ways that lead here.
        if seams.contains(.word), joinsWords { report(.joinsTag) }
        if seams.contains(.word), byte == UInt8(ascii: "&"), dialect.facts.hasUnicodeStrings {
            report(.joinsTag)
        }
        if seams.contains(.quote), byte == UInt8(ascii: "]"), dialect.facts.isBracketDoubled {
            report(.joinsTag)
        }
        if seams.contains(.value), joinsWords || byte == UInt8(ascii: ".") || byte == 0x27 {
            report(.joinsValue)
        }
        if !seams.isDisjoint(with: [.quote, .word, .number, .integer]), isQuote(byte) {
            report(.joinsTag)
        }
        if !seams.isDisjoint(with: [.word, .number, .value, .integer]), byte == UInt8(ascii: "$") {
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
        } else if !seams.isDisjoint(with: [.word, .integer]), joinsWords {
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
            openString(dialect.facts.apostrophe)
        } else if byte == UInt8(ascii: "\""), let form = dialect.facts.doubleQuoteString {
            openString(form)
        } else if byte == UInt8(ascii: "\"") {
            openIdentifier(close: byte)
        } else if byte == UInt8(ascii: "`"), dialect.facts.hasBacktickIdentifiers {
            openIdentifier(close: byte)
        } else if byte == UInt8(ascii: "["), dialect.facts.hasBracketIdentifiers {
            openIdentifier(close: UInt8(ascii: "]"))
        } else if beginsLineComment() {
            lineComment()
        } else if byte == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
            blockComment()
        } else if isCurlyQuote() {
            report(.curlyQuote)
            took(3, .word)
        } else if byte == UInt8(ascii: "$"), dialect.facts.hasDollarQuotes {
            dollarQuote()
        } else if dialect.facts.parameterMarks.contains(byte) {
            let isCast = byte == UInt8(ascii: ":") && next == byte
            report(isCast ? .castOperator : .parameter)
            took(isCast ? 2 : 1, .half)
        } else {
            let isHalf =
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\\")
                || byte == UInt8(ascii: "$") || dialect.facts.nameMarks.contains(byte)
            if byte == UInt8(ascii: ":"), dialect.facts.castsLiteralText,
                state.seams.contains(.afterValue)
            {
                report(.castOfValue)
            }
            tokens.append(SQLToken(kind: .symbol(byte), range: index..<index + 1))
            take(state.code.takeSymbol(byte, dialect.facts.code))
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
        state.code.takeOperand()
        state.seams = .number
    }

    /// `isContinued`: part of the word may stand before the tag.
    private mutating func word(isContinued: Bool) {
        let start = index
        while let byte = peek(), Self.isWord(byte), !isCurlyQuote() {
            index += 1
        }
        state.seams = .word
        let range = start..<index
        tokens.append(SQLToken(kind: .word, range: range))
        let next = peek()
        if isContinued {
            if let next, isQuote(next) || next == UInt8(ascii: "&") { report(.joinsTag) }
        } else if let next, prefixes(next, range) {
            return
        }
        let name = Self.capitals(bytes[range])
        if isIntroducer(name) { state.seams.insert(.introducer) }
        take(
            state.code.takeWord(
                name, dialect.facts.code, hasFormatData: dialect.facts.hasFormatData))
    }

    /// Opens the string or the name that this word directly before a quote says the form of.
    private mutating func prefixes(_ next: UInt8, _ word: Range<Int>) -> Bool {
        let first = bytes[word.lowerBound] | 0x20
        if next == UInt8(ascii: "&"), dialect.facts.hasUnicodeStrings, word.count == 1,
            first == UInt8(ascii: "u")
        {
            unicodeString()
            return true
        }
        guard next == UInt8(ascii: "'") else { return false }
        let isQ = bytes[word.upperBound - 1] | 0x20 == UInt8(ascii: "q")
        if dialect.facts.hasAlternativeQuoting, isQ,
            word.count == 1 || (word.count == 2 && first == UInt8(ascii: "n"))
        {
            alternativeQuote(from: word.lowerBound)
            return true
        }
        guard word.count == 1, Self.isLetter(first) else { return false }
        var form = dialect.facts.apostrophe
        if dialect.facts.hasEscapeStrings, first == UInt8(ascii: "e") {
            form = SQLDialect.StringForm(quote: next, hasBackslash: true)
            form.followers = dialect.facts.apostrophe.hasBackslash ? .alike : .otherwise
        } else {
            // One letter before a quote is another form of string, known or not.
            form.takesValues = dialect.facts.stringPrefixes.contains(first)
            if dialect.facts.joiningPrefixes.contains(first) { form.followers = .otherwise }
        }
        openString(form, isNational: first == UInt8(ascii: "n"))
        return true
    }

    private static func isLetter(_ small: UInt8) -> Bool { (0x61...0x7A).contains(small) }

    /// Whether what follows this word, in capitals, is read in another character set or by other
    /// rules than a string that stands alone.
    private func isIntroducer(_ word: String) -> Bool {
        if dialect.facts.introducingWords.contains(word) { return true }
        return dialect.facts.hasCharacterSetIntroducers && word.hasPrefix("_") && word != "_UTF8MB4"
    }

    /// At the `&` of `U&'…'` or `U&"…"`.
    private mutating func unicodeString() {
        let start = index - 1
        state.code.takeOperand()
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
        state.code.takeOperand()
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
        guard dialect.facts.hasCurlyQuotes, bytes[index] == 0xE2, peek(1) == 0x80 else {
            return false
        }
        return peek(2).map { [0x98, 0x99, 0x9C, 0x9D].contains($0) } ?? false
    }

    private func beginsLineComment() -> Bool {
        let byte = bytes[index]
        if byte == UInt8(ascii: "#"), dialect.facts.hasHashComments {
            guard dialect.facts.hashCommentNeedsSpace, let second = peek(1) else { return true }
            return second == UInt8(ascii: " ") || second == UInt8(ascii: "!")
        }
        if byte == UInt8(ascii: "/"), dialect.facts.hasSlashComments { return peek(1) == byte }
        guard byte == UInt8(ascii: "-"), peek(1) == byte else { return false }
        guard dialect.facts.dashCommentNeedsSpace, let third = peek(2) else { return true }
        return third <= 0x20 || third == 0x7F
    }

    private mutating func lineComment() {
        let start = index
        if state.code.isInData { report(.commentInData) }
        while let byte = peek() {
            let isEnd = byte == 0x0A || (byte == 0x0D && dialect.facts.lineCommentEndsAtReturn)
            if isEnd { return state.seams.subtract(.direct) }
            if byte == 0x0D, dialect.facts.hasUnsettledReturns, peek(1) != 0x0A {
                report(.returnInComment)
            }
            index += 1
        }
        seal(.lineComment, from: start)
    }

    private mutating func blockComment() {
        let start = index
        if state.code.isInData { report(.commentInData) }
        var depth = 1
        index += 2
        let isHint = dialect.facts.hasExecutableComments && peek() == UInt8(ascii: "+")
        let isExecutable =
            peek() == UInt8(ascii: "!")
            || (peek() == UInt8(ascii: "M") && peek(1) == UInt8(ascii: "!"))
        if dialect.facts.hasExecutableComments, isExecutable {
            report(.executableComment, at: start)
        }
        while depth > 0 {
            guard let byte = peek() else { return seal(.blockComment, from: start) }
            if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
                depth -= 1
                index += 2
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*"),
                dialect.facts.blockComments != .flat
            {
                if dialect.facts.blockComments == .unsettled {
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
        state.code.takeOperand()
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
}
