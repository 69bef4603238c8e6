import Foundation
import ServerTesting
import Testing

/// The main job on real input, from the events to the tables and back.
@Suite(.serialized, .enabled(if: CDNOW.isThere, CDNOW.absence)) struct CDNOWTests {
    private let scratch: TemporaryDirectory
    private let program: Program
    private let input: CDNOW

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
        input = try CDNOW()
    }

    private func expectMembers(
        _ one: (day: String, segment: String, count: Int, sha256: String), asOf: String?,
        data: String? = nil
    ) throws {
        let moment = asOf.map { ["--as-of", $0] } ?? []
        let place = data.map { ["--data", $0] } ?? []
        let arguments = ["audit", "members", one.segment, "--count", "--json"] + moment + place
        let answer = try program.start(arguments).wait()
        let line = "{\"count\":\(one.count),\"sha256\":\"\(one.sha256)\"}\n"
        #expect(answer.output == line, "\(one.day), segment \(one.segment): \(answer.errors)")
    }

    @Test("INV-9: the appended history answers for past days, and a restore is that day's ledger")
    func pastDays() throws {
        let first = try program.run("append", "-", "--json", input: input.text).json
        #expect(first["events"] as? Int == 4004)
        #expect(first["changes"] as? Int == 171_897)
        #expect(first["duplicates"] as? Int == 0)
        #expect(first["last_position"] as? Int == 4003)
        let second = try program.run("append", "-", "--json", input: input.text).json
        #expect(second["events"] as? Int == 0)
        #expect(second["duplicates"] as? Int == 4004)
        #expect(try program.run("status", "--json").json["events"] as? Int == 4004)
        // Every day and every segment at least once; all of them in the long run.
        let isLong = ProcessInfo.processInfo.environment["SEGLEDGER_LONG"] == "1"
        for (index, one) in try CDNOW.oracle().enumerated() where isLong || index % 6 == 0 {
            try expectMembers(one, asOf: one.day)
        }
        let copy = scratch.path("june")
        let restore = try program.run(
            "restore", "--from", scratch.path("data"), "--into", copy, "--to", "1997-06-30")
        #expect(restore.status == 0, "\(restore.errors)")
        #expect(try program.run("verify", "--data", copy).status == 0)
        for one in try CDNOW.oracle() where one.day == "1997-06-30" {
            try expectMembers(one, asOf: nil, data: copy)
        }
    }

    @Test("INV-6 INV-7: both databases equal the membership and the catalogue, row by row")
    func tables() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let file = scratch.path("target.db")
        _ = try sqlite(file, Configurations.keyedTables)
        _ = try server.run(
            "CREATE EXTENSION pg_stat_statements; " + Configurations.keyedTables, url: url)
        // The SQLite side is filled at the end; the other one hears every event.
        try program.apply(Configurations.keyed(name: "bi", kind: "postgresql", url: url))
        let middle = input.lines.count - 40
        for (part, lines) in [input.lines[..<middle], input.lines[middle...]].enumerated() {
            let append = try program.run("append", input: CDNOW.joined(lines))
            #expect(append.status == 0, "\(append.errors)")
            if part == 0 {
                try program.apply(Configurations.keyed(name: "crm", kind: "sqlite", url: file))
            }
            let sync = try program.run("sync", "--until-idle")
            #expect(sync.status == 0, "\(sync.errors)")
            let expected = try Membership(input.lines[..<(part == 0 ? middle : input.lines.count)])
            let members = "SELECT segId || '|' || clientId FROM mysegment"
            let segments = "SELECT segment_id || '|' || name FROM segments"
            #expect(difference(rows(try sqlite(file, members)), expected.rows) == [])
            #expect(difference(rows(try server.run(members, url: url)), expected.rows) == [])
            #expect(difference(rows(try sqlite(file, segments)), expected.segmentRows) == [])
            #expect(
                difference(rows(try server.run(segments, url: url)), expected.segmentRows) == [])
        }
        let counted = try server.run(
            """
            SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database()
            AND (query LIKE '%mysegment%' OR query LIKE '%segments%')
            AND query NOT LIKE '%||%' AND query NOT LIKE '%pg_stat%' AND query NOT LIKE 'CREATE%'
            """, url: url)
        let stats = try program.run("stats", "bi", "--json").json
        #expect(stats["successful_queries"] as? Int == Int(counted))
        #expect(stats["profiles"] as? Int == 171_897)
        #expect(stats["failed_queries"] as? Int == 0)
    }

    @Test(
        "INV-6: killed at 20 random moments, no row is lost or doubled in a table without a key",
        arguments: ["sqlite", "postgresql"])
    func killed(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keylessTable)
        try program.apply(Configurations.keyless(kind: kind, url: target.url, size: 200))
        let isLong = ProcessInfo.processInfo.environment["SEGLEDGER_LONG"] == "1"
        let lines = isLong ? input.lines[...] : input.lines[..<1200]
        #expect(try program.run("append", input: CDNOW.joined(lines)).status == 0)
        var random = SeededGenerator()
        for _ in 0..<20 {
            let sync = try program.start(["sync", "--until-idle"])
            usleep(UInt32.random(in: 200_000...1_500_000, using: &random))
            sync.kill()
            _ = try sync.wait()
        }
        let last = try program.run("sync", "--until-idle")
        #expect(last.status == 0, "\(last.errors)")
        let seed: Comment = "seed \(SeededGenerator.seed)"
        let expected = try Membership(lines).changes.map { "\($0.key)|\($0.value)" }.sorted()
        let found = try target.run(
            "SELECT segId || '|' || clientId || '|' || sign || '|' || count(*) FROM journal "
                + "GROUP BY segId, clientId, sign")
        #expect(difference(rows(found), expected) == [], seed)
        let stats = try program.run("stats", "log", "--json").json
        let log = try program.run(
            "audit", "log", "--json", "--type", "profiles_added",
            "--type", "profiles_removed"
        ).output.split(separator: "\n")
        #expect(try log.reduce(0) { try $0 + profileCount($1) } == stats["profiles"] as? Int, seed)
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        #expect(stats["successful_queries"] as? Int == Int(queries), seed)
        let verify = try program.run("verify")
        #expect(verify.status == 0, "\(verify.errors)")
    }

    private func profileCount(_ line: Substring) throws -> Int {
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as! [String: Any]
        return event["profiles"] as! Int
    }
}
