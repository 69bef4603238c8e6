import Connector
import EventJSON
import FrameCodec
import KindTesting
import Ledger
import OperatorConfiguration
import Projection
import SegmentModel
import ServerTesting
import StorageIO
import Sync
import Synchronization
import Testing

/// A clock on which every wait is over at once.
final class InstantClock: MonotonicClock {
    private let time = Mutex<UInt64>(1_000_000_000)

    func nanoseconds() -> UInt64 { time.withLock { $0 } }

    func sleep(milliseconds: Int) async throws {
        try Task.checkCancellation()
        time.withLock { $0 += UInt64(milliseconds) * 1_000_000 }
        await Task.yield()
    }
}

/// A kind of database that tables are compared on.
struct RowTarget: Sendable, CustomTestStringConvertible {
    let kind: ConnectorKind
    /// Histories that are tried.
    let historyCount: Int

    var testDescription: String { kind.rawValue }

    static let all = [
        RowTarget(kind: .sqlite, historyCount: 60),
        RowTarget(kind: .postgresql, historyCount: 12),
        RowTarget(kind: .mysql, historyCount: 12),
    ]

    /// An empty database with the tables.
    func makeDatabase(in directory: TemporaryDirectory, _ name: String) async throws
        -> ConnectorDefinition
    {
        let url =
            switch kind {
            case .sqlite: "sqlite://" + directory.path("\(name).sqlite")
            case .mysql: try MariaDBServer.shared.get().makeDatabase()
            default: try PostgresServer.shared.get().makeDatabase()
            }
        var definition = ConnectorDefinition(name: name, kind: kind, url: url)
        definition.connectTimeoutMilliseconds = 120_000
        try await Self.run(
            [
                """
                CREATE TABLE tea (
                    list integer, card varchar(40), age varchar(40), who varchar(40),
                    PRIMARY KEY (list, card)
                )
                """, "CREATE TABLE lists (list integer PRIMARY KEY, name varchar(40))",
            ], on: definition)
        return definition
    }

    private func upsert(_ key: String, _ columns: [String]) -> String {
        kind == .mysql
            ? "ON DUPLICATE KEY UPDATE "
                + columns.map { "\($0) = VALUES(\($0))" }.joined(separator: ", ")
            : "ON CONFLICT (\(key)) DO UPDATE SET "
                + columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    }

    /// - Parameters:
    ///   - clears: with a `clear_segment`.
    ///   - keepsFirst: a row that is there stays as it is, and follows nothing but its key.
    func queries(isIndividual: Bool, clears: Bool, keepsFirst: Bool) -> [QueryKind: String] {
        let row = { (profile: String) in
            "({segment_id}, '{$\(profile).card}', "
                + (keepsFirst ? "'none'" : "'{$\(profile).age}'") + ", '{$\(profile).id}')"
        }
        let verb = keepsFirst && kind == .mysql ? "INSERT IGNORE" : "INSERT"
        let rest =
            !keepsFirst
            ? upsert("list, card", ["age", "who"])
            : kind == .mysql ? "" : "ON CONFLICT (list, card) DO NOTHING"
        var queries: [QueryKind: String] = [
            .addProfiles: isIndividual
                ? "\(verb) INTO tea VALUES \(row("lead")) \(rest)"
                : "\(verb) INTO tea VALUES {for $l = $batch}\(row("l")){autocomma}{end} \(rest)",
            .removeProfiles: isIndividual
                ? "DELETE FROM tea WHERE list = {segment_id} AND card = '{$lead.card}'"
                : "DELETE FROM tea WHERE list = {segment_id} AND card IN ({batch_in \"card\"})",
            .saveSegment: "INSERT INTO lists VALUES ({segment_id}, '{segment_name}') "
                + self.upsert("list", ["name"]),
            .deleteSegment: "DELETE FROM lists WHERE list = {segment_id}",
        ]
        if clears { queries[.clearSegment] = "DELETE FROM tea WHERE list = {segment_id}" }
        return queries
    }

