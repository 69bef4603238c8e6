import Foundation
import ServerTesting
import Testing

/// `resync` and `status`, from a request to its end.
@Suite("A rebuild is shown, can be given up, and fails alone")
struct ResyncCommandTests {
    private let directory: TemporaryDirectory
    private let program: Program
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        program = Program(directory: directory.path(""))
        path = directory.path("target.db")
    }

    private func append(_ segment: Int, _ ids: [String]) throws {
        let members = ids.map { #"{"id":"\#($0)","fields":{"CustomID":"\#($0)"}}"# }
        let event =
            #"{"type":"profiles_added","segment_id":\#(segment),"profiles":["#
            + members.joined(separator: ",") + "]}"
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
    }

    private func apply(kind: String = "sqlite", url: String) throws {
        try program.apply(
            Configurations.keyed(name: "crm", kind: kind, url: url, start: "fill")
                .replacing("timeout: 60s", with: "timeout: 10ms"))
    }

    private func status() throws -> [String: Any] {
        let lines = try program.run("status", "--json").json["integrations"]
        return try #require((lines as? [[String: Any]])?.first)
    }

    private func away(_ body: () throws -> Void) throws {
        let away = directory.path("away.sqlite")
        try FileManager.default.moveItem(atPath: path, toPath: away)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        try body()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: away, toPath: path)
    }

    @Test("What is asked for while the target is away can be taken back, and is not done later")
    func cancelled() throws {
        let tables = try Target("sqlite", in: directory)
        _ = try tables.run(Configurations.keyedTables)
        try apply(url: path)
        try append(1, ["a", "b"])
        #expect(try program.run("sync", "--until-idle").status == 0)
        _ = try tables.run("INSERT INTO mysegment (segId, clientId) VALUES (1, 'by hand')")
        try away {
            #expect(try program.run("resync", "crm", "--give-up-after", "0").status == 5)
            let resync = try #require(try status()["resync"] as? [String: Any])
            #expect(resync["state"] as? String == "pending")
            let id = try #require(resync["id"] as? Int)
            let said = try program.run("resync", "crm", "--cancel", "--json").output
            #expect(
                said == #"{"cancelled":[{"id":\#(id),"state":"cancelled","segments":1}]}"# + "\n")
            #expect(try program.run("resync", "crm", "--cancel").output.contains("no rebuild"))
        }
        #expect(try program.run("integrations", "resume", "crm").status == 0)
        try append(1, ["c"])
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try tables.run("SELECT count(*) FROM mysegment") == "4")
        let done = try program.run("resync", "crm", "--json").json
        #expect(done["state"] as? String == "done")
        #expect(done["members"] as? Int == 3)
        #expect(done["segments"] as? Int == 1)
        #expect(try status()["resync"] is NSNull)
        #expect(try tables.run("SELECT count(*) FROM mysegment") == "3")
    }

    @Test(
        "INV-8: what a constraint refuses at COMMIT is parked, and the rest is filled and rebuilt",
        arguments: ["sqlite", "postgresql"])
    func deferred(_ kind: String) throws {
        let target = try Target(kind, in: directory)
        _ = try target.run(
            """
            CREATE TABLE cards (card text PRIMARY KEY);
            INSERT INTO cards VALUES ('A'), ('C'), ('D');
            CREATE TABLE mysegment (segId bigint, clientId text
                REFERENCES cards DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (segId, clientId));
            CREATE TABLE segments (segment_id bigint PRIMARY KEY, name text)
            """)
        try append(1, ["A", "B", "C"])
        let configuration = Configurations.keyed(name: "crm", kind: kind, url: target.url)
        try program.apply(
            kind == "sqlite"
                ? configuration.replacing("\" }", with: "\", settings: { foreign_keys: on } }")
                : configuration)
        for command in ["sync", "resync"] {
            let result =
                command == "sync"
                ? try program.run("sync", "--until-idle") : try program.run("resync", "crm")
            #expect(result.status == 5, "\(result.errors)")
            let rows = try target.run("SELECT clientId FROM mysegment ORDER BY clientId")
            #expect(rows == "A\nC", "\(command)")
            #expect(try program.run("parked", "crm", "--json").output.contains(#""B""#))
        }
        try append(2, ["D"])
        #expect(try program.run("sync", "--until-idle").output.contains("1 change parked"))
        #expect(try status()["lag_events"] as? Int == 0)
    }

    @Test("INV-8: a row that takes the whole transaction with it is parked, and the rest is there")
    func rolledBack() throws {
        let target = try Target("sqlite", in: directory)
        _ = try target.run(
            Configurations.keyedTables
                + """
                CREATE TRIGGER no BEFORE INSERT ON mysegment WHEN NEW.clientId IN ('C7', 'C40')
                BEGIN SELECT RAISE(ROLLBACK, 'no'); END;
                """)
        try append(1, (0..<60).map { "C\($0)" })
        try program.apply(
            Configurations.keyed(name: "crm", kind: "sqlite", url: target.url, size: 20))
        for command in ["sync", "resync"] {
            let result =
                command == "sync"
                ? try program.run("sync", "--until-idle") : try program.run("resync", "crm")
            #expect(result.status == 5, "\(result.errors)")
            #expect(result.output.contains("2 changes parked"), "\(result.output)")
            #expect(try target.run("SELECT count(*) FROM mysegment") == "58", "\(command)")
            _ = try target.run("INSERT INTO mysegment VALUES (1, 'by hand')")
        }
        #expect(try target.run("SELECT count(*) FROM mysegment") == "59")
    }

    @Test("status --check ends with 1 where somebody is needed, and says why")
    func check() throws {
        let tables = try Target("sqlite", in: directory)
        _ = try tables.run(Configurations.keyedTables)
        func check(_ arguments: [String] = [], sourceLocation: SourceLocation = #_sourceLocation)
            throws
            -> String?
        {
            let result = try program.start(["status", "--check"] + arguments).wait()
            #expect(
                result.status == (result.errors.isEmpty ? 0 : 1), sourceLocation: sourceLocation)
            return result.errors.isEmpty ? nil : result.errors
        }
        try apply(url: path)
        #expect(try check() == nil)
        try append(1, ["a"])
        #expect(try check() == nil)
        #expect(try check(["--max-age", "0"])?.contains("an event waits since") == true)
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try check(["--max-age", "0"]) == nil)
        // A rebuild that fails for good.
        _ = try tables.run(
            """
            CREATE TRIGGER no BEFORE DELETE ON mysegment BEGIN SELECT RAISE(ABORT, 'no'); END
            """)
        let failed = try program.run("resync", "crm")
        #expect(failed.status == 5)
        #expect(failed.errors.contains("segment 1, clear_segment, table mysegment"))
        #expect(try check()?.contains("failed for 1 segment") == true)
        // Delivery goes on all the same.
        try append(1, ["b"])
        #expect(try program.run("sync", "--until-idle").status == 0)
        let text = try program.run("status").output
        #expect(text.contains("the last error is of ") && text.contains(" and over"), "\(text)")
        _ = try tables.run("DROP TRIGGER no")
        #expect(try program.run("resync", "crm").status == 0)
        #expect(try check() == nil)
        // A new segment that cannot be filled: it waits, the other one goes on.
        _ = try tables.run("ALTER TABLE mysegment RENAME TO away")
        try append(1, ["c"])
        #expect(try program.run("sync", "--until-idle").status == 5)
        #expect(try check()?.contains("it has stopped: ") == true)
        #expect(try status()["failing"] as? Bool == true)
    }
}
