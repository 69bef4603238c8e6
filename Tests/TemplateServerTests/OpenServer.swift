import Connector
import Foundation
import KindTesting
import SegmentModel
import ServerTesting

/// A connection to a `ServerUnderTest` with two tables of its own.
final class OpenServer {
    /// Takes the values.
    let table: String
    /// Holds one row that nothing may touch.
    let canary: String
    private let server: ServerUnderTest
    let session: any TargetSession
    private let directory: TemporaryDirectory?
    /// A server that was started for this connection.
    private let ownServer: MariaDBServer?

    init(_ server: ServerUnderTest) async throws {
        self.server = server
        let suffix = UUID().uuidString.lowercased().filter { $0 != "-" }
        table = "v_" + suffix
        canary = "canary_" + suffix
        var directory: TemporaryDirectory?
        var ownServer: MariaDBServer?
        let url: String
        switch server.link {
        case .clickHouse(let isCurrentEngine):
            let house: any ClickHouse =
                isCurrentEngine
                ? try ClickHouseEngine.shared.get() : try ClickHouseServer.shared.get()
            url = try house.makeDatabase()
        case .session(.sqlite):
            let made = try TemporaryDirectory()
            directory = made
            url = "sqlite://" + made.path("values.sqlite")
        case .session(.mysql):
            if !server.options.isEmpty { ownServer = try MariaDBServer(options: server.options) }
            url = try (ownServer ?? MariaDBServer.shared.get()).makeDatabase()
        case .session: url = try PostgresServer.shared.get().makeDatabase()
        }
        var definition = ConnectorDefinition(
            name: "values", kind: server.rules.kind, url: url)
        definition.sqlSettings = server.rules.settings
        session = try await ConnectorRegistry.all.makeConnector(definition, secret: nil).connect()
        self.directory = directory
        self.ownServer = ownServer
        _ = try await execute(Array(server.tableDefinition(table).utf8))
        let engine =
            server.rules.kind == .clickhouse
            ? "(n Int64) ENGINE = MergeTree ORDER BY n" : "(n bigint)"
        _ = try await execute(Array("CREATE TABLE \(canary) \(engine)".utf8))
        _ = try await execute(Array("INSERT INTO \(canary) VALUES (7)".utf8))
    }

    /// Runs SQL; the rows that it says to have written, where the database says it.
    func execute(_ sql: [UInt8]) async throws -> Int? {
        let count = try await session.execute(sql)
        if case .clickHouse(isCurrentEngine: false) = server.link { return nil }
        return count
    }

    func empty() async throws {
        let verb = server.rules.kind == .clickhouse ? "TRUNCATE TABLE" : "DELETE FROM"
        _ = try await execute(Array("\(verb) \(table)".utf8))
    }

    /// The rows, as hexadecimal texts behind their number.
    func rows() async throws -> [[String?]] { try await query(server.question(table)) }

    func isCanaryWhole() async throws -> Bool {
        try await query("SELECT n FROM \(canary)") == [["7"]]
    }

    private func query(_ sql: String) async throws -> [[String?]] {
        try await session.query(Array(sql.utf8))
    }

    func close() async {
        await session.close()
        ownServer?.stop()
        withExtendedLifetime(directory) {}
    }
}
