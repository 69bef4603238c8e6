internal import Foundation

/// A MariaDB server of the test process's own: a new data directory in a temporary directory, on a
/// free port of 127.0.0.1, without passwords (user `root`) and, unless options say so, without TLS.
package final class MariaDBServer: Sendable {
    /// One server for all suites of a test process, started at first use.
    package static let shared = Result { try MariaDBServer() }

    package let port: Int
    private let client: String
    private let keeper: ServerKeeper

    /// `options` are options of mariadbd without the dashes, for example `sql-mode=ANSI`.
    package init(options: [String] = []) throws {
        let program = try ProgramSearch.find("mariadbd", package: "mariadb-server")
        let installer = try ProgramSearch.find("mariadb-install-db", package: "mariadb-server")
        let client = try ProgramSearch.find("mariadb", package: "mariadb-server")
        let port = try LoopbackPort.free()
        let user = ServerUser(name: "mysql")
        let directory = try user.makeDirectory("mariadb")
        let data = "--datadir=\(directory)/data"
        try runOrThrow(
            user.prefix + [
                installer, "--no-defaults", data, "--auth-root-authentication-method=normal",
                "--skip-test-db", "--tmpdir=\(directory)",
            ])
        let settings = [
            "bind-address=127.0.0.1", "port=\(port)", "socket=\(directory)/socket",
            "pid-file=\(directory)/pid", "tmpdir=\(directory)", "skip-log-bin",
            "max-connections=200", "max-allowed-packet=256M", "innodb-buffer-pool-size=64M",
            "innodb-flush-log-at-trx-commit=0",
        ]
        let command =
            user.prefix + [program, "--no-defaults", data]
            + (settings + options).map { "--\($0)" }
        keeper = try ServerKeeper(command, directory: directory, stoppingWith: "KILL")
        self.client = client
        self.port = port
        try keeper.waitUntilReady { _ = try run("SELECT 1") }
    }

    /// Stops at once, waits for the end and removes the directory. May be called again.
    package func stop() {
        keeper.stop()
    }

    /// Ends the server; its data stay. `startAgain` brings it back on the same port.
    package func end(_ how: ServerEnd) {
        keeper.end(with: how == .orderly ? "TERM" : "KILL")
    }

    package func startAgain() throws {
        keeper.startAgain()
        try keeper.waitUntilReady { _ = try run("SELECT 1") }
    }

    /// A connector's URL of a database.
    package func url(database: String) -> String {
        "mysql://root@127.0.0.1:\(port)/\(database)"
    }

    /// Creates a database with a new name, where texts are compared byte by byte, and returns its
    /// URL. `characters`: what else its tables and routines have by default.
    package func makeDatabase(
        characters: String = "utf8mb4 COLLATE utf8mb4_nopad_bin"
    ) throws -> String {
        let name = newDatabaseName()
        _ = try run("CREATE DATABASE \(name) CHARACTER SET \(characters)")
        return url(database: name)
    }

    /// Runs SQL with the server's own client and returns its rows, one a line, columns parted by
    /// `|`.
    package func run(_ sql: String, url: String? = nil) throws -> String {
        let result = try runToEnd(command(["--execute=\(sql)"], url: url))
        guard result.status == 0 else { throw ServerProblem(description: result.output) }
        return result.output.trimmingCharacters(in: .newlines)
            .replacingOccurrences(of: "\t", with: "|")
    }
    /// A session that keeps the locks which `statements`, that return nothing, have taken in one
    /// transaction.
    package func lock(
        url: String, user: String = "root", taking statements: String
    ) throws -> LockingClient {
        try LockingClient(
            command(["--unbuffered"], url: url, user: user), taking: "BEGIN; \(statements)")
    }

    private func command(
        _ arguments: [String], url: String?, user: String = "root"
    ) -> [String] {
        let database = url.flatMap { $0.split(separator: "/").last.map(String.init) }
        return [
            client, "--no-defaults", "--host=127.0.0.1", "--port=\(port)", "--user=\(user)",
            "--default-character-set=utf8mb4", "--skip-column-names", "--batch", "--raw",
        ] + arguments + (database.map { [$0] } ?? [])
    }
}
