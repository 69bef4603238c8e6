internal import SegmentModel

extension Frame {
    /// Takes in the frame that follows: one larger frame that says the same.
    ///
    /// - Precondition: `next` continues the positions and the numbers of profiles and field names;
    ///   the bytes of both are under 2 GiB.
    /// - Complexity: O(size of `next`), amortised.
    package mutating func append(_ next: Frame) {
        precondition(
            next.firstPosition == endPosition
                && Int(next.firstOrdinal) == Int(firstOrdinal) + newProfiles.count
                && Int(next.firstFieldName) == Int(firstFieldName) + newFieldNames.count,
            "the frame appended does not follow")
        let byteBase = bytes.count
        precondition(byteBase + next.bytes.count <= Int(Int32.max), "the frames are too large")
        let shift = UInt32(byteBase)
        let ordinalBase = UInt32(ordinals.count)
        let recordBase = UInt32(records.count)
        let changeBase = UInt32(changes.count)
        bytes.append(contentsOf: next.bytes)
        newProfiles.append(contentsOf: next.newProfiles.lazy.map { $0.moved(by: shift) })
        newFieldNames.append(contentsOf: next.newFieldNames.lazy.map { $0.moved(by: shift) })
        ordinals.append(contentsOf: next.ordinals)
        events.append(
            contentsOf: next.events.lazy.map { event in
                var event = event
                event.eventID = event.eventID.moved(by: shift)
                event.body = event.body.moved(by: shift)
                event.firstOrdinal += ordinalBase
                event.firstRecord += recordBase
                return event
            })
        records.append(
            contentsOf: next.records.lazy.map { record in
                var record = record
                record.firstChange += changeBase
                return record
            })
        changes.append(
            contentsOf: next.changes.lazy.map { change in
                var change = change
                change.value = change.value.moved(by: shift)
                return change
            })
    }
}

extension EventBatch.Slice {
    /// The same bytes after `count` others were put before them.
    fileprivate func moved(by count: UInt32) -> EventBatch.Slice {
        self.count == 0 ? .empty : EventBatch.Slice(offset: offset + count, count: self.count)
    }
}
