import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import Synchronization

/// A target in memory that can fail at a chosen delivery.
///
/// Invariants:
/// - a session that is closed, or whose connection is lost, is not used again;
/// - a transaction begins when the one before has ended.
final class MemoryTarget: Connector {
    enum Fault: CaseIterable, Sendable {
        /// Nothing was committed, the session lives.
        case refused
        /// Nothing was committed, the connection is gone.
        case lost
        /// The queries ran; COMMIT was refused, and nothing is committed.
        case commitRefused
        /// The queries ran, and the connection was gone before COMMIT took effect: nobody knows.
        case commitLost
        /// Committed, and the reply did not arrive.
        case replyLost

        /// The connection is gone.
        var isConnectionLost: Bool { self == .lost || self == .commitLost || self == .replyLost }
    }

    struct State {
        /// Committed queries, in order.
        var queries: [String] = []
        var cursors: [LaneKey: TargetCursor] = [:]
        var deliveryCount = 0
        var faults: [Int: Fault] = [:]
        /// A query with more values than this is larger than the target takes.
        var sizeMax = Int.max
        /// A query with more values than this meets one key twice.
        var valueCountMax = Int.max
        /// Values that no query may hold.
        var poison: String?
        /// Of queries that begin so.
        var poisonedQueries = ""
        /// It is found only at COMMIT, as by a deferred constraint.
        var isFoundAtCommit = false
        /// What the target says of them.
        var poisonClass = TargetFailure.Class.values
        /// What it says is of its own words.
        var isTargetsWord = true
        /// By number of the commit of what is no delivery: `commitRefused`, `commitLost` or
        /// `replyLost`.
        var commitFaults: [Int: Fault] = [:]
        var commitCount = 0
        /// Done with each query.
        var onExecute: @Sendable () async -> Void = {}
        /// Given each delivery that begins, before its queries.
        var onDeliver: @Sendable (TargetDelivery) -> Void = { _ in }
        /// Deliveries of several lanes may go in one transaction.
        var sharesTransactions = true
        /// How many went in each such transaction.
        var groupSizes: [Int] = []
        /// So many times no lane can be taken over.
        var claimFaultCount = 0
        /// No connection can be had.
        var isUnreachable = false
        var openSessionCount = 0
        var openSessionCountMax = 0
        /// Sessions whose work was to be aborted.
        var cancelled: Set<ObjectIdentifier> = []
        /// Queries that were refused.
        var refusalCount = 0
        /// What the tables do.
        var facts = GradeFacts()
        /// Other than `transactional`: what is run stays, whatever comes after.
        var support = CursorSupport.transactional
        /// Deliveries that a target without transactions has seen: it drops them when repeated.
        var deliveryIDs: Set<String> = []
    }

    let definition: ConnectorDefinition
    let dialect = SQLDialect(.sqlite)
    let state: Mutex<State>

    init(_ state: State = State(), poolSize: Int = 2) {
        var definition = ConnectorDefinition(name: "memory", kind: .sqlite, url: "memory")
        definition.poolSize = poolSize
        self.definition = definition
        self.state = Mutex(state)
    }

    func connect() async throws -> any TargetSession {
        try state.withLock { state in
            if state.isUnreachable { throw Self.failure("08001", "nobody answers", isLost: true) }
            state.openSessionCount += 1
            state.openSessionCountMax = max(state.openSessionCountMax, state.openSessionCount)
        }
        return MemorySession(self)
    }

    fileprivate static func failure(
        _ code: String, _ message: String, isLost: Bool = false
    ) -> TargetFailure {
        TargetFailure(
            class: .transient, targetCode: code, message: message, isConnectionLost: isLost)
    }

    /// What is said of the queries, if one is refused.
    fileprivate func refusal(of queries: [String], atCommit: Bool) -> TargetFailure? {
        state.withLock { state in
            guard let poison = state.poison, state.isFoundAtCommit == atCommit,
                queries.contains(where: {
                    $0.hasPrefix(state.poisonedQueries) && $0.contains(poison)
                })
            else { return nil }
            state.refusalCount += 1
            var failure = TargetFailure(
                class: state.poisonClass, targetCode: "22000", message: "bad value")
            failure.isTargetsWord = state.isTargetsWord
            return failure
        }
    }

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

