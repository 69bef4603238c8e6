import Foundation
import ServerTesting
import Testing

/// `coalesce: true`, with real targets.
@Suite(.serialized) struct CoalescingTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func change(_ type: String, _ numbers: [Int]) -> String {
        let profiles = numbers.map { #"{"id":"p\#($0)","fields":{"CustomID":"C-\#($0)"}}"# }
        return
            #"{"type":"\#(type)","segment_id":1,"profiles":[\#(profiles.joined(separator: ","))]}"#
    }

    private static func configuration(_ kind: String, _ url: String) -> String {
        let yaml = Configurations.keyed(
            name: "log", kind: kind, url: url, size: 10, start: "beginning"
        ).replacing("    queries:", with: "    coalesce: true\n    queries:")
        if kind != "mysql" { return yaml }
        return yaml.replacing(
            "ON CONFLICT (segId, clientId) DO UPDATE SET clientId = excluded.clientId",
            with: "ON DUPLICATE KEY UPDATE clientId = VALUES(clientId)"
        ).replacing(
            "ON CONFLICT (segment_id) DO UPDATE SET name = excluded.name",
            with: "ON DUPLICATE KEY UPDATE name = VALUES(name)")
    }

    /// Changes of a few profiles, and what they come to.
    private func append(
        _ count: Int, _ members: inout Set<Int>, _ random: inout SeededGenerator
    ) throws {
        var lines: [String] = []
        for _ in 0..<count {
            let numbers = Set([0, 1, 2].map { _ in Int.random(in: 0..<40, using: &random) })
            let isAdded = Bool.random(using: &random)
            lines.append(
                change(isAdded ? "profiles_added" : "profiles_removed", numbers.sorted()))
            if isAdded { members.formUnion(numbers) } else { members.subtract(numbers) }
        }
        let appended = try program.run("append", input: Data(lines.joined(separator: "\n").utf8))
        #expect(appended.status == 0, "\(appended.errors)")
    }

    private func expectEqual(_ target: Target, _ members: Set<Int>, _ place: Comment) throws {
        let found = Set(rows(try target.run("SELECT clientId FROM mysegment")))
        #expect(found == Set(members.map { "C-\($0)" }), place)
        let stats = try program.run("stats", "log", "--json").json
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        #expect(stats["successful_queries"] as? Int == Int(queries), place)
    }

    @Test(
        "The table ends as without it, by fewer queries, and receipts equal the target",
        arguments: ["sqlite", "postgresql", "mysql"])
    func endsEqual(kind: String) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keyedTables)
        try program.apply(Self.configuration(kind, target.url))
        var members: Set<Int> = []
        try append(200, &members, &random)
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 0, "\(sync.errors)")
        try expectEqual(target, members, place)
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        // Up to two for each ten profiles, where each change of kind would begin another.
        #expect(try #require(Int(queries)) < 120, place)
        let audited = try program.run("stats", "log").output
        #expect(audited.contains("add_profiles") && audited.contains("remove_profiles"))
    }

    /// What makes a table refuse to lose a row.
    private static let keepsRows = [
        "sqlite": """
        CREATE TRIGGER keeps BEFORE DELETE ON mysegment
            BEGIN SELECT RAISE(ABORT, 'kept'); END
        """,
        "postgresql": """
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'kept'; END $$;
        CREATE TRIGGER keeps BEFORE DELETE ON mysegment FOR EACH ROW EXECUTE FUNCTION keep()
        """,
        "mysql": """
        CREATE TRIGGER keeps BEFORE DELETE ON mysegment FOR EACH ROW
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept'
        """,
    ]

    @Test(
        "A failure is told of the query that failed, not of the change that came first",
        arguments: ["sqlite", "postgresql", "mysql"])
    func failedQuery(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keyedTables)
        try program.apply(Self.configuration(kind, target.url))
        _ = try program.run(
            "append", input: Data(change("profiles_added", [0, 1, 2]).utf8))
        #expect(try program.run("sync", "--until-idle").status == 0)
        _ = try target.run(try #require(Self.keepsRows[kind]))
        let changes = [change("profiles_added", [3, 4]), change("profiles_removed", [0])]
        _ = try program.run("append", input: Data(changes.joined(separator: "\n").utf8))
        #expect(try program.run("sync", "--until-idle").status == 5)
        let errors = try program.run("errors", "log", "--json").output
        #expect(errors.contains("remove_profiles"))
        #expect(!errors.contains("add_profiles"), "\(errors)")
        #expect(errors.contains("run 'segledger parked log --redrive'"), "\(errors)")
        let found = Set(rows(try target.run("SELECT clientId FROM mysegment")))
        #expect(found == Set((0..<5).map { "C-\($0)" }))
    }

    @Test(
        "INV-6: workers that are killed over and over leave the table right and receipts equal",
        arguments: ["sqlite", "postgresql", "mysql"])
    func killed(kind: String) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keyedTables)
        try program.apply(Self.configuration(kind, target.url))
        var members: Set<Int> = []
        for _ in 0..<5 {
            try append(60, &members, &random)
            let sync = try program.start(["sync", "--until-idle"])
            for _ in 0..<Int.random(in: 0...4, using: &random) where sync.isRunning {
                _ = try target.run("SELECT count(*) FROM mysegment")
            }
            sync.kill()
            _ = try sync.wait()
        }
        let last = try program.run("sync", "--until-idle")
        #expect(last.status == 0, "\(last.errors)")
        try expectEqual(target, members, place)
    }
}
