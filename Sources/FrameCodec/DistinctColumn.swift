/// `n` 64-bit numbers of which few are distinct and some far more frequent: segments.
///
/// ```
/// n = 0: nothing
/// else:  distinct count varint, 1...n | the distinct numbers: integers
///        | if more than 1: which, from 0: integers; the first mentions ascend
/// ```
///
/// "Integers" is an `IntegerColumn`.
enum DistinctColumn {
    static func encode(
        _ numbers: UnsafePointer<Int64>, _ count: Int, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        guard count > 0 else { return }
        let slotCount = TextChoices.slotCount(count)
        let slots = scratch.slots.reserve(slotCount)
        slots.update(repeating: 0, count: slotCount)
        let shift = UInt64(64 - slotCount.trailingZeroBitCount)
        // Each number is read before its choice is written over it, and the distinct ones stand in
        // `others`.
        let choices = scratch.values.reserve(count)
        let distinct = scratch.others.reserve(count)
        var distinctCount = 0
        for index in 0..<count {
            let number = numbers[index]
            let mixed = UInt64(bitPattern: number) &* 0x9E37_79B9_7F4A_7C15
            let hash = (mixed ^ mixed >> 29) &* 0xBF58_476D_1CE4_E5B9
            var slot = Int(truncatingIfNeeded: hash >> shift)
            while slots[slot] > 0, distinct[Int(slots[slot]) - 1] != number {
                slot = (slot + 1) & (slotCount - 1)
            }
            if slots[slot] == 0 {
                distinct[distinctCount] = number
                distinctCount += 1
                slots[slot] = UInt32(distinctCount)
            }
            choices[index] = Int64(slots[slot]) - 1
        }
        writer.varint(distinctCount)
        IntegerColumn.encode(distinct, distinctCount, .ordered, scratch, &writer)
        if distinctCount > 1 {
            IntegerColumn.encode(choices, count, .ordered, scratch, &writer)
        }
    }

    /// Reads `count` numbers.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, _ scratch: CodecScratch,
        into output: UnsafeMutablePointer<Int64>
    ) throws(FrameError) {
        guard count > 0 else { return }
        let distinctCount = try reader.count(atMost: count)
        guard distinctCount > 0 else { throw .content(.count) }
        let distinct = scratch.others.reserve(distinctCount)
        try IntegerColumn.decode(distinctCount, &reader, into: distinct)
        guard distinctCount > 1 else {
            output.update(repeating: distinct[0], count: count)
            return
        }
        try IntegerColumn.decode(count, &reader, into: output)
        for index in 0..<count {
            guard output[index] >= 0, output[index] < Int64(distinctCount) else {
                throw .content(.count)
            }
            output[index] = distinct[Int(output[index])]
        }
    }
}
