internal import Connector
internal import SegmentModel

/// A target's failure during a resync, with the place where it came.
struct ResyncFailure: Error {
    let cause: TargetFailure
    /// Says which segment and query; attempt and outcome are the caller's.
    let receipt: Receipt

    /// - Parameter place: the segment and the query that failed; nil: no connection could be had.
    init(
        _ resync: ResyncRequest, at request: Position, _ cause: TargetFailure,
        place: (segment: SegmentID, query: QueryKind?)? = nil
    ) {
        self.cause = cause
        let pin = resync.pin ?? Position(0)
        let segment = place?.segment ?? resync.segments.first ?? SegmentID(0)
        var receipt = Receipt(
            lane: LaneKey(integration: resync.integration, segment: segment), query: place?.query,
            outcome: .failed, firstPosition: pin, lastPosition: pin,
            cursor: LaneCursor(position: nil), epoch: 0, resync: request)
        receipt.failedQueryCount = place?.query == nil || cause.isConnectionLost ? 0 : 1
        receipt.fill(cause)
        self.receipt = receipt
    }

    /// The rebuild itself is refused for good. Where no query of it ran yet it is the target that
    /// is, and the request waits until that is mended.
    var endsRebuild: Bool { cause.class != .transient && receipt.query != nil }
}
