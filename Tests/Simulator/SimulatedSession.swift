import Connector
import KindTesting
import SQLTemplate
import SegmentModel

/// What a process reaches the target through.
struct SimulatedConnector: Connector {
    static let name = "target"

    let target: SimulatedTarget
    let process: SimulatedProcess
    let definition: ConnectorDefinition
    let dialect = SQLDialect(.sqlite)

    static func definition(poolSize: Int) -> ConnectorDefinition {
        var definition = ConnectorDefinition(name: name, kind: .sqlite, url: "target")
        definition.poolSize = poolSize
        return definition
    }

    func connect() async throws -> any TargetSession {
        try await process.gate()
        await Scheduler.shared.sleep(nanoseconds: target.nextDelay())
        if target.isUnreachable {
            throw TargetFailure(
                class: .transient, targetCode: "08001", message: "nobody answers",
                isConnectionLost: true)
        }
        return SimulatedSession(target, process)
    }
}

/// A connection: its transactions take effect whole at COMMIT, where nobody moved the row of the
/// lane meanwhile.
final class SimulatedSession: TargetSession, @unchecked Sendable {  // all on one thread
    private struct Transaction {
        var effects: [SimulatedTarget.Effect] = []
        var moves: [(lane: LaneKey, expected: TargetCursor, next: TargetCursor)] = []
    }

    private let target: SimulatedTarget
    private let process: SimulatedProcess
    private let generation: Int
    private var transaction: Transaction?
    private var isOver = false
    private var last: Task<TargetDeliveryResult, any Error>?
    private var committedID: String?

    init(_ target: SimulatedTarget, _ process: SimulatedProcess) {
        self.target = target
        self.process = process
        generation = target.generation
    }

    var queuesDeliveries: Bool { true }

    /// A call takes its time, and the connection may be gone.
    private func call() async throws {
        precondition(!isOver, "a session that is over is not used again")
        try await process.gate()
        await Scheduler.shared.sleep(nanoseconds: target.nextDelay())
        try await process.gate()
        if generation != target.generation || target.isUnreachable { throw lost() }
    }

    private func lost(isUnknown: Bool = false, _ rowCounts: [Int]? = nil) -> TargetFailure {
        isOver = true
        transaction = nil
        var failure = TargetFailure(
            class: .transient, targetCode: "08006", message: "gone", isOutcomeUnknown: isUnknown,
            isConnectionLost: true)
        failure.rowCounts = rowCounts
        return failure
    }

    private func refused(_ code: String) -> TargetFailure {
        TargetFailure(class: .transient, targetCode: code, message: "not now")
    }

    func openCursors() async throws -> CursorSupport {
        try await call()
        return target.hasTransactions ? .transactional : .fenceOnly
    }

    // MARK: Transactions

    func begin() async throws {
        try await call()
        precondition(transaction == nil, "a transaction begins when the one before has ended")
        transaction = Transaction()
    }

