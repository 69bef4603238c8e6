import Connector
import Foundation
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

    /// Every call that writes or tells where lanes stand.
    @Test(
        "INV-12: a file that was replaced or removed under an open session is not written to",
        arguments: ["delete", "wal"], [true, false])
    func movedFile(journal: String, isReplaced: Bool) async throws {
        let target = try Target(.sqlite)
        let path = try #require(target.directory).path("crm.sqlite")
        let lane = LaneKey(integration: "crm", segment: SegmentID(1))
        let setUp = try await target.prepare()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", path, "PRAGMA journal_mode = \(journal)"]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let start = try await setUp.claimCursor(
            lane, initial: CursorConformanceTests.initial)
        await setUp.close()
        let calls: [(String, @Sendable (any TargetSession) async throws -> Void)] = [
            ("open", { _ = try await $0.openCursors() }),
            ("rows", { _ = try await $0.cursors(of: "crm") }),
            ("claim", { _ = try await $0.claimCursor(lane, initial: start) }),
            ("begin", { try await $0.begin() }),
            (
                "deliver",
                {
                    let next = CursorConformanceTests.moved(start, to: 1)
                    _ = try await $0.deliver(
                        TargetDelivery(
                            lane: lane, id: "d", move: .init(from: start, to: next),
                            queries: [.text(sql("DELETE FROM people"))]))
                }
            ),
        ]
        for (name, call) in calls {
            let session = try await target.connect()
            _ = try await session.openCursors()
            try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
            if isReplaced {
                try FileManager.default.copyItem(atPath: path + ".old", toPath: path)
            }
            let failure = try await caught { try await call(session) }
            #expect(failure?.class == .transient, "\(name)")
            #expect(failure?.isConnectionLost == true, "\(name)")
            await session.close()
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: path + ".old", toPath: path)
        }
        let session = try await target.connect()
        #expect(try await session.readCursor(lane) == start)
        await session.close()
    }

    @Test("INV-12: a file that is replaced inside a transaction is not committed to")
    func movedInTransaction() async throws {
        let target = try Target(.sqlite)
        let path = try #require(target.directory).path("crm.sqlite")
        let session = try await target.prepare()
        try await session.begin()
        _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a')"))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
        let failure = try await caught { try await session.commit() }
        #expect(failure?.isConnectionLost == true)
        await session.close()
    }

    @Test("A kind without a factory is refused by name")
    func unknownKind() throws {
        let definition = ConnectorDefinition(name: "c", kind: .oracle, url: "x")
        #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
    }
}
