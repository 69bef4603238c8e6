import Foundation
import ServerTesting
import Testing

/// Passwords that a configuration gives in plain text, on the disk and in use.
@Suite struct SecretTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private func connector(_ name: String, _ password: String?) -> String {
        "\(name): { kind: postgresql, url: \"postgresql://u@h/d\""
            + (password.map { ", password: \($0)" } ?? "") + " }"
    }

    /// Files of the data directory that hold some text.
    private func holders(of text: String) throws -> [String] {
        let data = scratch.path("data")
        let names = try FileManager.default.subpathsOfDirectory(atPath: data)
        return names.filter { name in
            FileManager.default.contents(atPath: data + "/" + name)?
                .firstRange(of: Data(text.utf8)) != nil
        }
    }

    @Test("INV-10: a password is in secrets.json alone, and no longer than it is used")
    func removal() throws {
        try program.apply("connectors: { \(connector("c", "CANARY-1")) }")
        #expect(try holders(of: "CANARY") == ["secrets.json"])
        // As it is again; another one beside it; another password.
        try program.apply("connectors: { \(connector("c", "{ stored: true }")) }")
        #expect(try holders(of: "CANARY-1") == ["secrets.json"])
        try program.apply("connectors: { \(connector("d", "CANARY-2")) }")
        #expect(try holders(of: "CANARY-1") == ["secrets.json"])
        try program.apply("connectors: { \(connector("c", "CANARY-3")) }")
        #expect(try holders(of: "CANARY-1") == [])
        // Renamed, taken from elsewhere, removed; in the URL.
        try program.apply("connectors: { c: null, \(connector("e", "CANARY-4")) }")
        #expect(try holders(of: "CANARY-3") == [])
        try program.apply("connectors: { \(connector("e", "{ env: X }")) }")
        #expect(try holders(of: "CANARY-4") == [])
        try program.apply(
            "connectors: { e: { kind: mysql, url: \"mysql://u:CANARY-5@h/d\" } }")
        #expect(try holders(of: "CANARY-5") == ["secrets.json"])
        try program.apply("connectors: { e: null, d: null }")
        #expect(try holders(of: "CANARY") == [])
    }

    @Test("INV-10: of applies at the same time none loses another's password")
    func concurrent() throws {
        let names = ["a", "b", "c", "d"]
        var left = names
        while !left.isEmpty {
            let started = try left.map { name in
                let path = scratch.path("\(name).yaml")
                try "connectors: { \(connector(name, "CANARY-\(name)")) }".write(
                    toFile: path, atomically: true, encoding: .utf8)
                return (name, try program.start(["apply", path]))
            }
            // Who waited too long for the others tries again.
            left = []
            for (name, apply) in started where try apply.wait().status != 0 { left.append(name) }
        }
        for name in names { #expect(try holders(of: "CANARY-\(name)") == ["secrets.json"]) }
    }

    @Test("INV-10: a configuration that is refused changes no password")
    func refused() throws {
        try program.apply("connectors: { \(connector("c", "CANARY-1")) }")
        let before = try Data(contentsOf: URL(fileURLWithPath: scratch.path("data/secrets.json")))
        let path = scratch.path("bad.yaml")
        try "connectors: { \(connector("c", "CANARY-2")), x: { kind: nothing } }".write(
            toFile: path, atomically: true, encoding: .utf8)
        let result = try program.run("apply", path)
        #expect(result.status == 2)
        #expect(!result.errors.contains("CANARY"))
        let after = try Data(contentsOf: URL(fileURLWithPath: scratch.path("data/secrets.json")))
        #expect(before == after)
    }

    @Test("INV-10: files of passwords that others may read, and links, are refused")
    func unfit() throws {
        try program.apply("connectors: { \(connector("c", "CANARY-1")) }")
        let (path, yaml) = (scratch.path("data/secrets.json"), scratch.path("c.yaml"))
        try "connectors: { \(connector("c", "CANARY-2")) }".write(
            toFile: yaml, atomically: true, encoding: .utf8)
        try #require(chmod(path, 0o644) == 0)
        let open = try program.run("apply", yaml)
        #expect(open.status == 1 && open.errors.contains("other users"), "\(open.errors)")
        #expect(open.errors.contains("hint: run chmod 600 '\(path)'"), "\(open.errors)")
        try #require(chmod(path, 0o600) == 0)
        let elsewhere = scratch.path("elsewhere")
        try FileManager.default.moveItem(atPath: path, toPath: elsewhere)
        try #require(symlink(elsewhere, path) == 0)
        let link = try program.run("apply", yaml)
        #expect(link.status == 1 && link.errors.contains("symbolic link"), "\(link.errors)")
        #expect(try String(contentsOfFile: elsewhere, encoding: .utf8).contains("CANARY-1"))
        // The hint, obeyed: the file itself stands there again.
        _ = try #require(link.errors.firstRange(of: "mv \"$(readlink"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: elsewhere, toPath: path)
        #expect(try program.run("apply", yaml).status == 0)
        #expect(try holders(of: "CANARY-1") == [])
    }

    @Test("The right password reaches the server: the one that the ledger's last event is about")
    func inUse() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let query = scratch.path("q.sql")
        try "DELETE FROM nowhere WHERE a = {segment_id}".write(
            toFile: query, atomically: true, encoding: .utf8)
        func check() throws -> String {
            try program.run("template", "check", query, "--connector", "c").errors
        }
        let shown = url.replacing("postgres@", with: "postgres:CANARY@")
        try program.apply("connectors: { c: { kind: postgresql, url: \"\(shown)\" } }")
        #expect(try !check().contains("secrets.json"))
        // What an apply that failed left behind the ledger's end is not in force.
        let path = scratch.path("data/secrets.json")
        var text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"from\":0"))
        text.replace("\"from\":0", with: "\"from\":99")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try check().contains("its password is not in \(path)"))
    }

    @Test(
        "INV-10: what a data directory, a backup and a restored ledger hold is for one user alone")
    func modes() throws {
        let target = scratch.path("target.db")
        _ = try sqlite(target, Configurations.keyedTables)
        try program.apply(
            Configurations.keyed(name: "crm", kind: "sqlite", url: target).replacing(
                "connectors:", with: "connectors:\n  \(connector("c", "CANARY"))"))
        let events = try program.run(
            "generate", "--profiles", "50", "--segments", "2", "--changes", "500")
        #expect(try program.run("append", input: Data(events.output.utf8)).status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let (copy, restored) = (scratch.path("copy"), scratch.path("restored"))
        #expect(try program.run("backup", copy).status == 0)
        #expect(try program.run("restore", "--from", copy, "--into", restored).status == 0)
        #expect(try program.run("status", "--data", restored).status == 0)
        for directory in [scratch.path("data"), copy, restored] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: directory)
            #expect(names.contains("ledger/MANIFEST"))
            for path in [directory] + names.map({ directory + "/" + $0 }) {
                var status = stat()
                try #require(lstat(path, &status) == 0)
                // The file of the lock is empty.
                #expect(
                    status.st_mode & 0o077 == 0 || path.hasSuffix("/LOCK") && status.st_size == 0,
                    "\(path)")
            }
        }
    }
}
