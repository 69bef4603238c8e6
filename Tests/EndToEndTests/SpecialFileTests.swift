import Foundation
import ServerTesting
import Testing

/// A pipe, a device or a directory where a file should be, in every place that a command opens:
/// no command waits for it, and each that needs it says which one it is.
@Suite struct SpecialFileTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private enum Special: String, CaseIterable {
        case pipe, directory, device
    }

    /// Puts it in the place of what stands at a path.
    private func put(_ special: Special, at path: String) throws {
        if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
        switch special {
        case .pipe: try #require(mkfifo(path, 0o600) == 0)
        case .directory:
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false)
        case .device: try #require(symlink("/dev/zero", path) == 0)
        }
    }

    /// Runs a command for two minutes at most: the one that is not ended by itself hangs.
    private func run(_ words: [String], data: String) throws -> (status: Int32, errors: String) {
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "-s", "KILL", "120", Program.url.path] + words
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SEGLEDGER_DATA": data]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        let text = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let status =
            process.terminationReason == .exit
            ? process.terminationStatus : 128 + process.terminationStatus
        return (status, String(decoding: text, as: UTF8.self))
    }

    private func expectEnd(
        _ words: [String], data: String, _ what: String
    ) throws -> (status: Int32, errors: String) {
        let result = try run(words, data: data)
        // 124, 137: the time was over; 132 to 139: the program trapped.
        #expect(
            (0...5).contains(result.status), "\(words) \(what): \(result.status) \(result.errors)")
        return result
    }

    /// A data directory with a ledger, projections, passwords and an integration.
    private func makeData() throws -> String {
        let data = scratch.path("data")
        let target = scratch.path("target.db")
        _ = try sqlite(target, Configurations.keyedTables)
        try program.apply(
            Configurations.keyed(name: "crm", kind: "sqlite", url: target).replacing(
                "integrations:",
                with: "  pg: { kind: postgresql, url: \"postgresql://u:CANARY@127.0.0.1:1/d\" }\n"
                    + "integrations:"))
        let event =
            #"{"type":"profiles_added","segment_id":1,"profiles":"#
            + #"[{"id":"a","fields":{"CustomID":"C-1"}}]}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        return data
    }

    @Test("Special files in a data directory hang no command and trap none")
    func dataDirectory() throws {
        let data = try makeData()
        let chunk = try #require(
            try FileManager.default.contentsOfDirectory(atPath: data + "/ledger")
                .first { $0.hasSuffix(".chunk") })
        let places = [
            "LOCK", "secrets.json", "secrets.json.new", "projections.sqlite",
            "projections.sqlite-wal", "projections.sqlite-shm", "projections.sqlite-journal",
            "ledger/" + chunk, "ledger/MANIFEST", "ledger/MANIFEST.new", "ledger/DICTIONARY",
            "ledger/0000000000000001.spare", "ledger/stray.chunk", "ledger",
        ]
        let configuration = scratch.path("again.yaml")
        try "connectors: { pg: { kind: postgresql, url: \"postgresql://u:CANARY@h/d\" } }".write(
            toFile: configuration, atomically: true, encoding: .utf8)
        let commands = [
            ["verify"], ["status"], ["apply", configuration], ["backup", "INTO"],
            ["restore", "--from", "DATA", "--into", "INTO"], ["sync", "--until-idle"],
        ]
        for place in places {
            for special in Special.allCases {
                // Every command meets a pipe; the others differ by what is told.
                for command in special == .pipe
                    ? commands : [["verify"], ["apply", configuration]]
                {
                    let copy = scratch.path("copy-\(UUID().uuidString)")
                    try FileManager.default.copyItem(atPath: data, toPath: copy)
                    try put(special, at: copy + "/" + place)
                    let words = command.map {
                        $0 == "DATA" ? copy : $0 == "INTO" ? copy + "-into" : $0
                    }
                    let result = try expectEnd(words, data: copy, "\(place) \(special)")
                    if result.status != 0 {
                        #expect(
                            result.errors.contains("hint: "),
                            "\(words) \(place) \(special): \(result.errors)")
                    }
                    #expect(!result.errors.contains("CANARY"))
                    try FileManager.default.removeItem(atPath: copy)
                }
            }
        }
    }

    @Test("Special files as an argument are refused by their kind, with a hint that works")
    func arguments() throws {
        let data = try makeData()
        for special in Special.allCases {
            let path = scratch.path("it-\(special)")
            try put(special, at: path)
            for command in [
                ["append"], ["apply"], ["dump"], ["template", "check", "--kind", "sqlite"],
                ["template", "render", "--kind", "sqlite"],
                ["template", "render", "--kind", "sqlite", "-", "--sample"],
                ["restore", "--into", data + "-new", "--from"], ["backup"],
                ["status", "--data"], ["verify", "--data"], ["append", "--data"],
            ] {
                // As a data directory or a target, an empty directory is none of these.
                if special == .directory,
                    ["restore", "backup", "status", "verify"].contains(command[0])
                        || command.last == "--data"
                {
                    continue
                }
                let result = try expectEnd(command + [path], data: data, "\(special)")
                #expect(result.status != 0, "\(command) \(special)")
                #expect(result.errors.contains("hint: "), "\(command): \(result.errors)")
                guard command.last != "--data", command[0] != "restore", command[0] != "backup"
                else { continue }
                #expect(
                    result.errors.contains(
                        "is a \(special == .pipe ? "named pipe" : "\(special)")"),
                    "\(command) \(special): \(result.errors)")
            }
        }
        // What the hint says.
        let piped = try program.run("append", "-", input: Data())
        #expect(piped.status == 0, "\(piped.errors)")
    }

    @Test("A connector's password, its authority and its database are files too")
    func connectors() throws {
        let data = scratch.path("data")
        for (special, name) in [(Special.pipe, "pipe"), (.directory, "directory")] {
            let path = scratch.path("it-\(name)")
            try put(special, at: path)
            for (connector, says) in [
                (
                    "{ kind: postgresql, url: \"postgresql://u@127.0.0.1:1/d\", "
                        + "password: { file: \(path) } }", "password file"
                ),
                (
                    "{ kind: postgresql, url: \"postgresql://u@127.0.0.1:1/d\", "
                        + "tls: { mode: verify-full, ca_file: \(path) } }", "ca_file"
                ), ("{ kind: sqlite, url: \(path) }", path),
            ] {
                let yaml = scratch.path("c.yaml")
                try "connectors: { c: \(connector) }".write(
                    toFile: yaml, atomically: true, encoding: .utf8)
                #expect(try run(["apply", yaml], data: data).status == 0)
                let query = scratch.path("q.sql")
                try "DELETE FROM t WHERE a = {segment_id}".write(
                    toFile: query, atomically: true, encoding: .utf8)
                let result = try expectEnd(
                    ["template", "check", query, "--connector", "c"], data: data, "\(name) \(says)")
                #expect(result.status != 0)
                #expect(result.errors.contains(says), "\(result.errors)")
                #expect(result.errors.contains("hint: "), "\(result.errors)")
            }
        }
    }

    @Test("A file of zeros is no ledger's: whole only as one that was made ahead")
    func sparse() throws {
        let data = scratch.path("data")
        for (name, size, isWhole) in [
            ("large", UInt64(10) << 30, false), ("small", 1 << 20, false), ("empty", 0, false),
            ("00000000000000aa.spare", 1 << 20, true),
        ] {
            let path = scratch.path(name)
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            try #require(truncate(path, off_t(size)) == 0)
            let result = try expectEnd(["dump", path], data: data, name)
            #expect((result.status == 0) == isWhole, "\(name): \(result.errors)")
        }
    }
}
