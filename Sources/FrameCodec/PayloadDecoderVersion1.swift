internal import SegmentModel

/// Payload of format version 1 to content, column by column, as docs/internals/ledger-format.md
/// draws it. Nothing writes it any more. Every number is checked, so that any bytes give a frame or
/// an error.
enum PayloadDecoderVersion1 {
    static func decode(
        _ header: FrameHeader, _ bytes: UnsafeRawBufferPointer
    ) throws(FrameError) -> Frame {
        var reader = PayloadReader(bytes)
        let eventCount = Int(header.eventCount)
        let recordedAt = Timestamp(rawValue: try reader.fixed64())
        let firstOrdinal = try reader.number32()
        let firstFieldName = try reader.number32()
        var frame = Frame(
            firstPosition: header.firstPosition, firstOrdinal: firstOrdinal,
            firstFieldName: firstFieldName)
        let profileCount = try reader.count(atMost: reader.remaining)
        let nameCount = try reader.count(atMost: reader.remaining)
        guard eventCount <= reader.remaining else { throw .content(.count) }
        try directory(eventCount, recordedAt, &reader, &frame)
        try ordinals(Int(header.changeCount), &reader, &frame)
        for _ in 0..<nameCount {
            let length = try reader.count(atMost: reader.remaining)
            let offset = frame.bytes.count
            frame.bytes.append(contentsOf: try reader.take(length))
            frame.newFieldNames.append(try TextColumnsVersion1.slice(offset, length))
        }
        frame.newProfiles = try TextColumnsVersion1.decode(
            count: profileCount, &reader, into: &frame.bytes)
        try records(&reader, &frame)
        guard reader.remaining == 0 else { throw .content(.trailing) }
        return frame
    }

    // MARK: The event directory

    private static func directory(
        _ count: Int, _ recordedAt: Timestamp, _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        let kinds = try reader.take(count)
        frame.events.reserveCapacity(count)
        for raw in kinds {
            guard let kind = EventKind(rawValue: raw) else { throw .content(.kind) }
            frame.events.append(
                Frame.Event(
                    kind: kind, segment: SegmentID(0), time: recordedAt, recordedAt: recordedAt,
                    ownTime: nil, eventID: .empty, body: .empty, firstOrdinal: 0,
                    ordinalCount: 0, firstRecord: 0, recordCount: 0))
        }
        var segment: Int64 = 0
        for index in 0..<count where frame.events[index].kind.hasSegment {
            segment &+= try reader.signed()
            frame.events[index].segment = SegmentID(segment)
        }
        var time: Int64 = 0
        for index in 0..<count where !frame.events[index].kind.isSystem {
            time &+= try reader.signed()
            frame.events[index].time = Timestamp(rawValue: time)
        }
        for index in 0..<count where !frame.events[index].kind.isSystem {
            let value = try reader.varint()
            guard value > 0 else { continue }
            let own = frame.events[index].time.rawValue &+ unzigzag(value - 1)
            frame.events[index].ownTime = Timestamp(rawValue: own)
        }
        try eventIDs(count, &reader, &frame)
        try bodies(count, &reader, &frame)
    }

