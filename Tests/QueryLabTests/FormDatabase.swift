import Connector
import KindTesting
import SegmentModel
import ServerTesting

/// A database of its own with the tables that samples and hints speak of.
final class FormDatabase {
    static let kinds: [ConnectorKind] = [.postgresql, .mysql, .sqlite, .clickhouse]

    let definition: ConnectorDefinition
    let session: any TargetSession
    private let directory: TemporaryDirectory?

    /// - Parameter tables: what is to be there besides, or nil for the tables of the samples.
    init(_ kind: ConnectorKind, tables: String? = nil) async throws {
        var directory: TemporaryDirectory?
        let url: String
        switch kind {
        case .postgresql: url = try PostgresServer.shared.get().makeDatabase()
        case .mysql: url = try MariaDBServer.shared.get().makeDatabase()
        case .clickhouse: url = try ClickHouseEngine.shared.get().makeDatabase()
        default:
            let made = try TemporaryDirectory()
            directory = made
            url = "sqlite://" + made.path("forms.sqlite")
        }
        self.directory = directory
        var definition = ConnectorDefinition(name: "forms", kind: kind, url: url)
        // Nothing here is about time, and the machine may be busy.
        definition.connectTimeoutMilliseconds = 120_000
        definition.statementTimeoutMilliseconds = 300_000
        self.definition = definition
        session = try await ConnectorRegistry.all.makeConnector(definition, secret: nil).connect()
        try await run(tables ?? Self.tables(kind))
    }

    private static func tables(_ kind: ConnectorKind) -> String {
        guard kind == .clickhouse else {
            let text = kind == .mysql ? "varchar(100)" : "text"
            return """
                CREATE TABLE m (s bigint, c \(text), n \(text), UNIQUE (s, c));
                CREATE TABLE u (s bigint, c \(text));
                """
        }
        return """
            CREATE TABLE m (s Int64, c String, n String) ENGINE = MergeTree ORDER BY (s, c);
            CREATE TABLE u (s Int64, c String) ENGINE = MergeTree ORDER BY s;
            """
    }

    func run(_ sql: String) async throws { _ = try await session.execute(Array(sql.utf8)) }

    /// The database's refusal of a query; nil: it runs. Taken back where that is possible.
    func refusal(of sql: [UInt8]) async throws -> TargetFailure? {
        try await session.begin()
        var refusal: TargetFailure?
        do {
            _ = try await session.query(sql)
        } catch let failure as TargetFailure where !failure.isConnectionLost {
            refusal = failure
        }
        try await session.rollback()
        return refusal
    }

    func close() async {
        await session.close()
        withExtendedLifetime(directory) {}
    }
}
