import Foundation
import ServerTesting
import Testing

/// `segledger dump` on the file of a small ledger.
@Suite struct DumpTests {
    private let scratch: TemporaryDirectory
    private let program: Program
    private let file: String

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
        let events = """
            {"type":"segment_created","segment_id":42,"segment_name":"VIP"}
            {"type":"profiles_added","segment_id":42,"profiles":[{"id":"p-secret-1",\
            "fields":{"CustomID":"C-secret-9"}},{"id":"p2"}]}

            """
        let result = try program.run("append", input: Data(events.utf8))
        guard result.status == 0 else { throw ServerProblem(description: result.errors) }
        let folder = scratch.path + "/data/ledger"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        guard let name = names.first(where: { $0.hasSuffix(".chunk") }) else {
            throw ServerProblem(description: "no chunk in \(names)")
        }
        file = folder + "/" + name
    }

    private func objects(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(object as? [String: Any])
        }
    }

    @Test("One line a frame, for people and for programs")
    func listing() throws {
        let text = try program.run("dump", file)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.contains("offset"))
        #expect(text.output.contains(": whole"))
        let frames = try objects(try program.run("dump", file, "--json").output)
        #expect(frames.first?["kind"] as? String == "chunk")
        let data = try #require(frames.first { $0["kind"] as? String == "data" })
        #expect(data["events"] as? Int == 2)
        #expect(data["changes"] as? Int == 2)
        #expect(data["first_position"] as? Int == 0)
        #expect((data["faults"] as? [String])?.isEmpty == true)
    }

    @Test("A snapshot of the dictionary says what it holds, or that it is damaged")
    func snapshot() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("LedgerTests/Golden")
        let golden = folder.appendingPathComponent("snapshot-2/DICTIONARY")
        let text = try program.run("dump", golden.path)
        #expect(text.status == 0, "\(text.errors)")
        #expect(text.output.contains("18 profiles, 1 field name,"))
        let json = try objects(try program.run("dump", golden.path, "--json").output)
        #expect(json.first?["kind"] as? String == "dictionary")
        #expect(json.first?["profiles"] as? Int == 18)
        var bytes = try Data(contentsOf: golden)
        bytes[100] ^= 1
        let copy = scratch.path + "/DICTIONARY"
        try bytes.write(to: URL(fileURLWithPath: copy))
        let damaged = try program.run("dump", copy)
        #expect(damaged.status == 4)
        #expect(damaged.errors.contains("no event is lost"))
        let old = try program.run(
            "dump", folder.appendingPathComponent("version-2/ledger/DICTIONARY").path)
        #expect(old.status == 4)
        #expect(old.errors.contains("of version 1"))
        #expect(!old.errors.contains("check the disk"))
    }

    @Test("INV-10: a frame's events show no profile id and no value unless asked for")
    func values() throws {
        let frames = try objects(try program.run("dump", file, "--json").output)
        let data = try #require(frames.first { $0["kind"] as? String == "data" })
        let number = "\(try #require(data["frame"] as? Int))"
        for format in [[], ["--json"]] {
            let shy = try program.start(["dump", file, "--frame", number] + format).wait()
            #expect(shy.status == 0, "\(shy.errors)")
            #expect(shy.output.contains("profiles_added"))
            #expect(!shy.output.contains("secret"))
            let open = try program.start(
                ["dump", file, "--frame", number, "--values"] + format
            ).wait()
            #expect(open.output.contains("p-secret-1"))
            #expect(open.output.contains("C-secret-9"))
        }
        #expect(try program.run("dump", file, "--frame", "99").status == 1)
        #expect(try program.run("dump", file, "--values").status == 2)
        #expect(try program.run("dump", file + "x").status == 1)
    }

    @Test("INV-3: acknowledged bytes that fail give exit code 4, and the list goes on behind them")
    func damage() throws {
        let before = try objects(try program.run("dump", file, "--json").output)
        let data = try #require(before.first { $0["kind"] as? String == "data" })
        let offset = try #require(data["offset"] as? Int)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        bytes[offset + 70] ^= 1
        let copy = scratch.path + "/damaged.chunk"
        try bytes.write(to: URL(fileURLWithPath: copy))
        let result = try program.run("dump", copy, "--json")
        #expect(result.status == 4)
        #expect(result.errors.contains("from \(offset) on"))
        let after = try objects(result.output)
        #expect(after.count == before.count)
        #expect(after.filter { ($0["faults"] as? [String])?.isEmpty == false }.count == 1)
    }
}
