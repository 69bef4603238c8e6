import ServerTesting

/// An empty database of a kind, and an eye of its own on it.
struct Target {
    let kind: String
    let url: String

    /// An SQLite file in `directory`, or a new database of the shared server.
    init(_ kind: String, in directory: TemporaryDirectory) throws {
        self.kind = kind
        url =
            switch kind {
            case "sqlite": directory.path("target.db")
            case "mysql": try MariaDBServer.shared.get().makeDatabase()
            default: try PostgresServer.shared.get().makeDatabase()
            }
    }

    /// Runs SQL; rows one a line, columns parted by `|`.
    func run(_ sql: String) throws -> String {
        switch kind {
        case "sqlite": try sqlite(url, sql)
        case "mysql": try MariaDBServer.shared.get().run(sql, url: url)
        default: try PostgresServer.shared.get().run(sql, url: url)
        }
    }
}
