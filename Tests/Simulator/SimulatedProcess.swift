import Connector
import FrameCodec
import Ledger
import Projection
import SegmentModel
import StorageIO
import Sync

/// A process that delivers: what it does stops where it dies, and waits while it is suspended.
final class SimulatedProcess: @unchecked Sendable {  // all on one thread
    let ledger: SimulatedLedger
    let projections: SimulatedProjections
    let number: Int
    private(set) var isDead = false
    private(set) var isFrozen = false
    /// Another process has the ledger's directory now.
    var isLocked = false
    /// Faults of the engine that a canary stands for.
    var canary: Canary?
    private var batchCount = 0
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    init(
        _ ledger: SimulatedLedger, _ projections: SimulatedProjections, number: Int,
        canary: Canary?
    ) {
        self.ledger = ledger
        self.projections = projections
        self.number = number
        self.canary = canary
    }

    /// Passed by everything that the process does outside of itself.
    func gate() async throws {
        while isFrozen && !isDead {
            await withUnsafeContinuation { waiting.append($0) }
        }
        if isDead { throw Self.died }
    }

    static let died = TargetFailure(
        class: .transient, targetCode: "08006", message: "the process died",
        isConnectionLost: true)

    /// A cursor as the process reads it.
    func seen(_ cursor: TargetCursor) throws -> TargetCursor {
        guard canary == .fingerprintUnchecked, let position = cursor.fingerprint?.position,
            position <= ledger.end
        else { return cursor }
        var cursor = cursor
        cursor.fingerprint = try ledger.fingerprints(before: [position])[position]
        return cursor
    }

    func freeze() { isFrozen = true }

    func thaw() {
        isFrozen = false
        wake()
    }

    func die() {
        isDead = true
        wake()
        ledger.leave(self)
    }

    private func wake() {
        let all = waiting
        waiting = []
        for one in all { one.resume() }
    }

    /// The batch without what the canary has the engine forget.
    func spoil(_ batch: EventBatch) -> EventBatch {
        let forgotten: EventKind
        switch canary {
        case .receiptForgotten:
            batchCount += 1
            if batchCount % 5 > 0 { return batch }
            forgotten = .deliveryRecorded
        case .unannounced: forgotten = .deliveryStarted
        default: return batch
        }
        var spoiled = batch
        spoiled.events.removeAll { $0.kind == forgotten }
        return spoiled
    }

    func engine(_ target: SimulatedTarget) -> SyncEngine {
        let definition = SimulatedConnector.definition(poolSize: 2)
        let clock = ProcessClock(process: self)
        return SyncEngine(
            context: SyncContext(
                ledger: ProcessLedger(process: self),
                projections: ProcessProjections(process: self), pool: OneThread(), clock: clock,
                time: clock),
            makeConnector: { _ in
                SimulatedConnector(target: target, process: self, definition: definition)
            })
    }
}

/// What a canary breaks: each stands for a rule of the engine that was taken out.
enum Canary: String, CaseIterable {
    case noFence = "no-fence"
    case receiptForgotten = "receipt-forgotten"
    case unannounced = "unannounced"
    case fieldsOfNow = "fields-of-now"
    case fingerprintUnchecked = "fingerprint-unchecked"
    case sharingForgotten = "sharing-forgotten"
    case earlierForgotten = "earlier-forgotten"
}

/// Blocking work is done at once.
struct OneThread: BlockingWork {
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try body()
    }
}

struct ProcessClock: MonotonicClock, WallClock {
    let process: SimulatedProcess

    func nanoseconds() -> UInt64 { VirtualClock().nanoseconds() }
    func now() -> Timestamp { VirtualClock().now() }

    func sleep(milliseconds: Int) async throws {
        try await VirtualClock().sleep(milliseconds: milliseconds)
        do {
            try await process.gate()
        } catch is TargetFailure {
            throw CancellationError()
        }
    }
}

/// The ledger as a process has it open.
struct ProcessLedger: Ledger {
    let process: SimulatedProcess

    private var ledger: SimulatedLedger { process.ledger }

    var identity: LedgerIdentity { ledger.identity }
    var end: Position { ledger.end }
    var profileCount: Int { ledger.profileCount }

    func append(_ batch: EventBatch) async throws -> AppendResult {
        await Scheduler.shared.sleep(nanoseconds: 100_000)
        do {
            try await process.gate()
        } catch is TargetFailure {
            throw Failure(.interrupted, "the process died")
        }
        if process.isLocked {
            throw Failure(.ledgerPoisoned, "another process writes this ledger")
        }
        return ledger.append(now: process.spoil(batch))
    }

    func waitForEvent(at position: Position) async -> Bool {
        if process.isDead { return false }
        return await ledger.waitForEvent(at: position, for: process)
    }

    func frame(containing position: Position) throws -> Frame? {
        try ledger.frame(containing: position)
    }
    func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        try ledger.frame(of: segment, after: position)
    }
    func position(at moment: Moment) throws -> Position? { try ledger.position(at: moment) }
    func fingerprint() throws -> Fingerprint { try ledger.fingerprint() }
    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint] {
        try ledger.fingerprints(before: positions)
    }
    func ordinal(of profileID: String) -> ProfileOrdinal? { ledger.ordinal(of: profileID) }
    func profileID(of ordinal: ProfileOrdinal) -> String { ledger.profileID(of: ordinal) }
    func fieldName(_ number: UInt32) -> String { ledger.fieldName(number) }
    func close() async throws {}
}

/// The projections as a process has them open.
struct ProcessProjections: Projections {
    let process: SimulatedProcess

    private var projections: SimulatedProjections { process.projections }

    func checkpoint() -> Position { projections.checkpoint() }

    func foldToEnd(before limit: Position?) async throws {
        guard !process.isDead else { throw Failure(.interrupted, "the process died") }
        try await projections.foldToEnd(before: limit)
    }

    private var state: SimulatedState {
        var state = projections.state
        state.canary = process.canary
        return state
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ProjectedState) throws -> Result
    ) async throws -> Result {
        try body(state)
    }

    func readHere<Result>(_ body: (any ProjectedState) throws -> Result) throws -> Result {
        try body(state)
    }
}
