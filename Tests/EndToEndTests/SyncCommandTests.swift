import Foundation
import ServerTesting
import Testing

/// What `sync`, `resync` and `apply` do and say, beside the deliveries themselves.
@Suite("Sync says what it does, ends when it is told to, and leaves what the operator said")
struct SyncCommandTests {
    private let directory: TemporaryDirectory
    private let program: Program
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        program = Program(directory: directory.path(""))
        path = directory.path("crm.sqlite")
    }

    private func makeTables(at path: String? = nil) throws {
        try sqlite(Configurations.keyedTables, at: path)
    }

    @discardableResult
    private func sqlite(_ sql: String, at path: String? = nil) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-cmd", ".timeout 60000", path ?? self.path, sql]
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private func configuration(_ change: (String) -> String = { $0 }) -> String {
        change(
            Configurations.keyed(name: "crm", kind: "sqlite", url: path, start: "fill")
                .replacing("timeout: 60s", with: "timeout: 10ms"))
    }

    private func append(_ profiles: Range<Int>, to segment: Int = 1) throws {
        let members = profiles.map { #"{"id":"p\#($0)","fields":{"CustomID":"C\#($0)"}}"# }
        let event =
            #"{"type":"profiles_added","segment_id":\#(segment),"profiles":["#
            + members.joined(separator: ",") + "]}"
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
    }

    private var rowCount: String {
        get throws { try sqlite("SELECT count(*) FROM mysegment") }
    }

    @Test("SIGTERM and SIGINT end a run without an end in order, with 0")
    func ends() throws {
        try makeTables()
        try program.apply(configuration())
        try append(0..<3)
        for signal in [SIGTERM, SIGINT] {
            let sync = try program.start(["sync"])
            while sync.isRunning, try !sync.errorsSoFar.contains("started") {}
            while sync.isRunning, try rowCount != "3" {}
            sync.send(signal)
            let result = try sync.wait()
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("integration crm: started"))
            #expect(result.errors.contains("sync ended"))
        }
    }

    @Test("A target that comes back is told of once, and what stops with its hint")
    func told() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(Configurations.keyedTables, url: url)
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.stop() }
        proxy.setDown(true)
        let reached = url.replacing(":\(server.port)/", with: ":\(proxy.port)/")
        try program.apply(
            Configurations.keyed(name: "crm", kind: "postgresql", url: reached, start: "beginning"))
        try append(0..<1000)
        let sync = try program.start(["sync"])
        while sync.isRunning,
            try program.run("errors", "crm", "--json").output.contains("connection") == false
        {}
        _ = try server.run("DROP TABLE mysegment", url: url)
        proxy.setDown(false)
        let result = try sync.wait()
        #expect(result.status == 5)
        let lines = result.errors.split(separator: "\n").map(String.init)
        #expect(lines.count { $0 == "segledger: integration crm: goes on" } == 1, "\(lines)")
        #expect(lines.contains { $0.contains("crm: ") && $0.contains("tried again in") })
        let stop = lines.first {
            $0.contains("crm, segment 1, add_profiles, table mysegment: stopped: ")
        }
        #expect(stop?.contains("mysegment") == true, "\(lines)")
        #expect(stop?.contains("segledger integrations resume crm") == true, "\(lines)")
    }

    @Test(
        "--give-up-after ends a query that is held up, long before its own timeout",
        .timeLimit(.minutes(2)))
    func givesUp() throws {
        try makeTables()
        try program.apply(
            configuration { $0.replacing("\" }", with: "\", statement_timeout: 20m }") })
        try append(0..<3)
        let lock = try LockingClient.sqlite(path)
        let sync = try program.run("sync", "--until-idle", "--give-up-after", "1")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("nothing could be delivered for 1 s"), "\(sync.errors)")
        #expect(sync.errors.contains("--give-up-after"))
        let resync = try program.run("resync", "crm", "--give-up-after", "1")
        #expect(resync.status == 5)
        #expect(resync.errors.contains("nothing could be delivered for 1 s"), "\(resync.errors)")
        try lock.release()
        // The hints: look for the lock, or wait longer.
        #expect(try program.run("sync", "--until-idle", "--give-up-after", "60").status == 0)
        #expect(try rowCount == "3")
    }

    @Test("A fill and a rebuild are counted, in words and as JSON")
    func counts() throws {
        try makeTables()
        try append(0..<137)
        try program.apply(configuration())
        let filled = try program.run("sync", "--until-idle")
        #expect(filled.output == "crm: done, 137 changes delivered\n")
        let rebuilt = try program.run("resync", "crm", "--json").json["integrations"]
        let outcome = try #require((rebuilt as? [[String: Any]])?.first)
        #expect(outcome["delivered_changes"] as? Int == 137)
    }

    @Test("Applying a file leaves a pause, unless it says active, and says which")
    func pause() throws {
        try makeTables()
        try program.apply(configuration())
        #expect(try program.run("integrations", "pause", "crm").status == 0)
        try append(0..<3)
        let waiting = try program.run("sync", "--until-idle")
        #expect(waiting.status == 5)
        #expect(waiting.errors.contains("hint: segledger integrations resume crm"))
        func apply(_ change: (String) -> String) throws -> String {
            let file = directory.path("again.yaml")
            try configuration(change).write(toFile: file, atomically: true, encoding: .utf8)
            return try program.run("apply", file).output
        }
        let size = try apply { $0.replacing("size: 1000", with: "size: 500") }
        #expect(size.contains("integration crm applied; it stays paused"))
        #expect(try program.run("sync", "--until-idle").status == 5)
        #expect(try rowCount == "0")
        let active = try apply {
            $0.replacing("    connector: crm\n", with: "    connector: crm\n    active: true\n")
        }
        #expect(active.contains("integration crm applied; it is resumed"))
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try rowCount == "3")
        // The hint, on another pause.
        #expect(try program.run("integrations", "pause", "crm").status == 0)
        try append(3..<4)
        #expect(try program.run("integrations", "resume", "crm").status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
    }

    @Test("A rebuild is asked for once, however often, and stands in status until it is done")
    func pendingResync() throws {
        try makeTables()
        try program.apply(configuration())
        try append(0..<3)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let away = directory.path("away.sqlite")
        try FileManager.default.moveItem(atPath: path, toPath: away)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        for _ in 0..<3 {
            #expect(try program.run("resync", "crm", "--give-up-after", "0").status == 5)
        }
        let text = try program.run("status").output
        #expect(text.contains("crm: a rebuild of 1 segment is pending since "), "\(text)")
        func pending() throws -> Int? {
            let lines = try program.run("status", "--json").json["integrations"]
            let line = (lines as? [[String: Any]])?.first
            return (line?["pending_resyncs"] as? [Any])?.count
        }
        #expect(try pending() == 1)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: away, toPath: path)
        #expect(try program.run("integrations", "resume", "crm").status == 0)
        // As the line says.
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try pending() == 0)
        let stats = try program.run("stats", "crm", "--json").output
        #expect(stats.contains(#""clear_segment":{"successful_queries":1,"#), "\(stats)")
        #expect(try rowCount == "3")
    }

    @Test("A fault that shows before a connection is made stands in status")
    func faultInStatus() throws {
        let url = "postgresql://sync@127.0.0.1:9/crm"
        try program.apply(
            Configurations.keyed(name: "crm", kind: "postgresql", url: url)
                .replacing("crm\" }", with: "crm\", password: { env: SEGLEDGER_NOT_SET } }"))
        for _ in 0..<2 {
            #expect(try program.run("sync", "--until-idle", "--give-up-after", "0").status != 0)
        }
        let status = try program.run("status", "--json").output
        #expect(status.contains("SEGLEDGER_NOT_SET"), "\(status)")
        let errors = try program.run("errors", "crm", "--json").output
        #expect(errors.components(separatedBy: "configuration_invalid").count == 2, "\(errors)")
    }

    @Test("A path from the working directory means one file, wherever delivery starts")
    func relativePath() throws {
        let (office, cron) = (directory.path("office"), directory.path("cron"))
        for folder in [office, cron] {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
        }
        try makeTables(at: office + "/crm.sqlite")
        for url in ["crm.sqlite", "./crm.sqlite", "sqlite:crm.sqlite"] {
            let file = directory.path("relative.yaml")
            try Configurations.keyed(name: "crm", kind: "sqlite", url: url).write(
                toFile: file, atomically: true, encoding: .utf8)
            var there = program
            there.workingDirectory = office
            #expect(try there.run("apply", file).status == 0)
            try append(0..<3)
            there.workingDirectory = cron
            let sync = try there.run("sync", "--until-idle")
            #expect(sync.status == 0, "\(sync.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: cron).isEmpty)
            #expect(
                try sqlite("SELECT count(*) FROM mysegment", at: office + "/crm.sqlite") == "3")
        }
    }
}
