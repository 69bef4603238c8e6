import Foundation
import ServerTesting
import Testing

/// `segledger lint`: a configuration file alone; and what `apply` and `template check` add from the
/// ledger and the database.
@Suite(.serialized) struct LintTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func file(_ text: String) throws -> String {
        let path = scratch.path("crm-\(UUID().uuidString).yaml")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func configuration(
        kind: String = "postgresql", url: String = "postgresql://sync@127.0.0.1:9/crm",
        remove: String = "DELETE FROM m WHERE s = {segment_id} AND c IN ({batch_in \"CustomID\"})",
        delete: String = "DELETE FROM segments WHERE segment_id = {segment_id}"
    ) -> String {
        """
        connectors:
          crm: { kind: \(kind), url: "\(url)" }
        integrations:
          crm:
            scope: { database_id: 1, segments: all }
            connector: crm
            queries:
              add_profiles: |
                INSERT INTO m (s, c) VALUES
                {for $i, $lead = $batch}({segment_id}, '{$lead.CustomID}'){autocomma}{end}
                ON CONFLICT DO NOTHING
              remove_profiles: |
                \(remove)
              delete_segment: |
                \(delete)
        """
    }

    @Test("A sound file passes; no data directory is made, no connection is tried")
    func sound() throws {
        let result = try program.run("lint", try file(configuration()))
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.isEmpty)
        #expect(result.output.contains("1 connector, 1 integration, no fault, 0 warnings"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("data")))
    }

    @Test(
        "Each fault has its path, line, column, caret, rule and hint; apply says the same"
    )
    func faults() throws {
        let path = try file(
            configuration(
                remove: "DELETE FROM m WHERE c IN ({batch_in \"CustomID\"})",
                delete: "DELETE FROM segments WHERE segment_id = {segment_id} LIMIT 1"))
        let lint = try program.run("lint", path)
        #expect(lint.status == 2)
        #expect(lint.output.isEmpty)
        let place = "integrations.crm.queries"
        let lines = [
            "\(place).remove_profiles:1:1: warning: remove_profiles does not name the segment",
            "\(place).delete_segment:1:54: error: PostgreSQL has no LIMIT in a DELETE [dialect]",
            "1 | DELETE FROM segments WHERE segment_id = {segment_id} LIMIT 1\n"
                + "  |                                                      ^",
            "hint: take LIMIT away",
        ]
        for line in lines { #expect(lint.errors.contains(line), "\(lint.errors)") }
        let apply = try program.run("apply", path)
        #expect(apply.status == 2)
        #expect(apply.errors.hasPrefix(lint.errors))
        #expect(apply.errors.contains("nothing was applied"))

        let json = try program.run("lint", path, "--json")
        #expect(json.status == 2)
        let found = try json.json["diagnostics"] as? [[String: Any]] ?? []
        #expect(try json.json["valid"] as? Bool == false)
        #expect(
            found.map { "\($0["severity"] ?? "") \($0["rule"] ?? "")" } == [
                "warning segment", "error dialect",
            ])
        #expect(found.last?["path"] as? String == "\(place).delete_segment:1:54")
        #expect(found.last?["line"] as? Int == 1 && found.last?["column"] as? Int == 54)
    }

    @Test("What is no YAML, no connector or no name is told with a hint that is one")
    func structure() throws {
        for (text, says) in [
            ("a: [", "1:"), ("connectors: {}\nintegration: {}", "did you mean integrations?"),
            (
                configuration().replacing("connector: crm", with: "connector: crn"),
                "did you mean crm?"
            ),
            (
                configuration().replacing(
                    "  crm:\n    scope", with: "  Call centre sync:\n    scope"),
                "write for example Call-centre-sync"
            ),
        ] {
            let result = try program.run("lint", try file(text))
            #expect(result.status == 2, "\(text)")
            #expect(result.errors.contains(says), "\(result.errors)")
        }
    }

    @Test("apply and template check count the members that lack a field")
    func coverage() throws {
        let database = try Target("sqlite", in: scratch)
        _ = try database.run(
            "CREATE TABLE m (s integer, c text, PRIMARY KEY (s, c));"
                + "CREATE TABLE segments (segment_id integer PRIMARY KEY)")
        let events = (0..<5).map { index in
            let fields = index < 3 ? ",\"fields\":{\"CustomID\":\"C-\(index)\"}" : ""
            return
                "{\"type\":\"profiles_added\",\"segment_id\":1,"
                + "\"profiles\":[{\"id\":\"p\(index)\"\(fields)}]}"
        }
        let added = try program.run("append", input: Data(events.joined(separator: "\n").utf8))
        #expect(added.status == 0, "\(added.errors)")
        let text = configuration(kind: "sqlite", url: database.url)
        let apply = try program.run("apply", try file(text))
        #expect(apply.status == 0, "\(apply.errors)")
        let says = "3 of 5 members in the integration's scope have CustomID"
        #expect(
            apply.errors.contains("queries.add_profiles:2:48: warning: \(says) [field]"),
            "\(apply.errors)")
        let check = try program.run("template", "check", "--integration", "crm")
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.errors.contains(says))
        let other = try program.run(
            "apply", try file(text.replacing("CustomID", with: "customer")))
        #expect(other.errors.contains("0 of 5 members"), "\(other.errors)")
    }

    @Test(
        "The database is asked whether it can parse a query", arguments: ["sqlite", "postgresql"])
    func parsing(_ kind: String) throws {
        let database = try Target(kind, in: scratch)
        _ = try database.run(
            "CREATE TABLE m (s integer, c varchar(9), PRIMARY KEY (s, c));"
                + "CREATE TABLE segments (segment_id integer PRIMARY KEY)")
        let text = configuration(
            kind: kind, url: database.url,
            delete: "DELETE FROM segments WHERE segment_id = {segment_id} AND AND 1 = 1")
        #expect(try program.run("apply", try file(text)).status == 0)
        let check = try program.run("template", "check", "--integration", "crm", "--json")
        #expect(check.status == 2, "\(check)")
        let found = try (check.json["diagnostics"] as? [[String: Any]] ?? []).filter {
            $0["severity"] as? String == "error"
        }
        #expect(
            found.map { "\($0["query"] ?? "") \($0["rule"] ?? "")" } == ["delete_segment parse"])
    }
}