    /// Rows that its queries told of.
    var valueCount: Int { queries.reduce(0) { $0 + $1.split(separator: "'").count / 2 } }

    /// What the lanes' rows count together.
    var queryCount: Int {
        state.withLock { $0.cursors.values.reduce(0) { $0 + Int($1.queryCount) } }
    }
}

private final class MemorySession: TargetSession {
    private let target: MemoryTarget
    private let open = Mutex<(queries: [String], cursors: [LaneKey: TargetCursor])?>(nil)
    /// It is closed, or its connection is gone.
    private let isOver = Mutex(false)
    private let isClosed = Atomic(false)
    /// Deliveries go one after the other, in the order they came.
    private let last = Mutex<Task<TargetDeliveryResult, any Error>?>(nil)
    private let committed = Mutex<String?>(nil)

    init(_ target: MemoryTarget) { self.target = target }

    var queuesDeliveries: Bool { true }

    private func use() {
        precondition(!isOver.withLock { $0 }, "a session that is over is not used again")
    }

    func openCursors() async throws -> CursorSupport { target.state.withLock { $0.support } }

    func begin() async throws {
        use()
        open.withLock { open in
            precondition(open == nil, "a transaction begins when the one before has ended")
            open = ([], [:])
        }
    }

    func execute(_ sql: [UInt8]) async throws -> Int {
        use()
        let text = String(decoding: sql, as: UTF8.self)
        let values = text.split(separator: "'").count / 2
        await target.state.withLock { $0.onExecute }()
        if values > target.state.withLock({ $0.sizeMax }) {
            target.state.withLock { $0.refusalCount += 1 }
            throw TargetFailure(class: .tooLarge, targetCode: "1", message: "too large")
        }
        if values > target.state.withLock({ $0.valueCountMax }) {
            throw TargetFailure(class: .repeatedKey, targetCode: "21000", message: "twice")
        }
        if let refusal = target.refusal(of: [text], atCommit: false) { throw refusal }
        open.withLock { $0!.queries.append(text) }
        return values
    }

    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await execute(sql) }

    func query(_ sql: [UInt8]) async throws -> [[String?]] { [] }

    func commit() async throws {
        use()
        let changes = open.withLock { $0.take()! }
        let fault = target.state.withLock { state in
            defer { state.commitCount += 1 }
            return state.commitFaults[state.commitCount]
        }
        if fault == .commitRefused { throw MemoryTarget.failure("40001", "not committed") }
        if fault == .commitLost { throw unknown(nil) }
        if let refusal = target.refusal(of: changes.queries, atCommit: true) { throw refusal }
        store(changes)
        if fault == .replyLost { throw unknown(nil) }
    }

    private func store(_ changes: (queries: [String], cursors: [LaneKey: TargetCursor])) {
        target.state.withLock { state in
            state.queries += changes.queries
            state.cursors.merge(changes.cursors) { $1 }
        }
    }

    func rollback() async throws { open.withLock { $0 = nil } }

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        use()
        return target.state.withLock { $0.cursors[lane] }
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        target.state.withLock { state in
            state.cursors.filter { lane, _ in
                lane.integration == integration && segment.map { lane.segment > $0 } ?? true
            }.map { SegmentCursor($0.key.segment, $0.value) }.sorted { $0.segment < $1.segment }
        }
    }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        use()
        return try target.state.withLock { state in
            if state.claimFaultCount > 0 {
                state.claimFaultCount -= 1
                throw MemoryTarget.failure("55P03", "a lock was not free")
            }
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
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func deliverNow(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        use()
        target.state.withLock { $0.onDeliver }(delivery)
        let (fault, isTransactional) = target.state.withLock { state in
            defer { state.deliveryCount += 1 }
            return (state.faults[state.deliveryCount], state.support == .transactional)
        }
        if fault == .refused { throw MemoryTarget.failure("40001", "not now") }
        if fault == .lost { throw lost() }
        return isTransactional
            ? try await deliverInTransaction(delivery, fault)
            : try await deliverWithoutTransaction(delivery, fault)
    }

    private func deliverInTransaction(
        _ delivery: TargetDelivery, _ fault: MemoryTarget.Fault?
    ) async throws -> TargetDeliveryResult {
        let counts = try await commit([delivery], fault)
        return counts.map { .committed(rowCounts: $0[0]) } ?? .fenced
    }

    func shares(_ delivery: TargetDelivery) -> Bool {
        target.state.withLock { $0.support == .transactional && $0.sharesTransactions }
    }

    func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? {
        use()
        for delivery in deliveries { target.state.withLock { $0.onDeliver }(delivery) }
        let fault = target.state.withLock { state in
            defer { state.deliveryCount += 1 }
            state.groupSizes.append(deliveries.count)
            return state.faults[state.deliveryCount]
        }
        if fault == .refused { return nil }
        if fault == .lost { throw lost() }
        do {
            return try await commit(deliveries, fault)
        } catch let failure as TargetFailure where !failure.isConnectionLost {
            return nil
        }
    }

    /// All of them or none; nil: a row is not as expected.
    private func commit(
        _ deliveries: [TargetDelivery], _ fault: MemoryTarget.Fault?
    ) async throws -> [[Int]]? {
        open.withLock { $0 = ([], [:]) }
        defer { open.withLock { $0 = nil } }
        var counts: [[Int]] = []
        for delivery in deliveries {
            if let move = delivery.move {
                guard try await advanceCursor(delivery.lane, from: move.expected, to: move.next)
                else { return nil }
            }
            counts.append(try await execute(delivery.queries))
        }
        switch fault {
        case .commitRefused: throw MemoryTarget.failure("40001", "not committed")
        case .commitLost: throw unknown(counts.flatMap { $0 })
        default: break
        }
        let changes = open.withLock { $0! }
        if let refusal = target.refusal(of: changes.queries, atCommit: true) { throw refusal }
        store(changes)
        if fault == .replyLost { throw unknown(counts.flatMap { $0 }) }
        return counts
    }

    /// The connection is gone.
    private func lost() -> TargetFailure {
        isOver.withLock { $0 = true }
        return MemoryTarget.failure("08006", "gone", isLost: true)
    }

    private func unknown(_ counts: [Int]?) -> TargetFailure {
        var failure = lost()
        failure.isOutcomeUnknown = true
        failure.rowCounts = counts
        return failure
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
        if fault == .commitRefused { throw MemoryTarget.failure("40001", "not now") }
        if fault == .commitLost { throw unknown(nil) }
        let isKnown = target.state.withLock { $0.deliveryIDs.contains(delivery.id) }
        var counts = isKnown ? delivery.queries.map { _ in 0 } : []
        if !isKnown || delivery.move == nil {
            open.withLock { $0 = ([], [:]) }
            defer { open.withLock { $0 = nil } }
            counts = try await execute(delivery.queries)
            let queries = open.withLock { $0!.queries }
            target.state.withLock { state in
                state.deliveryIDs.insert(delivery.id)
                state.queries += queries
            }
        }
        if fault == .replyLost { throw unknown(nil) }
        return .committed(rowCounts: counts)
    }

    func gradeFacts(of tables: GradeFacts.Tables) -> GradeFacts {
        target.state.withLock { $0.facts }
    }

    func cancel() { target.state.withLock { _ = $0.cancelled.insert(ObjectIdentifier(self)) } }

    func close() async {
        isOver.withLock { $0 = true }
        precondition(!isClosed.exchange(true, ordering: .relaxed), "a session is closed once")
        target.state.withLock { $0.openSessionCount -= 1 }
    }
}
