internal import Foundation

/// A PostgreSQL server of the test process's own: a new cluster in a temporary directory, on a free
/// port of 127.0.0.1, without passwords (user `postgres`) and without TLS.
package final class PostgresServer: Sendable {
    /// One server for all suites of a test process, started at first use.
    package static let shared = Result { try PostgresServer() }

    package let port: Int
    private let programs: String
    private let keeper: ServerKeeper

    /// The path of psql.
    var client: String { "\(programs)/psql" }

    /// `options` are settings for the server, for example `fsync=off`.
    package init(options: [String] = []) throws {
        let programs = try Self.findPrograms()
        let port = try LoopbackPort.free()
        let user = ServerUser(name: "postgres")
        let directory = try user.makeDirectory("postgres")
        let data = "\(directory)/data"
        try runOrThrow(
            user.prefix + [
                "\(programs)/initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--no-locale",
                "--auth=trust", "--no-sync",
            ])
        var settings = [
            "listen_addresses=127.0.0.1", "port=\(port)", "unix_socket_directories=\(directory)",
            "max_connections=200",
        ]
        if Self.hasStatementStatistics(programs: programs) {
            settings.append("shared_preload_libraries=pg_stat_statements")
        }
        let command =
            user.prefix + ["\(programs)/postgres", "-D", data]
            + (settings + options).flatMap { ["-c", $0] }
        keeper = try ServerKeeper(command, directory: directory, stoppingWith: "QUIT")
        try keeper.waitUntilReady {
            try runOrThrow(["\(programs)/pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"])
        }
        self.programs = programs
        self.port = port
    }

    /// Stops at once, waits for the end and removes the directory. May be called again.
    package func stop() {
        keeper.stop()
    }

    /// Ends the server; its data stay. `startAgain` brings it back on the same port.
    package func end(_ how: ServerEnd) {
        keeper.end(with: how == .orderly ? "INT" : "KILL")
    }

    package func startAgain() throws {
        keeper.startAgain()
        try keeper.waitUntilReady { _ = try run("SELECT 1") }
    }

    /// A connector's URL of a database.
    package func url(database: String = "postgres") -> String {
        "postgresql://postgres@127.0.0.1:\(port)/\(database)"
    }

    /// Creates a database with a new name and returns its URL.
    package func makeDatabase(encoding: String = "UTF8") throws -> String {
        let name = newDatabaseName()
        _ = try run(
            encoding == "UTF8"
                ? "CREATE DATABASE \(name)"
                : "CREATE DATABASE \(name) ENCODING '\(encoding)' TEMPLATE template0 LOCALE 'C'")
        return url(database: name)
    }

    /// Runs SQL with psql and returns its rows, one a line, columns parted by `|`.
    package func run(_ sql: String, url: String? = nil) throws -> String {
        let result = try runToEnd([
            client, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
            url ?? self.url(), "-c", sql,
        ])
        guard result.status == 0 else { throw ServerProblem(description: result.output) }
        return result.output.trimmingCharacters(in: .newlines)
    }

    /// A session that keeps the locks which `statement`, that returns nothing, has taken.
    package func lock(url: String, taking statement: String) throws -> LockingClient {
        try LockingClient(
            [client, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url],
            taking: "BEGIN; \(statement)")
    }

    private static func findPrograms() throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newestFirst = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        let candidates =
            newestFirst.map { "\(root)/\($0)/bin" } + path.split(separator: ":").map(String.init)
        let found = candidates.first { directory in
            ["initdb", "postgres", "psql", "pg_isready"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)")
            }
        }
        guard let found else {
            throw ServerProblem(
                description: "PostgreSQL's server programs are missing: install the package "
                    + "postgresql (make test does)")
        }
        return found
    }

    private static func hasStatementStatistics(programs: String) -> Bool {
        let library = try? runToEnd(["\(programs)/pg_config", "--pkglibdir"])
        let folder = library?.output.trimmingCharacters(in: .newlines) ?? ""
        return FileManager.default.fileExists(atPath: "\(folder)/pg_stat_statements.so")
    }
}
