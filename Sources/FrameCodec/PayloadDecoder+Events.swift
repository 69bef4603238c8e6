internal import SegmentModel

extension PayloadDecoder {
    /// Reads everything of `count` events but their ordinals and records.
    mutating func events(_ count: Int) throws(FrameError) {
        let runCount = try reader.count(atMost: count)
        let lengths = scratch.values.reserve(runCount)
        let times = scratch.others.reserve(runCount)
        try IntegerColumn.decode(runCount, &reader, into: lengths)
        try IntegerColumn.decode(runCount, &reader, into: times)
        var rest = Int64(count)
        for run in 0..<runCount {
            guard lengths[run] > 0, lengths[run] <= rest else { throw .content(.count) }
            rest -= lengths[run]
        }
        guard rest == 0 else { throw .content(.count) }
        guard count > 0 else { return }
        var events = [Frame.Event](repeating: Self.noEvent, count: count)
        try events.withUnsafeMutableBufferPointer { events throws(FrameError) in
            var next = 0
            for run in 0..<runCount {
                let time = Timestamp(rawValue: times[run])
                for _ in 0..<Int(lengths[run]) {
                    events[next].recordedAt = time
                    events[next].time = time
                    next += 1
                }
            }
            try directory(events)
            try eventIDs(events)
            try bodies(events)
        }
        frame.events = events
    }

    private static let noEvent = Frame.Event(
        kind: .segmentCreated, segment: SegmentID(0), time: Timestamp(rawValue: 0),
        recordedAt: Timestamp(rawValue: 0), ownTime: nil, eventID: .empty, body: .empty,
        firstOrdinal: 0, ordinalCount: 0, firstRecord: 0, recordCount: 0)

    typealias Events = UnsafeMutableBufferPointer<Frame.Event>

    private mutating func directory(_ events: Events) throws(FrameError) {
        let values = scratch.values.reserve(events.count)
        try IntegerColumn.decode(events.count, &reader, into: values)
        var segmentCount = 0
        var platformCount = 0
        for index in 0..<events.count {
            guard let raw = UInt8(exactly: values[index]), let kind = EventKind(rawValue: raw)
            else { throw .content(.kind) }
            events[index].kind = kind
            if kind.hasSegment { segmentCount += 1 }
            if !kind.isSystem { platformCount += 1 }
        }
        try DistinctColumn.decode(segmentCount, &reader, scratch, into: values)
        var next = 0
        for index in 0..<events.count where events[index].kind.hasSegment {
            events[index].segment = SegmentID(values[next])
            next += 1
        }
        try times(events, platformCount)
    }

    private mutating func times(_ events: Events, _ count: Int) throws(FrameError) {
        guard count > 0 else { return }
        let form = try reader.byte()
        guard form <= 1 else { throw .content(.kind) }
        let values = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: values)
        var next = 0
        for index in 0..<events.count where !events[index].kind.isSystem {
            let time =
                form == 0 ? values[next] : events[index].recordedAt.rawValue &- values[next]
            events[index].time = Timestamp(rawValue: time)
            next += 1
        }
        let given = scratch.others.reserve(count)
        try IntegerColumn.decode(count, &reader, into: given)
        let ownCount = try Self.count(given, count)
        try IntegerColumn.decode(ownCount, &reader, into: values)
        next = 0
        var own = 0
        for index in 0..<events.count where !events[index].kind.isSystem {
            if given[next] == 1 {
                let time = events[index].time.rawValue &- values[own]
                events[index].ownTime = Timestamp(rawValue: time)
                own += 1
            }
            next += 1
        }
    }

    /// How many of `count` flags are 1; the others must be 0.
    private static func count(
        _ flags: UnsafePointer<Int64>, _ count: Int
    ) throws(FrameError) -> Int {
        var total = 0
        for index in 0..<count {
            guard flags[index] & ~1 == 0 else { throw .content(.kind) }
            total += Int(flags[index])
        }
        return total
    }

    private mutating func eventIDs(_ events: Events) throws(FrameError) {
        let present = scratch.values.reserve(events.count)
        try IntegerColumn.decode(events.count, &reader, into: present)
        let count = try Self.count(present, events.count)
        guard count > 0 else { return }
        // The column below uses the memory of the flags: they wait in the slices.
        for index in 0..<events.count { events[index].eventID.count = UInt32(present[index]) }
        let ids = scratch.slices.reserve(count)
        try TextColumn.decode(count, &reader, &output, scratch, into: ids)
        var next = 0
        for index in 0..<events.count where events[index].eventID.count > 0 {
            let id = ids[next]
            guard id.count > 0, Int(id.count) <= Limits.eventIDByteCountMax else {
                throw .content(.text)
            }
            events[index].eventID = id
            next += 1
        }
    }

    private mutating func bodies(_ events: Events) throws(FrameError) {
        var count = 0
        for index in 0..<events.count where !events[index].kind.hasProfiles { count += 1 }
        guard count > 0 else { return }
        let lengths = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: lengths)
        var next = 0
        for index in 0..<events.count where !events[index].kind.hasProfiles {
            guard lengths[next] >= 0, lengths[next] <= Int64(reader.remaining) else {
                throw .content(.slice)
            }
            events[index].body = try output.store(try reader.take(Int(lengths[next])))
            next += 1
        }
    }
}
