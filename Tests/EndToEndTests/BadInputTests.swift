import Foundation
import ServerTesting
import Testing

/// Wrong input gets a sentence, a hint and the right exit code, and loses nothing.
@Suite(.serialized) struct BadInputTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    @Test("A bad line refuses the file; the corrected file duplicates nothing")
    func badLine() throws {
        let good = #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"a"}]}"# + "\n"
        let bad = #"{"type":"profiles_aded","segment_id":1,"profiles":[{"id":"b"}]}"# + "\n"
        let refused = try program.run("append", input: Data((good + bad).utf8))
        #expect(refused.status == 3)
        #expect(refused.errors.contains("line 2"))
        #expect(refused.errors.contains("profiles_added"))
        #expect(refused.errors.contains("nothing was appended"))
        #expect(refused.output.isEmpty)
        let corrected = try program.run("append", "--json", input: Data((good + good).utf8)).json
        #expect(corrected["events"] as? Int == 2)
        #expect(corrected["first_position"] as? Int == 0)
    }

    @Test("A measurement into a directory that is not there is refused, and makes none")
    func benchNowhere() throws {
        let refused = try program.run("bench", "--into", scratch.path("nowhere"))
        #expect(refused.status == 1)
        #expect(refused.errors.contains("there is no directory"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("nowhere")))
    }

    @Test("A faulty configuration reports every fault with its path and changes nothing")
    func badConfiguration() throws {
        let path = scratch.path("bad.yaml")
        let yaml = """
            connectors:
              a: { kind: sqlite, url: "\(scratch.path("t.db"))" }
            integrations:
              one:
                scope: { database_id: 1, segmentz: all }
                connector: a
                queries:
                  add_profiles: |
                    INSERT INTO t VALUES {for $l = $batch}('{$l.CustomID}'){autocoma}{end}
            """
        try yaml.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try program.run("apply", path)
        #expect(result.status == 2)
        #expect(result.errors.contains("segments"))
        #expect(result.errors.contains("remove_profiles"))
        #expect(result.errors.contains("integrations.one.queries.add_profiles:1:"))
        #expect(result.errors.contains("autocomma"))
        let list = try program.run("connectors", "--json")
        #expect(try (list.json["connectors"] as? [Any])?.isEmpty == true)
    }

    @Test("A target that is down leaves work undelivered: exit code 5, and it is shown")
    func downTarget() throws {
        let port = try LoopbackPort.free()
        let path = scratch.path("down.yaml")
        try Configurations.keyed(
            name: "bi", kind: "postgresql", url: "postgresql://nobody@127.0.0.1:\(port)/none"
        ).write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try program.run("apply", path).status == 0)
        let event = #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"a"}]}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        let sync = try program.run("sync", "--until-idle", "--give-up-after", "0")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("bi"))
        #expect(sync.errors.contains("hint:"))
        let status = try program.run("status", "--json").json
        let first = (status["integrations"] as! [[String: Any]])[0]
        #expect(first["lag_events"] as? Int == 1)
        #expect(first["state"] as? String == "active")
    }

    @Test("A missing table stops the integration with the reason; resuming goes on")
    func missingTable() throws {
        let file = scratch.path("t.db")
        let path = scratch.path("c.yaml")
        try Configurations.keyed(name: "crm", kind: "sqlite", url: file)
            .write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try program.run("apply", path).status == 0)
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
            + #"[{"id":"a","fields":{"CustomID":"C-1"}}]}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("no such table: segments"))
        let errors = try program.run("errors", "crm")
        #expect(errors.output.contains("no such table: segments"))
        _ = try sqlite(file, Configurations.keyedTables)
        #expect(try program.run("sync", "--until-idle").status == 5)
        #expect(try program.run("integrations", "resume", "crm").status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(try sqlite(file, "SELECT clientId FROM mysegment") == "C-1")
    }

    @Test("A broken ledger file: exit code 4, the file, the offset and the way out")
    func brokenLedger() throws {
        let events = try program.run(
            "generate", "--profiles", "50", "--segments", "2", "--changes", "500")
        #expect(try program.run("append", input: Data(events.output.utf8)).status == 0)
        let folder = scratch.path("data/ledger")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder)
                .first { $0.hasSuffix(".chunk") })
        var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        for command in [["status"], ["verify"], ["sync", "--until-idle"]] {
            let result = try program.start(command).wait()
            #expect(result.status == 4, "\(command): \(result.errors)")
            #expect(result.errors.contains(name))
            #expect(result.errors.contains("hint:"))
        }
    }

    @Test("Questions that make no sense: exit codes 1 and 2, with hints")
    func badQuestions() throws {
        let event = #"{"type":"segment_created","segment_id":1,"segment_name":"x"}"#
        #expect(try program.run("audit", "members", "1").status == 1)
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        let unknown = try program.run("audit", "members", "99")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("never seen segment 99"))
        #expect(try program.run("audit", "members", "1", "--as-of", "tomorrow").status == 2)
        #expect(try program.run("audit", "members", "1", "--as-of", "1990-01-01").status == 0)
        #expect(try program.run("stats", "nobody").status == 1)
        #expect(try program.run("frobnicate").status == 2)
        #expect(try program.run("append", "/no/such/file").status == 1)
    }

    @Test(
        "A word that is no command, an unknown option, a missing argument: exit code 2 and a hint")
    func usage() throws {
        for (words, says) in [
            (["appnd"], "did you mean append?"), (["append", "--jsn"], "--json"),
            (["resync"], "name"), (["audit", "members", "x"], "x"), (["xyzzy"], "segledger help"),
        ] {
            let result = try program.start(words).wait()
            #expect(result.status == 2, "\(words)")
            #expect(result.errors.contains(says), "\(words): \(result.errors)")
            #expect(result.errors.contains("hint: "), "\(words): \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("YAML that is none names the line; an empty one and a list say what to write")
    func badYAML() throws {
        for (yaml, says) in [
            ("connectors:\n  a: {kind: sqlite\n", "did not find"), ("", "empty"),
            ("[1]", "must be a mapping"), ("connectors: {}\nfoo: 1", "unknown key"),
            ("connectors:\n  a: {kind: sqlit, url: x}", "sqlite"),
        ] {
            let path = scratch.path("x.yaml")
            try yaml.write(toFile: path, atomically: true, encoding: .utf8)
            let result = try program.run("apply", path)
            #expect(result.status == 2, "\(yaml)")
            #expect(result.errors.contains(says), "\(result.errors)")
            #expect(result.errors.contains("hint: "), "\(result.errors)")
            #expect(result.errors.contains("nothing was applied"))
        }
    }

    private let event = #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"a"}]}"#

    @Test("A data directory that cannot be written is read as it is, and says so to who writes")
    func readOnly() throws {
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        let data = scratch.path("data")
        _ = try shell("chmod -R a+rX \(scratch.path) && chmod -R a-w \(data)")
        defer { _ = try? shell("chmod -R u+w \(data)") }
        let user = geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        let (status, output) = try shell(
            "\(user)\(Program.url.path) audit members 1 --data \(data)")
        #expect(status == 0 && output == "a\n", "\(output)")
        let (_, answer) = try shell("\(user)\(Program.url.path) status --data \(data)")
        #expect(answer.contains("ledger: 1 event\n"), "\(answer)")
        let (refusal, message) = try shell(
            "echo '\(event)' | \(user)\(Program.url.path) append --data \(data)")
        #expect(refusal == 1)
        #expect(message.contains("hint: give this user the right to write there"), "\(message)")
    }

    @Test(
        "A full disk refuses the append whole; with room again it goes on",
        .enabled(if: geteuid() == 0, "only root can mount a small disk"))
    func fullDisk() throws {
        let disk = scratch.path("disk")
        let (mounted, reason) = try shell(
            "mkdir \(disk) && mount -t tmpfs -o size=1100k tmpfs \(disk)")
        guard mounted == 0 else {
            print("no disk could be mounted, so nothing was tested: \(reason)")
            return
        }
        defer { _ = try? shell("umount \(disk)") }
        let data = disk + "/d"
        _ = try shell("head -c 600000 /dev/zero > \(disk)/ballast")
        let events = try program.run(
            "generate", "--profiles", "4000", "--segments", "3", "--changes", "60000")
        let refused = try program.run(
            "append", "--data", data, input: Data(events.output.utf8))
        #expect(refused.status == 1)
        #expect(refused.errors.contains("No space left on device"), "\(refused.errors)")
        #expect(refused.errors.contains("hint: free some space"), "\(refused.errors)")
        _ = try shell("mount -o remount,size=200m \(disk)")
        let whole = try program.run(
            "append", "--data", data, "--json", input: Data(events.output.utf8))
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try whole.json["duplicates"] as? Int == 0)
        #expect(try program.run("verify", "--data", data).status == 0)
    }

    @Test("INV-1: an append that a signal ends is there whole or not at all, and can be repeated")
    func interruptedAppend() throws {
        let events = try program.run(
            "generate", "--profiles", "3000", "--segments", "3", "--changes", "60000")
        let input = Data(events.output.utf8)
        let total = events.output.split(separator: "\n").count
        var random = SeededGenerator()
        for signal in [SIGINT, SIGTERM, SIGKILL] {
            let append = try program.start(["append"], input: input)
            usleep(UInt32.random(in: 10_000...900_000, using: &random))
            append.send(signal)
            _ = try append.wait()
        }
        let last = try program.run("append", "--json", input: input).json
        let events2 = last["events"] as! Int
        #expect(events2 + (last["duplicates"] as! Int) == total)
        #expect(try program.run("status", "--json").json["events"] as? Int == total)
        #expect(try program.run("verify").status == 0)
    }

    private func shell(_ script: String) throws -> (Int32, String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
