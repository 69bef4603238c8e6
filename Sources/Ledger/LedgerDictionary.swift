internal import FrameCodec
internal import SegmentModel

/// What the writer must know of the past to write the next frame: profile ids, field names, event
/// ids and current fields. Rebuilt from the ledger alone.
struct LedgerDictionary {
    var profiles: InternTable
    var fieldNames: InternTable
    var eventIDs: InternTable
    var fields = FieldStore()
    /// Ledger time and record time of the newest events.
    var lastTime = Timestamp(rawValue: Int64.min)
    var lastRecordedAt = Timestamp(rawValue: Int64.min)

    init(seed: UInt64) {
        profiles = InternTable(seed: seed)
        fieldNames = InternTable(seed: seed)
        eventIDs = InternTable(seed: seed)
    }

    /// Takes in a frame read from the ledger.
    ///
    /// - Throws: a content error if the frame does not continue what came before.
    mutating func fold(_ frame: Frame) throws(FrameError) {
        guard frame.firstOrdinal == UInt32(profiles.count),
            frame.firstFieldName == UInt32(fieldNames.count)
        else { throw .content(.count) }
        let isConsistent = frame.bytes.withUnsafeBytes { bytes in
            func slice(_ slice: Frame.Slice) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: bytes[slice.range])
            }
            for profile in frame.newProfiles where !profiles.intern(slice(profile)).isNew {
                return false
            }
            for name in frame.newFieldNames where !fieldNames.intern(slice(name)).isNew {
                return false
            }
            for event in frame.events {
                if event.eventID.count > 0 { _ = eventIDs.intern(slice(event.eventID)) }
                if !event.kind.isSystem { lastTime = max(lastTime, event.time) }
            }
            for record in frame.records {
                let changes = Array(frame.changes[record.changeRange])
                guard changes.allSatisfy({ $0.name < fieldNames.count }) else { return false }
                _ = fields.apply(changes, from: bytes, to: Int(record.ordinal))
            }
            return true
        }
        guard isConsistent, frame.ordinals.allSatisfy({ $0 < profiles.count }) else {
            throw .content(.ordinals)
        }
        lastRecordedAt = max(lastRecordedAt, frame.recordedAt)
    }

    /// The field names numbered below `count`, by number.
    func fieldNames(before count: UInt32) -> [[UInt8]] {
        (0..<Int(count)).map { Array(fieldNames.bytes(of: $0)) }
    }
}
