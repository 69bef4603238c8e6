internal import FrameCodec
internal import SegmentModel

/// Folds the events of one segment into its members, reading only frames that hold the segment.
struct MembershipScan {
    let audit: LedgerAudit
    let segment: SegmentID
    private(set) var members = OrdinalSet()
    /// Everything up to it is folded in; nil: nothing yet.
    private(set) var position: Position?

    init(_ audit: LedgerAudit, _ segment: SegmentID) {
        self.audit = audit
        self.segment = segment
    }

    /// Goes on to the state after `last`. Precondition: not before what is folded in already.
    mutating func advance(through last: Position) throws {
        precondition(position.map { $0 <= last } ?? true, "a scan only goes forward")
        var members = members
        let start = position
        try audit.readFrames(after: start, through: last, of: segment) { frame in
            for index in frame.eventIndexes(after: start, through: last) {
                let event = frame.events[index]
                if event.kind.hasSegment, event.segment == segment {
                    Self.apply(event, of: frame, to: &members)
                }
            }
            return true
        }
        self.members = members
        position = last
    }

    static func apply(_ event: Frame.Event, of frame: Frame, to members: inout OrdinalSet) {
        switch event.kind {
        case .profilesAdded:
            for ordinal in frame.ordinals[event.ordinalRange] { members.insert(ordinal) }
        case .profilesRemoved:
            for ordinal in frame.ordinals[event.ordinalRange] { members.remove(ordinal) }
        case .segmentCleared, .segmentDeleted:
            members.removeAll()
        default:
            break
        }
    }
}