    private static func eventIDs(
        _ count: Int, _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        for _ in 0..<count {
            lengths.append(try reader.count(atMost: Limits.eventIDByteCountMax << 1 | 1))
        }
        for (index, length) in lengths.enumerated() where length > 1 {
            let offset = frame.bytes.count
            if length & 1 == 1 {
                for byte in try reader.take(length >> 2) {
                    frame.bytes.append(hexDigits[Int(byte >> 4)])
                    frame.bytes.append(hexDigits[Int(byte & 15)])
                }
            } else {
                frame.bytes.append(contentsOf: try reader.take(length >> 1))
            }
            frame.events[index].eventID = try TextColumnsVersion1.slice(
                offset, frame.bytes.count - offset)
        }
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    private static func bodies(
        _ count: Int, _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        for index in 0..<count where frame.events[index].kind.hasProfiles {
            frame.events[index].ordinalCount = try reader.number32()
        }
        for index in 0..<count where frame.events[index].kind.hasProfiles {
            frame.events[index].recordCount = try reader.number32()
        }
        for index in 0..<count where !frame.events[index].kind.hasProfiles {
            frame.events[index].body.count = try reader.number32()
        }
        for index in 0..<count where !frame.events[index].kind.hasProfiles {
            let length = Int(frame.events[index].body.count)
            let offset = frame.bytes.count
            frame.bytes.append(contentsOf: try reader.take(length))
            frame.events[index].body = try TextColumnsVersion1.slice(offset, length)
        }
    }

    // MARK: Ordinals

    private static func ordinals(
        _ count: Int, _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        let present = try reader.byte()
        guard present < 16 else { throw .content(.ordinals) }
        guard count <= Limits.framePayloadByteCountMax else { throw .content(.count) }
        var deltas = [UInt32](repeating: 0, count: count)
        for plane in 0..<4 where present >> plane & 1 == 1 {
            let bytes = try reader.take(count)
            let shift = UInt32(plane * 8)
            deltas.withUnsafeMutableBufferPointer { target in
                for index in 0..<count { target[index] |= UInt32(bytes[index]) << shift }
            }
        }
        var next = 0
        var previousFirst: UInt32 = 0
        for index in frame.events.indices {
            frame.events[index].firstOrdinal = UInt32(next)
            let length = Int(frame.events[index].ordinalCount)
            guard length > 0 else { continue }
            guard length <= count - next else { throw .content(.ordinals) }
            var previous = previousFirst &+ unzigzag32(deltas[next])
            guard previous < UInt32.max else { throw .content(.ordinals) }
            previousFirst = previous
            deltas[next] = previous
            for position in next + 1..<next + length {
                let (ordinal, overflow) = previous.addingReportingOverflow(deltas[position])
                guard !overflow, ordinal < UInt32.max - 1 else { throw .content(.ordinals) }
                previous = ordinal + 1
                deltas[position] = previous
            }
            next += length
        }
        guard next == count else { throw .content(.ordinals) }
        frame.ordinals = deltas
    }

    // MARK: Field records

    private static func records(
        _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        let hasRecords = frame.events.contains { $0.recordCount > 0 }
        if !frame.newProfiles.isEmpty || hasRecords {
            // A seed meant for salts; nothing was ever derived from it.
            _ = try reader.take(16)
        }
        for index in frame.events.indices {
            let event = frame.events[index]
            frame.events[index].firstRecord = UInt32(frame.records.count)
            var at = Int(event.firstOrdinal)
            guard event.recordCount <= event.ordinalCount else { throw .content(.count) }
            for _ in 0..<event.recordCount {
                at += try reader.count(atMost: frame.ordinals.count)
                guard at < event.ordinalRange.upperBound else { throw .content(.ordinals) }
                frame.records.append(
                    Frame.FieldRecord(
                        ordinal: frame.ordinals[at], firstChange: 0, changeCount: 0))
                at += 1
            }
        }
        var total = 0
        for index in frame.records.indices {
            let count = try reader.count(atMost: reader.remaining)
            frame.records[index].firstChange = UInt32(total)
            frame.records[index].changeCount = UInt32(count)
            total += count
            guard total <= reader.remaining else { throw .content(.count) }
        }
        try changes(total, &reader, &frame)
    }

    private static func changes(
        _ count: Int, _ reader: inout PayloadReader, _ frame: inout Frame
    ) throws(FrameError) {
        var byName: [UInt32: [Int]] = [:]
        var order: [UInt32] = []
        frame.changes.reserveCapacity(count)
        for index in 0..<count {
            let name = try reader.number32()
            frame.changes.append(Frame.FieldChange(name: name, kind: .null, value: .empty))
            if byName[name] == nil { order.append(name) }
            byName[name, default: []].append(index)
        }
        for name in order {
            let indexes = byName[name]!
            let values = try FieldColumnVersion1.decode(
                count: indexes.count, &reader, into: &frame.bytes)
            for (index, value) in zip(indexes, values) {
                frame.changes[index].kind = value.0
                frame.changes[index].value = value.1
            }
        }
    }
}
