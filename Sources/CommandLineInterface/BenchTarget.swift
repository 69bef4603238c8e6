internal import Connector
internal import Foundation
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// A database that deliveries are measured with, and its own client beside it.
final class BenchTarget: Sendable {
    let kind: ConnectorKind
    let definition: ConnectorDefinition
    private let session = Mutex<(any TargetSession)?>(nil)

    init(_ kind: ConnectorKind, url: String) {
        self.kind = kind
        definition = ConnectorDefinition(name: "bench", kind: kind, url: url)
    }

    func integration(size: Int) -> IntegrationDefinition {
        let end =
            switch kind {
            case "postgresql", "sqlite": "ON CONFLICT (segment_id, client_id) DO NOTHING"
            case "mysql": "ON DUPLICATE KEY UPDATE client_id = VALUES(client_id)"
            default: ""
            }
        let insert = """
            INSERT INTO segledger_bench (segment_id, client_id) VALUES
            {for $lead = $batch}({segment_id}, '{$lead.CustomID}'){autocomma}
            {end} \(end)
            """
        let remove = """
            DELETE FROM segledger_bench WHERE segment_id = {segment_id}
            AND client_id IN ({batch_in "CustomID"})
            """
        var definition = IntegrationDefinition(
            name: "bench", scope: .init(databaseID: 1, segments: .all), connector: "bench",
            queries: [.addProfiles: insert, .removeProfiles: remove])
        definition.start = .beginning
        definition.batch = .batch(size: size)
        return definition
    }

    // MARK: Asking

    private func ask<Result>(
        _ body: (any TargetSession) async throws -> Result
    ) async throws -> Result {
        do {
            let open: any TargetSession
            if let known = session.withLock({ $0 }) {
                open = known
            } else {
                open = try await Composition.connectors
                    .makeConnector(definition, secret: nil).connect()
                session.withLock { $0 = open }
            }
            return try await body(open)
        } catch let failure as TargetFailure {
            throw Failure(.targetRefused, failure.message, hint: failure.hint)
        }
    }

    func prepare() async throws {
        let (text, end) =
            kind == "clickhouse"
            ? ("String", "ENGINE = ReplacingMergeTree ORDER BY (segment_id, client_id)")
            : ("VARCHAR(64)", "")
        let key = kind == "clickhouse" ? "" : ", PRIMARY KEY (segment_id, client_id)"
        let number = kind == "clickhouse" ? "Int64" : "BIGINT"
        let sql = """
            DROP TABLE IF EXISTS segledger_bench;
            DROP TABLE IF EXISTS segledger_cursor;
            CREATE TABLE segledger_bench (segment_id \(number), client_id \(text)\(key)) \(end);
            """
        _ = try await ask { try await $0.execute(Array(sql.utf8)) }
        if kind == "clickhouse" { try await rest() }
    }