    func execute(_ sql: [UInt8]) async throws -> Int {
        try await call()
        let effect = try target.run(sql)
        if target.hasTransactions {
            transaction?.effects.append(effect)
        } else {
            target.apply([effect])
        }
        return effect.keys.count
    }

    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await execute(sql) }

    func checkConstraintsAtOnce() async throws {
        try await call()
        target.isFoundAtCommit = false
    }

    func query(_ sql: [UInt8]) async throws -> [[String?]] { [] }

    func commit() async throws {
        try await call()
        guard let open = transaction else { preconditionFailure("COMMIT ends a transaction") }
        transaction = nil
        let fault = target.nextFault()
        switch fault {
        case .refused, .commitRefused: throw refused("40001")
        case .lost, .commitLost: throw lost(isUnknown: true)
        case .replyLost, nil: break
        }
        if target.isFoundAtCommit { try target.refusePoison(open.effects) }
        guard take(open) else { throw refused("40001") }
        if fault == .replyLost { throw lost(isUnknown: true) }
    }

    /// false: somebody else has moved a row, and nothing took effect.
    private func take(_ open: Transaction) -> Bool {
        for move in open.moves where !target.isFenceBroken {
            guard target.content.cursors[move.lane] == move.expected else { return false }
        }
        target.apply(open.effects)
        for move in open.moves { target.content.cursors[move.lane] = move.next }
        target.didCommit(open.moves.map(\.lane), process)
        return true
    }

    func rollback() async throws {
        try await call()
        transaction = nil
    }

    // MARK: Cursors

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await call()
        return try target.content.cursors[lane].map(process.seen)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        try await call()
        return try target.content.cursors.filter { lane, _ in
            lane.integration == integration && segment.map { lane.segment > $0 } ?? true
        }.map { SegmentCursor($0.key.segment, try process.seen($0.value)) }
            .sorted { $0.segment < $1.segment }
    }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        try await call()
        if target.nextFault() != nil { throw refused("55P03") }
        var row = target.content.cursors[lane] ?? initial
        row.epoch += 1
        target.content.cursors[lane] = row
        return row
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await call()
        guard target.isFenceBroken || target.content.cursors[lane] == expected else {
            return false
        }
        if target.hasTransactions {
            transaction?.moves.append((lane, expected, next))
        } else {
            target.content.cursors[lane] = next
        }
        return true
    }

    // MARK: Deliveries

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let before = last
        let task = Task {
            _ = await before?.result
            let isNext = delivery.follows == nil || delivery.follows == committedID
            committedID = nil
            guard isNext else { return TargetDeliveryResult.notBegun }
            let result =
                target.hasTransactions
                ? try await deliverWhole(delivery) : try await deliverEach(delivery)
            if case .committed = result { committedID = delivery.id }
            return result
        }
        last = task
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func deliverWhole(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let counts = try await commit([delivery])
        return counts.map { .committed(rowCounts: $0[0]) } ?? .fenced
    }

    func shares(_ delivery: TargetDelivery) -> Bool { target.hasTransactions }

    func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? {
        do {
            return try await commit(deliveries)
        } catch let failure as TargetFailure where !failure.isConnectionLost {
            return nil
        }
    }

    /// All of them or none; nil: a row is not as expected.
    private func commit(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? {
        try await call()
        let fault = target.nextFault()
        if fault == .refused { throw refused("40001") }
        if fault == .lost { throw lost() }
        var open = Transaction()
        var counts: [[Int]] = []
        for delivery in deliveries { counts.append(try run(delivery, &open)) }
        await Scheduler.shared.sleep(nanoseconds: target.nextDelay())
        let unknown = counts.flatMap { $0 }
        // COMMIT is on its way, or, of a process that dies or hangs, it may be: one that hangs
        // sends it when it goes on.
        if process.isDead, target.chance(2) { throw lost(isUnknown: true, unknown) }
        if process.isFrozen, target.chance(2) { try await process.gate() }
        if generation != target.generation { throw lost(isUnknown: true, unknown) }
        switch fault {
        case .commitRefused: throw refused("40001")
        case .commitLost: throw lost(isUnknown: true, unknown)
        case .refused, .lost, .replyLost, nil: break
        }
        if target.isFoundAtCommit { try target.refusePoison(open.effects) }
        guard take(open) else { return nil }
        try await process.gate()
        if fault == .replyLost { throw lost(isUnknown: true, unknown) }
        return counts
    }

    private func run(
        _ delivery: TargetDelivery, _ open: inout Transaction
    ) throws -> [Int] {
        if let move = delivery.move {
            open.moves.append((delivery.lane, move.expected, move.next))
        }
        var counts: [Int] = []
        for case .text(let sql) in delivery.queries {
            do throws(TargetFailure) {
                let effect = try target.run(sql)
                open.effects.append(effect)
                counts.append(effect.keys.count)
            } catch {
                var failure = error
                failure.query = counts.count
                throw failure
            }
        }
        return counts
    }

    /// Each query takes effect by itself, once for the name of its block.
    private func deliverEach(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await call()
        if let move = delivery.move, !target.isFenceBroken {
            guard target.content.cursors[delivery.lane]?.epoch == move.expected.epoch else {
                return .fenced
            }
        }
        let fault = target.nextFault()
        if fault == .refused { throw refused("1") }
        if fault == .lost { throw lost() }
        if fault == .commitLost { throw lost(isUnknown: true) }
        var counts: [Int] = []
        for (number, query) in delivery.queries.enumerated() {
            guard case .text(let sql) = query else { preconditionFailure("nothing is bound") }
            let effect = try target.run(sql)
            await Scheduler.shared.sleep(nanoseconds: target.nextDelay())
            if process.isDead, target.chance(2) { throw lost(isUnknown: true) }
            if target.content.blocks.insert("\(delivery.id)/\(number)").inserted {
                target.apply([effect])
                counts.append(effect.keys.count)
            } else {
                counts.append(0)
            }
        }
        try await process.gate()
        if fault == .replyLost || fault == .commitRefused { throw lost(isUnknown: true) }
        return .committed(rowCounts: counts)
    }

    func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts {
        try await call()
        return GradeFacts()
    }

    func cancel() {}

    func close() async { isOver = true }
}
