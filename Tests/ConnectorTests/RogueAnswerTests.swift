import Connector
import Foundation
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// Servers that fall silent, or ask for what is not theirs.
@Suite("Rogue servers after the connection stands")
struct RogueAnswerTests {
    private func connect(
        _ kind: ConnectorKind, _ port: Int, timeoutMilliseconds: Int
    ) async throws -> TargetFailure? {
        var definition = ConnectorDefinition(
            name: "c", kind: kind, url: "\(kind.rawValue)://sync@127.0.0.1:\(port)/crm")
        definition.connectTimeoutMilliseconds = timeoutMilliseconds
        definition.statementTimeoutMilliseconds = timeoutMilliseconds
        let connector = try Target.registry.makeConnector(definition, secret: "CANARY")
        return try await caught { await (try connector.connect()).close() }
    }

    private static let greetings: [(kind: ConnectorKind, bytes: [UInt8])] = [
        (
            .postgresql,
            [UInt8(ascii: "N")] + RoguePostgres.question(0) + RoguePostgres.ready
        ),
        (.mysql, RogueMySQL.greeting(offersTLS: false) + RogueMySQL.okay(2)),
        (.mysql, RogueMySQL.greeting(offersTLS: true)),
        (.clickhouse, Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1\n".utf8)),
    ]

    @Test(
        "A server that falls silent at any byte of its greeting is given up in time",
        arguments: greetings.indices)
    func silence(_ place: Int) async throws {
        let (kind, bytes) = Self.greetings[place]
        for count in 0..<bytes.count {
            let server = try RogueServer { client in
                _ = try client.read(kind == .mysql ? 0 : 1)
                try client.send(Array(bytes.prefix(count)))
            }
            defer { server.stop() }
            let failure = try await connect(kind, server.port, timeoutMilliseconds: 30)
            #expect(failure?.class == .transient, "\(kind.rawValue), \(count) bytes")
            #expect(failure?.isConnectionLost == true, "\(kind.rawValue), \(count) bytes")
        }
    }

    @Test("MySQL: a server that asks for a file of this machine gets none of it")
    func localFile() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.path("private")
        try "CANARY-file".write(toFile: file, atomically: true, encoding: .utf8)
        let server = try RogueServer { client in
            try client.send(RogueMySQL.greeting(offersTLS: false))
            try client.send(RogueMySQL.okay(try RogueMySQL.read(client).sequence + 1))
            while true {
                let sequence = try RogueMySQL.read(client).sequence
                try client.send(RogueMySQL.packet(sequence + 1, [0xFB] + Array(file.utf8)))
            }
        }
        defer { server.stop() }
        _ = try await connect(.mysql, server.port, timeoutMilliseconds: 2000)
        let canary = Array("CANARY-file".utf8)
        #expect(!server.received.contains { $0.firstRange(of: canary) != nil })
    }

    @Test("Rows that are returned beyond what is kept end the query, on every kind over a server")
    func tooManyRows() async throws {
        for (kind, sql) in [
            (.postgresql, "SELECT repeat('x', 1000) FROM generate_series(1, 70000)"),
            (.mysql, "SELECT REPEAT('x', 1000) FROM seq_1_to_70000"),
        ] as [(ConnectorKind, String)] {
            let target = try Target(kind)
            let session = try await target.connect()
            let failure = try await caught { _ = try await session.rows(sql) }
            #expect(failure?.message.contains("MiB of rows") == true, "\(kind.rawValue)")
            #expect(failure?.isConnectionLost == true)
            await session.close()
            // Where nobody wants them they have no limit, and count as none written.
            let other = try await target.connect()
            #expect(try await other.execute(Array(sql.utf8)) == 0)
            #expect(try await other.rows("SELECT 1") == [["1"]])
            await other.close()
        }
    }

    @Test("A row that is longer than any of ours ends the query")
    func longRow() async throws {
        for (kind, sql) in [
            (.postgresql, "SELECT repeat('x', 17 * 1024 * 1024)"),
            (.mysql, "SELECT REPEAT('x', 17 * 1024 * 1024)"),
        ] as [(ConnectorKind, String)] {
            let target = try Target(kind)
            let session = try await target.connect()
            let failure = try await caught { _ = try await session.rows(sql) }
            // MariaDB's own limit may come first, with NULL instead of an error.
            #expect(failure?.isConnectionLost == true || kind == .mysql, "\(kind.rawValue)")
            await session.close()
        }
    }
}
