import Foundation
import ServerTesting

/// An empty database of a kind, and an eye of its own on it.
struct Target {
    let kind: String
    let url: String
    /// The server's; 0 for a file.
    let port: Int
    /// What is read as the journal.
    var journal = "journal"
    private let eye: @Sendable (String) throws -> String

    /// An SQLite file in `directory`, or a new database of the shared server.
    init(_ kind: String, in directory: TemporaryDirectory) throws {
        switch kind {
        case "sqlite": self.init(sqlite: directory.path("target.db"))
        case "mysql": try self.init(MariaDBServer.shared.get())
        default: try self.init(PostgresServer.shared.get())
        }
    }

    private init(sqlite path: String) {
        (kind, url, port) = ("sqlite", path, 0)
        eye = { try sqlite(path, $0) }
    }

    init(_ server: PostgresServer) throws {
        let url = try server.makeDatabase()
        (kind, self.url, port) = ("postgresql", url, server.port)
        eye = { try server.run($0, url: url) }
    }

    init(_ server: MariaDBServer) throws {
        let url = try server.makeDatabase()
        (kind, self.url, port) = ("mysql", url, server.port)
        eye = { try server.run($0, url: url) }
    }

    init(_ server: any ClickHouse) throws {
        let url = try server.makeDatabase()
        (kind, self.url, port) = ("clickhouse", url, server.port)
        let database = url.split(separator: "/").last!
        // Each statement is a request of its own.
        eye = { sql in
            let sql = sql.replacing(/(TABLE|FROM) (journal|segledger_cursor)/) {
                "\($0.1) \(database).\($0.2)"
            }
            return try server.rows(sql).trimmingCharacters(in: .newlines)
        }
    }

    /// Runs SQL; rows one a line, columns parted by `|`.
    func run(_ sql: String) throws -> String { try eye(sql) }

    /// The database's URL for a user, or through a proxy.
    func url(as user: String? = nil, through proxy: TCPProxy? = nil) -> String {
        var url = url
        if let user {
            let own = ["mysql": "root@", "clickhouse": "default@"][kind] ?? "postgres@"
            url.replace(own, with: "\(user)@")
        }
        if let proxy { url.replace(":\(port)/", with: ":\(proxy.port)/") }
        return url
    }

    /// Waits at MariaDB for the row of a table `gate`.
    static let passGate = "SELECT id INTO @ignored FROM gate WHERE id = 1 FOR UPDATE"

    /// How many sessions of the database are at the gate. (`innodb_trx` says nothing new to who
    /// asks often.)
    func sessionsAtGate() throws -> Int? {
        Int(
            try run(
                """
                SELECT count(*) FROM information_schema.processlist
                WHERE db = DATABASE() AND info LIKE 'SELECT id INTO%'
                """))
    }
}
