internal import SegmentModel

extension PayloadEncoder {
    /// Profile counts, how many of each event's ordinals are new, the first of the others, and the
    /// gaps between those.
    ///
    /// New ordinals are those at an event's end that go on where the ones before end; they are not
    /// written.
    mutating func ordinals() {
        let events = frame.events.count
        let values = scratch.values.reserve(events)
        var count = 0
        var total = 0
        for event in frame.events where event.kind.hasProfiles {
            values[count] = Int64(event.ordinalCount)
            count += 1
            total += Int(event.ordinalCount)
        }
        precondition(total == frame.ordinals.count, "an ordinal stands outside the events")
        integers(count, .scattered)
        guard total > 0 else { return }
        let firsts = scratch.others.reserve(events)
        let gaps = scratch.gaps.reserve(total)
        var firstCount = 0
        var gapCount = 0
        var known = Int(frame.firstOrdinal)
        count = 0
        frame.ordinals.withUnsafeBufferPointer { ordinals in
            for event in frame.events where event.ordinalCount > 0 {
                let first = ordinals.baseAddress! + Int(event.firstOrdinal)
                let length = Int(event.ordinalCount)
                precondition(
                    event.ordinalRange.upperBound <= ordinals.count, "an ordinal is not there")
                let added = NewOrdinals.count(first, length, known: known)
                known += added
                values[count] = Int64(added)
                count += 1
                guard length > added else { continue }
                firsts[firstCount] = Int64(first[0])
                firstCount += 1
                Self.gaps(first, length - added, into: gaps + gapCount)
                gapCount += length - added - 1
            }
        }
        integers(count, .scattered)
        IntegerColumn.encode(firsts, firstCount, .ordered, scratch, &writer)
        BitPacking.encode(gaps, gapCount, &writer)
    }

    private static func gaps(
        _ ordinals: UnsafePointer<UInt32>, _ count: Int, into gaps: UnsafeMutablePointer<UInt32>
    ) {
        var isAscending = true
        for index in 1..<max(count, 1) {
            isAscending = isAscending && ordinals[index - 1] < ordinals[index]
            gaps[index - 1] = ordinals[index] &- ordinals[index - 1] &- 1
        }
        precondition(isAscending, "the ordinals of an event ascend")
    }
}
