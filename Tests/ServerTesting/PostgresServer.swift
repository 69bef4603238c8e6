internal import Foundation
internal import Glibc
internal import Synchronization

/// A PostgreSQL server of the test process's own: a new cluster in a temporary directory, on a free
/// port of 127.0.0.1, without passwords (user `postgres`) and without TLS.
///
/// The server runs under a shell that waits for the end of its standard input, and then stops the
/// server and removes the directory: so nothing stays behind, however the test process ends.
package final class PostgresServer: Sendable {
    /// One server for all suites of a test process, started at first use.
    package static let shared = Result { try PostgresServer() }

    package let port: Int
    private let programs: String
    private let keeper: Mutex<Keeper?>

    /// The path of psql.
    var client: String { "\(programs)/psql" }

    private struct Keeper: @unchecked Sendable {  // only touched under `keeper`'s lock
        let process: Process
        let input: Pipe
    }

    /// `options` are settings for the server, for example `fsync=off`.
    package init(options: [String] = []) throws {
        programs = try Self.findPrograms()
        port = try Self.freePort()
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "segledger-postgres-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        let user = geteuid() == 0 ? Self.unprivileged : []
        if !user.isEmpty { try Self.require(["chown", "postgres:", directory]) }
        let data = "\(directory)/data"
        try Self.require(
            user + [
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
            user + ["\(programs)/postgres", "-D", data]
            + (settings + options).flatMap { ["-c", $0] }
        keeper = Mutex(try Self.start(command, directory: directory))
        try waitUntilReady(log: "\(directory)/log")
        Self.stopAtExit(self)
    }

    deinit {
        stop()
    }

    /// Stops at once (SIGQUIT), waits for the end and removes the directory. May be called again.
    package func stop() {
        guard let keeper = keeper.withLock({ $0.take() }) else { return }
        keeper.input.fileHandleForWriting.closeFile()
        keeper.process.waitUntilExit()
    }

    /// A connector's URL of a database.
    package func url(database: String = "postgres") -> String {
        "postgresql://postgres@127.0.0.1:\(port)/\(database)"
    }

    /// Creates a database with a new name and returns its URL.
    package func makeDatabase() throws -> String {
        let name = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        _ = try run("CREATE DATABASE \(name)")
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

    // MARK: Starting

    private static let unprivileged = [
        "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
    ]

    /// `$1` is the directory, the rest is the server's command.
    private static let keeperScript = """
        trap : INT TERM HUP
        directory=$1; shift
        cd "$directory"
        "$@" >"$directory/log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -QUIT "$server" 2>/dev/null
        wait "$server"
        cd /; rm -rf "$directory"
        """

    private static func start(_ command: [String], directory: String) throws -> Keeper {
        let process = Process()
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", keeperScript, "sh", directory] + command
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        try process.run()
        return Keeper(process: process, input: input)
    }

    private func waitUntilReady(log: String) throws {
        for _ in 0..<300 {
            let probe = ["\(programs)/pg_isready", "-q", "-h", "127.0.0.1", "-p", "\(port)"]
            if try runToEnd(probe).status == 0 { return }
            usleep(100_000)
        }
        let text = try? String(contentsOfFile: log, encoding: .utf8)
        stop()
        throw ServerProblem(
            description: "the test server did not come up: \(text ?? "it wrote no log")")
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

    private static func require(_ command: [String]) throws {
        let result = try runToEnd(command)
        guard result.status == 0 else {
            throw ServerProblem(
                description: "\(command.joined(separator: " ")) failed: \(result.output)")
        }
    }

    /// A port that was free a moment ago.
    package static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0 else { throw ServerProblem(description: "no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: Stopping with the process

    private static let running = Mutex<[PostgresServer]>([])

    private static func stopAtExit(_ server: PostgresServer) {
        let isFirst = running.withLock {
            $0.append(server)
            return $0.count == 1
        }
        guard isFirst else { return }
        atexit {
            for server in PostgresServer.running.withLock({ $0 }) { server.stop() }
        }
    }
}