    /// Runs SQL beside the integrations.
    static func run(_ sql: [String], on definition: ConnectorDefinition) async throws {
        let session = try await ConnectorRegistry.all.makeConnector(definition, secret: nil)
            .connect()
        for text in sql { _ = try await session.execute(Array(text.utf8)) }
        await session.close()
    }

    static func rows(_ definition: ConnectorDefinition) async throws -> [[String?]] {
        let session = try await ConnectorRegistry.all.makeConnector(definition, secret: nil)
            .connect()
        let tea = try await session.query(
            Array("SELECT 'tea', list, card, age, who FROM tea ORDER BY list, card".utf8))
        let lists = try await session.query(
            Array("SELECT 'list', list, name FROM lists ORDER BY list".utf8))
        await session.close()
        return tea + lists
    }
}

/// A ledger with its projections, and integrations that deliver it to databases.
final class RowWorld {
    let directory: TemporaryDirectory
    let ledger: FileLedger
    let store: ProjectionStore
    let projector: Projector
    private let time = InstantClock()

    init() throws {
        directory = try TemporaryDirectory()
        let options = FileLedger.Options(directory: directory.path("data"), access: .write)
        ledger = try FileLedger.open(options)
        store = try ProjectionStore.open(
            directory: directory.path("data"), identity: ledger.identity, readOnly: false,
            decoder: Self.decoder)
        projector = try Projector(ledger: ledger, store: store)
    }

    func close() async throws {
        try store.close()
        try await ledger.close()
    }

    func append(_ batch: EventBatch) async throws { _ = try await ledger.append(batch) }

    func cursor(of lane: LaneKey) async throws -> LaneCursor? {
        try await projector.foldToEnd()
        return try await store.read { try $0.lane(lane)?.cursor }
    }

    /// Records the integration, as `apply` does.
    func apply(_ definition: IntegrationDefinition) async throws {
        let change = ConfigurationChange(integrations: [(definition.name, definition)])
        var batch = EventBatch()
        batch.append(.configurationApplied, body: change.encode())
        try await append(batch)
        try await projector.foldToEnd()
    }

    /// Has what is parked tried again.
    func redrive(_ definition: IntegrationDefinition) async throws {
        var batch = EventBatch()
        batch.append(
            .redriveRequested, body: ParkedSelection(integration: definition.name).encode())
        try await append(batch)
    }

    /// Delivers all that is there; each run is a process of its own to the target.
    func sync(
        _ definition: IntegrationDefinition, _ connector: any Connector, isResync: Bool = false
    ) async throws -> IntegrationOutcome {
        let context = SyncContext(
            ledger: ledger, projections: LedgerProjections(store: store, projector: projector),
            pool: BlockingPool(name: "rows", threadCount: 1),
            clock: SystemClock(), time: time)
        let engine = SyncEngine(
            context: context, makeConnector: { _ in connector })
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = 3_600_000
        if isResync {
            _ = try await engine.requestResync(definition, segments: [])
            return try await engine.resync(
                definition, connectors: [connector.definition.name: connector.definition],
                options: options)
        }
        return try await engine.run(
            [definition], connectors: [connector.definition.name: connector.definition],
            options: options)[0]
    }

    private static var decoder: SystemEventDecoder {
        SystemEventDecoder(
            description: { try SegmentDescription.decode($0) },
            configuration: { bytes in
                let change = try ConfigurationChange.decode(bytes)
                return .init(
                    set: change.integrations.compactMap { name, definition in
                        definition.map {
                            .init(name: name, isActive: $0.isActive, fields: RowFields($0))
                        }
                    },
                    removed: change.integrations.filter { $0.definition == nil }.map(\.name))
            },
            integrationName: { try IntegrationReference.decode($0).integration },
            receipt: { try Receipt.decode($0) },
            resyncRequest: { try ResyncRequest.decode($0) },
            resyncResult: { try ResyncResult.decode($0) },
            lane: { try LaneKey.decode($0) },
            parkedChange: { try ParkedChange.decode($0) },
            parkedSelection: { try ParkedSelection.decode($0) },
            deliveryStart: { try DeliveryStart.decode($0) },
            adoption: { try LaneAdoption.decode($0) },
            grade: { try GradeRecord.decode($0) })
    }
}
