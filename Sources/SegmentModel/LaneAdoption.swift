/// The body of `lane_adopted`: a lane goes back to where its row in the target stands, because rows
/// and cursor went back together, as where the target was restored from its own backup (INV-12).
/// What was delivered since is delivered again.
package struct LaneAdoption: Hashable, Sendable {
    package var lane: LaneKey
    package var cursor: LaneCursor
    package var epoch: Int64
    /// Queries that the lane had run by then.
    package var successfulQueryCount: Int
    package var fingerprint: Fingerprint

    package init(
        lane: LaneKey, cursor: LaneCursor, epoch: Int64, successfulQueryCount: Int,
        fingerprint: Fingerprint
    ) {
        self.lane = lane
        self.cursor = cursor
        self.epoch = epoch
        self.successfulQueryCount = successfulQueryCount
        self.fingerprint = fingerprint
    }
}
