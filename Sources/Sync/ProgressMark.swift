internal import Synchronization

/// When a run last came forward, and whether it was given up since: read from any thread.
final class ProgressMark: Sendable {
    private let time = Atomic<UInt64>(0)
    private let givenUp = Atomic(false)

    /// On the monotonic clock, in nanoseconds.
    var last: UInt64 {
        get { time.load(ordering: .relaxed) }
        set { time.store(newValue, ordering: .relaxed) }
    }

    var isGivenUp: Bool { givenUp.load(ordering: .acquiring) }

    func giveUp() { givenUp.store(true, ordering: .releasing) }
}
