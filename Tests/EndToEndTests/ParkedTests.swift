import Foundation
import ServerTesting
import Testing

/// Rows that a target refuses, and targets that allow less than others.
@Suite(.serialized) struct ParkedTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func append(_ lines: [String]) throws {
        let result = try program.run("append", input: Data(lines.joined(separator: "\n").utf8))
        #expect(result.status == 0, "\(result.errors)")
    }

    private func added(_ number: Int, _ customID: String) -> String {
        #"{"type":"profiles_added","segment_id":\#(number % 2 + 1),"profiles":"#
            + #"[{"id":"p\#(number)","fields":{"CustomID":"\#(customID)"}}]}"#
    }

    @Test(
        "INV-6: rows that do not fit are parked, all others arrive once; corrected, they follow",
        arguments: ["sqlite", "postgresql", "mysql"])
    func parksAndRedrives(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(
            """
            CREATE TABLE journal (segId INTEGER, clientId VARCHAR(9) CHECK (length(clientId) < 10),
                sign INTEGER)
            """)
        try program.apply(Configurations.keyless(kind: kind, url: target.url, size: 10))
        let bad: Set<Int> = [3, 31, 58]
        try append(
            (0..<60).map { added($0, bad.contains($0) ? "much-too-long-\($0)" : "C-\($0)") })
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("3 changes parked"))
        let good = (0..<60).filter { !bad.contains($0) }.map { "C-\($0)" }.sorted()
        #expect(
            difference(rows(try target.run("SELECT clientId FROM journal")), good) == [])
        let parked = try program.run("parked", "log", "--json").json["parked"] as? [[String: Any]]
        #expect(parked?.compactMap { $0["profile"] as? String }.sorted() == ["p3", "p31", "p58"])
        #expect(parked?.allSatisfy { $0["reason"] as? String == "refused" } == true)
        // INV-10.
        let texts = try program.run("errors", "log").output + sync.errors
        #expect(!texts.contains("much-too-long"))
        try expectReceiptsEqual(target)
        try append([
            #"{"type":"profiles_updated","profiles":[{"id":"p3","fields":{"CustomID":"C-3"}},"#
                + #"{"id":"p31","fields":{"CustomID":"C-31"}}]}"#
        ])
        let redriven = try program.run("parked", "log", "--redrive")
        #expect(redriven.status == 5)
        let discarded = try program.run("parked", "log", "--discard", "--profile", "p58")
        #expect(discarded.status == 0, "\(discarded.errors)")
        #expect(try program.run("parked", "log").output == "nothing is parked\n")
        let all = (0..<60).filter { $0 != 58 }.map { "C-\($0)" }.sorted()
        #expect(difference(rows(try target.run("SELECT clientId FROM journal")), all) == [])
        try expectReceiptsEqual(target)
        let second = try program.run("parked", "log", "--redrive")
        #expect(second.status == 0)
        #expect(second.output.contains("nothing of that is parked"))
    }

    @Test("Failed queries are those that the server's own log has, and no others")
    func countsFailures() throws {
        let server = try PostgresServer(options: [
            "logging_collector=on", "log_directory=log", "log_filename=all.log",
            "log_line_prefix=%d|", "log_min_messages=error",
        ])
        defer { server.stop() }
        let url = try server.makeDatabase()
        _ = try server.run(
            """
            CREATE TABLE journal (segId INTEGER, clientId TEXT CHECK (length(clientId) < 10),
                sign INTEGER)
            """, url: url)
        try program.apply(Configurations.keyless(kind: "postgresql", url: url, size: 10))
        try append((0..<60).map { added($0, [3, 31].contains($0) ? "much-too-long" : "C-\($0)") })
        #expect(try program.run("sync", "--until-idle").status == 5)
        let log = try server.run("SELECT pg_read_file('log/all.log')")
        let database = url.split(separator: "/").last!
        // Of the queries, not of the cursor's table, which two sessions may create at once.
        let errors = log.split(separator: "\n").filter {
            $0.hasPrefix("\(database)|ERROR") && $0.contains("\"journal\"")
        }
        let stats = try program.run("stats", "log", "--json").json
        #expect(errors.count > 2, "\(errors)")
        #expect(stats["failed_queries"] as? Int == errors.count)
    }

    /// What receipts count is what the lanes' rows in the target count.
    private func expectReceiptsEqual(_ target: Target) throws {
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        let stats = try program.run("stats", "log", "--json").json
        #expect(stats["successful_queries"] as? Int == Int(queries))
        let count = try target.run("SELECT count(*) FROM journal")
        #expect(stats["profiles"] as? Int == Int(count))
    }

    private func status() throws -> [String: Any]? {
        let all = try program.run("status", "--json").json["integrations"] as? [[String: Any]]
        return all?.first
    }

    @Test("INV-6: without the right to the cursor table the grade is lower, says why, and is kept")
    func grades() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let role = "poor_" + String(url.split(separator: "/").last!)
        _ = try server.run(
            "CREATE ROLE \(role) LOGIN; CREATE TABLE journal (segId INTEGER, clientId TEXT, sign "
                + "INTEGER); GRANT INSERT ON journal TO \(role)", url: url)
        try program.apply(
            Configurations.keyless(
                kind: "postgresql", url: url.replacing("postgres@", with: "\(role)@"), size: 10))
        try append([added(1, "C-1")])
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try status()?["grade"] as? String == "at-least-once")
        #expect((try status()?["grade_reason"] as? String)?.contains("segledger_cursor") == true)
        let sql = try program.run("connectors", "sql", "log").output
        _ = try server.run(
            sql + "; GRANT SELECT, INSERT, UPDATE ON segledger_cursor TO \(role)", url: url)
        try append([added(3, "C-3")])
        let better = try program.run("sync", "--until-idle")
        #expect(better.status == 0, "\(better.errors)")
        #expect(try status()?["grade"] as? String == "exactly-once")
        _ = try server.run("REVOKE ALL ON segledger_cursor FROM \(role)", url: url)
        try append([added(5, "C-5")])
        let lowered = try program.run("sync", "--until-idle")
        #expect(lowered.status == 5)
        #expect(lowered.errors.contains("resume log --accept-grade at-least-once"))
        #expect(try server.run("SELECT count(*) FROM journal", url: url) == "2")
        let wrong = try program.run("integrations", "resume", "log", "--accept-grade", "best")
        #expect(wrong.status == 2)
        #expect(
            try program.run(
                "integrations", "resume", "log", "--accept-grade", "at-least-once"
            ).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try server.run("SELECT count(*) FROM journal", url: url) == "3")
    }

    @Test("A query that commits by itself is delivered, at a lower grade that says so")
    func truncates() throws {
        let target = try Target("mysql", in: scratch)
        _ = try target.run(Configurations.keylessTable)
        let yaml = Configurations.keyless(kind: "mysql", url: target.url, size: 10)
        try program.apply(yaml + "\n      clear_segment: TRUNCATE TABLE journal\n")
        try append([
            added(1, "C-1"), #"{"type":"segment_cleared","segment_id":2}"#, added(1, "C-2"),
        ])
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 0, "\(sync.errors)")
        #expect(try target.run("SELECT clientId FROM journal") == "C-2")
        #expect(try status()?["grade"] as? String == "at-least-once")
        #expect((try status()?["grade_reason"] as? String)?.contains("clear_segment") == true)
    }
}
