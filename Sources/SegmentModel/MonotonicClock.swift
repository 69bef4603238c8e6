/// A clock that only goes forward, for durations and waits; tests bring their own.
package protocol MonotonicClock: Sendable {
    /// Nanoseconds since some moment that stays the same.
    func nanoseconds() -> UInt64

    /// Returns once so much time has passed.
    ///
    /// - Throws: `CancellationError` if the task is cancelled before.
    func sleep(milliseconds: Int) async throws
}

extension MonotonicClock {
    /// Rounded up; 1 at least, so that who waits does not look before it is time.
    package func milliseconds(until time: UInt64) -> Int {
        let now = nanoseconds()
        return now >= time ? 1 : Int((time - now) / 1_000_000) + 1
    }
}
