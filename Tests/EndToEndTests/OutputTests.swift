import Foundation
import ServerTesting
import Testing

/// What the commands print, and that the examples of the documentation are what they say.
@Suite(.serialized) struct OutputTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private static let repository: URL = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    /// The fenced blocks of a page of one language.
    private func blocks(_ page: String, _ language: String) throws -> [String] {
        let text = try String(
            contentsOf: Self.repository.appendingPathComponent(page), encoding: .utf8)
        return text.components(separatedBy: "```\(language)\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
    }

    /// Runs lines as a user types them, in a directory of their own.
    private func shell(_ script: String, in directory: String) throws -> (Int32, String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-e", "-o", "pipefail", "-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        var environment = ProcessInfo.processInfo.environment
        let programs = Program.url.deletingLastPathComponent().path
        environment["PATH"] = programs + ":" + (environment["PATH"] ?? "")
        environment["SEGLEDGER_DATA"] = nil
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private let events = """
        cat > events.ndjson <<'END'
        {"type":"segment_created","time":"2026-03-12T10:00:00Z","segment_id":42,"segment_name":"x"}
        {"type":"profiles_added","time":"2026-03-12T10:00:00Z","segment_id":42,\
        "profiles":[{"id":"p1","fields":{"CustomID":"C-1"}}]}
        {"type":"profiles_removed","time":"2026-04-12T10:00:00Z","segment_id":42,\
        "profiles":[{"id":"p1"}]}
        END

        """

    @Test("The first integration of the README works as it stands")
    func readme() throws {
        let yaml = try #require(try blocks("README.md", "yaml").first)
        let commands = try #require(
            try blocks("README.md", "sh").first { $0.contains("segledger append") })
        let script =
            events + "cat > crm.yaml <<'END'\n\(yaml)END\n"
            + commands.replacingOccurrences(of: "$PWD/.build/release:", with: "")
        let (status, output) = try shell(script, in: scratch.path)
        #expect(status == 0, "\(output)")
        #expect(output.contains("1 members"), "\(output)")
    }

    @Test("The first integration of the guide works as it stands, and ends with the right table")
    func firstIntegration() throws {
        var script = ""
        for block in try blocks("docs/start/first-integration.md", "sh") {
            if block.contains("segledger apply") {
                let guide = try #require(try blocks("docs/guides/sqlite.md", "yaml").first)
                // As the page says: the connector and the first three queries.
                let yaml = guide.components(separatedBy: "      save_segment")[0]
                script += "cat > crm.yaml <<'END'\n\(yaml)END\n"
            }
            script += block
        }
        let (status, output) = try shell(script, in: scratch.path)
        #expect(status == 0, "\(output)")
        let last = output.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("42|C-2|"), "\(output)")
    }

    @Test(
        "The guides of the databases work as they stand",
        arguments: ["sqlite", "postgresql", "mysql"])
    func guides(kind: String) throws {
        let target = try Target(kind, in: scratch)
        let page = "docs/guides/\(kind).md"
        let tables = try #require(try blocks(page, "sql").first)
        _ = try target.run(tables)
        let yaml = try #require(try blocks(page, "yaml").first)
            .replacingOccurrences(of: "url: crm.sqlite", with: "url: \"\(target.url)\"")
            .replacingOccurrences(of: "postgresql://sync@db/crm", with: target.url)
            .replacingOccurrences(of: "mysql://sync@db/crm", with: target.url)
            .replacingOccurrences(of: ", password: { env: CRM_PASSWORD }", with: "")
        try program.apply(yaml)
        let lines = [
            #"{"type":"segment_created","segment_id":1,"#
                + #""segment_name":"O'Brien's \"spring\" list"}"#,
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
                + #"[{"id":"a","fields":{"CustomID":"O'N\\eil \"x\""}},"#
                + #"{"id":"b","fields":{"CustomID":"C-2"}}]}"#,
            #"{"type":"profiles_removed","segment_id":1,"profiles":[{"id":"b"}]}"#,
            #"{"type":"profiles_added","segment_id":2,"profiles":[{"id":"b"}]}"#,
            #"{"type":"segment_cleared","segment_id":2}"#,
            #"{"type":"segment_deleted","segment_id":2}"#,
        ]
        for _ in 0..<2 {
            let append = try program.run(
                "append", input: Data(lines.joined(separator: "\n").utf8))
            #expect(append.status == 0, "\(append.errors)")
            let sync = try program.run("sync", "--until-idle")
            #expect(sync.status == 0, "\(sync.errors)")
            let found = try target.run("SELECT segId, clientId FROM mysegment")
            #expect(found == #"1|O'N\eil "x""#)
            let names = try target.run("SELECT segment_id, name FROM segments")
            #expect(names == #"1|O'Brien's "spring" list"#)
        }
        #expect(try program.run("resync", "crm-segments").status == 0)
        #expect(try target.run("SELECT segId, clientId FROM mysegment") == #"1|O'N\eil "x""#)
    }

    @Test("Every command that prints has --json, and prints JSON and nothing else with it")
    func json() throws {
        let file = scratch.path("t.db")
        _ = try sqlite(file, Configurations.keyedTables)
        try program.apply(Configurations.keyed(name: "crm", kind: "sqlite", url: file))
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
            + #"[{"id":"a","fields":{"CustomID":"C"}}]}"#
        let yaml = scratch.path("again.yaml")
        try Configurations.keyed(name: "crm", kind: "sqlite", url: file)
            .write(toFile: yaml, atomically: true, encoding: .utf8)
        let query = scratch.path("query.sql")
        try "DELETE FROM t WHERE a IN ({batch_in \"b\"})"
            .write(toFile: query, atomically: true, encoding: .utf8)
        let data = scratch.path("data")
        let commands: [[String]] = [
            ["append"], ["apply", yaml], ["connectors"], ["integrations"],
            ["integrations", "list"], ["integrations", "pause", "crm"],
            ["integrations", "resume", "crm"], ["sync", "--until-idle"], ["resync", "crm"],
            ["status"], ["stats", "crm"], ["errors", "crm"],
            ["template", "check", "--kind", "sqlite", "--query", "remove_profiles", query],
            ["audit", "profile", "a"], ["audit", "segment", "1"], ["audit", "members", "1"],
            ["audit", "members", "1", "--count"],
            ["audit", "diff", "1", "--from", "@0", "--to", "@1"],
            ["audit", "log"], ["verify"], ["backup", scratch.path("backup")],
            ["restore", "--from", data, "--into", scratch.path("restored")],
            ["rebuild-projections"],
        ]
        for command in commands {
            let input = command[0] == "append" ? Data(event.utf8) : nil
            let result = try program.start(command + ["--json"], input: input).wait()
            #expect(result.status == 0, "\(command): \(result.errors)")
            #expect(result.errors.isEmpty, "\(command): \(result.errors)")
            for line in result.output.split(separator: "\n") {
                #expect(throws: Never.self, "\(command): \(line)") {
                    try JSONSerialization.jsonObject(with: Data(line.utf8))
                }
            }
            #expect(!result.output.isEmpty, "\(command)")
        }
    }

    @Test("Every command explains itself", arguments: ["", "audit", "integrations", "template"])
    func help(group: String) throws {
        let words = group.isEmpty ? [] : [group]
        let top = try program.start(words + ["--help"]).wait()
        #expect(top.status == 0)
        let list = top.output.components(separatedBy: "SUBCOMMANDS:").last ?? ""
        let names = list.split(separator: "\n").filter { $0.hasPrefix("  ") }
            .compactMap { line in
                line.dropFirst(2).first == " "
                    ? nil : line.split(separator: " ").first.map(String.init)
            }
            .filter { $0 != "See" }
        #expect(names.count >= 1)
        for name in names {
            let help = try program.start(words + [name, "--help"]).wait()
            #expect(help.status == 0)
            #expect(help.output.hasPrefix("OVERVIEW: "), "\(name)")
        }
    }
}
