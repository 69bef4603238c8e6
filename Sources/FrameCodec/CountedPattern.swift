internal import SegmentModel

/// Texts that are one number between the same bytes: `customer-7`, `customer-12`.
struct CountedPattern {
    private let prefixCount: Int
    private let suffixCount: Int

    private static let digitCountMax = 18
    private static let affixByteCountMax = 256

    /// The pattern of all texts; nil if they have none.
    init?(_ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>) {
        let first = UnsafeBufferPointer(
            start: bytes + Int(texts[0].offset), count: Int(texts[0].count))
        guard let last = first.lastIndex(where: Digits.isDecimal) else { return nil }
        var start = last
        while start > 0, Digits.isDecimal(first[start - 1]) { start -= 1 }
        prefixCount = start
        suffixCount = first.count - last - 1
        guard max(prefixCount, suffixCount) <= Self.affixByteCountMax else { return nil }
        for text in texts {
            guard let middle = middle(of: text) else { return nil }
            let digits = bytes + middle.lowerBound
            guard digits[0] != UInt8(ascii: "0") || middle.count == 1,
                Digits.value(digits, middle.count) != nil
            else { return nil }
            let other = bytes + Int(text.offset)
            for index in 0..<prefixCount where other[index] != first[index] { return nil }
            for index in 0..<suffixCount
            where bytes[middle.upperBound + index] != first[last + 1 + index] { return nil }
        }
    }

    /// Where the number stands; nil if there is no room for one, or it would be too long.
    private func middle(of text: Frame.Slice) -> Range<Int>? {
        let count = Int(text.count) - prefixCount - suffixCount
        guard count > 0, count <= Self.digitCountMax else { return nil }
        let start = Int(text.offset) + prefixCount
        return start..<start + count
    }

    /// Appends the pattern and the texts' numbers.
    func encode(
        _ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        let first = bytes + Int(texts[0].offset)
        writer.varint(prefixCount)
        writer.append(UnsafeRawBufferPointer(start: first, count: prefixCount))
        writer.varint(suffixCount)
        writer.append(
            UnsafeRawBufferPointer(
                start: first + Int(texts[0].count) - suffixCount, count: suffixCount))
        let numbers = scratch.values.reserve(texts.count)
        for index in 0..<texts.count {
            guard let middle = middle(of: texts[index]),
                let number = Digits.value(bytes + middle.lowerBound, middle.count)
            else { preconditionFailure("a text left its pattern") }
            numbers[index] = number
            writer.textByteCount += Int(texts[index].count)
        }
        IntegerColumn.encode(numbers, texts.count, .ordered, scratch, &writer)
    }

    /// Reads a pattern and its numbers and puts the texts out.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>
    ) throws(FrameError) {
        let prefix = try reader.take(try reader.count(atMost: affixByteCountMax))
        let suffix = try reader.take(try reader.count(atMost: affixByteCountMax))
        let numbers = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: numbers)
        let limit = Digits.power(digitCountMax)
        for index in 0..<count {
            guard numbers[index] >= 0, numbers[index] < limit else {
                throw .content(.text)
            }
            let number = UInt64(numbers[index])
            let digitCount = Digits.count(number)
            let offset = output.count
            _ = try output.store(prefix)
            Digits.write(number, digitCount, to: try output.take(digitCount))
            _ = try output.store(suffix)
            slices[index] = output.slice(offset, output.count - offset)
        }
    }
}
