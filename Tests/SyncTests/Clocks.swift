import SegmentModel
import StorageIO
import Synchronization

/// A clock on which every wait is over at once.
final class InstantClock: MonotonicClock {
    private let time = Mutex<UInt64>(1_000_000_000)

    func nanoseconds() -> UInt64 { time.withLock { $0 } }

    func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds * 1_000_000 } }

    func sleep(milliseconds: Int) async throws {
        try Task.checkCancellation()
        advance(milliseconds: UInt64(milliseconds))
        await Task.yield()
    }
}

/// A clock that goes on only where it is told to.
final class SteppedClock: MonotonicClock {
    private let time = Mutex<UInt64>(1_000_000_000)

    func nanoseconds() -> UInt64 { time.withLock { $0 } }

    func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds * 1_000_000 } }

    func sleep(milliseconds: Int) async throws {
        let due = nanoseconds() + UInt64(milliseconds) * 1_000_000
        while nanoseconds() < due {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
