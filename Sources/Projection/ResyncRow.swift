package import SegmentModel

/// A resync, from its request to its end.
package struct ResyncRow: Hashable, Sendable {
    /// Position of the `resync_requested` event: the resync's id.
    package var position: Position
    package var request: ResyncRequest
    /// How segments of it ended that have.
    package var ends: [SegmentID: ResyncResult.Outcome]
    /// nil: not finished.
    package var outcome: ResyncResult.Outcome?
    package var errorCode: String?
    package var errorMessage: String?
    package var requestedAt: Timestamp
    package var finishedAt: Timestamp?

    package init(
        position: Position, request: ResyncRequest, ends: [SegmentID: ResyncResult.Outcome],
        outcome: ResyncResult.Outcome? = nil, errorCode: String? = nil,
        errorMessage: String? = nil, requestedAt: Timestamp, finishedAt: Timestamp? = nil
    ) {
        self.position = position
        self.request = request
        self.ends = ends
        self.outcome = outcome
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.requestedAt = requestedAt
        self.finishedAt = finishedAt
    }

    /// Segments that are still to be rebuilt, sorted.
    package var remaining: [SegmentID] { request.segments.filter { ends[$0] == nil } }
}
