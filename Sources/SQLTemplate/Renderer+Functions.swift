internal import Crypto

/// The functions of the language. A missing argument gives a missing result, unless said otherwise.
extension Renderer {
    mutating func call(_ function: Function, _ arguments: [RenderedValue]) -> RenderedValue {
        let subject = arguments[0]
        switch function {
        case .default: return subject.isAbsent ? arguments[1] : subject
        case .concat:
            var joined: [UInt8] = []
            for argument in arguments {
                joined += bytes(of: argument)
            }
            return append(scratch: joined, .text)
        default: break
        }
        guard !subject.isAbsent else { return .missing }
        let bytes = bytes(of: subject)
        switch function {
        case .default, .concat: return subject
        case .upper: return append(scratch: text(bytes).uppercased().utf8, .text)
        case .lower: return append(scratch: text(bytes).lowercased().utf8, .text)
        case .trim: return append(scratch: trimmed(bytes), .text)
        case .length:
            return append(scratch: String(text(bytes).unicodeScalars.count).utf8, .number)
        case .substring: return substring(bytes, arguments)
        case .replace: return replace(bytes, arguments)
        case .number:
            let digits = trimmed(bytes)
            return DecimalText.isNumber(digits) ? append(scratch: digits, .number) : .missing
        case .json: return json(subject, bytes)
        case .first:
            guard subject.kind == .json else { return subject }
            let item = JSONWalker.item(
                in: buffer(of: subject), at: subject.range.lowerBound + 1,
                end: subject.range.upperBound)
            return item.map { jsonValue(in: subject.buffer, $0.value) } ?? .missing
        case .md5:
            var hash = Insecure.MD5()
            bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            return append(scratch: hexadecimal(hash.finalize()), .text)
        case .sha256:
            var hash = SHA256()
            bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            return append(scratch: hexadecimal(hash.finalize()), .text)
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = bytes.drop(while: SQLLexer.isSpace)
        let tail = rest.reversed().prefix(while: SQLLexer.isSpace).count
        return Array(rest.dropLast(tail))[...]
    }

    /// From 1, in characters (Unicode scalars), as SQL counts.
    private mutating func substring(
        _ bytes: ArraySlice<UInt8>, _ arguments: [RenderedValue]
    ) -> RenderedValue {
        func integer(_ value: RenderedValue) -> Int? { Int(text(self.bytes(of: value))) }
        guard let start = integer(arguments[1]), start >= 1 else { return .missing }
        var scalars = text(bytes).unicodeScalars.dropFirst(start - 1)
        if arguments.count == 3 {
            guard let count = integer(arguments[2]), count >= 0 else { return .missing }
            scalars = scalars.prefix(count)
        }
        return append(scratch: String(scalars).utf8, .text)
    }

    private mutating func replace(
        _ bytes: ArraySlice<UInt8>, _ arguments: [RenderedValue]
    ) -> RenderedValue {
        let part = self.bytes(of: arguments[1])
        let other = self.bytes(of: arguments[2])
        var result: [UInt8] = []
        var index = bytes.startIndex
        while !part.isEmpty, let found = ByteSearch.first(part, in: bytes, from: index) {
            result += bytes[index..<found]
            result += other
            index = found + part.count
        }
        result += bytes[index...]
        return append(scratch: result, .text)
    }

    /// The value as JSON text.
    private mutating func json(
        _ value: RenderedValue, _ bytes: ArraySlice<UInt8>
    ) -> RenderedValue {
        guard value.kind == .text else {
            return append(scratch: Array(bytes), .json)
        }
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: result += Array("\\u00".utf8) + hexadecimal([byte])
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
        return append(scratch: result, .json)
    }

    private func hexadecimal(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
