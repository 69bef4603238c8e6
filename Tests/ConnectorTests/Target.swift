import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// A connector as the conformance suite runs it: its kind, over one of the servers that it reaches.
struct TargetVariant: Sendable, CustomTestStringConvertible {
    /// What a target does otherwise than the suite asks.
    enum Exception: Hashable, Sendable {
        /// A query is committed as it runs, and a failed one is not taken back.
        case noTransactions
        /// Two rows of one key are two rows.
        case noUniqueKeys
        /// CHECK is not part of a table.
        case noChecks
        /// The server does not say how many rows a query wrote.
        case noRowCounts
        /// Rows behind VALUES are data: what does not parse there counts as a wrong value.
        case rowsAreData
    }

    let kind: ConnectorKind
    let testDescription: String
    /// With the reason, which the suite prints where it skips something.
    let exceptions: [Exception: String]
    let make: @Sendable () throws -> Target

    init(
        _ kind: ConnectorKind, over server: String, exceptions: [Exception: String] = [:],
        make: @escaping @Sendable () throws -> Target
    ) {
        self.kind = kind
        testDescription = "\(kind.rawValue) over \(server)"
        self.exceptions = exceptions
        self.make = make
    }

    /// Whether a rule is not asked of this target; says so, and why.
    func isExcused(_ exception: Exception, _ rule: String = #function) -> Bool {
        guard let reason = exceptions[exception] else { return false }
        print("\(testDescription): \(rule) is not asked in full: \(reason)")
        return true
    }

    static let all: [TargetVariant] =
        [
            TargetVariant(.sqlite, over: "a file") { try Target(.sqlite) },
            TargetVariant(.postgresql, over: "PostgreSQL") { try Target(.postgresql) },
            TargetVariant(.mysql, over: "MariaDB") { try Target(.mysql) },
            .clickHouseServer, .clickHouseEngine,
        ] + overODBC
}

/// A target of the conformance suite: one empty database, and what differs between the kinds.
struct Target: Sendable {
    let definition: ConnectorDefinition
    /// Whose SQL the server behind the connector reads.
    let sqlKind: ConnectorKind
    let directory: TemporaryDirectory?
    /// How ClickHouse is asked for `people`.
    var clickHousePeople = ""

    private let makeConnector: @Sendable (ConnectorDefinition) throws -> any Connector

    static let registry = ConnectorRegistry.all

    init(_ kind: ConnectorKind) throws {
        switch kind {
        case .sqlite:
            let directory = try TemporaryDirectory()
            self.init(kind, url: "sqlite://" + directory.path("crm.sqlite"), directory: directory)
        case .mysql: self.init(kind, url: try MariaDBServer.shared.get().makeDatabase())
        default: self.init(kind, url: try PostgresServer.shared.get().makeDatabase())
        }
    }

    /// `sqlKind`: where the server's SQL is not the kind's; `makeConnector`: where the connector is
    /// not the registry's.
    init(
        _ kind: ConnectorKind, url: String, directory: TemporaryDirectory? = nil,
        sqlKind: ConnectorKind? = nil,
        makeConnector: @escaping @Sendable (ConnectorDefinition) throws -> any Connector = {
            try registry.makeConnector($0, secret: nil)
        }
    ) {
        self.directory = directory
        self.sqlKind = sqlKind ?? kind
        self.makeConnector = makeConnector
        var definition = ConnectorDefinition(name: "warehouse", kind: kind, url: url)
        // Nothing here is about time, unless a test says so; and the machine may be busy.
        definition.connectTimeoutMilliseconds = 120_000
        definition.statementTimeoutMilliseconds = 300_000
        self.definition = definition
    }

    func connect(
        _ change: (inout ConnectorDefinition) -> Void = { _ in }
    ) async throws -> any TargetSession {
        var definition = definition
        change(&definition)
        return try await makeConnector(definition).connect()
    }

    /// A session on the database with the cursor table and `people(id int, name text unique)`.
    func prepare() async throws -> any TargetSession {
        let session = try await connect()
        _ = try await session.openCursors()
        _ = try await session.execute(sql(peopleDefinition))
        return session
    }

    private var peopleDefinition: String {
        definition.kind == .clickhouse
            ? clickHousePeople
            : "CREATE TABLE people (id integer NOT NULL CHECK (id < 100), name text UNIQUE)"
    }

    /// MySQL's and ClickHouse's texts can hold U+0000; the others refuse the value.
    var storesZeroBytes: Bool { [.mysql, .clickhouse].contains(definition.kind) }

    /// Prepares a session, and closes it before the database goes.
    func withSession(_ body: (any TargetSession) async throws -> Void) async throws {
        let session = try await prepare()
        try await body(session)
        await session.close()
        withExtendedLifetime(directory) {}
    }

    /// A query that runs for minutes.
    var longQuery: [UInt8] {
        switch sqlKind {
        case .sqlite:
            sql(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                SELECT count(*) FROM n WHERE i < 0
                """)
        case .mysql: sql("SELECT SLEEP(600)")
        case .clickhouse: sql("SELECT count() FROM system.numbers")
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

extension TargetFailure {
    /// With what of it stands in these texts of an operator's.
    func told(_ texts: String...) -> TargetFailure { told(in: QueryVocabulary(texts)) }
}

extension TargetSession {
    func cursors(of integration: String) async throws -> [SegmentID: TargetCursor] {
        let rows = try await readAllCursors(of: integration)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.segment, $0.cursor) })
    }

    func rows(_ text: String) async throws -> [[String?]] { try await query(sql(text)) }
}
