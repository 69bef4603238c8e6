internal import StorageIO

/// When a server is asked again to cancel what runs, and when the connection is given up instead.
///
/// A request that comes between two statements, of a pipeline or of one text, has no effect, and it
/// travels over a connection of its own, which may fail. So it is repeated, less and less often,
/// until `graceMilliseconds` have passed.
package struct CancelRepetition {
    package static let graceMilliseconds = 2000
    private static let firstPauseMilliseconds = 50

    private let end: UInt64
    private var pauseMilliseconds = firstPauseMilliseconds

    /// Begins now.
    package init() {
        end = monotonicNanoseconds() + UInt64(Self.graceMilliseconds) * 1_000_000
    }

    /// The server has had its time.
    package var isOver: Bool { monotonicNanoseconds() >= end }

    /// A request was made: when to make the next one, in nanoseconds of the monotonic clock. One
    /// that was not sent may still be under way, and is the last.
    package mutating func nextDeadline(isSent: Bool) -> UInt64 {
        guard isSent else { return end }
        defer { pauseMilliseconds *= 2 }
        return min(end, monotonicNanoseconds() + UInt64(pauseMilliseconds) * 1_000_000)
    }
}
