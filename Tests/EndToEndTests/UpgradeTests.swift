import Foundation
import ServerTesting
import Testing

/// What an operator meets after another version of the program is installed.
@Suite(.serialized) struct UpgradeTests {
    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    private var projections: String { scratch.path("data/projections.sqlite") }

    /// Makes the projections look like those of a version with other tables.
    private func age() throws {
        _ = try sqlite(
            projections,
            """
            DROP TABLE field_page;
            UPDATE applied_migration SET sha256 = 'other' WHERE name LIKE '0004%';
            """)
    }

    private func digest() throws -> String {
        let verified = try program.run("verify", "--deep", "--json")
        #expect(verified.status == 0, "\(verified.errors)")
        return try #require(try verified.json["projections_sha256"] as? String)
    }

    @Test("INV-5: projections of another version are folded again by the next command")
    func rebuilt() throws {
        let events = try program.run("generate", "--changes", "2000", "--profiles", "300")
        #expect(try program.run("append", input: Data(events.output.utf8)).status == 0)
        let members = try program.run("audit", "members", "1")
        let before = try digest()
        for command in [["audit", "members", "1"], ["status"], ["append"]] {
            try age()
            let result = try program.start(command, input: Data()).wait()
            #expect(result.status == 0, "\(command): \(result.errors)")
            #expect(result.errors.contains("folded again"), "\(command)")
            #expect(try digest() == before, "\(command)")
        }
        #expect(try program.run("audit", "members", "1").output == members.output)
    }

    @Test("INV-3: projections of another version still witness what the ledger must hold")
    func witness() throws {
        let event = #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"a"}]}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        try age()
        _ = try sqlite(projections, "UPDATE checkpoint SET position = 7")
        let result = try program.run("status")
        #expect(result.status == 4, "\(result.errors)")
        #expect(FileManager.default.fileExists(atPath: projections))
    }
}
