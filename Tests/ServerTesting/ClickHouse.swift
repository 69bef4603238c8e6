/// A ClickHouse of the test process's own, that answers SQL over HTTP.
package protocol ClickHouse: Sendable {
    var port: Int { get }

    /// Runs one statement, sent byte for byte: the status (200 for success) and what came back,
    /// rows as TabSeparated or the error's text, which begins with `Code: N`. Callers take turns.
    func run(_ sql: [UInt8]) throws -> (status: Int, body: [UInt8])

    /// Stops at once, waits for the end and removes what was stored. May be called again.
    func stop()
}

extension ClickHouse {
    /// The URL of a new, empty database.
    package func makeDatabase() throws -> String {
        let name = newDatabaseName()
        _ = try rows("CREATE DATABASE \(name)")
        return url(database: name)
    }

    package func url(user: String = "default", database: String) -> String {
        "clickhouse://\(user)@127.0.0.1:\(port)/\(database)"
    }

    /// Runs one statement and returns its rows as text.
    ///
    /// - Throws: `ServerProblem` with the error's text.
    package func rows(_ sql: String) throws -> String {
        let (status, body) = try run(Array(sql.utf8))
        let text = String(decoding: body, as: UTF8.self)
        guard status == 200 else { throw ServerProblem(description: text) }
        return text
    }
}
