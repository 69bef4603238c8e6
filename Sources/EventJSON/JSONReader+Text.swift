extension JSONReader {
    /// Appends a string's bytes, unescaped.
    package func append(_ text: Text, to output: inout [UInt8]) {
        guard text.hasEscapes else {
            output.append(contentsOf: rawBytes(text.range))
            return
        }
        var index = text.range.lowerBound
        while index < text.range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                index += 1
                continue
            }
            let letter = bytes[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                var value = hexadecimal(at: index)
                index += 4
                if (0xD800...0xDBFF).contains(value) {
                    value = 0x10000 + (value - 0xD800) << 10 + hexadecimal(at: index + 2) - 0xDC00
                    index += 6
                }
                appendScalar(value, to: &output)
            default: output.append(letter)
            }
        }
    }

    /// A string's text.
    package func string(_ text: Text) -> String {
        guard text.hasEscapes else { return String(decoding: rawBytes(text.range), as: UTF8.self) }
        var output: [UInt8] = []
        append(text, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether a string is this word.
    package func equals(_ text: Text, _ word: StaticString) -> Bool {
        guard text.hasEscapes else {
            guard text.range.count == word.utf8CodeUnitCount else { return false }
            for index in 0..<text.range.count
            where bytes[text.range.lowerBound + index] != word.utf8Start[index] {
                return false
            }
            return true
        }
        return string(text) == word.description
    }

    /// Moves over bytes that need no look: ASCII but controls, quote and backslash.
    /// Eight at a time.
    mutating func skipPlainText() {
        while bytes.count - offset >= TextBlock.byteCount {
            let block = TextBlock(bytes, at: offset)
            let count = block.plainASCIICount
            offset += count
            if count < TextBlock.byteCount { return }
        }
    }

    /// Moves over a backslash and what belongs to it.
    mutating func skipEscape() throws(JSONFault) {
        guard offset + 1 < bytes.count else { throw syntax("a string is not closed") }
        switch bytes[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 2
        case UInt8(ascii: "u"):
            let value = try checkedHexadecimal(at: offset + 2)
            if (0xDC00...0xDFFF).contains(value) { throw syntax("a surrogate has no partner") }
            if (0xD800...0xDBFF).contains(value) {
                guard offset + 7 < bytes.count, bytes[offset + 6] == UInt8(ascii: "\\"),
                    bytes[offset + 7] == UInt8(ascii: "u"),
                    (0xDC00...0xDFFF).contains(try checkedHexadecimal(at: offset + 8))
                else { throw syntax("a surrogate has no partner") }
                offset += 12
            } else {
                offset += 6
            }
        default:
            throw syntax("a backslash stands before a character that has no escape")
        }
    }

    /// Moves over one UTF-8 sequence of two to four bytes (Unicode 15, table 3-7).
    mutating func skipSequence() throws(JSONFault) {
        let lead = bytes[offset]
        let count: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: count = 2
        case 0xE0...0xEF:
            count = 3
            if lead == 0xE0 { second = 0xA0...0xBF }
            if lead == 0xED { second = 0x80...0x9F }
        case 0xF0...0xF4:
            count = 4
            if lead == 0xF0 { second = 0x90...0xBF }
            if lead == 0xF4 { second = 0x80...0x8F }
        default: throw syntax("a string is not UTF-8")
        }
        guard offset + count <= bytes.count, second.contains(bytes[offset + 1]) else {
            throw syntax("a string is not UTF-8")
        }
        for index in offset + 2..<max(offset + 2, offset + count)
        where bytes[index] & 0xC0 != 0x80 {
            throw syntax("a string is not UTF-8")
        }
        offset += count
    }

    /// Whether a run of text without quotes and backslashes, which a quote ends, is UTF-8.
    func isUTF8(_ range: Range<Int>) -> Bool {
        var reader = self
        reader.offset = range.lowerBound
        while reader.offset < range.upperBound {
            let lead = bytes[reader.offset]
            if lead < 0x80 {
                reader.offset += 1
            } else if (0xC2...0xDF).contains(lead), bytes[reader.offset + 1] & 0xC0 == 0x80 {
                reader.offset += 2
            } else {
                do throws(JSONFault) {
                    try reader.skipSequence()
                } catch {
                    return false
                }
            }
        }
        return true
    }

    private func checkedHexadecimal(at index: Int) throws(JSONFault) -> UInt32 {
        guard index + 4 <= bytes.count else { throw syntax("a string is not closed") }
        for digit in bytes[index..<index + 4] {
            switch digit {
            case 0x30...0x39, 0x41...0x46, 0x61...0x66: continue
            default: throw syntax("four hexadecimal digits are due after \\u")
            }
        }
        return hexadecimal(at: index)
    }

    private func hexadecimal(at index: Int) -> UInt32 {
        var value: UInt32 = 0
        for digit in bytes[index..<index + 4] {
            let nibble = digit < 0x3A ? digit - 0x30 : (digit | 0x20) - 0x61 + 10
            value = value << 4 | UInt32(nibble)
        }
        return value
    }

    private func appendScalar(_ value: UInt32, to output: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(value) else {
            preconditionFailure("readString lets no surrogate through")
        }
        output.append(contentsOf: UTF8.encode(scalar)!)
    }
}
