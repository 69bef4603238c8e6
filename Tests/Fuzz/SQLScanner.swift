import SegmentModel

// Reads complete SQL as one kind of database does, written apart from the compiler: from its
// manual, over finished text, and strict. What it cannot read to the end is no SQL.

struct SQLScanner {
    enum Token: Equatable {
        /// A literal of any kind: a string, a number, NULL, TRUE, FALSE, or several that stand for
        /// one value, as `(-1)`, `DATE '…'` and `(TO_CLOB('…')||TO_CLOB('…'))`.
        case value
        case word(String)
        case name([UInt8])
        case symbol(UInt8)
    }

    private let kind: ConnectorKind
    private let settings: SQLSettings
    private let bytes: [UInt8]
    private var index = 0
    private(set) var tokens: [Token] = []
    /// Everything that is not inside of a literal.
    private(set) var outside: [UInt8] = []

    private init(_ bytes: [UInt8], _ rules: SQLRules) {
        kind = rules.kind
        settings = rules.settings
        self.bytes = bytes
    }

    /// nil where something is open at the end.
    static func scan(_ bytes: [UInt8], _ rules: SQLRules) -> SQLScanner? {
        var scanner = SQLScanner(bytes, rules)
        while scanner.index < bytes.count {
            guard scanner.token() else { return nil }
        }
        scanner.joinValues()
        return scanner
    }

    // MARK: Bytes

    private func at(_ distance: Int) -> UInt8 {
        index + distance < bytes.count ? bytes[index + distance] : 0
    }

