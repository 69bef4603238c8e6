internal import FrameCodec
internal import SegmentModel

/// Turns batches into frames: drops known events, gives profiles and field names their numbers,
/// makes time monotone, sorts profiles, keeps only the fields that changed.
///
/// The dictionary moves ahead with every event taken; the caller makes sure beforehand that there
/// is room to write the result.
struct FrameBuilder {
    private(set) var frame: Frame
    private let now: Timestamp
    /// Of all events of the frame.
    private let recordedAt: Timestamp

    init(position: Position, now: Timestamp, dictionary: inout LedgerDictionary) {
        recordedAt = max(now, dictionary.lastRecordedAt)
        dictionary.lastRecordedAt = recordedAt
        self.now = now
        frame = Frame(
            firstPosition: position, firstOrdinal: UInt32(dictionary.profiles.count),
            firstFieldName: UInt32(dictionary.fieldNames.count))
    }

    var isEmpty: Bool { frame.events.isEmpty }

    /// Raw bytes that the payload is about to have, from above.
    var byteCountEstimate: Int {
        frame.bytes.count + frame.events.count * 48 + frame.ordinals.count * 6
            + frame.changes.count * 32
    }

    var isFull: Bool {
        frame.ordinals.count >= Limits.frameChangeCountTarget
            || byteCountEstimate >= Limits.framePayloadByteCountTarget
    }

    /// Takes event `index` of a batch; false if its `event_id` is known already.
    mutating func add(
        _ batch: EventBatch, _ index: Int, _ dictionary: inout LedgerDictionary
    ) -> Bool {
        let event = batch.events[index]
        return batch.bytes.withUnsafeBytes { bytes in
            if event.eventID.count > 0 {
                let id = UnsafeRawBufferPointer(rebasing: bytes[event.eventID.range])
                guard dictionary.eventIDs.intern(id).isNew else { return false }
            }
            append(event, batch, bytes, &dictionary)
            return true
        }
    }

    private mutating func append(
        _ event: EventBatch.Event, _ batch: EventBatch, _ bytes: UnsafeRawBufferPointer,
        _ dictionary: inout LedgerDictionary
    ) {
        var time = recordedAt
        if !event.kind.isSystem {
            time = max(dictionary.lastTime, event.ownTime ?? now)
            dictionary.lastTime = time
        }
        var entry = Frame.Event(
            kind: event.kind, segment: event.segment, time: time, recordedAt: recordedAt,
            ownTime: event.ownTime, eventID: store(bytes, event.eventID),
            body: store(bytes, event.body),
            firstOrdinal: UInt32(frame.ordinals.count), ordinalCount: 0,
            firstRecord: UInt32(frame.records.count), recordCount: 0)
        let first = Int(event.firstProfile)
        let profiles = batch.profiles[first..<first + Int(event.profileCount)]
        let order = intern(profiles, bytes, &dictionary)
        var index = 0
        while index < order.count {
            let ordinal = UInt32(order[index] >> 32)
            frame.ordinals.append(ordinal)
            var candidates: [Frame.FieldChange] = []
            while index < order.count, UInt32(order[index] >> 32) == ordinal {
                let profile = profiles[first + Int(UInt32(truncatingIfNeeded: order[index]))]
                if profile.fieldCount > 0 {
                    addCandidates(profile, batch, bytes, &dictionary, to: &candidates)
                }
                index += 1
            }
            if !candidates.isEmpty { record(candidates, bytes, ordinal, &dictionary) }
        }
        entry.ordinalCount = UInt32(frame.ordinals.count) - entry.firstOrdinal
        entry.recordCount = UInt32(frame.records.count) - entry.firstRecord
        frame.events.append(entry)
    }

    /// Ordinal and index of each profile as one number, ascending.
    private mutating func intern(
        _ profiles: ArraySlice<EventBatch.Profile>, _ bytes: UnsafeRawBufferPointer,
        _ dictionary: inout LedgerDictionary
    ) -> [UInt64] {
        var order: [UInt64] = []
        order.reserveCapacity(profiles.count)
        var isSorted = true
        for (offset, profile) in profiles.enumerated() {
            let id = UnsafeRawBufferPointer(rebasing: bytes[profile.id.range])
            let (ordinal, isNew) = dictionary.profiles.intern(id)
            if isNew { frame.newProfiles.append(store(bytes, profile.id)) }
            let entry = UInt64(ordinal) << 32 | UInt64(offset)
            if let last = order.last, last > entry { isSorted = false }
            order.append(entry)
        }
        if !isSorted { order.sort() }
        return order
    }

    private mutating func addCandidates(
        _ profile: EventBatch.Profile, _ batch: EventBatch, _ bytes: UnsafeRawBufferPointer,
        _ dictionary: inout LedgerDictionary, to candidates: inout [Frame.FieldChange]
    ) {
        let first = Int(profile.firstField)
        for field in batch.fields[first..<first + Int(profile.fieldCount)] {
            let name = UnsafeRawBufferPointer(rebasing: bytes[field.name.range])
            let (number, isNew) = dictionary.fieldNames.intern(name)
            if isNew { frame.newFieldNames.append(store(bytes, field.name)) }
            candidates.append(
                Frame.FieldChange(name: number, kind: field.kind, value: field.value))
        }
    }

    private mutating func record(
        _ candidates: [Frame.FieldChange], _ bytes: UnsafeRawBufferPointer, _ ordinal: UInt32,
        _ dictionary: inout LedgerDictionary
    ) {
        let changes = dictionary.fields.apply(candidates, from: bytes, to: Int(ordinal))
        guard !changes.isEmpty else { return }
        frame.records.append(
            Frame.FieldRecord(
                ordinal: ordinal, firstChange: UInt32(frame.changes.count),
                changeCount: UInt32(changes.count)))
        for var change in changes {
            change.value = store(bytes, change.value)
            frame.changes.append(change)
        }
    }

    private mutating func store(
        _ bytes: UnsafeRawBufferPointer, _ slice: EventBatch.Slice
    ) -> Frame.Slice {
        guard slice.count > 0 else { return .empty }
        let offset = frame.bytes.count
        frame.bytes.append(contentsOf: bytes[slice.range])
        return Frame.Slice(offset: UInt32(offset), count: slice.count)
    }
}
