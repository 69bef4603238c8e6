internal import SegmentModel

extension PayloadDecoder {
    /// Reads the ordinals of all events, `count` together.
    mutating func ordinals(_ count: Int) throws(FrameError) {
        let profileCounts = scratch.values.reserve(frame.events.count)
        var withProfiles = 0
        for event in frame.events where event.kind.hasProfiles { withProfiles += 1 }
        try IntegerColumn.decode(withProfiles, &reader, into: profileCounts)
        var next = 0
        var total = 0
        var nonEmpty = 0
        for index in frame.events.indices {
            frame.events[index].firstOrdinal = UInt32(total)
            guard frame.events[index].kind.hasProfiles else { continue }
            let length = profileCounts[next]
            guard length >= 0, length <= Int64(count - total) else { throw .content(.count) }
            frame.events[index].ordinalCount = UInt32(length)
            total += Int(length)
            nonEmpty += length > 0 ? 1 : 0
            next += 1
        }
        guard total == count else { throw .content(.count) }
        guard count > 0 else { return }
        // New ordinals of each event, then the first of the others.
        let added = profileCounts
        try IntegerColumn.decode(nonEmpty, &reader, into: added)
        var firstCount = 0
        var gapCount = 0
        next = 0
        for event in frame.events where event.ordinalCount > 0 {
            let others = Int64(event.ordinalCount) - added[next]
            guard added[next] >= 0, others >= 0 else { throw .content(.ordinals) }
            if others > 0 {
                firstCount += 1
                gapCount += Int(others) - 1
            }
            next += 1
        }
        let firsts = scratch.others.reserve(firstCount)
        try IntegerColumn.decode(firstCount, &reader, into: firsts)
        let gaps = scratch.gaps.reserve(gapCount)
        try BitPacking.decode(gapCount, &reader, into: gaps)
        var ordinals = [UInt32](repeating: 0, count: count)
        try ordinals.withUnsafeMutableBufferPointer { ordinals throws(FrameError) in
            try expand(ordinals.baseAddress!, added: added, firsts: firsts, gaps: gaps)
        }
        frame.ordinals = ordinals
    }

    private func expand(
        _ ordinals: UnsafeMutablePointer<UInt32>, added: UnsafePointer<Int64>,
        firsts: UnsafePointer<Int64>, gaps: UnsafePointer<UInt32>
    ) throws(FrameError) {
        var output = ordinals
        var added = added
        var firsts = firsts
        var gaps = gaps
        var known = Int(frame.firstOrdinal)
        for event in frame.events where event.ordinalCount > 0 {
            let new = Int(added.pointee)
            let others = Int(event.ordinalCount) - new
            added += 1
            if others > 0 {
                guard let first = UInt32(exactly: firsts.pointee) else {
                    throw .content(.ordinals)
                }
                firsts += 1
                var ordinal = UInt64(first)
                output[0] = first
                for index in 1..<others {
                    // Over 2^32 only if the last is: it is checked below.
                    ordinal &+= UInt64(gaps[index - 1]) &+ 1
                    output[index] = UInt32(truncatingIfNeeded: ordinal)
                }
                guard ordinal < UInt64(new > 0 ? known : Int(UInt32.max)) else {
                    throw .content(.ordinals)
                }
                gaps += others - 1
                output += others
            }
            guard known + new <= Int(UInt32.max) else { throw .content(.ordinals) }
            for index in 0..<new { output[index] = UInt32(known + index) }
            known += new
            output += new
        }
    }
}
