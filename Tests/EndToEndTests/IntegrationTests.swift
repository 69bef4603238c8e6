import Foundation
import ServerTesting
import Testing

/// What an operator sets: scope, batches, individual mode, pauses, the optional queries.
@Suite(.serialized) struct IntegrationTests {
    private let scratch: TemporaryDirectory
    private let program: Program
    private let file: String

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
        file = scratch.path("t.db")
        _ = try sqlite(file, Configurations.keyedTables)
    }

    private func append(_ lines: String...) throws {
        let text = lines.joined(separator: "\n")
        let result = try program.run("append", input: Data(text.utf8))
        #expect(result.status == 0, "\(result.errors)")
    }

    private func sync() throws {
        let result = try program.run("sync", "--until-idle")
        #expect(result.status == 0, "\(result.errors)")
    }

    private func members() throws -> String {
        try sqlite(file, "SELECT segId || ':' || clientId FROM mysegment ORDER BY 1")
            .replacingOccurrences(of: "\n", with: " ")
    }

    private func added(_ segment: Int, _ ids: String..., removed: Bool = false) -> String {
        let profiles = ids.map { #"{"id":"\#($0)","fields":{"CustomID":"C-\#($0)"}}"# }
        return #"{"type":"profiles_\#(removed ? "removed" : "added")","segment_id":\#(segment),"#
            + #""profiles":[\#(profiles.joined(separator: ","))]}"#
    }

    private func keyed(_ change: (String) -> String) -> String {
        change(Configurations.keyed(name: "crm", kind: "sqlite", url: file))
    }

    @Test(
        "A scope is all of a database, or numbers, tags, groups of it",
        arguments: [
            ("all", "1:C-a 2:C-b 3:C-c"), ("{ ids: [2, 9] }", "2:C-b"),
            ("{ tags: [vip] }", "1:C-a 3:C-c"), ("{ groups: [sales, x] }", "3:C-c"),
        ])
    func scopes(_ segments: String, _ expected: String) throws {
        try append(
            #"{"type":"segment_created","segment_id":1,"segment_name":"x","tags":["vip"]}"#,
            #"{"type":"segment_created","segment_id":2,"segment_name":"x","tags":["a"]}"#,
            #"{"type":"segment_created","segment_id":3,"segment_name":"x","tags":["vip"],"#
                + #""groups":["sales"]}"#,
            #"{"type":"segment_created","segment_id":4,"segment_name":"x","database_id":2,"#
                + #""tags":["vip"],"groups":["sales"]}"#,
            added(1, "a"), added(2, "b"), added(3, "c"), added(4, "d"))
        try program.apply(
            keyed { $0.replacingOccurrences(of: "segments: all", with: "segments: \(segments)") })
        try sync()
        #expect(try members() == expected)
    }

    @Test("A segment that leaves the scope is left alone, and rebuilt when it comes back")
    func leaving() throws {
        func tag(_ tag: String) -> String {
            #"{"type":"segment_updated","segment_id":1,"segment_name":"x","tags":["\#(tag)"]}"#
        }
        try program.apply(
            keyed {
                $0.replacingOccurrences(of: "segments: all", with: "segments: { tags: [in] }")
            })
        try append(tag("in"), added(1, "a"))
        try sync()
        try append(tag("out"), added(1, "b"), added(1, "a", removed: true))
        try sync()
        #expect(try members() == "1:C-a")
        try append(tag("in"), added(1, "c"))
        try sync()
        #expect(try members() == "1:C-b 1:C-c")
    }

    @Test("A pause keeps the cursor; resuming delivers what came meanwhile, in order")
    func pause() throws {
        try program.apply(keyed { $0 })
        try append(added(1, "a"))
        try sync()
        let paused = try program.run("integrations", "pause", "crm", "--json").json
        #expect(paused["state"] as? String == "paused")
        try append(added(1, "b"), added(1, "a", removed: true), added(1, "a"))
        // Events wait for it.
        #expect(try program.run("sync", "--until-idle").status == 5)
        #expect(try members() == "1:C-a")
        let status = try program.run("status", "--json").json["integrations"] as! [[String: Any]]
        #expect(status[0]["state"] as? String == "paused")
        #expect(status[0]["lag_events"] as? Int == 3)
        #expect(status[0]["oldest_undelivered_age_seconds"] as? Double != nil)
        #expect(try program.run("integrations", "resume", "crm").status == 0)
        try sync()
        #expect(try members() == "1:C-a 1:C-b")
    }

    @Test(
        "Clearing and deleting empty a segment, with clear_segment and without it",
        arguments: [true, false])
    func clearing(hasClear: Bool) throws {
        try program.apply(
            keyed { yaml in
                let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
                return lines.filter { hasClear || !$0.contains("clear_segment") }
                    .joined(separator: "\n")
            })
        try append(
            #"{"type":"segment_created","segment_id":1,"segment_name":"it's"}"#,
            added(1, "a", "b"), added(2, "a"))
        try sync()
        #expect(try sqlite(file, "SELECT name FROM segments WHERE segment_id = 1") == "it's")
        try append(#"{"type":"segment_cleared","segment_id":1}"#, added(1, "c"))
        try sync()
        #expect(try members() == "1:C-c 2:C-a")
        try append(#"{"type":"segment_deleted","segment_id":1}"#)
        try sync()
        #expect(try members() == "2:C-a")
        #expect(try sqlite(file, "SELECT count(*) FROM segments WHERE segment_id = 1") == "0")
        try append(added(1, "d"))
        try sync()
        #expect(try members() == "1:C-d 2:C-a")
    }

    @Test("In individual mode each profile is a query of its own")
    func individual() throws {
        try program.apply(
            """
            connectors:
              crm: { kind: sqlite, url: "\(file)" }
            integrations:
              crm:
                scope: { segments: all }
                connector: crm
                batch: individual
                queries:
                  add_profiles: INSERT INTO mysegment VALUES ({segment_id}, '{$lead.CustomID}')
                  remove_profiles: |
                    DELETE FROM mysegment WHERE segId = {segment_id} AND clientId = {lead.CustomID}
            """)
        try append(added(1, "a", "b", "c"), added(1, "b", removed: true))
        try sync()
        #expect(try members() == "1:C-a 1:C-c")
        let stats = try program.run("stats", "crm", "--json").json
        #expect(stats["successful_queries"] as? Int == 4)
        #expect(stats["profiles"] as? Int == 4)
        #expect(stats["rows"] as? Int == 4)
    }

    @Test("Two profiles of one CustomID in one upsert: PostgreSQL gets the row, nothing stops")
    func oneKeyTwice() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        _ = try server.run(Configurations.keyedTables, url: url)
        let fields = #""fields":{"CustomID":"same"}"#
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":["#
            + (0..<9).map { #"{"id":"p\#($0)",\#(fields)}"# }.joined(separator: ",") + "]}"
        for start in ["fill", "beginning"] {
            try append(event)
            try program.apply(
                Configurations.keyed(name: start, kind: "postgresql", url: url, start: start))
            try sync()
            #expect(try server.run("SELECT segId, clientId FROM mysegment", url: url) == "1|same")
        }
        #expect(try program.run("resync", "fill").status == 0)
        #expect(try server.run("SELECT segId, clientId FROM mysegment", url: url) == "1|same")
    }

    @Test("Profiles without the field: nothing breaks, and removing them removes nobody else")
    func withoutCustomID() throws {
        try program.apply(keyed { $0 })
        try append(
            #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"x"},{"id":"y"}]}"#,
            added(1, "a"),
            #"{"type":"profiles_removed","segment_id":1,"profiles":[{"id":"x"},{"id":"new"}]}"#)
        try sync()
        // No removal would find a row of theirs.
        #expect(try members() == "1:C-a")
    }

    @Test("Without --until-idle a batch goes out once its timeout is over, and a full one at once")
    func continuous() throws {
        try program.apply(
            keyed {
                $0.replacingOccurrences(
                    of: "size: 1000, timeout: 60s", with: "size: 2, timeout: 1500ms")
            })
        try append(added(1, "a"), added(2, "b", "c"))
        let sync = try program.start(["sync"])
        while sync.isRunning, try members() != "1:C-a 2:C-b 2:C-c" {}
        sync.send(SIGINT)
        #expect(try sync.wait().status == 0)
        // The receipts tell when each went out, counted from when its event was recorded.
        let log = try program.run("audit", "log", "--json").output.split(separator: "\n")
        let events = try log.map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as! [String: Any]
        }
        func time(_ event: [String: Any]) throws -> Date {
            let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            return try Date(event["recorded_at"] as! String, strategy: format)
        }
        let start = try time(
            try #require(events.first { $0["type"] as? String == "profiles_added" }))
        var delivered: [Int: TimeInterval] = [:]
        for event in events where event["type"] as? String == "delivery_recorded" {
            let body = event["body"] as! [String: Any]
            guard body["query"] as? String == "add_profiles" else { continue }
            delivered[body["segment_id"] as! Int] = try time(event).timeIntervalSince(start)
        }
        let (waited, full) = (try #require(delivered[1]), try #require(delivered[2]))
        #expect(waited >= 1.5)
        #expect(full < waited)
    }

    @Test(
        "INV-8: after a restore the target is fenced; a resync takes it over, and delivery goes on")
    func restored() throws {
        try program.apply(keyed { $0 })
        try append(added(1, "a"))
        try sync()
        try append(added(1, "b"))
        try sync()
        let restored = scratch.path("restored")
        let data = scratch.path("data")
        #expect(
            try program.run("restore", "--from", data, "--into", restored, "--to", "@1").status
                == 0)
        let more = Data(added(1, "z").utf8)
        #expect(try program.run("append", "--data", restored, input: more).status == 0)
        let fenced = try program.run("sync", "--until-idle", "--data", restored)
        #expect(fenced.status == 5)
        #expect(fenced.errors.contains("run 'segledger resync crm'"))
        #expect(try members() == "1:C-a 1:C-b")
        #expect(try program.run("resync", "crm", "--data", restored).status == 0)
        #expect(try program.run("sync", "--until-idle", "--data", restored).status == 0)
        #expect(try members() == "1:C-a 1:C-z")
    }
}
