internal import Crypto
internal import SegmentModel

/// The functions of the language. A missing argument gives a missing result, unless said otherwise.
extension Renderer {
    mutating func call(_ function: Function, _ arguments: [RenderedValue]) -> RenderedValue {
        let subject = arguments[0]
        guard isFitting(scratch.count) else { return .missing }
        switch function {
        case .default: return subject.isAbsent ? arguments[1] : subject
        case .json: return json(subject)
        case .concat:
            var joined: [UInt8] = []
            for argument in arguments {
                joined += bytes(of: argument)
                guard isFitting(joined.count) else { return .missing }
            }
            return append(scratch: joined, .text)
        default: break
        }
        guard !subject.isAbsent else { return .missing }
        let bytes = bytes(of: subject)
        switch function {
        case .default, .concat, .json, .jsonpath: return subject
        case .text: return asText(subject)
        case .upper: return append(scratch: text(bytes).uppercased().utf8, .text)
        case .lower: return append(scratch: text(bytes).lowercased().utf8, .text)
        case .trim: return append(scratch: trimmed(bytes), .text)
        case .length:
            return append(scratch: String(text(bytes).unicodeScalars.count).utf8, .number)
        case .substring: return substring(bytes, arguments)
        case .replace: return replace(bytes, arguments)
        case .number:
            let digits = trimmed(bytes)
            let isNumber = digits.withUnsafeBufferPointer { DecimalText.isNumber($0) }
            return isNumber ? append(scratch: digits, .number) : .missing
        case .date:
            guard let moment = TemplateMoment(parsing: subject, bytes) else { return .missing }
            return append(scratch: moment.canonical.utf8, .date)
        case .first:
            let subject = unwrapped(subject)
            guard subject.kind == .json else { return subject }
            let item = JSONWalker.item(
                in: base(of: subject), at: subject.range.lowerBound + 1,
                end: subject.range.upperBound)
            return item.map { jsonValue(in: subject.buffer, $0.value) } ?? .missing
        case .md5:
            var hash = Insecure.MD5()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return append(scratch: hexadecimal(hash.finalize()), .text)
        case .sha256:
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return append(scratch: hexadecimal(hash.finalize()), .text)
        }
    }

    /// Functions of functions can make a text of any length from a short one.
    private mutating func isFitting(_ byteCount: Int) -> Bool {
        guard byteCount > Limits.renderedQueryByteCountMax else { return true }
        fail("a function makes a text longer than \(Limits.renderedQueryByteCountMax) bytes")
        return false
    }

    private func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The same text that the value is in quotes: of a number its digits as they came.
    private mutating func asText(_ value: RenderedValue) -> RenderedValue {
        switch value.kind {
        case .missing, .null: return .missing
        case .true: return append(scratch: "true".utf8, .text)
        case .false: return append(scratch: "false".utf8, .text)
        case .number, .text, .json:
            return RenderedValue(kind: .text, buffer: value.buffer, range: value.range)
        case .date:
            let start = output.count
            writeMoment(value)
            defer { output.truncate(to: start) }
            return append(
                scratch: UnsafeBufferPointer(
                    start: output.base + start, count: output.count - start), .text)
        }
    }

    private func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let rest = bytes.drop(while: SQLLexer.isSpace)
        let tail = rest.reversed().prefix(while: SQLLexer.isSpace).count
        return Array(rest.dropLast(tail))
    }

    /// From 1, in characters (Unicode scalars), as SQL counts.
    private mutating func substring(
        _ bytes: UnsafeBufferPointer<UInt8>, _ arguments: [RenderedValue]
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
        _ bytes: UnsafeBufferPointer<UInt8>, _ arguments: [RenderedValue]
    ) -> RenderedValue {
        let part = self.bytes(of: arguments[1])
        let other = self.bytes(of: arguments[2])
        guard part.count > 0 else { return append(scratch: Array(bytes), .text) }
        let search = ByteSearch(part)
        var result: [UInt8] = []
        var index = 0
        while let found = search.first(in: bytes, from: index) {
            result += bytes[index..<found]
            result += other
            index = found + part.count
            guard isFitting(result.count) else { return .missing }
        }
        result += bytes[index...]
        return append(scratch: result, .text)
    }

    /// The value as JSON text; of a missing one, `null`.
    private mutating func json(_ value: RenderedValue) -> RenderedValue {
        guard !value.isAbsent else { return append(scratch: "null".utf8, .json) }
        let bytes = bytes(of: value)
        guard value.kind == .text || value.kind == .date else {
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

    mutating func formatted(_ value: RenderedValue, _ format: TimeFormat) -> RenderedValue {
        guard !value.isAbsent, let moment = TemplateMoment(parsing: value, bytes(of: value)) else {
            return .missing
        }
        return append(scratch: format.text(of: moment).utf8, .text)
    }

    /// `jsonpath`: of a text that is JSON as well. A list of no hits is empty, a first one missing.
    mutating func select(
        _ path: JSONPath, in value: RenderedValue, isList: Bool
    ) -> RenderedValue {
        guard value.kind == .json || value.kind == .text else {
            return isList && !value.isAbsent ? append(scratch: "[]".utf8, .json) : .missing
        }
        var search = JSONPathSearch(base(of: value), value.range)
        let hits = search.hits(path, countMax: isList ? Int.max : 1)
        guard !search.isExhausted else {
            fail("a jsonpath would look at more than \(Limits.jsonPathWorkCountMax) values")
            return .missing
        }
        guard isList else {
            return hits.first.map { jsonValue(in: value.buffer, $0) } ?? .missing
        }
        var list = [UInt8(ascii: "[")]
        for (index, hit) in hits.enumerated() {
            if index > 0 { list.append(UInt8(ascii: ",")) }
            list += UnsafeBufferPointer(start: base(of: value) + hit.lowerBound, count: hit.count)
            guard isFitting(list.count) else { return .missing }
        }
        list.append(UInt8(ascii: "]"))
        return append(scratch: list, .json)
    }

    private func hexadecimal(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}