    /// What came before has the server merge for a while, on every core that it finds.
    private func rest() async throws {
        let merges = Array("SELECT count() FROM system.merges".utf8)
        for _ in 0..<300 {
            let count = try await ask { try await $0.query(merges) }.first?.first
            if count == "0" { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func rowCount() async throws -> Int {
        let rows = try await ask {
            try await $0.query(Array("SELECT count(*) FROM segledger_bench".utf8))
        }
        return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
    }

    func close() async {
        let open = session.withLock { $0.take() }
        await open?.close()
    }

    // MARK: The client

    var clientName: String {
        switch kind {
        case "sqlite": "same statements through sqlite3"
        case "mysql": "same statements through mariadb"
        case "clickhouse": "same statements, one after the other"
        default: "same statements through psql"
        }
    }

    /// Rows per second of what deliveries run, through the database's own client: each query in a
    /// transaction with the cursor's move, where there are transactions; nil: this machine has no
    /// such client.
    func clientRate(_ statements: [[UInt8]], in directory: String) async throws -> Double? {
        let target =
            kind == "sqlite" ? BenchTarget(kind, url: directory + "/ceiling.db") : self
        try await target.prepare()
        let start: UInt64
        if kind == "clickhouse" {
            start = monotonicNanoseconds()
            try await ask { session in
                for statement in statements { _ = try await session.execute(statement) }
            }
        } else {
            let path = directory + "/statements.sql"
            try await target.claimCeilingRow()
            let script = statements.enumerated().flatMap { number, statement in
                Array((kind == "mysql" ? "START TRANSACTION;\n" : "BEGIN;\n").utf8) + statement
                    + Array(";\n\(Self.ceilingMove(number));\nCOMMIT;\n".utf8)
            }
            guard FileManager.default.createFile(atPath: path, contents: Data(script)) else {
                throw Failure(.storageFailed, "\(path) cannot be written", hint: nil)
            }
            start = monotonicNanoseconds()
            guard try run(client(target, path), input: kind == "mysql" ? path : nil) else {
                return nil
            }
        }
        let rate = Double(Bench.deliveryChangeCount) / Bench.elapsed(start)
        try Bench.check(
            try await target.rowCount() == Bench.deliveryChangeCount, "the client's table")
        if kind != "clickhouse" {
            let row = try await target.ask { try await $0.readCursor(Self.ceilingLane) }
            try Bench.check(row?.queryCount == Int64(statements.count), "the client's cursor")
        }
        await target.close()
        return rate
    }

    private static let ceilingLane = LaneKey(integration: "ceiling", segment: SegmentID(1))

    private func claimCeilingRow() async throws {
        try await ask { session in
            _ = try await session.openCursors()
            _ = try await session.claimCursor(
                Self.ceilingLane,
                initial: TargetCursor(
                    ledger: "bench", epoch: 0, cursor: LaneCursor(position: nil), resync: -1,
                    queryCount: 0))
        }
    }

    /// Moves the row behind the query of this number, as a delivery does.
    private static func ceilingMove(_ number: Int) -> String {
        """
        UPDATE segledger_cursor
        SET ledger = 'bench', epoch = 1, position = \(number), profile_count = 0, resync = -1,
            queries = \(number + 1)
        WHERE integration = 'ceiling' AND segment_id = 1 AND ledger = 'bench' AND epoch = 1
            AND position = \(number - 1) AND profile_count = 0
        """
    }

    private func client(_ target: BenchTarget, _ path: String) throws -> [String] {
        switch kind {
        case "sqlite": return ["sqlite3", "-bail", target.definition.url, ".read \(path)"]
        case "mysql":
            guard let url = URLComponents(string: target.definition.url) else { return [] }
            return [
                "mariadb", "--no-defaults", "--protocol=tcp", "-h", url.host ?? "127.0.0.1", "-P",
                String(url.port ?? 3306), "-u", url.user ?? "root",
                String(url.path.dropFirst()),
            ]
        default:
            return ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", target.definition.url, "-f", path]
        }
    }

    /// Runs a client; false if this machine has none.
    private func run(_ arguments: [String], input: String?) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) }
            ?? FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// A connector whose sessions take no bound values.
struct TextConnector: Connector {
    let inner: any Connector

    var definition: ConnectorDefinition { inner.definition }
    var dialect: SQLDialect { inner.dialect }

    func connect() async throws -> any TargetSession {
        TextSession(inner: try await inner.connect())
    }
}

/// A target in memory that keeps the text of what it is given and runs nothing.
final class CapturingConnector: Connector {
    let definition: ConnectorDefinition
    let dialect: SQLDialect
    private let kept = Mutex<[[UInt8]]>([])
    private let rows = Mutex<[LaneKey: TargetCursor]>([:])

    /// - Throws: `configurationInvalid` for a kind that this build does not reach.
    init(_ definition: ConnectorDefinition) throws {
        self.definition = definition
        dialect = try Composition.connectors.dialect(definition.sqlRules)
    }

    var statements: [[UInt8]] { kept.withLock { $0 } }

    func connect() async throws -> any TargetSession { CapturingSession(self) }

    fileprivate func keep(_ queries: [TargetQuery]) {
        kept.withLock { kept in
            for case .text(let sql) in queries { kept.append(sql) }
        }
    }

    fileprivate func row(_ lane: LaneKey) -> TargetCursor? { rows.withLock { $0[lane] } }

    fileprivate func setRow(_ lane: LaneKey, _ row: TargetCursor) {
        rows.withLock { $0[lane] = row }
    }
}

private final class CapturingSession: TargetSession {
    private let connector: CapturingConnector

    init(_ connector: CapturingConnector) { self.connector = connector }

    func openCursors() async throws -> CursorSupport { .transactional }
    func begin() async throws {}
    func execute(_ sql: [UInt8]) async throws -> Int { 0 }
    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { 0 }
    func query(_ sql: [UInt8]) async throws -> [[String?]] { [] }
    func commit() async throws {}
    func rollback() async throws {}
    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? { connector.row(lane) }

    /// A benchmark begins with a ledger of its own.
    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] { [] }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        var row = connector.row(lane) ?? initial
        row.epoch += 1
        connector.setRow(lane, row)
        return row
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        connector.setRow(lane, next)
        return true
    }

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        connector.keep(delivery.queries)
        if let move = delivery.move { connector.setRow(delivery.lane, move.next) }
        return .committed(rowCounts: delivery.queries.map { _ in 0 })
    }

    func gradeFacts(of tables: GradeFacts.Tables) -> GradeFacts { GradeFacts() }

    func cancel() {}
    func close() async {}
}

