internal import Configuration
internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync
internal import Synchronization

extension Bench {
    private static let deliveryChangeCount = 100_000

    /// Delivery to SQLite, and to PostgreSQL if its URL is given, beside the same statements
    /// through the database's own command-line client, one transaction each.
    func delivery(postgresql: String?) async throws -> [BenchFigure] {
        var figures = [try await deliver(.sqlite, url: directory + "/target.db")]
        if let postgresql { figures.append(try await deliver(.postgresql, url: postgresql)) }
        return figures
    }

    private func deliver(_ kind: ConnectorKind, url: String) async throws -> BenchFigure {
        let connector = ConnectorDefinition(name: "bench", kind: kind, url: url)
        let recorder = StatementRecorder()
        try await prepare(connector)
        let rate = try await sync(connector, recorder)
        let rows = try await rowCount(connector)
        try Self.check(rows == Self.deliveryChangeCount, "the target table")
        let ceiling = try await clientRate(connector, recorder.statements)
        return BenchFigure(
            what: "delivery to \(kind.rawValue), batches of 1,000", value: rate, unit: "rows/s",
            ceiling: ceiling,
            ceilingName: kind == .sqlite ? "same text through sqlite3" : "same text through psql")
    }

    private func onTarget<Result>(
        _ connector: ConnectorDefinition, _ body: (any TargetSession) async throws -> Result
    ) async throws -> Result {
        do {
            let session = try await Composition.connectors
                .makeConnector(connector, secret: nil).connect()
            let result = try await body(session)
            await session.close()
            return result
        } catch let failure as TargetFailure {
            throw Failure(.targetRefused, failure.message, hint: failure.hint)
        }
    }

    private func prepare(_ connector: ConnectorDefinition) async throws {
        let sql = """
            DROP TABLE IF EXISTS segledger_bench;
            DROP TABLE IF EXISTS segledger_cursor;
            CREATE TABLE segledger_bench (segment_id BIGINT, client_id VARCHAR(64),
                PRIMARY KEY (segment_id, client_id));
            """
        _ = try await onTarget(connector) { try await $0.execute(Array(sql.utf8)) }
    }

    private func rowCount(_ connector: ConnectorDefinition) async throws -> Int {
        let rows = try await onTarget(connector) {
            try await $0.query(Array("SELECT count(*) FROM segledger_bench".utf8))
        }
        return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0
    }

    private var integration: IntegrationDefinition {
        let insert = """
            INSERT INTO segledger_bench (segment_id, client_id) VALUES
            {for $lead = $batch}({segment_id}, '{$lead.CustomID}'){autocomma}
            {end} ON CONFLICT (segment_id, client_id) DO NOTHING
            """
        let remove = """
            DELETE FROM segledger_bench WHERE segment_id = {segment_id}
            AND client_id IN ({batch_in "CustomID"})
            """
        var definition = IntegrationDefinition(
            name: "bench", scope: .init(databaseID: 1, segments: .all), connector: "bench",
            queries: [.addProfiles: insert, .removeProfiles: remove])
        definition.start = .beginning
        return definition
    }

    private func sync(
        _ connector: ConnectorDefinition, _ recorder: StatementRecorder
    ) async throws -> Double {
        let data = directory + "/delivery-" + connector.kind.rawValue
        return try await Workspace.with(data, .write) { workspace in
            let perEvent = 5000
            for part in 0..<Self.deliveryChangeCount / perEvent {
                var batch = EventBatch()
                batch.append(
                    .profilesAdded, segment: SegmentID(1),
                    profiles: (0..<perEvent).map {
                        let number = part * perEvent + $0
                        return ("p\(number)", [("CustomID", .text("C-\(number)"))])
                    })
                _ = try await workspace.ledger.append(batch)
            }
            let engine = SyncEngine(
                context: SyncContext(
                    ledger: workspace.ledger, store: workspace.store, pool: workspace.pool,
                    clock: workspace.clock),
                projector: workspace.projector,
                makeConnector: { definition in
                    RecordingConnector(
                        inner: try Composition.connectors.makeConnector(definition, secret: nil),
                        recorder: recorder)
                })
            try await workspace.projector.foldToEnd()
            let start = monotonicNanoseconds()
            let outcomes = try await engine.run(
                [integration], connectors: ["bench": connector], options: SyncEngine.Options())
            let rate = Double(Self.deliveryChangeCount) / Self.elapsed(start)
            for outcome in outcomes {
                if case .done = outcome.state { continue }
                throw Failure(.targetRefused, "bench: the delivery stopped", hint: nil)
            }
            return rate
        }
    }

    /// Rows per second of the same text, one transaction a statement, through the client.
    private func clientRate(
        _ connector: ConnectorDefinition, _ statements: [[UInt8]]
    ) async throws -> Double? {
        var script: [UInt8] = []
        for statement in statements {
            script += Array("BEGIN;\n".utf8) + statement + Array(";\nCOMMIT;\n".utf8)
        }
        let path = directory + "/statements.sql"
        var target = connector
        if connector.kind == .sqlite { target.url = directory + "/ceiling.db" }
        try await prepare(target)
        guard FileManager.default.createFile(atPath: path, contents: Data(script)) else {
            throw Failure(.storageFailed, "\(path) cannot be written", hint: nil)
        }
        let arguments =
            connector.kind == .sqlite
            ? ["sqlite3", "-bail", target.url, ".read \(path)"]
            : ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", target.url, "-f", path]
        let start = monotonicNanoseconds()
        guard try run(arguments) else { return nil }
        let rate = Double(Self.deliveryChangeCount) / Self.elapsed(start)
        try Self.check(
            try await rowCount(target) == Self.deliveryChangeCount, "the client's table")
        return rate
    }

    /// Runs a client; false if this machine has none.
    private func run(_ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// Keeps the text of what was delivered.
final class StatementRecorder: Sendable {
    private let kept = Mutex<[[UInt8]]>([])

    var statements: [[UInt8]] { kept.withLock { $0 } }

    func keep(_ queries: [[UInt8]]) { kept.withLock { $0 += queries } }
}

/// A connector that notes each delivery and passes it on.
struct RecordingConnector: Connector {
    let inner: any Connector
    let recorder: StatementRecorder

    var definition: ConnectorDefinition { inner.definition }

    func connect() async throws -> any TargetSession {
        RecordingSession(inner: try await inner.connect(), recorder: recorder)
    }
}

final class RecordingSession: TargetSession {
    private let inner: any TargetSession
    private let recorder: StatementRecorder

    init(inner: any TargetSession, recorder: StatementRecorder) {
        self.inner = inner
        self.recorder = recorder
    }

    func openCursors() async throws -> CursorSupport { try await inner.openCursors() }
    func begin() async throws { try await inner.begin() }
    func execute(_ sql: [UInt8]) async throws -> Int { try await inner.execute(sql) }
    var undoesQueries: Bool { inner.undoesQueries }
    func executeOrUndo(_ sql: [UInt8]) async throws -> Int { try await inner.executeOrUndo(sql) }
    func query(_ sql: [UInt8]) async throws -> [[String?]] { try await inner.query(sql) }
    func commit() async throws { try await inner.commit() }
    func rollback() async throws { try await inner.rollback() }

    func readCursor(_ lane: LaneKey) async throws -> TargetCursor? {
        try await inner.readCursor(lane)
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
        recorder.keep(
            delivery.queries.compactMap { if case .text(let sql) = $0 { sql } else { nil } })
        return try await inner.deliver(delivery)
    }

    func cancel() { inner.cancel() }
    func close() async { await inner.close() }
}
