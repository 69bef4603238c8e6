internal import EventJSON
internal import Ledger
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Receipts of an integration's lanes on their way into the ledger, in order, while deliveries go
/// on. What waits shares one append: a sync of the ledger for each would compete with the target's,
/// and every append wakes who follows the ledger.
///
/// Invariants:
/// - appends are made one after the other, and hold what was given in the order of the calls;
/// - a receipt is on its way `intervalMilliseconds` after it was added at the latest, whatever
///   comes after it, unless an append is under way;
/// - where one call adds no more than `countMax` receipts, no more than twice as many wait;
/// - after an append that failed every call fails.
final class ReceiptQueue: Sendable {
    private static let intervalMilliseconds = 1000
    static let countMax = 256

    private enum Entry {
        case receipt(Receipt)
        /// What is to be durable with the receipts before it.
        case more(@Sendable (inout EventBatch) -> Void)
    }

    private struct State {
        var waiting: [Entry] = []
        /// The append that takes what waits.
        var next: Task<Void, any Error>?
        /// Ends that append's rest.
        var hurry = AsyncSignal()
        /// The append that took what waited before.
        var last: Task<Void, any Error>?
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
            state.waiting += receipts.map { .receipt($0) }
            appendLater(&state)
            return state.waiting.count >= Self.countMax
        }
        if isFull { try await finish() }
    }

    /// Returns once all that was added is durable, and `more` behind it: in one append with what
    /// others gave meanwhile.
    func finish(then more: (@Sendable (inout EventBatch) -> Void)? = nil) async throws {
        let append = try state.withLock { state in
            if let failure = state.failure { throw failure }
            if let more {
                state.waiting.append(.more(more))
                appendLater(&state)
            }
            state.hurry.raise()
            return state.next ?? state.last
        }
        try await append?.value
    }

    /// One append takes what waits by then, some time after the one before.
    private func appendLater(_ state: inout State) {
        guard state.next == nil, !state.waiting.isEmpty else { return }
        let (earlier, hurry) = (state.last, AsyncSignal())
        state.hurry = hurry
        state.next = Task {
            try await earlier?.value
            await hurry.wait(milliseconds: restMilliseconds(), on: context.time)
            let entries = self.state.withLock { state in
                (state.last, state.next) = (state.next, nil)
                defer { state.waiting = [] }
                return state.waiting
            }
            try await append(entries)
        }
    }

    private func restMilliseconds() -> Int {
        let passed = state.withLock { (context.time.nanoseconds() - $0.appendedAt) / 1_000_000 }
        return max(0, Self.intervalMilliseconds - Int(clamping: passed))
    }

    private func append(_ entries: [Entry]) async throws {
        state.withLock { $0.appendedAt = context.time.nanoseconds() }
        do {
            try await context.record([]) { batch in
                for entry in entries {
                    switch entry {
                    case .receipt(let receipt):
                        batch.append(.deliveryRecorded, body: receipt.encode())
                    case .more(let more): more(&batch)
                    }
                }
            }
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }
}