private final class TextSession: TargetSession {
    private let inner: any TargetSession

    init(inner: any TargetSession) { self.inner = inner }

    var bindsValues: Bool { false }
    var undoesQueries: Bool { inner.undoesQueries }
    var queuesDeliveries: Bool { inner.queuesDeliveries }

    func openCursors() async throws -> CursorSupport { try await inner.openCursors() }
    func begin() async throws { try await inner.begin() }
    func execute(_ sql: [UInt8]) async throws -> Int { try await inner.execute(sql) }
    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await inner.executeOrUndo(sql) }
    func query(_ sql: [UInt8]) async throws -> [[String?]] { try await inner.query(sql) }
    func commit() async throws { try await inner.commit() }
    func rollback() async throws { try await inner.rollback() }

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await inner.readCursor(lane)
    }

    func readCursors(
        of integration: String, after segment: SegmentID?
    ) async throws -> [SegmentCursor] {
        try await inner.readCursors(of: integration, after: segment)
    }

    func claimCursor(_ lane: LaneKey, initial: TargetCursor) async throws -> TargetCursor {
        try await inner.claimCursor(lane, initial: initial)
    }

    func advanceCursor(
        _ lane: LaneKey, from expected: TargetCursor, to next: TargetCursor
    ) async throws -> Bool {
        try await inner.advanceCursor(lane, from: expected, to: next)
    }

    func deliver(_ delivery: TargetDelivery) async throws -> TargetDeliveryResult {
        try await inner.deliver(delivery)
    }

    func claimCursors(_ claims: [TargetClaim]) async throws -> [TargetCursor] {
        try await inner.claimCursors(claims)
    }

    func shares(_ delivery: TargetDelivery) -> Bool { inner.shares(delivery) }

    func deliverTogether(_ deliveries: [TargetDelivery]) async throws -> [[Int]]? {
        try await inner.deliverTogether(deliveries)
    }

    func gradeFacts(of tables: GradeFacts.Tables) async throws -> GradeFacts {
        try await inner.gradeFacts(of: tables)
    }

    func cancel() { inner.cancel() }
    func close() async { await inner.close() }
}
