import Foundation
import ServerTesting
import Testing

/// `segledger template`: check, render and lab, on files and on live databases.
@Suite(.serialized) struct TemplateTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func file(_ text: String, _ name: String = "query.sql") throws -> String {
        let path = scratch.path(name)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func diagnostics(_ result: Program.Result) throws -> [String] {
        let found = try result.json["diagnostics"] as? [[String: Any]] ?? []
        return found.map { one in
            "\(one["query"] ?? "") \(one["severity"] ?? "") \(one["rule"] ?? "") "
                + "\(one["line"] ?? 0):\(one["column"] ?? 0)"
        }
    }

    /// The verdicts by query: works, repeat-safe, order-safe, value-safe.
    private func grades(_ result: Program.Result) throws -> [String: [String]] {
        let queries = try result.json["queries"] as? [[String: Any]] ?? []
        return Dictionary(
            uniqueKeysWithValues: queries.map { one in
                let keys = ["works", "repeat_safe", "order_safe", "value_safe"]
                return ("\(one["query"] ?? "")", keys.map { "\(one[$0] ?? "")" })
            })
    }

    @Test("The page's five queries run unchanged on MySQL; live, both of its slips are pointed at")
    func seedPage() throws {
        let database = try Target("mysql", in: scratch)
        _ = try database.run(SeedPage.tables)
        try program.apply(SeedPage.configuration(database.url, corrected: false))
        let live = try program.run("template", "check", "--integration", "page", "--json")
        #expect(live.status == 2)
        let errors = try diagnostics(live).filter { $0.contains(" error ") }
        #expect(
            errors == [
                "add_profiles error key 1:13", "remove_profiles error column 2:7",
                "clear_segment error column 2:7", "save_segment error key 1:13",
            ])
        let text = try program.run("template", "check", "--integration", "page").errors
        #expect(text.contains("mysegment has no column segment_id"))
        #expect(text.contains("hint: its columns are segId, clientId, updated"))
        #expect(text.contains("hint: ALTER TABLE mysegment ADD UNIQUE (segId, clientId)"))
        #expect(text.contains("2 | WHERE segment_id = {segment_id}\n  |       ^"))

        _ = try database.run(SeedPage.keys)
        try program.apply(SeedPage.configuration(database.url, corrected: true))
        let corrected = try program.run("template", "check", "--integration", "page")
        #expect(corrected.status == 0, "\(corrected.errors)")
        let lab = try program.run("template", "lab", "--integration", "page", "--json")
        #expect(lab.status == 0, "\(lab.output) \(lab.errors)")
        #expect(try grades(lab)["add_profiles"] == ["yes", "yes", "yes", "yes"])
        #expect(try grades(lab)["remove_profiles"] == ["yes", "yes", "yes", "yes"])
        #expect(try grades(lab)["save_segment"] == ["yes", "yes", "yes", "yes"])
        #expect(try database.run("SELECT count(*) FROM mysegment") == "0")

