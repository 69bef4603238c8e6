internal import SegmentModel

/// What equally long texts have in common: fixed bytes, and numbers of a fixed width between them.
///
/// ```
/// varint: parts | each part: kind 1 byte | width varint | kind 0: its bytes
/// kinds: 0 fixed bytes · 1 decimal digits, at most 18 · 2 lower-case hex digits, at most 12
/// ```
struct TextTemplate {
    enum Kind: UInt8 {
        case fixed = 0
        case decimal = 1
        case hex = 2

        var widthMax: Int {
            switch self {
            case .fixed: Int(Int32.max)
            case .decimal: 18
            case .hex: 12
            }
        }
    }

    struct Part {
        var kind: Kind
        var offset: Int
        var width: Int
    }

    let parts: [Part]
    private let byteCount: Int

    private static let byteCountMax = 256

    /// The template of all texts; nil if they have none.
    ///
    /// - Complexity: one pass over the texts, given up at the first that does not fit.
    init?(_ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>) {
        let first = texts[0]
        byteCount = Int(first.count)
        guard byteCount > 0, byteCount <= Self.byteCountMax else { return nil }
        for text in texts where text.count != first.count { return nil }
        guard let kinds = Self.kinds(texts, bytes, byteCount) else { return nil }
        var parts: [Part] = []
        for index in 0..<byteCount {
            if let last = parts.last, last.kind == kinds[index], last.width < last.kind.widthMax {
                parts[parts.count - 1].width += 1
            } else {
                parts.append(Part(kind: kinds[index], offset: index, width: 1))
            }
        }
        self.parts = parts
    }

    /// The kind of each byte: fixed, or that of the run of bytes that it stands in.
    private static func kinds(
        _ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>, _ byteCount: Int
    ) -> [Kind]? {
        guard let seen = ByteClasses.seen(texts, bytes, byteCount) else { return nil }
        var kinds = [Kind](repeating: .fixed, count: byteCount)
        var start = 0
        while start < byteCount {
            var end = start
            var hasLetter = false
            while end < byteCount, seen[end].differs {
                hasLetter = hasLetter || seen[end].hasLetter
                end += 1
            }
            for index in start..<end { kinds[index] = hasLetter ? .hex : .decimal }
            start = max(end, start + 1)
        }
        return kinds
    }

    /// Appends the template and the texts' numbers.
    func encode(
        _ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        let first = bytes + Int(texts[0].offset)
        writer.varint(parts.count)
        for part in parts {
            writer.byte(part.kind.rawValue)
            writer.varint(part.width)
            if part.kind == .fixed {
                writer.append(UnsafeRawBufferPointer(start: first + part.offset, count: part.width))
            }
        }
        for part in parts where part.kind != .fixed {
            let numbers = scratch.values.reserve(texts.count)
            for index in 0..<texts.count {
                let start = bytes + Int(texts[index].offset) + part.offset
                let number =
                    part.kind == .decimal
                    ? Digits.value(start, part.width) : Digits.hexValue(start, part.width)
                guard let number else { preconditionFailure("a text left its template") }
                numbers[index] = number
            }
            IntegerColumn.encode(numbers, texts.count, .ordered, scratch, &writer)
        }
        writer.textByteCount += texts.count * byteCount
    }
}

extension TextTemplate {
    /// Reads a template and its numbers and puts the texts out.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>
    ) throws(FrameError) {
        var parts: [(part: Part, bytes: UnsafeRawBufferPointer)] = []
        var byteCount = 0
        for _ in 0..<(try reader.count(atMost: byteCountMax)) {
            guard let kind = Kind(rawValue: try reader.byte()) else { throw .content(.kind) }
            let width = try reader.count(atMost: min(byteCountMax - byteCount, kind.widthMax))
            parts.append(
                (
                    Part(kind: kind, offset: byteCount, width: width),
                    try reader.take(kind == .fixed ? width : 0)
                ))
            byteCount += width
        }
        let offset = output.count
        let target = try output.take(count * byteCount)
        for index in 0..<count {
            slices[index] = output.slice(offset + index * byteCount, byteCount)
        }
        for (part, bytes) in parts {
            if part.kind == .fixed {
                guard let source = bytes.baseAddress else { continue }
                for index in 0..<count {
                    UnsafeMutableRawPointer(target + index * byteCount + part.offset).copyMemory(
                        from: source, byteCount: part.width)
                }
            } else {
                let numbers = scratch.values.reserve(count)
                try IntegerColumn.decode(count, &reader, into: numbers)
                try part.write(numbers, count, to: target + part.offset, stride: byteCount)
            }
        }
    }
}

extension TextTemplate.Part {
    /// Writes the digits of each number, `stride` bytes apart.
    fileprivate func write(
        _ numbers: UnsafePointer<Int64>, _ count: Int, to target: UnsafeMutablePointer<UInt8>,
        stride: Int
    ) throws(FrameError) {
        let limit = kind == .decimal ? Digits.power(width) : 1 << Int64(4 * width)
        var all: Int64 = 0
        for index in 0..<count {
            let number = numbers[index]
            // A negative number stays negative here, however many are taken together.
            all |= number | (limit &- 1 &- number)
            var start = target + index * stride
            if kind == .decimal {
                Digits.write(UInt64(truncatingIfNeeded: number), width, to: start)
                continue
            }
            var shift = 4 * (width - 1)
            while shift >= 0 {
                start.pointee = Digits.hexDigit(
                    UInt8(truncatingIfNeeded: number &>> Int64(shift)) & 15)
                start += 1
                shift -= 4
            }
        }
        guard all >= 0 else { throw .content(.text) }
    }
}
