import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("SQLite")
struct SQLiteTests {
    @Test("Each form of URL names the same file", arguments: ["", "sqlite:", "sqlite://", "file:"])
    func urlForms(_ prefix: String) async throws {
        let target = try Target(.sqlite)
        let path = try #require(target.directory).path("crm.sqlite")
        let first = try await target.connect()
        _ = try await first.execute(sql("CREATE TABLE here (i)"))
        let second = try await target.connect { $0.url = prefix + path }
        #expect(try await second.rows("SELECT * FROM here").isEmpty)
        await first.close()
        await second.close()
    }

    @Test(
        "A URL without a file is refused",
        arguments: ["", ":memory:", "sqlite:", "sqlite://host", "file:/a?mode=ro"])
    func refusesURL(_ url: String) throws {
        let definition = ConnectorDefinition(name: "c", kind: .sqlite, url: url)
        #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
    }

    @Test("A missing directory is permanent and named")
    func missingDirectory() async throws {
        let target = try Target(.sqlite)
        let directory = try #require(target.directory).path("nowhere")
        let failure = try await caught {
            _ = try await target.connect { $0.url = "\(directory)/crm.sqlite" }
        }
        #expect(failure?.class == .permanent)
        #expect(failure?.message.contains(directory) == true)
    }

    @Test("A lock that another session keeps is transient")
    func locked() async throws {
        let target = try Target(.sqlite)
        let holder = try await target.prepare()
        try await holder.begin()
        let waiting = try await target.connect { $0.statementTimeoutMilliseconds = 30 }
        let failure = try await caught { try await waiting.begin() }
        #expect(failure?.class == .transient)
        await holder.close()
        await waiting.close()
    }

    @Test("A kind without a factory is refused by name")
    func unknownKind() throws {
        let definition = ConnectorDefinition(name: "c", kind: .oracle, url: "x")
        #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
    }
}
