import Foundation
import ServerTesting
import Testing

/// `segledger verify` on a data directory, whole and damaged.
@Suite struct VerifyTests {
    private let scratch: TemporaryDirectory
    private let program: Program
    private let data: String

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
        data = scratch.path("data")
        let events = try program.run(
            "generate", "--profiles", "50", "--segments", "2", "--changes", "500")
        let result = try program.run("append", input: Data(events.output.utf8))
        guard result.status == 0 else { throw ServerProblem(description: result.errors) }
        // Folds.
        guard try program.run("status").status == 0 else { throw ServerProblem(description: "") }
    }

    /// Every file below the data directory with its bytes.
    private func content() throws -> [String: Data] {
        var content: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: data) {
            content[path] = FileManager.default.contents(atPath: data + "/" + path)
        }
        return content
    }

    private func chunk() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: data + "/ledger")
        return try #require(names.first { $0.hasSuffix(".chunk") }.map { data + "/ledger/" + $0 })
    }

    @Test("A whole directory: exit code 0, and no file is changed, made or locked")
    func whole() throws {
        try FileManager.default.removeItem(atPath: data + "/LOCK")
        let before = try content()
        for arguments in [["verify"], ["verify", "--deep"]] {
            let result = try program.start(arguments).wait()
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains(": whole"))
            #expect(result.errors.isEmpty)
            #expect(try content() == before)
        }
        let deep = try program.run("verify", "--deep", "--json").json
        #expect(deep["whole"] as? Bool == true)
        #expect((deep["faults"] as? [Any])?.isEmpty == true)
        #expect((deep["merkle_root"] as? String)?.count == 64)
        #expect((deep["projections_sha256"] as? String)?.count == 64)
    }

    @Test("INV-2, INV-10: a damaged chunk: exit code 4, file, byte, positions and the way out")
    func damagedChunk() throws {
        let path = try chunk()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var bytes = whole
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: path))
        let before = try content()
        for arguments in [["verify"], ["verify", "--deep"]] {
            let result = try program.start(arguments).wait()
            #expect(result.status == 4)
            #expect(result.errors.contains(path + ": at byte "), "\(result.errors)")
            #expect(result.errors.contains("(positions "))
            #expect(result.errors.contains("hint: "))
            #expect(result.errors.contains("segledger dump"))
            let json = try program.start(arguments + ["--json"]).wait()
            #expect(json.status == 4 && json.errors.isEmpty)
            let faults = try #require(try json.json["faults"] as? [[String: Any]])
            #expect(faults.first?["file"] as? String == path)
            #expect(faults.first?["code"] as? String == "ledger_corrupt")
        }
        #expect(try content() == before)
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(try program.run("verify", "--deep").status == 0)
    }

    @Test("A damaged manifest and a missing one are told, and the next write mends them")
    func damagedManifest() throws {
        let path = data + "/ledger/MANIFEST"
        let event = Data(#"{"type":"segment_created","segment_id":9,"segment_name":"x"}"#.utf8)
        for damage in ["bits", "missing"] {
            if damage == "bits" {
                var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                bytes[100] ^= 1
                try bytes.write(to: URL(fileURLWithPath: path))
            } else {
                try FileManager.default.removeItem(atPath: path)
            }
            let result = try program.run("verify")
            #expect(result.status == 4)
            #expect(result.errors.contains(path), "\(damage): \(result.errors)")
            #expect(result.errors.contains("the next command that writes"))
            #expect(try program.run("append", input: event).status == 0)
            #expect(try program.run("verify", "--deep").status == 0, "\(damage)")
        }
    }

    @Test("INV-5: projections that are damaged, or say something else, are told, with the way out")
    func damagedProjections() throws {
        let path = data + "/projections.sqlite"
        _ = try sqlite(path, "UPDATE segment SET name = name || 'x'")
        #expect(try program.run("verify").status == 0)
        let differing = try program.run("verify", "--deep")
        #expect(differing.status == 4)
        #expect(differing.errors.contains("differ from a replay"), "\(differing.errors)")
        #expect(differing.errors.contains("rebuild-projections"))
        #expect(try program.run("rebuild-projections").status == 0)
        #expect(try program.run("verify", "--deep").status == 0)
        // Into the file what stands in its log.
        _ = try sqlite(path, "PRAGMA wal_checkpoint(TRUNCATE)")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        for offset in stride(from: 4096, to: bytes.count, by: 512) { bytes[offset] ^= 0xFF }
        try bytes.write(to: URL(fileURLWithPath: path))
        let broken = try program.run("verify")
        #expect(broken.status == 4)
        #expect(broken.errors.contains(path), "\(broken.errors)")
        #expect(broken.errors.contains("hint: "))
        #expect(try program.run("rebuild-projections").status == 0)
        #expect(try program.run("verify", "--deep").status == 0)
    }

    @Test("INV-1: a ledger that lost its end is told from what the projections have seen")
    func lostEnd() throws {
        let event = Data(#"{"type":"segment_created","segment_id":9,"segment_name":"x"}"#.utf8)
        let path = try chunk()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try program.run("append", input: event).status == 0)
        #expect(try program.run("status").status == 0)
        try before.write(to: URL(fileURLWithPath: path))
        let result = try program.run("verify")
        #expect(result.status == 4)
        #expect(result.errors.contains("the ledger ends at"), "\(result.errors)")
        #expect(result.errors.contains("hint: "))
    }

    @Test("Verify works beside a process that holds the directory")
    func beside() throws {
        let pipe = Pipe()
        let append = try program.start(["append"], reading: pipe.fileHandleForReading)
        let fifo = pipe.fileHandleForWriting
        #expect(try program.run("verify", "--deep").status == 0)
        try fifo.close()
        append.kill()
        _ = try append.wait()
        #expect(try program.run("verify", "--deep").status == 0)
    }
}
