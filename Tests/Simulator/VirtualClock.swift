import SegmentModel

/// The scheduler's time.
struct VirtualClock: MonotonicClock, WallClock {
    private static let start = Timestamp(rawValue: 1_770_000_000_000_000)

    func nanoseconds() -> UInt64 { Scheduler.shared.now }

    func now() -> Timestamp {
        Self.start.advanced(byMicroseconds: Int64(Scheduler.shared.now / 1000))
    }

    func sleep(milliseconds: Int) async throws {
        try Task.checkCancellation()
        await Scheduler.shared.sleep(nanoseconds: UInt64(milliseconds) * 1_000_000)
        try Task.checkCancellation()
    }
}
