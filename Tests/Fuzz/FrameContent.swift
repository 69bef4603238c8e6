import FrameCodec
import SegmentModel

/// What a frame says, independent of where its bytes stand; traps where a frame breaks what its
/// readers rely on.
struct FrameContent: Equatable {
    private var numbers: [Int64] = []
    private var texts: [UInt8] = []

    init(_ frame: Frame) {
        numbers += [Int64(frame.firstOrdinal), Int64(frame.firstFieldName)]
        for slice in frame.newProfiles + frame.newFieldNames { add(slice, frame) }
        var ordinals = 0
        var records = 0
        for event in frame.events {
            precondition(event.ordinalRange.lowerBound == ordinals, "ordinals out of place")
            ordinals = event.ordinalRange.upperBound
            precondition(event.recordRange.lowerBound == records, "records out of place")
            records = event.recordRange.upperBound
            add(event, frame)
        }
        precondition(ordinals == frame.ordinals.count, "an ordinal too many")
        precondition(records == frame.records.count, "a record too many")
    }

    private mutating func add(_ event: Frame.Event, _ frame: Frame) {
        numbers += [
            Int64(event.kind.rawValue), event.segment.rawValue, event.time.rawValue,
            event.recordedAt.rawValue, event.ownTime == nil ? 0 : 1, event.ownTime?.rawValue ?? 0,
            Int64(event.ordinalCount), Int64(event.recordCount),
        ]
        add(event.eventID, frame)
        add(event.body, frame)
        var previous: Int64 = -1
        for ordinal in frame.ordinals[event.ordinalRange] {
            precondition(Int64(ordinal) > previous, "ordinals do not ascend")
            precondition(ordinal < UInt32.max, "an ordinal that is none")
            previous = Int64(ordinal)
            numbers.append(previous)
        }
        for record in frame.records[event.recordRange] {
            precondition(
                frame.ordinals[event.ordinalRange].contains(record.ordinal), "a stray record")
            numbers += [Int64(record.ordinal), Int64(record.changeCount)]
            for change in frame.changes[record.changeRange] {
                numbers += [Int64(change.name), Int64(change.kind.rawValue)]
                add(change.value, frame)
            }
        }
    }

    private mutating func add(_ slice: Frame.Slice, _ frame: Frame) {
        numbers.append(Int64(slice.count))
        texts += frame.bytes[slice.range]
    }

    /// Bytes of all texts, each counted as often as it is used.
    var textByteCount: Int { texts.count }
}
