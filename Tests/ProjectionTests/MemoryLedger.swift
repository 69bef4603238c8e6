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
            let index = state.frames.partition(of: position)
            guard index < state.frames.count, state.frames[index].firstPosition <= position else {
                return nil
            }
            return state.frames[index]
        }
    }

    func append(_ batch: EventBatch) async throws -> AppendResult { throw Self.notHeld }
    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        throw Self.notHeld
    }
    func position(at moment: Moment) throws -> Position? { throw Self.notHeld }
    func fingerprint() throws -> Fingerprint { throw Self.notHeld }
    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint] {
        throw Self.notHeld
    }
    func ordinal(of profileID: String) -> ProfileOrdinal? { nil }
    func profileID(of ordinal: ProfileOrdinal) -> String { "p\(ordinal.rawValue)" }
    func fieldName(_ number: UInt32) -> String { Script.fieldName(number) }
    func close() async throws { stop() }

    private static let notHeld = Failure(.notFound, "the test's ledger does not hold this")
}

extension [Frame] {
    /// Index of the first frame that ends after `position`.
    fileprivate func partition(of position: Position) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].endPosition <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
