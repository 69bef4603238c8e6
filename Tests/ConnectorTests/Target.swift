import Connector
import ConnectorMySQL
import ConnectorPostgres
import ConnectorSQLite
import SegmentModel
import ServerTesting

/// A target of the conformance suite: one empty database, and what differs between the kinds.
struct Target: Sendable {
    let definition: ConnectorDefinition
    let directory: TemporaryDirectory?

    static let registry = ConnectorRegistry([
        SQLiteConnectorFactory(), PostgresConnectorFactory(), MySQLConnectorFactory(),
    ])

    /// The kinds that the suite runs over.
    static let kinds: [ConnectorKind] = [.sqlite, .postgresql, .mysql]

    init(_ kind: ConnectorKind) throws {
        switch kind {
        case .sqlite:
            let directory = try TemporaryDirectory()
            self.init(kind, url: "sqlite://" + directory.path("crm.sqlite"), directory: directory)
        case .mysql: self.init(kind, url: try MariaDBServer.shared.get().makeDatabase())
        default: self.init(kind, url: try PostgresServer.shared.get().makeDatabase())
        }
    }

    init(_ kind: ConnectorKind, url: String, directory: TemporaryDirectory? = nil) {
        self.directory = directory
        definition = ConnectorDefinition(name: "warehouse", kind: kind, url: url)
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
        _ = try await session.openCursors()
        _ = try await session.execute(
            sql("CREATE TABLE people (id integer NOT NULL CHECK (id < 100), name text UNIQUE)"))
        return session
    }

    /// MySQL's texts can hold U+0000; the others refuse the value.
    var storesZeroBytes: Bool { definition.kind == .mysql }

    /// Prepares a session, and closes it before the database goes.
    func withSession(_ body: (any TargetSession) async throws -> Void) async throws {
        let session = try await prepare()
        try await body(session)
        await session.close()
        withExtendedLifetime(directory) {}
    }

    /// A query that runs for minutes.
    var longQuery: [UInt8] {
        switch definition.kind {
        case .sqlite:
            sql(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                SELECT count(*) FROM n WHERE i < 0
                """)
        case .mysql: sql("SELECT SLEEP(600)")
        default: sql("SELECT pg_sleep(600)")
        }
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
