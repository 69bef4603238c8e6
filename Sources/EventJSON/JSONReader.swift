internal import SegmentModel

/// Reads JSON (RFC 8259, strictly) by pulling one token at a time, without allocating.
///
/// Invariants:
/// - a string that was read is valid UTF-8 and has no unpaired surrogate;
/// - a number that was read follows the JSON grammar; its text is kept as it is;
/// - nesting is at most `Limits.jsonDepthMax` deep.
///
/// The reader does not notice repeated keys: who reads an object checks them.
package struct JSONReader {
    /// A string's place between its quotes.
    package struct Text {
        package var range: Range<Int>
        package var hasEscapes: Bool
    }

    let bytes: UnsafeRawBufferPointer
    /// Where the next token is looked for.
    package internal(set) var offset: Int
    private var depth = 0
    /// A value stands before this place in the same container.
    private var needsComma = false

    /// Reads from `offset` on. The memory stays the caller's and must outlive the reader.
    package init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Skips white space; true if nothing else is left.
    package mutating func isAtEnd() -> Bool {
        skipWhitespace()
        return offset == bytes.count
    }

    /// Refuses anything but white space behind the value.
    package mutating func finish() throws(JSONFault) {
        guard isAtEnd() else { throw syntax("something stands behind the value") }
    }

    /// The kind of the next value, which is left in place.
    package mutating func peek() throws(JSONFault) -> JSONKind {
        skipWhitespace()
        guard offset < bytes.count else { throw syntax("the text ends where a value is due") }
        switch bytes[offset] {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: throw syntax("a value is due")
        }
    }

    /// Refuses the next value if it is not of this kind.
    package mutating func expect(_ kind: JSONKind, hint: String? = nil) throws(JSONFault) {
        let found = try peek()
        guard found == kind else {
            throw JSONFault(
                .rule, at: offset, "must be \(kind.name), not \(found.name)", hint: hint)
        }
    }

    package mutating func enterObject() throws(JSONFault) {
        try expect(.object)
        try enter()
    }

    /// The next key with its colon behind it, or nil once the object is closed.
    package mutating func nextKey() throws(JSONFault) -> Text? {
        guard try advance(closing: UInt8(ascii: "}")) else { return nil }
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
            throw syntax("a key in quotes is due")
        }
        let key = try readString()
        skipWhitespace()
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else {
            throw syntax("a colon is due")
        }
        offset += 1
        return key
    }

    package mutating func enterArray() throws(JSONFault) {
        try expect(.array)
        try enter()
    }

    /// True if another element follows, false once the array is closed.
    package mutating func nextElement() throws(JSONFault) -> Bool {
        try advance(closing: UInt8(ascii: "]"))
    }

    package mutating func readBoolean() throws(JSONFault) -> Bool {
        try expect(.boolean)
        if bytes[offset] == UInt8(ascii: "t") {
            try readWord("true")
            return true
        }
        try readWord("false")
        return false
    }

    package mutating func readNull() throws(JSONFault) {
        try expect(.null)
        try readWord("null")
    }

    /// The place of a number's text.
    package mutating func readNumber() throws(JSONFault) -> Range<Int> {
        try expect(.number)
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "0") {
            offset += 1
            if isDigit() { throw syntax("a number starts with a zero too many") }
        } else {
            try readDigits()
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            try readDigits()
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count,
                bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-")
            {
                offset += 1
            }
            try readDigits()
        }
        needsComma = true
        return start..<offset
    }

    /// An integer of 64 bits: no fraction, no exponent.
    package mutating func readInteger(hint: String? = nil) throws(JSONFault) -> Int64 {
        try expect(.number, hint: hint)
        let start = offset
        let range = try readNumber()
        var value: Int64 = 0
        var isInRange = true
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        for index in (isNegative ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else {
                throw JSONFault(
                    .rule, at: start, "must be an integer without fraction and exponent",
                    hint: hint)
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (sum, carry) = product.addingReportingOverflow(isNegative ? -digit : digit)
            isInRange = isInRange && !overflow && !carry
            value = sum
        }
        guard isInRange else {
            throw JSONFault(.rule, at: start, "must be an integer of 64 bits", hint: hint)
        }
        return value
    }

    /// A string's place; checked whole, not yet unescaped.
    package mutating func readString() throws(JSONFault) -> Text {
        try expect(.string)
        offset += 1
        let start = offset
        var hasEscapes = false
        while true {
            skipPlainText()
            guard offset < bytes.count else { throw syntax("a string is not closed") }
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                let range = start..<offset
                offset += 1
                needsComma = true
                return Text(range: range, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0..<0x20:
                throw JSONFault(
                    .syntax, at: offset, "a control character stands bare in a string",
                    hint: "escape it, for example \\n or \\u0007")
            case 0x80...:
                try skipSequence()
            default:
                offset += 1
            }
        }
    }

    /// Goes on behind a value that somebody else read from this reader's place on.
    mutating func moveBehindValue(_ end: Int) {
        offset = end
        needsComma = true
    }

    /// The bytes of a place that this reader gave out.
    package func rawBytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    func syntax(_ reason: String) -> JSONFault {
        JSONFault(.syntax, at: offset, reason)
    }

    private mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func enter() throws(JSONFault) {
        guard depth < Limits.jsonDepthMax else {
            throw JSONFault(
                .rule, at: offset, "is nested deeper than \(Limits.jsonDepthMax) levels")
        }
        depth += 1
        offset += 1
        needsComma = false
    }

    /// Moves to the container's next entry (true) or behind its end (false).
    private mutating func advance(closing: UInt8) throws(JSONFault) -> Bool {
        skipWhitespace()
        guard offset < bytes.count else { throw syntax("an object or array is not closed") }
        if bytes[offset] == closing {
            offset += 1
            depth -= 1
            needsComma = true
            return false
        }
        if needsComma {
            guard bytes[offset] == UInt8(ascii: ",") else {
                throw syntax("a comma or the end of the object or array is due")
            }
            offset += 1
            skipWhitespace()
            needsComma = false
            if offset < bytes.count, bytes[offset] == closing {
                throw syntax("a comma stands before the end of the object or array")
            }
        }
        return true
    }

    private mutating func readWord(_ word: StaticString) throws(JSONFault) {
        let length = word.utf8CodeUnitCount
        guard bytes.count - offset >= length else { throw syntax("a value is due") }
        for index in 0..<length where bytes[offset + index] != word.utf8Start[index] {
            throw syntax("a value is due")
        }
        offset += length
        needsComma = true
    }

    private func isDigit() -> Bool {
        offset < bytes.count
            && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset])
    }

    private mutating func readDigits() throws(JSONFault) {
        guard isDigit() else { throw syntax("a digit is due") }
        while isDigit() { offset += 1 }
    }
}
