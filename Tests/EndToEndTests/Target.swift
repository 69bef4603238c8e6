import ServerTesting

/// An empty database of either kind, and an eye of its own on it.
struct Target {
    let kind: String
    let url: String

    /// An SQLite file in `directory`, or a new database of the shared server.
    init(_ kind: String, in directory: TemporaryDirectory) throws {
        self.kind = kind
        url =
            kind == "sqlite"
            ? directory.path("target.db") : try PostgresServer.shared.get().makeDatabase()
    }

    /// Runs SQL; rows one a line, columns parted by `|`.
    func run(_ sql: String) throws -> String {
        kind == "sqlite" ? try sqlite(url, sql) : try PostgresServer.shared.get().run(sql, url: url)
    }
}
