import Connector
import SQLTemplate
import SegmentModel
import ServerTesting
import Synchronization

/// A connector whose deliveries and commits are lost now and then: before the target got them, or
/// on the way back.
final class FlakyConnector: Connector {
    let inner: any Connector
    private let random: Mutex<SeededGenerator>
    /// Deliveries and commits that get through; nil: any number.
    private let left: Mutex<Int?>
    /// One in so many; 0: none.
    let rarity: Int

    init(
        _ inner: any Connector, _ random: SeededGenerator = SeededGenerator(), rarity: Int = 0,
        limit: Int? = nil
    ) {
        self.inner = inner
        left = Mutex(limit)
        self.random = Mutex(random)
        self.rarity = rarity
    }

    var definition: ConnectorDefinition { inner.definition }
    var dialect: SQLDialect { inner.dialect }

    func connect() async throws -> any TargetSession {
        FlakySession(try await inner.connect(), self)
    }

    enum Loss {
        case before, behind
    }

    func loss() -> Loss? {
        let isOver = left.withLock { left in
            guard let count = left else { return false }
            left = max(0, count - 1)
            return count == 0
        }
        if isOver { return .before }
        return random.withLock { random in
            guard rarity > 0, Int.random(in: 0..<rarity, using: &random) == 0 else { return nil }
            return Bool.random(using: &random) ? .before : .behind
        }
    }
}

/// A session of it: once something was lost, nothing goes any more.
private final class FlakySession: TargetSession {
    private let inner: any TargetSession
    private let connector: FlakyConnector
    private let isLost = Atomic<Bool>(false)

    init(_ inner: any TargetSession, _ connector: FlakyConnector) {
        self.inner = inner
        self.connector = connector
    }

    private func requireConnection() throws {
        if isLost.load(ordering: .acquiring) { throw lost(isUnknown: false) }
    }

    private func lost(isUnknown: Bool) -> TargetFailure {
        isLost.store(true, ordering: .releasing)
        var failure = TargetFailure(
            class: .transient, targetCode: "", message: "the connection was lost",
            isConnectionLost: true)
        failure.isOutcomeUnknown = isUnknown
        return failure
    }

    private func losing<Result>(_ body: () async throws -> Result) async throws -> Result {
        try requireConnection()
        switch connector.loss() {
        case .before: throw lost(isUnknown: true)
        case .behind:
            _ = try await body()
            throw lost(isUnknown: true)
        case nil: return try await body()
        }
    }

    func openCursors() async throws -> CursorSupport { try await inner.openCursors() }
    func begin() async throws {
        try requireConnection()
        try await inner.begin()
    }
    func execute(_ sql: [UInt8]) async throws -> Int {
        try requireConnection()
        return try await inner.execute(sql)
    }
    var undoesQueries: Bool { inner.undoesQueries }
    func executeOrUndo(_ sql: [UInt8]) async throws -> Int {
        try requireConnection()
        return try await inner.executeOrUndo(sql)
    }
    func query(_ sql: [UInt8]) async throws -> [[String?]] { try await inner.query(sql) }
    func commit() async throws { try await losing { try await inner.commit() } }
    func rollback() async throws { try await inner.rollback() }
    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await inner.readCursor(lane)
    }
    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        try requireConnection()
        return try await inner.readCursors(of: integration, after: segment)
    }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        try requireConnection()
        return try await inner.claimCursor(lane, initial: initial)
    }
    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try requireConnection()
        return try await inner.advanceCursor(lane, from: expected, to: next)
    }
    var bindsValues: Bool { inner.bindsValues }
    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await losing { try await inner.deliver(delivery) }
    }
    func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts {
        try await inner.gradeFacts(of: tables)
    }
    func checkConstraintsAtOnce() async throws { try await inner.checkConstraintsAtOnce() }
    func cancel() { inner.cancel() }
    func close() async { await inner.close() }
}
