internal import Ledger
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Receipts of a lane on their way into the ledger, in order, while deliveries go on. Where these
/// are fast, many share one append: a sync of the ledger for each would compete with the target's,
/// and every append wakes who follows the ledger.
///
/// Invariants:
/// - appends are made one after the other, in the order of the calls;
/// - a receipt is on its way `intervalMilliseconds` after it was added at the latest, whatever
///   comes after it, unless an append is under way;
/// - no more than `countMax` receipts wait;
/// - after an append that failed every call fails.
final class ReceiptQueue: Sendable {
    private static let intervalMilliseconds = 1000
    static let countMax = 256

    private struct State {
        var waiting: [Receipt] = []
        /// Tells which append those that wait belong to.
        var turn: UInt64 = 0
        /// The append that comes last so far.
        var last: Task<Void, any Error>?
        /// Ends that append's rest.
        var hurry = AsyncSignal()
        var appendedAt: UInt64 = 0
        var failure: (any Error)?
    }

    private let context: SyncContext
    private let state = Mutex(State())

    init(context: SyncContext) { self.context = context }

    /// Sees to it that the receipts of a delivery are recorded soon, in one append.
    func add(_ receipts: [Receipt]) async throws {
        let isFull = try state.withLock { state in
            if let failure = state.failure { throw failure }
            let isFirst = state.waiting.isEmpty
            state.waiting += receipts
            if isFirst { appendLater(&state) }
            return state.waiting.count >= Self.countMax
        }
        if isFull { try await finish() }
    }

    /// Returns once all are durable, and `more` with those that still waited: in one append.
    func finish(then more: (@Sendable (inout EventBatch) -> Void)? = nil) async throws {
        let last = try state.withLock { state in
            if let failure = state.failure { throw failure }
            let rest = state.waiting
            state.waiting = []
            state.turn += 1
            state.hurry.raise()
            guard !rest.isEmpty || more != nil else { return state.last }
            let earlier = state.last
            state.last = Task {
                try await earlier?.value
                try await append(rest, then: more ?? { _ in })
            }
            return state.last
        }
        try await last?.value
    }

    /// What waits by then, some time after the append before.
    private func appendLater(_ state: inout State) {
        let (earlier, hurry) = (state.last, AsyncSignal())
        state.hurry = hurry
        state.turn += 1
        let turn = state.turn
        state.last = Task {
            try await earlier?.value
            await hurry.wait(milliseconds: restMilliseconds(), on: context.time)
            let receipts = self.state.withLock { state -> [Receipt] in
                guard state.turn == turn else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            if !receipts.isEmpty { try await append(receipts) { _ in } }
        }
    }

    private func restMilliseconds() -> Int {
        let passed = state.withLock { (context.time.nanoseconds() - $0.appendedAt) / 1_000_000 }
        return max(0, Self.intervalMilliseconds - Int(clamping: passed))
    }

    private func append(
        _ receipts: [Receipt], then more: (inout EventBatch) -> Void
    ) async throws {
        state.withLock { $0.appendedAt = context.time.nanoseconds() }
        do {
            try await context.record(receipts, then: more)
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }
}
