internal import Connector
internal import SegmentModel

/// Where a lane stands between two deliveries: what the next one follows from.
struct LaneState: Sendable {
    var cursor: LaneCursor
    /// The segment as it was described at the cursor.
    var fold: SegmentFold
    var parked: ParkedProfiles

    /// Whether the segment comes into being by an event of the kind, without a word about it: it is
    /// saved first. What a first event of many profiles began is saved already.
    func isSaved(before kind: EventKind) -> Bool {
        guard !fold.exists, cursor.profileCount == 0 else { return false }
        return kind.hasProfiles || kind == .segmentCleared
    }

    /// The state once `batch` is delivered.
    func after(_ batch: LaneBatch) throws -> LaneState {
        var next = self
        next.cursor = batch.cursorAfter
        try next.fold.apply(batch.kind, body: batch.body, ordinals: [])
        for member in batch.held { next.parked.insert(member.ordinal, at: member.position) }
        if batch.kind == .segmentCleared || batch.kind == .segmentDeleted {
            next.parked.removeAll(before: batch.firstPosition)
        }
        return next
    }
}

/// A batch with its queries, ready to be sent.
struct PreparedDelivery: Sendable {
    var batch: LaneBatch
    /// The same whenever this batch is sent.
    var id: String
    /// Or why they cannot be rendered: a value that no query of this target can carry.
    var queries: Result<[TargetQuery], TargetRefusal>
    /// The lane's state once it is delivered.
    var after: LaneState
}

/// A value that a query cannot carry to this target, found before anything was sent.
struct TargetRefusal: Error, Hashable, Sendable {
    var message: String
    var hint: String?
}
