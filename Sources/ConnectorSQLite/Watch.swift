internal import Connector
internal import StorageIO
internal import Synchronization

/// Decides whether the running statement may go on: asked by SQLite's progress and busy handlers on
/// the session's thread, told to cancel from anywhere.
final class SQLiteWatch: CancelSwitch {
    enum Verdict {
        case goOn, cancelled, overdue
    }

    private let timeoutMilliseconds: Int
    private let deadline = Atomic<UInt64>(.max)
    private let isCancelled = Atomic<Bool>(false)
    private let wakeUp = WakeUp()

    init(timeoutMilliseconds: Int) {
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Forgets a cancellation of what ran before.
    func lower() {
        isCancelled.store(false, ordering: .releasing)
        startStatement()
    }

    func startStatement() {
        let timeout = UInt64(max(0, timeoutMilliseconds)) * 1_000_000
        deadline.store(monotonicNanoseconds() + timeout, ordering: .releasing)
    }

    func raise() {
        isCancelled.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    var verdict: Verdict {
        if isCancelled.load(ordering: .acquiring) { return .cancelled }
        return monotonicNanoseconds() < deadline.load(ordering: .acquiring) ? .goOn : .overdue
    }

    /// Waits a moment for a lock; false: do not try again.
    func waitForLock(attempt: Int) -> Bool {
        guard verdict == .goOn else { return false }
        _ = wakeUp.wait(milliseconds: min(1 + attempt, 25))
        return verdict == .goOn
    }
}
