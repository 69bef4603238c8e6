internal import Connector
internal import SegmentModel

/// A failure that is for now, and when to try again.
struct BackOff: Sendable {
    /// Tries that failed in a row.
    var attempt: Int
    /// On the monotonic clock.
    var untilNanoseconds: UInt64
    var failure: Failure

    /// - Parameter now: on the monotonic clock.
    init(after earlier: BackOff?, _ failure: TargetFailure, place: String, at now: UInt64) {
        attempt = (earlier?.attempt ?? 0) + 1
        let delay = RetryLadder.delayMilliseconds(attempt: attempt, lane: place)
        untilNanoseconds = now + UInt64(delay) * 1_000_000
        self.failure = failure.asFailure
    }
}
