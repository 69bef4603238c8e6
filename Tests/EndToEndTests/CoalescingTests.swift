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

    @Test(
        "The table ends as without it, by fewer queries, and receipts equal the target",
        arguments: ["sqlite", "postgresql", "mysql"])
    func endsEqual(kind: String) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keyedTables)
        var yaml = Configurations.keyed(
            name: "log", kind: kind, url: target.url, size: 10, start: "beginning")
        if kind == "mysql" {
            yaml = yaml.replacing(
                "ON CONFLICT (segId, clientId) DO UPDATE SET clientId = excluded.clientId",
                with: "ON DUPLICATE KEY UPDATE clientId = VALUES(clientId)"
            ).replacing(
                "ON CONFLICT (segment_id) DO UPDATE SET name = excluded.name",
                with: "ON DUPLICATE KEY UPDATE name = VALUES(name)")
        }
        try program.apply(yaml.replacing("    queries:", with: "    coalesce: true\n    queries:"))
        var members: Set<Int> = []
        var lines: [String] = []
        for _ in 0..<200 {
            let numbers = Set([0, 1, 2].map { _ in Int.random(in: 0..<40, using: &random) })
            let isAdded = Bool.random(using: &random)
            lines.append(
                change(isAdded ? "profiles_added" : "profiles_removed", numbers.sorted()))
            if isAdded { members.formUnion(numbers) } else { members.subtract(numbers) }
        }
        let appended = try program.run("append", input: Data(lines.joined(separator: "\n").utf8))
        #expect(appended.status == 0, "\(appended.errors)")
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 0, "\(sync.errors)")
        let found = Set(rows(try target.run("SELECT clientId FROM mysegment")))
        #expect(found == Set(members.map { "C-\($0)" }), place)
        let stats = try program.run("stats", "log", "--json").json
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        #expect(stats["successful_queries"] as? Int == Int(queries), place)
        // Up to two for each ten profiles, where each change of kind would begin another.
        #expect(try #require(Int(queries)) < 120, place)
        let audited = try program.run("stats", "log").output
        #expect(audited.contains("add_profiles") && audited.contains("remove_profiles"))
    }
}
