internal import Foundation

/// The current engine of ClickHouse, as the library chdb, behind a small server of ours
/// (`chdb_server.py`) with one session in a temporary directory.
package final class ClickHouseEngine: ClickHouse {
    /// One engine for all suites of a test process, started at first use.
    package static let shared = Result { try ClickHouseEngine() }

    package let port: Int
    private let http: HTTPClient
    private let keeper: ServerKeeper

    package init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let repository = folder.deletingLastPathComponent().deletingLastPathComponent()
        let python = repository.appending(path: ".build-python/bin/python").path
        guard try runToEnd([python, "-c", "import chdb"]).status == 0 else {
            throw ServerProblem(
                description: "ClickHouse's engine (chdb) is missing: run Tests/python-tools.sh "
                    + "(make setup-test does)")
        }
        let port = try LoopbackPort.free()
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "segledger-chdb-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        let script = folder.appending(path: "chdb_server.py").path
        keeper = try ServerKeeper(
            [python, "-B", script, "\(port)", "\(directory)/data"], directory: directory,
            stoppingWith: "KILL")
        http = HTTPClient(port: port)
        self.port = port
        try keeper.waitUntilReady { _ = try rows("SELECT 1") }
    }

    package func run(_ sql: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        try http.post(sql)
    }

    package func stop() {
        keeper.stop()
    }
}
