internal import SegmentModel

/// Content to payload, column by column, in the order that docs/internals/ledger-format.md draws.
/// `PayloadDecoder` reads the same columns in the same order.
struct PayloadEncoder {
    let frame: Frame
    let scratch: CodecScratch
    var writer: PayloadWriter

    /// Writes the payload of `frame`.
    ///
    /// - Precondition: the frame keeps its invariants and the limits of a frame.
    static func encode(
        _ frame: Frame, _ scratch: CodecScratch, reusing buffer: GrowableBuffer<UInt8>
    ) -> PayloadWriter {
        precondition(
            frame.events.count <= Limits.frameEventCountMax
                && frame.ordinals.count <= Limits.frameChangeCountMax
                && frame.newProfiles.count <= frame.ordinals.count
                && frame.newFieldNames.count <= Limits.ledgerFieldNameCountMax
                && frame.changes.count <= Limits.frameChangeCountMax,
            "a frame is over its limits")
        var encoder = PayloadEncoder(
            frame: frame, scratch: scratch, writer: PayloadWriter(reusing: buffer))
        frame.bytes.withUnsafeBufferPointer { bytes in
            // A frame without bytes has empty slices only.
            encoder.encode(bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!)
        }
        return encoder.writer
    }

    private mutating func encode(_ bytes: UnsafePointer<UInt8>) {
        _ = writer.reserve(4)
        writer.advance(4)
        withUnsafeBytes(of: (frame.digestBefore ?? 0).littleEndian) { writer.append($0) }
        writer.varint(UInt64(frame.firstOrdinal))
        writer.varint(UInt64(frame.firstFieldName))
        writer.varint(frame.newProfiles.count)
        writer.varint(frame.newFieldNames.count)
        recordedAt()
        directory()
        eventIDs(bytes)
        bodies(bytes)
        ordinals()
        texts(frame.newFieldNames, bytes)
        texts(frame.newProfiles, bytes)
        records()
        fields(bytes)
        precondition(
            writer.textByteCount <= PayloadDecoder.textByteCountMax,
            "a frame's text is over its limit")
        writer.overwrite(at: 0, with: UInt32(writer.textByteCount))
    }

    /// Appends `count` numbers that stand in `scratch.values`.
    mutating func integers(_ count: Int, _ shape: IntegerColumn.Shape) {
        IntegerColumn.encode(scratch.values.pointer, count, shape, scratch, &writer)
    }

    private mutating func texts(_ texts: [Frame.Slice], _ bytes: UnsafePointer<UInt8>) {
        texts.withUnsafeBufferPointer { TextColumn.encode($0, in: bytes, scratch, &writer) }
    }

    // MARK: The event directory

    /// Runs of events that were recorded together.
    private mutating func recordedAt() {
        let counts = scratch.values.reserve(frame.events.count)
        let times = scratch.others.reserve(frame.events.count)
        var runCount = 0
        for event in frame.events {
            let time = event.recordedAt.rawValue
            if runCount > 0, times[runCount - 1] == time {
                counts[runCount - 1] += 1
            } else {
                counts[runCount] = 1
                times[runCount] = time
                runCount += 1
            }
        }
        writer.varint(runCount)
        integers(runCount, .scattered)
        IntegerColumn.encode(times, runCount, .ordered, scratch, &writer)
    }

    private mutating func directory() {
        let values = scratch.values.reserve(frame.events.count)
        var count = 0
        for event in frame.events {
            values[count] = Int64(event.kind.rawValue)
            count += 1
        }
        integers(count, .scattered)
        count = 0
        for event in frame.events where event.kind.hasSegment {
            values[count] = event.segment.rawValue
            count += 1
        }
        DistinctColumn.encode(values, count, scratch, &writer)
        times()
        count = 0
        for event in frame.events where !event.kind.isSystem {
            values[count] = event.ownTime == nil ? 0 : 1
            count += 1
        }
        integers(count, .scattered)
        count = 0
        for event in frame.events where !event.kind.isSystem {
            guard let own = event.ownTime else { continue }
            values[count] = event.time.rawValue &- own.rawValue
            count += 1
        }
        integers(count, .scattered)
    }

    /// Ledger times of platform events: themselves, or how they differ from when the events were
    /// recorded, whichever varies less.
    private mutating func times() {
        let values = scratch.values.reserve(frame.events.count)
        let differences = scratch.others.reserve(frame.events.count)
        var count = 0
        for event in frame.events where !event.kind.isSystem {
            values[count] = event.time.rawValue
            differences[count] = event.recordedAt.rawValue &- event.time.rawValue
            count += 1
        }
        guard count > 0 else { return }
        let isConstant = (1..<count).allSatisfy { differences[$0] == differences[0] }
        writer.byte(isConstant ? 1 : 0)
        IntegerColumn.encode(
            isConstant ? differences : values, count, .ordered, scratch, &writer)
    }

    private mutating func eventIDs(_ bytes: UnsafePointer<UInt8>) {
        let values = scratch.values.reserve(frame.events.count)
        var count = 0
        var present = 0
        for event in frame.events {
            values[count] = event.eventID.count > 0 ? 1 : 0
            present += event.eventID.count > 0 ? 1 : 0
            count += 1
        }
        integers(count, .scattered)
        guard present > 0 else { return }
        let ids = scratch.slices.reserve(present)
        count = 0
        for event in frame.events where event.eventID.count > 0 {
            precondition(
                event.eventID.count <= Limits.eventIDByteCountMax, "an event id is over its limit")
            ids[count] = event.eventID
            count += 1
        }
        TextColumn.encode(
            UnsafeBufferPointer(start: ids, count: present), in: bytes, scratch, &writer)
    }

    private mutating func bodies(_ bytes: UnsafePointer<UInt8>) {
        let values = scratch.values.reserve(frame.events.count)
        var count = 0
        for event in frame.events where !event.kind.hasProfiles {
            values[count] = Int64(event.body.count)
            count += 1
        }
        integers(count, .scattered)
        guard count > 0 else { return }
        for event in frame.events where !event.kind.hasProfiles {
            writer.append(
                UnsafeRawBufferPointer(
                    start: bytes + Int(event.body.offset), count: Int(event.body.count)))
            writer.textByteCount += Int(event.body.count)
        }
    }
}
