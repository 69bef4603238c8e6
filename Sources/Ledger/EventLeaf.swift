internal import FrameCodec
internal import MerkleTree
internal import SegmentModel

/// The canonical bytes of an event up to its ordinals: what its Merkle leaf begins with. The whole
/// leaf is drawn in docs/internals/ledger-format.md, "Merkle leaves".
///
/// ```
///  0 form 1, now 1 | 1 kind 1 | 2 has own time 1 | 3 event id's byte count 1
///  4 ordinal count 4
///  8 position 8 | 16 segment 8 | 24 ledger time 8 | 32 own time 8, or 0 | 40 recorded at 8
/// 48 body's byte count 4 | 52 new profile count 4 | 56 field record count 4
/// 60 event id | body
/// ```
///
/// All numbers are little-endian and of fixed size, and every length stands before what it
/// measures: two events with the same bytes are the same event.
enum EventLeaf {
    static let form: UInt8 = 1

    static func appendHead(
        of event: Frame.Event, in frame: Frame, at position: Position, newProfileCount: UInt32,
        to output: inout LeafBytes
    ) {
        output.put(form)
        output.put(event.kind.rawValue)
        output.put(UInt8(event.ownTime == nil ? 0 : 1))
        output.put(UInt8(event.eventID.count))
        output.put(event.ordinalCount)
        output.put(position.rawValue)
        output.put(event.segment.rawValue)
        output.put(event.time.rawValue)
        output.put(event.ownTime?.rawValue ?? 0)
        output.put(event.recordedAt.rawValue)
        output.put(event.body.count)
        output.put(newProfileCount)
        output.put(event.recordCount)
        output.put(frame.bytes, event.eventID.range)
        output.put(frame.bytes, event.body.range)
    }

    /// What a commitment is made of, after its salt: a byte that says of what.
    enum Commitment: UInt8 {
        case profileID = 1
        case fieldRecord = 2
    }

    /// `1 | profile id`
    static func appendProfileID(
        _ id: Frame.Slice, in frame: Frame, to output: inout LeafBytes
    ) {
        output.put(Commitment.profileID.rawValue)
        output.put(frame.bytes, id.range)
    }

    /// ```
    /// 2 | position 8 | each change: name's byte count 4 | name | kind 1
    ///     | value's byte count 4 | value
    /// ```
    /// The ordinal stands beside the commitment. The position makes equal records look different.
    static func appendRecord(
        _ record: Frame.FieldRecord, in frame: Frame, at position: Position,
        names: [[UInt8]], to output: inout LeafBytes
    ) {
        output.put(Commitment.fieldRecord.rawValue)
        output.put(position.rawValue)
        for index in record.changeRange {
            let change = frame.changes[index]
            let name = names[Int(change.name)]
            output.put(UInt32(name.count))
            output.put(name, name.indices)
            output.put(change.kind.rawValue)
            output.put(change.value.count)
            output.put(frame.bytes, change.value.range)
        }
    }
}
