import FrameCodec
import Ledger
import SegmentModel
import Synchronization

/// A ledger of frames made by a test, as far as a projector needs one.
final class MemoryLedger: Ledger {
    private struct State {
        var frames: [Frame] = []
        var isStopped = false
        var waiters: [(position: Position, continuation: CheckedContinuation<Bool, Never>)] = []

        var end: Position { frames.last?.endPosition ?? Position(0) }
    }

    let identity: LedgerIdentity
    private let state = Mutex(State())

    init(identity: LedgerIdentity = testIdentity) {
        self.identity = identity
    }

    var end: Position { state.withLock { $0.end } }
    let profileCount = 0

    func append(_ frame: Frame) {
        state.withLock { $0.frames.append(frame) }
        wakeWaiters()
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeWaiters()
    }

    func waitForEvent(at position: Position) async -> Bool {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiters.append((position, continuation)) }
            wakeWaiters()
        }
    }

    private func wakeWaiters() {
        let (due, end) = state.withLock { state in
            let end = state.end
            let isStopped = state.isStopped
            let due = state.waiters.filter { isStopped || $0.position < end }
            state.waiters.removeAll { isStopped || $0.position < end }
            return (due, end)
        }
        for waiter in due {
            waiter.continuation.resume(returning: waiter.position < end)
        }
    }

    func frame(containing position: Position) throws -> Frame? {
        state.withLock { state in
            state.frames.first { $0.firstPosition <= position && position < $0.endPosition }
        }
    }

    func append(_ batch: EventBatch) async throws -> AppendResult { throw Self.notHeld }
    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        throw Self.notHeld
    }
    func position(at moment: Moment) throws -> Position? { throw Self.notHeld }
    func ordinal(of profileID: String) -> ProfileOrdinal? { nil }
    func profileID(of ordinal: ProfileOrdinal) -> String { "p\(ordinal.rawValue)" }
    func fieldName(_ number: UInt32) -> String { "f\(number)" }
    func close() async throws { stop() }

    private static let notHeld = Failure(.notFound, "the test's ledger does not hold this")
}
