internal import SegmentModel

/// Texts of which few are distinct, such as the values of a field `tier`.
struct TextChoices {
    private var distinct: [Frame.Slice] = []

    /// The distinct texts; nil if there are too many. Which text is which is left in
    /// `scratch.others`.
    ///
    /// - Complexity: one pass, given up once more than a quarter of the texts seen are distinct.
    init?(_ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch) {
        let slotCount = Self.slotCount(texts.count / 4 + 16)
        let slots = scratch.slots.reserve(slotCount)
        slots.update(repeating: 0, count: slotCount)
        let choices = scratch.others.reserve(texts.count)
        for index in 0..<texts.count {
            let text = texts[index]
            var slot = Self.hash(bytes, text) & (slotCount - 1)
            while slots[slot] > 0, !Self.isEqual(bytes, distinct[Int(slots[slot]) - 1], text) {
                slot = (slot + 1) & (slotCount - 1)
            }
            if slots[slot] == 0 {
                guard distinct.count < index / 4 + 16 else { return nil }
                distinct.append(text)
                slots[slot] = UInt32(distinct.count)
            }
            choices[index] = Int64(slots[slot]) - 1
        }
        guard distinct.count <= texts.count / 4 else { return nil }
    }

    /// A power of two, at least twice `count`.
    static func slotCount(_ count: Int) -> Int {
        1 << (Int.bitWidth - (2 * max(count, 8) - 1).leadingZeroBitCount)
    }

    /// FNV-1a.
    private static func hash(_ bytes: UnsafePointer<UInt8>, _ text: Frame.Slice) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in text.range { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }

    private static func isEqual(
        _ bytes: UnsafePointer<UInt8>, _ left: Frame.Slice, _ right: Frame.Slice
    ) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<Int(left.count)
        where bytes[Int(left.offset) + index] != bytes[Int(right.offset) + index] { return false }
        return true
    }

    /// Appends the distinct texts and the choices among them.
    func encode(
        _ count: Int, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        // The distinct texts use `others` themselves.
        let choices = [Int64](UnsafeBufferPointer(start: scratch.others.pointer, count: count))
        writer.varint(distinct.count)
        distinct.withUnsafeBufferPointer {
            TextColumn.encode($0, in: bytes, scratch, &writer, mayChoose: false)
        }
        choices.withUnsafeBufferPointer {
            IntegerColumn.encode($0.baseAddress!, count, .scattered, scratch, &writer)
        }
    }

    /// Reads the distinct texts, puts each out once, and lets the others share its bytes.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>
    ) throws(FrameError) {
        let distinctCount = try reader.count(atMost: count)
        guard distinctCount > 0 else { throw .content(.count) }
        var distinct = [Frame.Slice](repeating: .empty, count: distinctCount)
        try distinct.withUnsafeMutableBufferPointer { texts throws(FrameError) in
            try TextColumn.decode(
                distinctCount, &reader, &output, scratch, into: texts.baseAddress!,
                mayChoose: false)
        }
        let choices = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: choices)
        for index in 0..<count {
            guard choices[index] >= 0, choices[index] < Int64(distinctCount) else {
                throw .content(.text)
            }
            slices[index] = distinct[Int(choices[index])]
        }
    }
}
