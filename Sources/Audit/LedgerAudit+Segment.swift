internal import FrameCodec
package import SegmentModel

extension LedgerAudit {
    /// What happened to a segment up to a moment (nil: now), and how it stood then.
    ///
    /// - Parameter describe: reads the body of `segment_created` and `segment_updated`.
    /// - Throws: `notFound` for a segment that the ledger has never seen, or a position beyond its
    ///   end; what `describe` throws.
    /// - Complexity: reads only frames that hold the segment.
    package func history(
        ofSegment id: SegmentID, at moment: Moment? = nil,
        describe: ([UInt8]) throws -> SegmentDescription
    ) throws -> SegmentAudit {
        try checkKnown(id)
        var audit = SegmentAudit(
            id: id, entries: [], description: SegmentDescription(name: ""), memberCount: 0)
        var members = OrdinalSet()
        guard let last = try lastPosition(at: moment) else { return audit }
        try readFrames(through: last, of: id) { frame in
            for index in frame.eventIndexes(after: nil, through: last) {
                let event = frame.events[index]
                guard event.kind.hasSegment, event.segment == id else { continue }
                MembershipScan.apply(event, of: frame, to: &members)
                audit.memberCount = members.count
                try Self.add(event, of: frame, index, to: &audit, describe)
            }
            return true
        }
        return audit
    }

    private static func add(
        _ event: Frame.Event, of frame: Frame, _ index: Int, to audit: inout SegmentAudit,
        _ describe: ([UInt8]) throws -> SegmentDescription
    ) throws {
        let oldName = audit.description.name
        if event.kind == .segmentCreated || event.kind == .segmentUpdated {
            audit.description.merge(try describe(Array(frame.bytes[event.body.range])))
        }
        audit.createdAt = audit.createdAt ?? event.time
        audit.deletedAt = event.kind == .segmentDeleted ? event.time : nil
        let name = audit.description.name
        audit.entries.append(
            SegmentAudit.Entry(
                position: frame.firstPosition.advanced(by: index), time: event.time,
                ownTime: event.ownTime, kind: event.kind, eventID: frame.string(event.eventID),
                profileCount: Int(event.ordinalCount), memberCount: audit.memberCount,
                newName: name == oldName ? nil : name))
    }
}
