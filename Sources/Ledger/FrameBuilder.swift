internal import FrameCodec
internal import SegmentModel

/// Turns batches into frames: drops known events, gives profiles and field names their numbers,
/// makes time monotone, sorts profiles, keeps only the fields that changed.
///
/// The dictionary moves ahead with every event taken; the caller makes sure beforehand that there
/// is room to write the result, and that `EventBatch.checkOrdinals` has passed.
struct FrameBuilder {
    /// How far ahead of the one taken, event ids and field records are asked for from memory.
    private static let eventIDsAhead = 16
    private static let recordsAhead = 8

    /// Bytes of a batch that a frame shares instead of copying what it needs. Of longer ones a
    /// frame that names a new field would have to copy too much.
    private static let sharedByteCounts = (1 << 20)...(32 << 20)

    private(set) var frame: Frame
    /// The frame's slices are places in its batch's own bytes: no other batch may follow in it.
    private(set) var sharesBytes = false
    /// Of the texts that the frame names.
    private var textByteCount = 0
    private let now: Timestamp
    /// Of all events of the frame.
    private let recordedAt: Timestamp
    /// Reused from event to event: the profiles of one, as `ProfileLookup.Found`.
    private var found: [UInt64] = []
    private var sorter = OrdinalSorter()
    /// The fields of one profile, and those of them that change.
    private var candidates: [Frame.FieldChange] = []
    private var changed: [Frame.FieldChange] = []

    init(position: Position, now: Timestamp, dictionary: inout LedgerDictionary) {
        recordedAt = max(now, dictionary.lastRecordedAt)
        dictionary.lastRecordedAt = recordedAt
        self.now = now
        frame = Frame(
            firstPosition: position, firstOrdinal: UInt32(dictionary.profiles.count),
            firstFieldName: UInt32(dictionary.fieldNames.count))
    }

    var isEmpty: Bool { frame.events.isEmpty }

    func isFull(_ sizes: LedgerSizes) -> Bool {
        frame.ordinals.count >= sizes.frameChangeCount
            || frame.payloadByteCountEstimate(textByteCount) >= sizes.framePayloadByteCount
    }

    /// Takes event `index` of a batch; false if its `event_id` is known already.
    mutating func add(
        _ batch: EventBatch, _ index: Int, _ dictionary: inout LedgerDictionary
    ) -> Bool {
        let event = batch.events[index]
        if isEmpty { share(batch) }
        return batch.bytes.withUnsafeBytes { bytes in
            if event.eventID.count > 0 {
                prefetchEventID(batch, index + Self.eventIDsAhead, bytes, dictionary)
                let id = UnsafeRawBufferPointer(rebasing: bytes[event.eventID.range])
                guard dictionary.eventIDs.insert(id) else { return false }
            }
            append(event, batch, bytes, &dictionary)
            return true
        }
    }

    /// For the first event of a frame.
    private mutating func share(_ batch: EventBatch) {
        let isLarge = Self.sharedByteCounts.contains(batch.bytes.count)
        if isLarge {
            frame.bytes = batch.bytes
        } else if sharesBytes {
            frame.bytes = []
        }
        sharesBytes = isLarge
    }

