package import SegmentModel

/// A resync, from its request to its end.
package struct ResyncRow: Hashable, Sendable {
    /// Position of the `resync_requested` event: the resync's id.
    package var position: Position
    package var request: ResyncRequest
    /// nil: not finished.
    package var outcome: ResyncResult.Outcome?
    package var errorCode: String?
    package var errorMessage: String?
    package var requestedAt: Timestamp
    package var finishedAt: Timestamp?
}
