import Connector
import ConnectorPostgres
import ConnectorSQLite
import SegmentModel
import ServerTesting

/// A target of the conformance suite: one empty database, and what differs between the kinds.
struct Target: Sendable {
    let definition: ConnectorDefinition
    let directory: TemporaryDirectory?

    static let registry = ConnectorRegistry([SQLiteConnectorFactory(), PostgresConnectorFactory()])

    /// The kinds that the suite runs over.
    static let kinds: [ConnectorKind] = [.sqlite, .postgresql]

    init(_ kind: ConnectorKind) throws {
        switch kind {
        case .sqlite:
            let directory = try TemporaryDirectory()
            self.directory = directory
            definition = ConnectorDefinition(
                name: "warehouse", kind: kind, url: "sqlite://" + directory.path("crm.sqlite"))
        default:
            directory = nil
            definition = ConnectorDefinition(
                name: "warehouse", kind: kind, url: try PostgresServer.shared.get().makeDatabase())
        }
    }

    func connect(
        _ change: (inout ConnectorDefinition) -> Void = { _ in }
    ) async throws -> any TargetSession {
        var definition = definition
        change(&definition)
        return try await Self.registry.makeConnector(definition, secret: nil).connect()
    }

    /// A session on the database with the cursor table and `people(id int, name text unique)`.
    func prepare() async throws -> any TargetSession {
        let session = try await connect()
        try await session.createCursorTable()
        _ = try await session.execute(
            sql("CREATE TABLE people (id integer NOT NULL CHECK (id < 100), name text UNIQUE)"))
        return session
    }

    /// Prepares a session, and closes it before the database goes.
    func withSession(_ body: (any TargetSession) async throws -> Void) async throws {
        let session = try await prepare()
        try await body(session)
        await session.close()
        withExtendedLifetime(directory) {}
    }

    /// A query that runs for minutes.
    var longQuery: [UInt8] {
        definition.kind == .sqlite
            ? sql(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                SELECT count(*) FROM n WHERE i < 0
                """)
            : sql("SELECT pg_sleep(600)")
    }
}

func sql(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The failure that `body` throws; nil if it throws none.
func caught(_ body: () async throws -> Void) async throws -> TargetFailure? {
    do {
        try await body()
        return nil
    } catch let failure as TargetFailure {
        return failure
    }
}

extension TargetSession {
    func rows(_ text: String) async throws -> [[String?]] { try await query(sql(text)) }
}