    private func prefetchEventID(
        _ batch: EventBatch, _ index: Int, _ bytes: UnsafeRawBufferPointer,
        _ dictionary: borrowing LedgerDictionary
    ) {
        guard index < batch.events.count else { return }
        let id = batch.events[index].eventID
        if id.count > 0 {
            dictionary.eventIDs.prefetch(UnsafeRawBufferPointer(rebasing: bytes[id.range]))
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
        if event.ordinalCount > 0 {
            frame.ordinals.append(contentsOf: batch.ordinals[event.ordinalRange])
        } else if event.profileCount > 0 {
            batch.profiles.withUnsafeBufferPointer { profiles in
                batch.fields.withUnsafeBufferPointer { fields in
                    append(
                        ProfileLookup.Source(bytes: bytes, profiles: profiles, fields: fields),
                        event.profileRange, &dictionary)
                }
            }
        }
        entry.ordinalCount = UInt32(frame.ordinals.count) - entry.firstOrdinal
        entry.recordCount = UInt32(frame.records.count) - entry.firstRecord
        frame.events.append(entry)
    }

    // MARK: Profiles

    private mutating func append(
        _ source: ProfileLookup.Source, _ range: Range<Int>, _ dictionary: inout LedgerDictionary
    ) {
        found.removeAll(keepingCapacity: true)
        found.append(contentsOf: repeatElement(0, count: range.count))
        found.withUnsafeMutableBufferPointer { dictionary.lookUp(source, range, found: $0) }
        appendNewProfiles(source, range, dictionary.profiles.count)
        sorter.sort(&found)
        appendOrdinals(source, range.lowerBound, &dictionary)
        while frame.newFieldNames.count < dictionary.fieldNames.count - Int(frame.firstFieldName) {
            let number = Int(frame.firstFieldName) + frame.newFieldNames.count
            frame.newFieldNames.append(store(dictionary.fieldNames.bytes(of: number)))
        }
    }

    /// The ids of profiles that the frame has not named yet: their ordinals ascend as they came.
    private mutating func appendNewProfiles(
        _ source: ProfileLookup.Source, _ range: Range<Int>, _ profileCount: Int
    ) {
        var next = Int(frame.firstOrdinal) + frame.newProfiles.count
        guard next < profileCount else { return }
        for (index, rawValue) in found.enumerated()
        where ProfileLookup.Found(rawValue: rawValue).ordinal == next {
            frame.newProfiles.append(
                store(source.bytes, source.profiles[range.lowerBound + index].id))
            next += 1
            if next == profileCount { return }
        }
    }

    /// The ordinals, each once, and the field records of those profiles that may have changed.
    private mutating func appendOrdinals(
        _ source: ProfileLookup.Source, _ first: Int, _ dictionary: inout LedgerDictionary
    ) {
        var index = 0
        while index < found.count {
            let one = ProfileLookup.Found(rawValue: found[index])
            let start = index
            var mayChange = one.mayChange
            index += 1
            while index < found.count {
                let other = ProfileLookup.Found(rawValue: found[index])
                guard other.ordinal == one.ordinal else { break }
                mayChange = mayChange || other.mayChange
                index += 1
            }
            frame.ordinals.append(one.ordinal)
            prefetchRecords(after: start, dictionary)
            if mayChange { record(start..<index, first, source, &dictionary) }
        }
    }

    @inline(__always)
    private func prefetchRecords(after index: Int, _ dictionary: borrowing LedgerDictionary) {
        guard index + 2 * Self.recordsAhead < found.count else { return }
        let far = ProfileLookup.Found(rawValue: found[index + 2 * Self.recordsAhead])
        if far.mayChange { dictionary.profiles.prefetchUnit(of: far.ordinal) }
        let near = ProfileLookup.Found(rawValue: found[index + Self.recordsAhead])
        if near.mayChange { dictionary.profiles.prefetchRecord(of: near.ordinal) }
    }

    /// Sets the fields of one profile, named by several entries of `found`, and records what
    /// changed.
    private mutating func record(
        _ entries: Range<Int>, _ first: Int, _ source: ProfileLookup.Source,
        _ dictionary: inout LedgerDictionary
    ) {
        let ordinal = ProfileLookup.Found(rawValue: found[entries.lowerBound]).ordinal
        if entries.count == 1, recordFirstField(entries.lowerBound, first, source, &dictionary) {
            return
        }
        candidates.removeAll(keepingCapacity: true)
        for entry in entries {
            let profile = source.profiles[
                first + ProfileLookup.Found(rawValue: found[entry]).index]
            for (place, field) in source.fields(profile).enumerated() {
                candidates.append(
                    Frame.FieldChange(
                        name: dictionary.fieldNumber(source.slice(field.name), place),
                        kind: field.kind, value: field.value))
            }
        }
        changed.removeAll(keepingCapacity: true)
        candidates.withUnsafeBufferPointer {
            dictionary.setFields($0, source.bytes, of: ordinal, changed: &changed)
        }
        guard !changed.isEmpty else { return }
        appendRecord(ordinal, changeCount: changed.count)
        for change in changed {
            frame.changes.append(
                Frame.FieldChange(
                    name: change.name, kind: change.kind, value: store(source.bytes, change.value))
            )
        }
    }

    /// The ordinary case: one field of a profile that was just added; false if it is another case.
    @inline(__always)
    private mutating func recordFirstField(
        _ entry: Int, _ first: Int, _ source: ProfileLookup.Source,
        _ dictionary: inout LedgerDictionary
    ) -> Bool {
        let one = ProfileLookup.Found(rawValue: found[entry])
        let fields = source.fields(source.profiles[first + one.index])
        guard fields.count == 1 else { return false }
        let field = fields[0]
        let change = Frame.FieldChange(
            name: dictionary.fieldNumber(source.slice(field.name), 0), kind: field.kind,
            value: field.value)
        guard dictionary.setFirstField(change, source.bytes, of: one.ordinal) else { return false }
        appendRecord(one.ordinal, changeCount: 1)
        frame.changes.append(
            Frame.FieldChange(
                name: change.name, kind: change.kind, value: store(source.bytes, change.value)))
        return true
    }

    @inline(__always)
    private mutating func appendRecord(_ ordinal: UInt32, changeCount: Int) {
        frame.records.append(
            Frame.FieldRecord(
                ordinal: ordinal, firstChange: UInt32(frame.changes.count),
                changeCount: UInt32(changeCount)))
    }

    // MARK: Bytes

    private mutating func store(
        _ bytes: UnsafeRawBufferPointer, _ slice: EventBatch.Slice
    ) -> Frame.Slice {
        guard slice.count > 0 else { return .empty }
        textByteCount += Int(slice.count)
        if sharesBytes { return Frame.Slice(offset: slice.offset, count: slice.count) }
        let offset = frame.bytes.count
        frame.bytes.append(
            contentsOf: UnsafeRawBufferPointer(
                start: bytes.baseAddress! + Int(slice.offset), count: Int(slice.count)))
        return Frame.Slice(offset: UInt32(offset), count: slice.count)
    }

    private mutating func store(_ bytes: ArraySlice<UInt8>) -> Frame.Slice {
        textByteCount += bytes.count
        let offset = frame.bytes.count
        frame.bytes.append(contentsOf: bytes)
        return Frame.Slice(offset: UInt32(offset), count: UInt32(bytes.count))
    }
}
