internal import Connector
internal import SegmentModel
internal import StorageIO

/// A failure that is for now, and when to try again.
struct BackOff: Sendable {
    /// Tries that failed in a row.
    var attempt: Int
    /// On the monotonic clock.
    var untilNanoseconds: UInt64
    var failure: Failure

    init(after earlier: BackOff?, _ failure: TargetFailure, place: String) {
        attempt = (earlier?.attempt ?? 0) + 1
        let delay = RetryLadder.delayMilliseconds(attempt: attempt, lane: place)
        untilNanoseconds = monotonicNanoseconds() + UInt64(delay) * 1_000_000
        self.failure = failure.asFailure
    }

    /// 0: over.
    var remainingMilliseconds: Int {
        let now = monotonicNanoseconds()
        return now >= untilNanoseconds ? 0 : Int((untilNanoseconds - now) / 1_000_000) + 1
    }
}