        let events = """
            {"type":"segment_created","segment_id":1,"segment_name":"O'Hara's \\"best\\""}
            {"type":"profiles_added","segment_id":1,"profiles":[
             {"id":"a","fields":{"CustomID":"O'Neil\\\\"}},
             {"id":"b","fields":{"CustomID":"say \\"hi\\""}}]}
            {"type":"profiles_removed","segment_id":1,"profiles":[{"id":"b"}]}
            """
        let lines = events.replacing("\n ", with: "")
        #expect(try program.run("append", input: Data(lines.utf8)).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try database.run("SELECT segId, clientId FROM mysegment") == "1|O'Neil\\")
        #expect(try database.run("SELECT name FROM segments") == "O'Hara's \"best\"")
    }

    @Test("Without a database the check says what it cannot know, and compiles all the same")
    func unknown() throws {
        let result = try program.run(
            "template", "check", "--kind", "mysql", "--query", "remove_profiles",
            try file(SeedPage.remove))
        #expect(result.status == 0)
        #expect(
            result.errors.contains("note: whether mysegment has the columns segment_id, clientId"))
        #expect(result.errors.contains("hint: --connector NAME asks it"))
    }

    @Test("The check says of a query for profiles how its values travel")
    func form() throws {
        func check(_ kind: String, _ query: String, _ sql: String) throws -> [String] {
            let result = try program.run(
                "template", "check", "--kind", kind, "--query", query, try file(sql))
            #expect(result.status == 0, "\(result.errors)")
            return result.output.split(separator: "\n").map {
                String($0.split(separator: ": ").last ?? "")
            }
        }
        let insert = "INSERT INTO t (a) VALUES {for $l = $batch}('{$l.a}'){autocomma}{end}"
        let conditional = insert.replacing("'{$l.a}'", with: "{if $l.a exists}1{else}2{end}")
        let compiles = "the query compiles"
        let beside = "its values go beside the text"
        let written = "its values are written into the text"
        #expect(try check("postgresql", "add_profiles", insert) == [compiles, beside])
        #expect(try check("sqlite", "add_profiles", insert) == [compiles, beside])
        #expect(try check("mysql", "add_profiles", insert) == [compiles, "\(beside), on MariaDB"])
        #expect(try check("postgresql", "add_profiles", conditional) == [compiles, written])
        #expect(try check("clickhouse", "add_profiles", insert) == [compiles])
        let delete = "DELETE FROM t WHERE a = {segment_id}"
        #expect(try check("postgresql", "clear_segment", delete) == [compiles])
    }

    @Test(
        "A table without a key: the lab says that a repeat doubles rows",
        arguments: ["postgresql", "mysql", "sqlite"])
    func keyless(_ kind: String) throws {
        let database = try Target(kind, in: scratch)
        _ = try database.run("CREATE TABLE journal (segId integer, clientId varchar(40))")
        try program.apply(
            """
            connectors:
              log: { kind: \(kind), url: "\(database.url)" }
            integrations:
              log:
                scope: { database_id: 1, segments: all }
                connector: log
                queries:
                  add_profiles: |
                    INSERT INTO journal (segId, clientId) VALUES
                    {for $l = $batch}({segment_id}, '{upper($l.CustomID)}'){autocomma}{end}
                  remove_profiles: |
                    DELETE FROM journal WHERE segId = {segment_id} AND clientId = 'x'
            """)
        let lab = try program.run("template", "lab", "--integration", "log", "--json")
        #expect(lab.status == 1, "\(lab.errors)")
        #expect(try grades(lab)["add_profiles"] == ["yes", "no", "yes", "yes"])
        #expect(try grades(lab)["remove_profiles"]?.first == "no")
        let text = try program.run("template", "lab", "--integration", "log")
        #expect(
            text.output.contains(
                "add_profiles, repeat-safe: a second run leaves 8 rows instead of 4"))
        #expect(text.output.contains("Nothing of it stays in the database."))
        #expect(try database.run("SELECT count(*) FROM journal") == "0")
    }

    @Test("What a transaction cannot take back is tried on copies of the tables")
    func copies() throws {
        let database = try Target("mysql", in: scratch)
        _ = try database.run(
            "CREATE TABLE t (s int, c varchar(40), PRIMARY KEY (s, c)) ENGINE MyISAM;"
                + "INSERT INTO t VALUES (1, 'stays')")
        try program.apply(
            """
            connectors:
              log: { kind: mysql, url: "\(database.url)" }
            integrations:
              log:
                scope: { database_id: 1, segments: all }
                connector: log
                queries:
                  add_profiles: |
                    REPLACE INTO t (s, c) VALUES
                    {for $l = $batch}({segment_id}, {$l.id}){autocomma}{end}
                  remove_profiles: |
                    DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in "id"})
                  clear_segment: TRUNCATE TABLE t
                  save_segment: CALL anything({segment_id})
                  delete_segment: DROP TABLE t
            """)
        let lab = try program.run("template", "lab", "--integration", "log", "--json")
        #expect(lab.status == 1, "\(lab.output) \(lab.errors)")
        let found = try grades(lab)
        #expect(found["add_profiles"] == ["yes", "yes", "yes", "yes"])
        #expect(found["remove_profiles"] == ["yes", "yes", "yes", "yes"])
        // TRUNCATE takes the rows of other segments as well.
        #expect(found["clear_segment"]?.first == "no")
        #expect(found["save_segment"]?.first == "unknown")
        #expect(found["delete_segment"]?.first == "unknown")
        #expect(try database.run("SELECT s, c FROM t") == "1|stays")
    }

    @Test("A column that changes values is found out")
    func changedValues() throws {
        let database = try Target("mysql", in: scratch)
        _ = try database.run(
            "CREATE TABLE t (s int, c varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,"
                + " PRIMARY KEY (s, c)) ENGINE InnoDB")
        try program.apply(
            """
            connectors:
              log: { kind: mysql, url: "\(database.url)" }
            integrations:
              log:
                scope: { database_id: 1, segments: all }
                connector: log
                queries:
                  add_profiles: |
                    INSERT IGNORE INTO t (s, c) VALUES
                    {for $l = $batch}({segment_id}, {$l.CustomID}){autocomma}{end}
                  remove_profiles: |
                    DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in "CustomID"})
            """)
        let lab = try program.run("template", "lab", "--integration", "log", "--json")
        let queries = try lab.json["queries"] as? [[String: Any]] ?? []
        let notes = queries.first?["notes"] as? [String] ?? []
        #expect(notes.contains("CustomID: texts that differ only in case become one row"))
        #expect(notes.contains("CustomID: texts that differ only in accents become one row"))
    }

    @Test("render shows the SQL for a sample, for members, and for profiles that it makes up")
    func render() throws {
        let insert = try file(
            "INSERT INTO t VALUES {for $l = $batch}({segment_id}, '{$l.CustomID}', {$l.age})"
                + "{autocomma}{end}")
        let made = try program.run("template", "render", "--kind", "postgresql", insert)
        #expect(
            made.output == "INSERT INTO t VALUES (42, 'O''Neil', 'O''Neil'),(42, 'Ada', 'Ada')\n")
        let sample = try file(
            """
            {"type":"segment_created","segment_id":7,"segment_name":"x"}
            {"type":"profiles_added","segment_id":7,"profiles":[
             {"id":"p","fields":{"CustomID":"C'1","age":31}},{"id":"q"}]}
            """, "sample.ndjson")
        let given = try program.run(
            "template", "render", "--kind", "clickhouse", insert, "--sample", sample)
        #expect(given.output == "INSERT INTO t VALUES (7, 'C\\'1', 31),(7, '', NULL)\n")
        let events =
            #"{"type":"profiles_added","segment_id":3,"profiles":[{"id":"z","#
            + #""fields":{"CustomID":"C-9","age":5}}]}"#
        #expect(try program.run("append", input: Data(events.utf8)).status == 0)
        let members = try program.run(
            "template", "render", "--kind", "mssql", insert, "--segment", "3", "--json")
        let queries = try members.json["queries"] as? [[String: Any]] ?? []
        #expect(queries.first?["sql"] as? String == "INSERT INTO t VALUES (3, 'C-9', 5)")
        let none = try program.run(
            "template", "render", "--kind", "mssql", insert, "--segment", "4")
        #expect(none.status == 1)
        #expect(none.errors.contains("the ledger has never seen segment 4"))
        let wrong = try program.run(
            "template", "render", "--kind", "mssql", insert, "--sample", try file("{\"x\":1}", "w"))
        #expect(wrong.status == 3)
        #expect(wrong.errors.contains(":1: the sample has a key x that means nothing here"))
    }

    @Test("Wrong usage says what to write")
    func usage() throws {
        let insert = try file("SELECT 1")
        for (arguments, says) in [
            (["template", "check", insert], "say which database the template is for"),
            (["template", "check", "--kind", "mysql"], "name a template's FILE"),
            (
                ["template", "check", "--kind", "mysql", "--setting", "sql_mode=ANSI", insert],
                "--setting sql_mode cannot be ANSI"
            ),
            (
                ["template", "check", "--kind", "sqlite", "--setting", "sql_mode=x", insert],
                "is no setting of a connection to sqlite"
            ),
            (["template", "check", "--kind", "postgres", insert], "did you mean postgresql?"),
            (["template", "check", "--connector", "x", insert], "there is no"),
            (["template", "lab", "--integration", "x"], "there is no"),
        ] {
            let result = try program.start(arguments).wait()
            #expect(result.status == 2 || result.status == 1, "\(arguments) \(result)")
            #expect(result.errors.contains(says), "\(arguments) \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }
}
