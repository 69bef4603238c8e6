internal import FrameCodec
internal import SegmentModel

extension Frame {
    /// The frame as it would be had it ended with the event at `position`.
    ///
    /// Ordinals and field names are numbered by first appearance, so those of the events that stay
    /// are a prefix. A name that only a dropped change used goes with it.
    ///
    /// - Precondition: the frame holds the position.
    func ending(with position: Position) -> Frame {
        let count = Int(position.rawValue - firstPosition.rawValue) + 1
        precondition(position >= firstPosition && count <= events.count, "the cut is elsewhere")
        var frame = self
        frame.events = Array(events[..<count])
        let last = frame.events[count - 1]
        frame.ordinals = Array(ordinals[..<last.ordinalRange.upperBound])
        frame.records = Array(records[..<last.recordRange.upperBound])
        let changeCount = frame.records.last?.changeRange.upperBound ?? 0
        frame.changes = Array(changes[..<changeCount])
        let profileEnd = frame.ordinals.max().map { max($0 + 1, firstOrdinal) } ?? firstOrdinal
        frame.newProfiles = Array(newProfiles[..<Int(profileEnd - firstOrdinal)])
        let nameEnd =
            frame.changes.map(\.name).max().map { max($0 + 1, firstFieldName) } ?? firstFieldName
        frame.newFieldNames = Array(newFieldNames[..<Int(nameEnd - firstFieldName)])
        return frame
    }
}