    private func begins(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte >= 0x80
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skip(_ count: Int) {
        outside += bytes[index..<min(index + count, bytes.count)]
        index = min(index + count, bytes.count)
    }

    // MARK: Tokens

    private mutating func token() -> Bool {
        let byte = bytes[index]
        if byte <= 0x20 {
            skip(1)
            return true
        }
        if isLineComment() { return lineComment() }
        if begins("/*") { return blockComment() }
        if byte == UInt8(ascii: "'") { return string(byte, hasBackslash: hasBackslash) }
        if byte == UInt8(ascii: "\"") {
            let isString =
                (kind == .mysql && !settings.contains(.ansiQuotes))
                || (kind == .mssql && settings.contains(.doubleQuotedStrings))
            return isString
                ? string(byte, hasBackslash: kind == .mysql && hasBackslash) : name(byte)
        }
        if byte == UInt8(ascii: "`"), [.mysql, .sqlite, .clickhouse].contains(kind) {
            return name(byte)
        }
        if byte == UInt8(ascii: "["), [.mssql, .sqlite].contains(kind) { return name(byte) }
        if byte == UInt8(ascii: "$"), [.postgresql, .clickhouse].contains(kind),
            let tag = dollarTag()
        {
            return dollarQuote(tag)
        }
        if Self.isDigit(byte) { return number() }
        if Self.isLetter(byte) { return word() }
        tokens.append(.symbol(byte))
        skip(1)
        return true
    }

    private var hasBackslash: Bool {
        switch kind {
        case .mysql: !settings.contains(.noBackslashEscapes)
        case .postgresql: settings.contains(.backslashEscapes)
        case .clickhouse: true
        default: false
        }
    }

    private func isLineComment() -> Bool {
        switch kind {
        case .mysql: (begins("--") && (index + 2 >= bytes.count || at(2) <= 0x20)) || begins("#")
        case .clickhouse: ["--", "//", "# ", "#!"].contains(where: begins)
        default: begins("--")
        }
    }

    private mutating func lineComment() -> Bool {
        while index < bytes.count, bytes[index] != 0x0A {
            if bytes[index] == 0x0D, kind == .postgresql { break }
            skip(1)
        }
        return true
    }

    private mutating func blockComment() -> Bool {
        var depth = 0
        repeat {
            if begins("/*"), depth == 0 || kind == .postgresql || kind == .mssql {
                depth += 1
                skip(2)
            } else if begins("*/") {
                depth -= 1
                skip(2)
            } else if index < bytes.count {
                skip(1)
            } else {
                return false
            }
        } while depth > 0
        return true
    }

    /// At its opening quote.
    private mutating func string(_ quote: UInt8, hasBackslash: Bool) -> Bool {
        index += 1
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), hasBackslash {
                index += 2
            } else if bytes[index] != quote {
                index += 1
            } else if at(1) == quote {
                index += 2
            } else {
                index += 1
                tokens.append(.value)
                return true
            }
        }
        return false
    }

    private mutating func name(_ open: UInt8) -> Bool {
        let close = open == UInt8(ascii: "[") ? UInt8(ascii: "]") : open
        let start = index
        skip(1)
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), kind == .clickhouse {
                skip(2)
            } else if bytes[index] != close {
                skip(1)
            } else if at(1) == close, close != UInt8(ascii: "]") || kind == .mssql {
                skip(2)
            } else {
                skip(1)
                tokens.append(.name(Array(bytes[start..<index])))
                return true
            }
        }
        return false
    }

    private func dollarTag() -> [UInt8]? {
        var end = index + 1
        while end < bytes.count, Self.isLetter(bytes[end]) || Self.isDigit(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$"), !Self.isDigit(at(1)) else {
            return nil
        }
        return Array(bytes[index...end])
    }

    private mutating func dollarQuote(_ tag: [UInt8]) -> Bool {
        skip(tag.count)
        while index + tag.count <= bytes.count {
            if bytes[index..<index + tag.count].elementsEqual(tag) {
                skip(tag.count)
                tokens.append(.value)
                return true
            }
            skip(1)
        }
        return false
    }

    private mutating func number() -> Bool {
        skip(1)
        while index < bytes.count {
            let byte = bytes[index]
            let isSign =
                (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"))
                && bytes[index - 1] | 0x20 == UInt8(ascii: "e") && Self.isDigit(at(1))
            guard Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".") || isSign
            else { break }
            skip(1)
        }
        tokens.append(.value)
        return true
    }

    private mutating func word() -> Bool {
        let start = index
        while index < bytes.count,
            Self.isLetter(bytes[index]) || Self.isDigit(bytes[index])
                || bytes[index] == UInt8(ascii: "$")
        {
            skip(1)
        }
        let word = String(decoding: bytes[start..<index], as: UTF8.self).uppercased()
        let isQuoteNext = at(0) == UInt8(ascii: "'")
        switch (kind, word) {
        case (.postgresql, "E") where isQuoteNext: return string(at(0), hasBackslash: true)
        case (.postgresql, "U") where begins("&'"):
            skip(1)
            return string(UInt8(ascii: "'"), hasBackslash: false)
        case (.postgresql, "U") where begins("&\""):
            skip(1)
            return name(UInt8(ascii: "\""))
        case (.oracle, "Q") where isQuoteNext, (.oracle, "NQ") where isQuoteNext:
            return alternativeQuote()
        case (.mssql, "N") where isQuoteNext, (.oracle, "N") where isQuoteNext:
            return string(at(0), hasBackslash: false)
        case (_, "NULL"), (_, "TRUE"), (_, "FALSE"): tokens.append(.value)
        default: tokens.append(.word(word))
        }
        return true
    }

    private mutating func alternativeQuote() -> Bool {
        let open = at(1)
        let pairs: [UInt8: UInt8] = [0x5B: 0x5D, 0x28: 0x29, 0x7B: 0x7D, 0x3C: 0x3E]
        var mark = [pairs[open] ?? open]
        while open >= 0x80, at(1 + mark.count) & 0xC0 == 0x80 { mark.append(at(1 + mark.count)) }
        let close = mark + [UInt8(ascii: "'")]
        index += 1 + mark.count
        while index + close.count <= bytes.count {
            if bytes[index..<index + close.count].elementsEqual(close) {
                index += close.count
                tokens.append(.value)
                return true
            }
            index += 1
        }
        return false
    }

    // MARK: What stands for one value

    private mutating func joinValues() {
        var joined: [Token] = []
        joined.reserveCapacity(tokens.count)
        for token in tokens {
            joined.append(token)
            while Self.joinEnd(&joined, kind) {}
        }
        tokens = joined
    }

    private static func joinEnd(_ tokens: inout [Token], _ kind: ConnectorKind) -> Bool {
        func ends(_ end: [Token]) -> Bool { tokens.suffix(end.count).elementsEqual(end) }
        let open = Token.symbol(UInt8(ascii: "("))
        let close = Token.symbol(UInt8(ascii: ")"))
        let bar = Token.symbol(UInt8(ascii: "|"))
        var forms: [[Token]] = [[open, .value, close]]
        if kind == .oracle {
            forms += [
                [.word("DATE"), .value], [.word("TIMESTAMP"), .value], [.word("TO_CLOB"), .value],
                [.value, bar, bar, .value],
            ]
        }
        for form in forms where ends(form) {
            tokens.removeLast(form.count)
            tokens.append(.value)
            return true
        }
        // A minus sign may be the value's own: a number below zero behind `5 ` reads as a
        // difference, where one above zero is no SQL at all.
        guard ends([.symbol(UInt8(ascii: "-")), .value]) else { return false }
        tokens.remove(at: tokens.count - 2)
        return true
    }
}
