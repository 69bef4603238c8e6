/// One statement of a rendered query.
struct ClickHouseStatement {
    /// Without the semicolon.
    var range: Range<Int>
    /// Its first two words in capitals; empty where there are not so many.
    var verb = ""
    var second = ""
    /// An INSERT whose rows are data: the server reads them apart, without a limit to their size.
    var hasData = false

    var isInsert: Bool { verb == "INSERT" }
}

/// Cuts a rendered query into statements: the server takes one in each request.
///
/// Reads quotes, comments and heredocs as the server does (`src/Parsers/Lexer.cpp`) and as
/// `SQLDialect.clickHouse` compiles templates; a query that could be read in two ways was refused
/// when it was saved. What stands behind `FORMAT` of an INSERT is data to the end. One pass,
/// without memory for each token.
struct StatementScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var statement = ClickHouseStatement(range: 0..<0)
    private var isEmpty = true
    private var depth = 0

    static func statements(of sql: [UInt8]) -> [ClickHouseStatement] {
        sql.withUnsafeBufferPointer { bytes in
            var scanner = StatementScanner(bytes: bytes)
            var statements: [ClickHouseStatement] = []
            while let next = scanner.next() { statements.append(next) }
            return statements
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The next statement that holds more than spaces and comments.
    private mutating func next() -> ClickHouseStatement? {
        while index < bytes.count {
            begin()
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: ";") {
                if statement.hasData { skipPlainData() } else { token() }
            }
            statement.range = start..<min(index, bytes.count)
            index += 1
            if !isEmpty { return statement }
        }
        return nil
    }

    private mutating func begin() {
        statement = ClickHouseStatement(range: index..<index)
        isEmpty = true
        depth = 0
    }

    private func byte(_ distance: Int) -> UInt8 {
        index + distance < bytes.count ? bytes[index + distance] : 0
    }

    /// Data is most of a long statement, and most of it can neither end it nor hide its end.
    private mutating func skipPlainData() {
        while index < bytes.count, Self.isPlain(bytes[index]) { index += 1 }
        if index < bytes.count, bytes[index] != UInt8(ascii: ";") { token() }
    }

    /// Whether a byte stands for itself outside of quotes and comments.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "-"),
            UInt8(ascii: "#"), UInt8(ascii: "/"), UInt8(ascii: "$"), UInt8(ascii: ";"):
            false
        default: true
        }
    }

    private mutating func token() {
        let first = bytes[index]
        switch first {
        case 0x09...0x0D, 0x20:
            index += 1
            return
        case UInt8(ascii: "-") where byte(1) == first: return skipLine()
        case UInt8(ascii: "/") where byte(1) == first: return skipLine()
        case UInt8(ascii: "#") where byte(1) == 0x20 || byte(1) == UInt8(ascii: "!"):
            return skipLine()
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): return skipComment()
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): skipQuoted(first)
        case UInt8(ascii: "$"): skipHeredoc()
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), 0x80...0xFF:
            word()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            while isWordPart(byte(0)) { index += 1 }
        case UInt8(ascii: "("):
            depth += 1
            index += 1
        case UInt8(ascii: ")"):
            depth -= 1
            index += 1
        default: index += 1
        }
        isEmpty = false
    }

    private func isWordPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }

    private mutating func word() {
        let start = index
        while isWordPart(byte(0)) { index += 1 }
        if statement.hasData { return }
        if statement.verb.isEmpty {
            statement.verb = capitals(start)
        } else if statement.second.isEmpty {
            statement.second = capitals(start)
        } else if statement.isInsert, depth == 0, (6...6).contains(index - start) {
            let text = capitals(start)
            statement.hasData = text == "VALUES" || (text == "FORMAT" && !isFormatOfValues())
            // Another format's data may hold anything.
            if text == "FORMAT", statement.hasData { index = bytes.count }
        }
    }

    /// Whether `VALUES` comes next, which the scanner then reads as its own word.
    private func isFormatOfValues() -> Bool {
        var start = index
        while start < bytes.count, (0x09...0x0D).contains(bytes[start]) || bytes[start] == 0x20 {
            start += 1
        }
        let wanted = Array("VALUES".utf8)
        guard start + wanted.count <= bytes.count else { return false }
        return wanted.indices.allSatisfy { bytes[start + $0] & 0xDF == wanted[$0] }
    }

    private func capitals(_ start: Int) -> String {
        String(decoding: bytes[start..<min(index, start + 64)], as: UTF8.self).uppercased()
    }

    private mutating func skipLine() {
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
    }

    private mutating func skipComment() {
        index += 2
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                index += 2
                return
            }
            index += 1
        }
    }

    /// A doubled quote closes one string and opens the next, which comes to the same.
    private mutating func skipQuoted(_ quote: UInt8) {
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == quote { return }
            if byte == UInt8(ascii: "\\") { index += 1 }
        }
        index = min(index, bytes.count)
    }

    /// `$tag$ … $tag$`; a lone `$` is a sign.
    private mutating func skipHeredoc() {
        var tagEnd = index + 1
        while tagEnd < bytes.count, isWordPart(bytes[tagEnd]) { tagEnd += 1 }
        guard tagEnd < bytes.count, bytes[tagEnd] == UInt8(ascii: "$") else {
            index += 1
            return
        }
        let mark = bytes[index...tagEnd]
        var place = tagEnd + 1
        while place + mark.count <= bytes.count {
            if bytes[place] == UInt8(ascii: "$"),
                bytes[place..<place + mark.count].elementsEqual(mark)
            {
                index = place + mark.count
                return
            }
            place += 1
        }
        index = bytes.count
    }
}
