package import SegmentModel

/// Where a lane stands, as its receipts say.
package struct LaneRow: Hashable, Sendable {
    package var key: LaneKey
    package var epoch: Int64
    package var cursor: LaneCursor
    /// The ledger's, that the lane's row in the target holds; nil: the last receipt says none.
    package var fingerprint: Fingerprint?
    /// Over the lane's whole life.
    package var successfulQueryCount: Int
    /// Request of the last resync that was done.
    package var lastResync: Position?
    /// Request of the resync that is asked for and not finished.
    package var pendingResync: Position?
    /// A delivery was started of which no receipt tells yet.
    package var started: DeliveryStart?
    /// The segment left the scope, or the integration was removed, and no resync came since.
    package var hasLeft: Bool
    /// The receipt of its last try, which failed.
    package var failing: Position?
    /// Request of the fill whose rows it needs; it failed or was cancelled if none is pending.
    package var unfilled: Position?

    package init(
        key: LaneKey, epoch: Int64, cursor: LaneCursor, fingerprint: Fingerprint? = nil,
        successfulQueryCount: Int, lastResync: Position? = nil, pendingResync: Position? = nil,
        started: DeliveryStart? = nil, hasLeft: Bool, failing: Position? = nil,
        unfilled: Position? = nil
    ) {
        self.key = key
        self.epoch = epoch
        self.cursor = cursor
        self.fingerprint = fingerprint
        self.successfulQueryCount = successfulQueryCount
        self.lastResync = lastResync
        self.pendingResync = pendingResync
        self.started = started
        self.hasLeft = hasLeft
        self.failing = failing
        self.unfilled = unfilled
    }

    /// Nothing is delivered until somebody asks for another rebuild.
    package var isBlocked: Bool { unfilled != nil && pendingResync == nil }
}
