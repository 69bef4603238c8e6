internal import SegmentModel

/// Content to payload, column by column, in the order that docs/internals/ledger-format.md draws.
/// `PayloadDecoder` reads the same columns in the same order.
enum PayloadEncoder {
    static func encode(_ frame: Frame, reusing buffer: [UInt8]) -> [UInt8] {
        var writer = PayloadWriter(reusing: buffer)
        recordedAt(frame, &writer)
        writer.varint(UInt64(frame.firstOrdinal))
        writer.varint(UInt64(frame.firstFieldName))
        writer.varint(frame.newProfiles.count)
        writer.varint(frame.newFieldNames.count)
        directory(frame, &writer)
        ordinals(frame, &writer)
        dictionary(frame, &writer)
        records(frame, &writer)
        return writer.bytes
    }

    /// Runs of events that were recorded together.
    private static func recordedAt(_ frame: Frame, _ writer: inout PayloadWriter) {
        var runs: [(time: Int64, count: Int)] = []
        for event in frame.events {
            if let last = runs.last, last.time == event.recordedAt.rawValue {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((event.recordedAt.rawValue, 1))
            }
        }
        writer.varint(runs.count)
        var previous: Int64 = 0
        for run in runs {
            writer.varint(run.count)
            writer.signed(run.time &- previous)
            previous = run.time
        }
    }

    // MARK: The event directory

    private static func directory(_ frame: Frame, _ writer: inout PayloadWriter) {
        for event in frame.events { writer.byte(event.kind.rawValue) }
        var segment: Int64 = 0
        for event in frame.events where event.kind.hasSegment {
            writer.signed(event.segment.rawValue &- segment)
            segment = event.segment.rawValue
        }
        var time: Int64 = 0
        for event in frame.events where !event.kind.isSystem {
            writer.signed(event.time.rawValue &- time)
            time = event.time.rawValue
        }
        for event in frame.events where !event.kind.isSystem {
            if let own = event.ownTime {
                writer.varint(1 + zigzag(own.rawValue &- event.time.rawValue))
            } else {
                writer.byte(0)
            }
        }
        for event in frame.events {
            let id = frame.bytes[event.eventID.range]
            writer.varint(id.count << 1 | (isLowerHex(id) ? 1 : 0))
        }
        for event in frame.events {
            let id = frame.bytes[event.eventID.range]
            if isLowerHex(id) { packHex(id, &writer) } else { writer.append(id) }
        }
        for event in frame.events where event.kind.hasProfiles {
            writer.varint(UInt64(event.ordinalCount))
        }
        for event in frame.events where event.kind.hasProfiles {
            writer.varint(UInt64(event.recordCount))
        }
        for event in frame.events where !event.kind.hasProfiles {
            writer.varint(UInt64(event.body.count))
        }
        for event in frame.events where !event.kind.hasProfiles {
            writer.append(frame.bytes[event.body.range])
        }
    }

    /// An event id of an even number of lower-case hex digits is stored as half its bytes.
    private static func isLowerHex(_ id: ArraySlice<UInt8>) -> Bool {
        id.count > 0 && id.count % 2 == 0 && id.allSatisfy { hexDigit($0) != nil }
    }

    private static func packHex(_ id: ArraySlice<UInt8>, _ writer: inout PayloadWriter) {
        var index = id.startIndex
        while index < id.endIndex {
            writer.byte(hexDigit(id[index])! << 4 | hexDigit(id[index + 1])!)
            index += 2
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    // MARK: Ordinals

    /// Deltas in four byte planes; a plane that is all zero is left out.
    private static func ordinals(_ frame: Frame, _ writer: inout PayloadWriter) {
        var deltas: [UInt32] = []
        deltas.reserveCapacity(frame.ordinals.count)
        var previousFirst: UInt32 = 0
        var seen: UInt32 = 0
        for event in frame.events where event.ordinalCount > 0 {
            var previous: UInt32 = 0
            var isFirst = true
            for index in event.ordinalRange {
                let ordinal = frame.ordinals[index]
                if isFirst {
                    deltas.append(zigzag32(ordinal &- previousFirst))
                    previousFirst = ordinal
                    isFirst = false
                } else {
                    deltas.append(ordinal &- previous &- 1)
                }
                previous = ordinal
                seen |= deltas[deltas.count - 1]
            }
        }
        var present: UInt8 = 0
        for plane in 0..<4 where seen >> UInt32(plane * 8) & 0xFF != 0 { present |= 1 << plane }
        writer.byte(present)
        for plane in 0..<4 where present >> plane & 1 == 1 {
            let shift = UInt32(plane * 8)
            writer.append(deltas.lazy.map { UInt8(truncatingIfNeeded: $0 >> shift) })
        }
    }

    // MARK: The dictionary

    private static func dictionary(_ frame: Frame, _ writer: inout PayloadWriter) {
        for name in frame.newFieldNames {
            writer.varint(UInt64(name.count))
            writer.append(frame.bytes[name.range])
        }
        texts(frame.newProfiles, in: frame.bytes, &writer)
    }

    /// Three columns: bytes shared with the text before, bytes that follow, those bytes.
    static func texts(
        _ slices: [Frame.Slice], in bytes: [UInt8], _ writer: inout PayloadWriter
    ) {
        var shared: [Int] = []
        shared.reserveCapacity(slices.count)
        var previous = 0..<0
        for slice in slices {
            let range = slice.range
            var count = 0
            let limit = min(previous.count, range.count)
            while count < limit,
                bytes[previous.lowerBound + count] == bytes[range.lowerBound + count]
            {
                count += 1
            }
            shared.append(count)
            previous = range
        }
        for count in shared { writer.varint(count) }
        for (slice, count) in zip(slices, shared) { writer.varint(Int(slice.count) - count) }
        for (slice, count) in zip(slices, shared) {
            writer.append(bytes[slice.range.dropFirst(count)])
        }
    }

    // MARK: Field records

    private static func records(_ frame: Frame, _ writer: inout PayloadWriter) {
        for event in frame.events where event.recordCount > 0 {
            var at = event.ordinalRange.lowerBound
            for record in frame.records[event.recordRange] {
                let start = at
                while frame.ordinals[at] != record.ordinal { at += 1 }
                writer.varint(at - start)
                at += 1
            }
        }
        for record in frame.records { writer.varint(UInt64(record.changeCount)) }
        for change in frame.changes { writer.varint(UInt64(change.name)) }
        var byName: [UInt32: [Int]] = [:]
        var order: [UInt32] = []
        for (index, change) in frame.changes.enumerated() {
            if byName[change.name] == nil { order.append(change.name) }
            byName[change.name, default: []].append(index)
        }
        for name in order {
            FieldColumn.encode(byName[name]!.map { frame.changes[$0] }, in: frame.bytes, &writer)
        }
    }
}
