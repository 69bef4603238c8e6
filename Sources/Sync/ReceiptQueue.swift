internal import Ledger
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Receipts of a lane on their way into the ledger, in order, while deliveries go on. Where these
/// are fast, many share one append: a sync of the ledger for each would compete with the target's,
/// and every append wakes who follows the ledger.
///
/// Invariants:
/// - a receipt is on its way into the ledger `intervalMilliseconds` after it was added at the
///   latest, whatever comes after it;
/// - no more than `countMax` receipts wait.
struct ReceiptQueue: Sendable {
    private static let intervalMilliseconds = 50
    static let countMax = 64

    let context: SyncContext
    private let waiting = WaitingReceipts()
    private var recording: Task<Void, any Error>?
    /// Ends the rest of what records last.
    private var hurry = AsyncSignal()

    init(context: SyncContext) { self.context = context }

    /// Sees to it that the receipt is recorded soon.
    ///
    /// - Throws: what recording an earlier one has failed with.
    mutating func add(_ receipt: Receipt) async throws {
        let count = try waiting.add(receipt)
        if count == 1 {
            hurry = AsyncSignal()
            let (context, waiting, earlier, hurry) = (context, waiting, recording, hurry)
            recording = Task {
                try await earlier?.value
                await hurry.wait(
                    milliseconds: waiting.restMilliseconds(after: Self.intervalMilliseconds))
                try await waiting.record(in: context)
            }
        }
        if count >= Self.countMax { try await finish() }
    }

    /// Returns once all are durable, and `more` with those that still waited: in one append.
    mutating func finish(then more: ((inout EventBatch) -> Void)? = nil) async throws {
        let rest = waiting.takeAll()
        hurry.raise()
        try await recording?.value
        recording = nil
        guard !rest.isEmpty || more != nil else { return }
        try await waiting.record(rest, in: context, then: more ?? { _ in })
    }
}

/// What a queue and its recording task share.
private final class WaitingReceipts: Sendable {
    private struct State {
        var receipts: [Receipt] = []
        var recordedAt: UInt64 = 0
        var failure: (any Error)?
    }

    private let state = Mutex(State())

    /// - Returns: how many wait now.
    func add(_ receipt: Receipt) throws -> Int {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            state.receipts.append(receipt)
            return state.receipts.count
        }
    }

    func takeAll() -> [Receipt] {
        state.withLock { state in
            defer { state.receipts = [] }
            return state.receipts
        }
    }

    /// How long to rest, so that appends are `interval` apart.
    func restMilliseconds(after interval: Int) -> Int {
        let passed = state.withLock { (monotonicNanoseconds() - $0.recordedAt) / 1_000_000 }
        return max(0, interval - Int(clamping: passed))
    }

    func record(in context: SyncContext) async throws {
        let receipts = takeAll()
        if receipts.isEmpty { return }
        do {
            try await record(receipts, in: context) { _ in }
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }

    func record(
        _ receipts: [Receipt], in context: SyncContext, then more: (inout EventBatch) -> Void
    ) async throws {
        state.withLock { $0.recordedAt = monotonicNanoseconds() }
        try await context.record(receipts, then: more)
    }
}
