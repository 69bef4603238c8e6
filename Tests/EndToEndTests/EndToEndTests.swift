import Foundation
import ServerTesting
import Testing

/// The program as a whole, against real files and a real PostgreSQL.
@Suite(.serialized) struct EndToEndTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func generate(_ changes: Int, seed: UInt64) throws -> Data {
        let result = try program.run(
            "generate", "--profiles", "900", "--segments", "5", "--changes", "\(changes)",
            "--seed", "\(seed)")
        #expect(result.status == 0)
        return Data(result.output.utf8)
    }

    /// `segId|clientId` of all members, as the ledger knows them.
    private func expectedRows() throws -> [String] {
        var expected: [String] = []
        for segment in 1...5 {
            let members = try program.run("audit", "members", "\(segment)")
            #expect(members.status == 0, "\(members.errors)")
            for id in members.output.split(separator: "\n") {
                let number = Int(id.dropFirst())!
                let custom = number % 97 == 0 ? "O'N-\(number)" : "C-\(number)"
                expected.append("\(segment)|\(custom)")
            }
        }
        return expected.sorted()
    }

    @Test("Both targets equal the membership after delivery, and repeats change nothing")
    func delivery() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let file = scratch.path("target.db")
        _ = try server.run(Configurations.keyedTables, url: url)
        _ = try sqlite(file, Configurations.keyedTables)
        let events = try generate(20_000, seed: 1)
        let half = events.count / 2
        let cut = events[half...].firstIndex(of: 0x0A)! + 1
        #expect(try program.run("append", input: events[..<cut]).status == 0)
        try program.apply(Configurations.keyed(name: "crm", kind: "sqlite", url: file))
        try program.apply(Configurations.keyed(name: "bi", kind: "postgresql", url: url, size: 77))
        for part in [Data(), events[cut...], events] {
            #expect(try program.run("append", input: Data(part)).status == 0)
            let sync = try program.run("sync", "--until-idle", "--json")
            #expect(sync.status == 0, "\(sync.errors)")
        }
        let expected = try expectedRows()
        #expect(expected.count > 100)
        let query = "SELECT segId || '|' || clientId FROM mysegment"
        #expect(rows(try sqlite(file, query)) == expected)
        #expect(rows(try server.run(query, url: url)) == expected)
        let names = try sqlite(file, "SELECT name FROM segments ORDER BY segment_id")
        #expect(names.contains("O'Brien's list 3"))
        #expect(names.contains("\"Spring\" offer 4"))
        #expect(
            try server.run("SELECT name FROM segments ORDER BY segment_id", url: url) == names)
        let status = try program.run("status", "--json").json
        for integration in status["integrations"] as! [[String: Any]] {
            #expect(integration["lag_events"] as? Int == 0)
            #expect(integration["grade"] as? String == "exactly-once")
            #expect(integration["state"] as? String == "active")
        }
    }

    @Test("stats counts the successful queries that PostgreSQL itself counted")
    func statistics() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(
            "CREATE EXTENSION pg_stat_statements; " + Configurations.keyedTables, url: url)
        try program.apply(
            Configurations.keyed(
                name: "bi", kind: "postgresql", url: url, size: 100, start: "beginning"))
        #expect(try program.run("append", input: try generate(5000, seed: 2)).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let counted = try server.run(
            """
            SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database()
            AND (query LIKE '%mysegment%' OR query LIKE '%INTO segments%')
            AND query NOT LIKE '%pg_stat%' AND query NOT LIKE 'CREATE%'
            """, url: url)
        let stats = try program.run("stats", "bi", "--json").json
        #expect(stats["successful_queries"] as? Int == Int(counted))
        #expect(stats["failed_queries"] as? Int == 0)
    }

    @Test(
        "INV-6: killed at random moments, no row is lost or doubled in a table without a key",
        arguments: ["sqlite", "postgresql", "mysql"])
    func killed(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keylessTable)
        var random = SeededGenerator()
        try program.apply(Configurations.keyless(kind: kind, url: target.url, size: 10))
        #expect(try program.run("append", input: try generate(8000, seed: 3)).status == 0)
        for _ in 0..<20 {
            let sync = try program.start(["sync", "--until-idle"])
            let microseconds = UInt32.random(in: 20_000...260_000, using: &random)
            usleep(microseconds)
            sync.kill()
            _ = try sync.wait()
        }
        let last = try program.run("sync", "--until-idle")
        #expect(last.status == 0, "\(last.errors)")
        let log = try program.run("audit", "log", "--json")
        var changes = 0
        var expected: [String: Int] = [:]
        for line in log.output.split(separator: "\n") {
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
            let type = event["type"] as! String
            guard type == "profiles_added" || type == "profiles_removed" else { continue }
            changes += event["profiles"] as! Int
            let key = "\(event["segment_id"] as! Int)|\(type == "profiles_added" ? 1 : -1)"
            expected[key, default: 0] += event["profiles"] as! Int
        }
        #expect(
            Int(try target.run("SELECT count(*) FROM journal")) == changes,
            "seed \(SeededGenerator.seed)")
        let found = try target.run(
            "SELECT segId, sign, count(*) FROM journal GROUP BY segId, sign")
        #expect(
            rows(found) == expected.map { "\($0.key)|\($0.value)" }.sorted(),
            "seed \(SeededGenerator.seed)")
        let stats = try program.run("stats", "log", "--json").json
        #expect(stats["profiles"] as? Int == changes, "seed \(SeededGenerator.seed)")
        let verify = try program.run("verify")
        #expect(verify.status == 0, "\(verify.errors)")
    }

    @Test("INV-8: a resync mends a tampered table, and a reader never sees it empty or partial")
    func resync() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(Configurations.keyedTables, url: url)
        try program.apply(Configurations.keyed(name: "bi", kind: "postgresql", url: url))
        #expect(try program.run("append", input: try generate(20_000, seed: 4)).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let expected = try expectedRows()
        _ = try server.run(
            """
            DELETE FROM mysegment WHERE ctid IN (SELECT ctid FROM mysegment LIMIT 50);
            INSERT INTO mysegment VALUES (1, 'intruder'), (2, 'intruder');
            UPDATE mysegment SET clientId = clientId || '-x' WHERE segId = 3;
            DELETE FROM segments WHERE segment_id = 2; UPDATE segments SET name = 'x';
            """, url: url)
        // The whole content in one text: a reader may see the old one or the new one.
        let content =
            "SELECT count(*) || ':' || coalesce(sum(hashtext(segId || clientId)), 0) FROM mysegment"
        let before = try server.run(content, url: url)
        let poller = try PostgresPoller(server, url: url, question: content)
        let result = try program.run("resync", "bi")
        let (seen, pollCount) = try poller.stop()
        #expect(result.status == 0, "\(result.errors)")
        #expect(seen == [before, try server.run(content, url: url)])
        #expect(pollCount > 20)
        let found = try server.run("SELECT segId || '|' || clientId FROM mysegment", url: url)
        #expect(difference(rows(found), expected) == [])
        let names = try server.run("SELECT count(*) FROM segments", url: url)
        #expect(names == "5")
    }

    @Test("INV-3: questions asked beside a delivery never mistake its progress for damage")
    func besideDelivery() throws {
        let file = scratch.path("target.db")
        _ = try sqlite(file, Configurations.keyedTables)
        try program.apply(
            Configurations.keyed(
                name: "crm", kind: "sqlite", url: file, size: 5, start: "beginning"))
        #expect(try program.run("append", input: try generate(20_000, seed: 6)).status == 0)
        let sync = try program.start(["sync", "--until-idle"])
        var rounds = 0
        while sync.isRunning {
            for command in [["status"], ["errors", "crm"], ["audit", "segment", "1"], ["verify"]] {
                let result = try program.start(command).wait()
                #expect(result.status == 0, "\(command): \(result.errors)")
            }
            rounds += 1
        }
        #expect(rounds > 0)
        #expect(try sync.wait().status == 0)
    }

    @Test("INV-9: restore gives the ledger as it stood, and the copy verifies")
    func restore() throws {
        #expect(try program.run("append", input: try generate(5000, seed: 5)).status == 0)
        let count = try program.run(
            "audit", "members", "1", "--as-of", "@60", "--count", "--json")
        let copy = scratch.path("copy")
        let restore = try program.run(
            "restore", "--from", scratch.path("data"), "--into", copy, "--to", "@60")
        #expect(restore.status == 0, "\(restore.errors)")
        let restored = try program.run(
            "audit", "members", "1", "--count", "--json", "--data", copy)
        #expect(restored.output == count.output)
        #expect(try program.run("verify", "--data", copy).status == 0)
        let again = try program.run(
            "restore", "--from", scratch.path("data"), "--into", copy, "--to", "@60")
        #expect(again.status != 0)
    }
}
