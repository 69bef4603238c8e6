import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import Synchronization

/// A target in memory that can fail at a chosen delivery.
final class MemoryTarget: Connector {
    enum Fault: CaseIterable, Sendable {
        /// Nothing was committed, the session lives.
        case refused
        /// Nothing was committed, the connection is gone.
        case lost
        /// Committed, and the reply did not arrive.
        case replyLost
    }

    struct State {
        /// Committed queries, in order.
        var queries: [String] = []
        var cursors: [LaneKey: TargetCursor] = [:]
        var deliveryCount = 0
        var faults: [Int: Fault] = [:]
        /// A query with more values than this meets one key twice.
        var valueCountMax = Int.max
        /// Values that no query may hold.
        var poison: String?
        /// What the target says of them.
        var poisonClass = TargetFailure.Class.values
        /// What it says is of its own words.
        var isTargetsWord = true
        /// Done with each query.
        var onExecute: @Sendable () async -> Void = {}
        /// Queries that were refused.
        var refusalCount = 0
        /// Other than `transactional`: what is run stays, whatever comes after.
        var support = CursorSupport.transactional
        /// Deliveries that a target without transactions has seen: it drops them when repeated.
        var deliveryIDs: Set<String> = []
    }

    let definition: ConnectorDefinition
    let dialect = SQLDialect(.sqlite)
    let state: Mutex<State>

    init(_ state: State = State()) {
        var definition = ConnectorDefinition(name: "memory", kind: .sqlite, url: "memory")
        definition.poolSize = 2
        self.definition = definition
        self.state = Mutex(state)
    }

    func connect() async throws -> any TargetSession { MemorySession(self) }

    var queries: [String] { state.withLock { $0.queries } }

    /// Who is in the tables: added and not removed since.
    var members: Set<String> {
        var members: Set<String> = []
        for query in queries {
            let ids = query.split(separator: "'").enumerated().filter { $0.offset % 2 == 1 }
                .map { String($0.element) }
            if query.hasPrefix("ADD") { members.formUnion(ids) }
            if query.hasPrefix("REMOVE") { members.subtract(ids) }
            if query.hasPrefix("CLEAR") { members = [] }
        }
        return members
    }

    /// What the lanes' rows count together.
    var queryCount: Int {
        state.withLock { $0.cursors.values.reduce(0) { $0 + Int($1.queryCount) } }
    }
}

private final class MemorySession: TargetSession {
    private let target: MemoryTarget
    private let open = Mutex<(queries: [String], cursors: [LaneKey: TargetCursor])?>(nil)
    /// Deliveries go one after the other, in the order they came.
    private let last = Mutex<Task<TargetDeliveryResult, any Error>?>(nil)
    private let committed = Mutex<String?>(nil)

    init(_ target: MemoryTarget) { self.target = target }

    var queuesDeliveries: Bool { true }

    func openCursors() async throws -> CursorSupport { target.state.withLock { $0.support } }

    func begin() async throws { open.withLock { $0 = ([], [:]) } }

    func execute(_ sql: [UInt8]) async throws -> Int {
        let text = String(decoding: sql, as: UTF8.self)
        let values = text.split(separator: "'").count / 2
        await target.state.withLock { $0.onExecute }()
        let (limit, poison) = target.state.withLock { ($0.valueCountMax, $0.poison) }
        if values > limit {
            throw TargetFailure(class: .repeatedKey, targetCode: "21000", message: "twice")
        }
        if let poison, text.contains(poison) {
            throw target.state.withLock { state in
                state.refusalCount += 1
                var failure = TargetFailure(
                    class: state.poisonClass, targetCode: "22000", message: "bad value")
                failure.isTargetsWord = state.isTargetsWord
                return failure
            }
        }
        open.withLock { $0!.queries.append(text) }
        return values
    }

    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await execute(sql) }

    func query(_ sql: [UInt8]) async throws -> [[String?]] { [] }

    func commit() async throws {
        let changes = open.withLock { $0.take()! }
        target.state.withLock { state in
            state.queries += changes.queries
            state.cursors.merge(changes.cursors) { $1 }
        }
    }

    func rollback() async throws { open.withLock { $0 = nil } }

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        target.state.withLock { $0.cursors[lane] }
    }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        target.state.withLock { state in
            var row = state.cursors[lane] ?? initial
            row.epoch += 1
            state.cursors[lane] = row
            return row
        }
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        guard target.state.withLock({ $0.cursors[lane] }) == expected else { return false }
        open.withLock { $0!.cursors[lane] = next }
        return true
    }

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let task = last.withLock { last in
            let before = last
            let task = Task {
                _ = await before?.result
                let isNext = committed.withLock { committed in
                    defer { committed = nil }
                    return delivery.follows == nil || delivery.follows == committed
                }
                guard isNext else { return TargetDeliveryResult.notBegun }
                let result = try await deliverNow(delivery)
                if case .committed = result { committed.withLock { $0 = delivery.id } }
                return result
            }
            last = task
            return task
        }
        return try await task.value
    }

    private func deliverNow(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        let fault = target.state.withLock { state in
            defer { state.deliveryCount += 1 }
            return state.faults[state.deliveryCount]
        }
        if fault == .refused || fault == .lost {
            throw TargetFailure(
                class: .transient, targetCode: "40001", message: "not now",
                isConnectionLost: fault == .lost)
        }
        guard target.state.withLock({ $0.support }) == .transactional else {
            return try await deliverWithoutTransaction(delivery, fault)
        }
        try await begin()
        if let move = delivery.move {
            guard try await advanceCursor(delivery.lane, from: move.expected, to: move.next)
            else { return .fenced }
        }
        let counts = try await execute(delivery.queries)
        try await commit()
        if fault == .replyLost {
            var failure = TargetFailure(
                class: .transient, targetCode: "08006", message: "gone", isOutcomeUnknown: true,
                isConnectionLost: true)
            failure.rowCounts = counts
            throw failure
        }
        return .committed(rowCounts: counts)
    }

    private func execute(_ queries: [TargetQuery]) async throws -> [Int] {
        var counts: [Int] = []
        for case .text(let query) in queries {
            do {
                counts.append(try await execute(query))
            } catch var failure as TargetFailure {
                failure.query = counts.count
                throw failure
            }
        }
        return counts
    }

    private func deliverWithoutTransaction(
        _ delivery: TargetDelivery, _ fault: MemoryTarget.Fault?
    ) async throws -> TargetDeliveryResult {
        if let move = delivery.move {
            let epoch = target.state.withLock { $0.cursors[delivery.lane]?.epoch }
            guard epoch == move.expected.epoch else { return .fenced }
        }
        let isKnown = target.state.withLock { !$0.deliveryIDs.insert(delivery.id).inserted }
        var counts = isKnown ? delivery.queries.map { _ in 0 } : []
        if !isKnown || delivery.move == nil {
            try await begin()
            do {
                counts = try await execute(delivery.queries)
            } catch {
                _ = target.state.withLock { $0.deliveryIDs.remove(delivery.id) }
                throw error
            }
            try await commit()
        }
        if fault == .replyLost {
            throw TargetFailure(
                class: .transient, targetCode: "", message: "gone", isOutcomeUnknown: true,
                isConnectionLost: true)
        }
        return .committed(rowCounts: counts)
    }

    func repeatedBlocks(into tables: [[QueryStatement.Name]]) -> [RepeatedBlocks] {
        tables.map { _ in .unknown }
    }

    func cancel() {}

    func close() async {}
}
