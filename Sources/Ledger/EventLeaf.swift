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
        to output: inout [UInt8]
    ) {
        output.append(form)
        output.append(event.kind.rawValue)
        output.append(event.ownTime == nil ? 0 : 1)
        output.append(UInt8(event.eventID.count))
        output.appendLittleEndian(event.ordinalCount)
        output.appendLittleEndian(position.rawValue)
        output.appendLittleEndian(event.segment.rawValue)
        output.appendLittleEndian(event.time.rawValue)
        output.appendLittleEndian(event.ownTime?.rawValue ?? 0)
        output.appendLittleEndian(event.recordedAt.rawValue)
        output.appendLittleEndian(event.body.count)
        output.appendLittleEndian(newProfileCount)
        output.appendLittleEndian(event.recordCount)
        if event.eventID.count > 0 { output.append(contentsOf: frame.bytes[event.eventID.range]) }
        if event.body.count > 0 { output.append(contentsOf: frame.bytes[event.body.range]) }
    }

    /// What a commitment is made of, after its salt: a byte that says of what.
    enum Commitment: UInt8 {
        case profileID = 1
        case fieldRecord = 2
    }

    /// `1 | profile id`
    static func appendProfileID(_ id: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(Commitment.profileID.rawValue)
        output.append(contentsOf: id)
    }

    /// ```
    /// 2 | position 8 | ordinal 4 | change count 4
    /// each change: name's byte count 4 | name | kind 1 | value's byte count 4 | value
    /// ```
    static func appendRecord(
        _ record: Frame.FieldRecord, in frame: Frame, at position: Position,
        names: [[UInt8]], to output: inout [UInt8]
    ) {
        output.append(Commitment.fieldRecord.rawValue)
        output.appendLittleEndian(position.rawValue)
        output.appendLittleEndian(record.ordinal)
        output.appendLittleEndian(record.changeCount)
        for change in frame.changes[record.changeRange] {
            let name = names[Int(change.name)]
            output.appendLittleEndian(UInt32(name.count))
            output.append(contentsOf: name)
            output.append(change.kind.rawValue)
            output.appendLittleEndian(change.value.count)
            output.append(contentsOf: frame.bytes[change.value.range])
        }
    }
}
