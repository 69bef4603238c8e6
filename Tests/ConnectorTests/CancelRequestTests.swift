import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// A server is asked to cancel over another connection, which may fail, and the request has no
/// effect if it comes between two statements.
@Suite("A request to cancel is made until it has an effect")
struct CancelRequestTests {
    struct Server: Sendable, CustomTestStringConvertible {
        let kind: ConnectorKind
        let runningQuestion: String
        var testDescription: String { kind.rawValue }
    }

    private static let servers = [
        Server(
            kind: .postgresql,
            runningQuestion: "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
                + "AND datname = current_database()"),
        Server(
            kind: .mysql,
            runningQuestion: "SELECT 1 FROM information_schema.processlist "
                + "WHERE info LIKE 'SELECT SLEEP%' AND db = DATABASE()"),
    ]

    @Test("A request that is lost on its way is made again", arguments: servers)
    func lostRequest(_ server: Server) async throws {
        let target = try Target(server.kind)
        let address = try #require(target.definition.url.firstMatch(of: /127\.0\.0\.1:(\d+)/))
        let proxy = try TCPProxy(to: try #require(Int(address.1)))
        defer { proxy.stop() }
        let session = try await target.connect {
            $0.url.replace(":\(address.1)", with: ":\(proxy.port)")
        }
        let watcher = try await target.connect()
        let running = Task { try await caught { _ = try await session.query(target.longQuery) } }
        while try await watcher.rows(server.runningQuestion).isEmpty { await Task.yield() }
        proxy.refuse(connections: 1)
        session.cancel()
        let failure = try await running.value
        #expect(proxy.connectionsToRefuse == 0)
        #expect(failure?.message == "the query was cancelled")
        #expect(failure?.isConnectionLost == false)
        #expect(try await session.rows("SELECT 1") == [["1"]])
        await session.close()
        await watcher.close()
    }
}
