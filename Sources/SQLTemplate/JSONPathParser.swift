internal import SegmentModel

/// Reads a JSONPath as RFC 9535 writes it. A path may also begin without its `$`.
struct JSONPathParser {
    struct Problem: Error {
        let message: String
        var hint: String?
    }

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONPath {
        var parser = JSONPathParser(bytes)
        parser.skipSpace()
        _ = parser.take("$")
        let path = try parser.segments()
        parser.skipSpace()
        guard parser.index == bytes.count else {
            throw Problem(
                message: "the JSONPath cannot go on with "
                    + "'\(String(decoding: bytes[parser.index...].prefix(16), as: UTF8.self))'",
                hint: "for example $.orders[0].id, $..price or $.items[?@.price < 10].name")
        }
        return path
    }

    // MARK: Bytes

    private func peek(_ distance: Int = 0) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private mutating func skipSpace() {
        while let byte = peek(), SQLLexer.isSpace(byte) { index += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }

    private mutating func expect(_ text: String) throws(Problem) {
        skipSpace()
        guard take(text) else { throw Problem(message: "the JSONPath misses a \(text)") }
    }

    // MARK: Segments

    private mutating func segments() throws(Problem) -> JSONPath {
        var segments: [JSONPath.Segment] = []
        while true {
            let isDescendant = take("..")
            if !isDescendant, segments.isEmpty, index == 0, let name = try shorthand() {
                segments.append(JSONPath.Segment(isDescendant: false, selectors: [.name(name)]))
            } else if peek() == UInt8(ascii: "[") {
                index += 1
                segments.append(
                    JSONPath.Segment(isDescendant: isDescendant, selectors: try selectors()))
            } else if isDescendant || take(".") {
                segments.append(
                    JSONPath.Segment(isDescendant: isDescendant, selectors: [try dotted()]))
            } else {
                return JSONPath(segments: segments)
            }
        }
    }

    private mutating func dotted() throws(Problem) -> JSONPath.Selector {
        if take("*") { return .wildcard }
        guard let name = try shorthand() else {
            throw Problem(
                message: "a name or * must follow a dot of the JSONPath",
                hint: "names with other characters are written ['…']")
        }
        return .name(name)
    }

    private mutating func shorthand() throws(Problem) -> [UInt8]? {
        let start = index
        while let byte = peek(),
            SQLLexer.isWordStart(byte) || SQLLexer.isDigit(byte) || byte == UInt8(ascii: "-")
        {
            index += 1
        }
        return index > start ? Array(bytes[start..<index]) : nil
    }

    /// Behind a `[`, up to and with its `]`.
    private mutating func selectors() throws(Problem) -> [JSONPath.Selector] {
        var selectors: [JSONPath.Selector] = []
        repeat {
            skipSpace()
            selectors.append(try selector())
            skipSpace()
        } while take(",")
        try expect("]")
        return selectors
    }

    private mutating func selector() throws(Problem) -> JSONPath.Selector {
        if take("*") { return .wildcard }
        if take("?") { return .filter(try nested()) }
        if let text = try quoted() { return .name(text) }
        let start = try integer()
        skipSpace()
        guard take(":") else {
            guard let start else {
                throw Problem(
                    message: "the JSONPath has something else than a name, a number, * or ? in […]",
                    hint: "for example [0], [-1], ['name'], [*], [1:3] or [?@.price < 10]")
            }
            return .index(start)
        }
        skipSpace()
        let end = try integer()
        skipSpace()
        var step: Int?
        if take(":") {
            skipSpace()
            step = try integer()
        }
        return .slice(start: start, end: end, step: step ?? 1)
    }

    private mutating func integer() throws(Problem) -> Int? {
        let start = index
        if peek() == UInt8(ascii: "-") { index += 1 }
        while let byte = peek(), SQLLexer.isDigit(byte) { index += 1 }
        guard index > start else { return nil }
        // Beyond 2^53 RFC 9535 has no integers.
        guard let number = Int(String(decoding: bytes[start..<index], as: UTF8.self)),
            number.magnitude < 1 << 53
        else { throw Problem(message: "the JSONPath has a number that is none or too large") }
        return number
    }

    /// A text in single or double quotes, with JSON's escapes; nil if none begins here.
    private mutating func quoted() throws(Problem) -> [UInt8]? {
        guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return nil
        }
        index += 1
        let start = index
        while let byte = peek() {
            if byte == quote {
                index += 1
                return bytes[start..<index - 1].withUnsafeBufferPointer {
                    JSONWalker.unescaped($0)
                }
            }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw Problem(message: "a text in the JSONPath is not closed")
    }

    // MARK: Filters

    private mutating func nested() throws(Problem) -> JSONPath.Condition {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.templateDepthMax else {
            throw Problem(
                message: "a JSONPath can be nested \(Limits.templateDepthMax) deep at most")
        }
        var parts = [try conjunction()]
        while takeWord("||") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(Problem) -> JSONPath.Condition {
        var parts = [try basic()]
        while takeWord("&&") { parts.append(try basic()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func takeWord(_ text: String) -> Bool {
        skipSpace()
        return take(text)
    }

    private mutating func basic() throws(Problem) -> JSONPath.Condition {
        skipSpace()
        if peek() == UInt8(ascii: "!"), peek(1) != UInt8(ascii: "=") {
            index += 1
            depth += 1
            defer { depth -= 1 }
            guard depth <= Limits.templateDepthMax else { return try nested() }
            return .not(try basic())
        }
        if take("(") {
            let inner = try nested()
            try expect(")")
            return inner
        }
        let left = try operand()
        skipSpace()
        let comparisons: [(String, Comparison)] = [
            ("==", .equal), ("!=", .notEqual), ("<=", .lessOrEqual), (">=", .greaterOrEqual),
            ("<", .less), (">", .greater),
        ]
        for (sign, comparison) in comparisons where take(sign) {
            skipSpace()
            return .compare(comparison, left, try operand())
        }
        return .exists(left)
    }

    private mutating func operand() throws(Problem) -> JSONPath.Operand {
        if take("@") { return .path(try segmentsBehind(), isRooted: false) }
        if take("$") { return .path(try segmentsBehind(), isRooted: true) }
        if let text = try quoted() { return .literal(.text(text)) }
        for word in ["true", "false", "null"] where take(word) {
            return .literal(.word(Array(word.utf8)))
        }
        let start = index
        while let byte = peek(), SQLLexer.isDigit(byte) || "+-.eE".utf8.contains(byte) {
            index += 1
        }
        let digits = Array(bytes[start..<index])
        guard digits.withUnsafeBufferPointer({ DecimalText.isNumber($0) }) else {
            throw Problem(
                message: "a filter of the JSONPath compares paths, texts and numbers only",
                hint: "for example [?@.price < 10 && @.name == 'x']")
        }
        return .literal(.number(digits))
    }

    private mutating func segmentsBehind() throws(Problem) -> JSONPath {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.templateDepthMax else {
            throw Problem(
                message: "a JSONPath can be nested \(Limits.templateDepthMax) deep at most")
        }
        return try segments()
    }
}
