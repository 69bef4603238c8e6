import Connector
import ConnectorODBC
import SegmentModel
import ServerTesting
import Testing

@Suite("ODBC, over the drivers that there are")
struct ODBCTests {
    private static let lane = CursorConformanceTests.lane
    private static let initial = CursorConformanceTests.initial

    private func delivery(_ start: TargetCursor, _ queries: [String]) -> TargetDelivery {
        TargetDelivery(
            lane: Self.lane, id: "d",
            move: .init(from: start, to: CursorConformanceTests.moved(start, to: 1)),
            queries: queries.map { .text(sql($0)) })
    }

    // MARK: Transactions

    @Test(
        "INV-6: a query that commits by itself is noticed, and its delivery does not count",
        arguments: [
            "CREATE TABLE other (i integer)", "TRUNCATE people", "COMMIT", "COMMIT AND CHAIN",
            "BEGIN", "ROLLBACK; BEGIN", "CALL ends()",
        ])
    func commitsByItself(_ query: String) async throws {
        try await Target(odbc: .mariaDB).withSession { session in
            _ = try await session.execute(
                sql("CREATE PROCEDURE ends() BEGIN COMMIT; START TRANSACTION; END"))
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let failure = try await caught {
                _ = try await session.deliver(
                    delivery(start, ["INSERT INTO people VALUES (1, 'a')", query, "SELECT 1"]))
            }
            #expect(failure?.class == .permanent)
            #expect(failure?.message.contains("transaction itself") == true)
            #expect(try await session.readCursor(Self.lane) == start)
            #expect(try await session.rows("SELECT @@in_transaction") == [["0"]])
        }
    }

    @Test("A query outside of a transaction cannot leave one open")
    func beginOutside() async throws {
        try await Target(odbc: .mariaDB).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql("BEGIN")) }
            #expect(failure?.message.contains("transaction itself") == true)
            #expect(try await session.rows("SELECT @@in_transaction") == [["0"]])
        }
    }

    @Test(
        "After a statement that failed nothing runs or commits before the rollback",
        arguments: ODBCServer.allCases)
    func failedTransaction(_ server: ODBCServer) async throws {
        try await Target(odbc: server).withSession { session in
            try await session.begin()
            _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a')"))
            _ = try await caught { _ = try await session.execute(sql("SELECT nonsense")) }
            let insert = try await caught {
                _ = try await session.execute(sql("INSERT INTO people VALUES (2, 'b')"))
            }
            #expect(insert?.class == .permanent)
            let commit = try await caught { try await session.commit() }
            #expect(commit?.class == .permanent)
            #expect(commit?.isOutcomeUnknown == false)
            #expect(try await session.rows("SELECT id FROM people").isEmpty)
        }
    }

    @Test(
        "INV-6: a COMMIT whose reply is lost leaves the outcome open, and the cursor tells it",
        arguments: [ODBCServer.postgres, .mariaDB])
    func lostCommit(_ server: ODBCServer) async throws {
        let target = try Target(odbc: server)
        let session = try await target.prepare()
        let start = try await session.claimCursor(Self.lane, initial: Self.initial)
        let (proxy, behind) = try await Self.connectBehindProxy(target, server)
        defer { proxy.stop() }
        proxy.loseReplies(toCommits: 1)
        let work = delivery(start, ["INSERT INTO people VALUES (1, 'a')"])
        let failure = try await caught { _ = try await behind.deliver(work) }
        #expect(proxy.lostCommitCount == 1)
        #expect(failure?.class == .transient)
        #expect(failure?.isOutcomeUnknown == true)
        #expect(failure?.isConnectionLost == true)
        #expect(try await session.readCursor(Self.lane) == work.move?.next)
        #expect(try await session.rows("SELECT id FROM people") == [["1"]])
        await behind.close()
        await session.close()
    }

    private static func connectBehindProxy(
        _ target: Target, _ server: ODBCServer, statementTimeoutMilliseconds: Int = 60_000
    ) async throws -> (TCPProxy, any TargetSession) {
        let port =
            server == .postgres
            ? try PostgresServer.shared.get().port : try MariaDBServer.shared.get().port
        let proxy = try TCPProxy(to: port)
        let session = try await target.connect {
            $0.url.replace("Port=\(port);", with: "Port=\(proxy.port);")
            $0.statementTimeoutMilliseconds = statementTimeoutMilliseconds
        }
        return (proxy, session)
    }

    @Test("Sessions that claim a new lane at once all get it, one after the other")
    func claimsRace() async throws {
        for server in [ODBCServer.postgres, .mariaDB] {
            let target = try Target(odbc: server)
            let first = try await target.prepare()
            var sessions = [first]
            for _ in 0..<3 { sessions.append(try await target.connect()) }
            for round in 0..<10 {
                let lane = LaneKey(integration: "race", segment: SegmentID(Int64(round)))
                let epochs = try await withThrowingTaskGroup(of: Int64.self) { group in
                    for session in sessions {
                        group.addTask {
                            try await Self.claim(session, lane).epoch
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(epochs.sorted() == [4, 5, 6, 7])
            }
            for session in sessions { await session.close() }
        }
    }

    /// Again after a deadlock, as a lane's worker does.
    private static func claim(
        _ session: any TargetSession, _ lane: LaneKey
    ) async throws -> TargetCursor {
        while true {
            do {
                return try await session.claimCursor(lane, initial: initial)
            } catch let failure as TargetFailure where failure.class == .transient {
                #expect(!failure.isConnectionLost)
            }
        }
    }

    @Test("Sessions that create the cursor table at once all find it")
    func createsRace() async throws {
        let target = try Target(odbc: .postgres)
        var sessions: [any TargetSession] = []
        for _ in 0..<4 { sessions.append(try await target.connect()) }
        try await withThrowingTaskGroup(of: CursorSupport.self) { group in
            for session in sessions { group.addTask { try await session.openCursors() } }
            for try await support in group { #expect(support == .transactional) }
        }
        for session in sessions { await session.close() }
    }

    @Test("INV-6: neighbouring positions that no floating-point number tells apart are different")
    func largePositions() async throws {
        try await Target(odbc: .mariaDB).withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = CursorConformanceTests.moved(start, to: 1 << 60)
            #expect(try await session.advanceCursor(Self.lane, from: start, to: next))
            var neighbour = next
            neighbour.cursor.position = Position(1 << 60 + 1)
            #expect(try await !session.advanceCursor(Self.lane, from: neighbour, to: next))
            let work = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: neighbour, to: next), queries: [])
            #expect(try await session.deliver(work) == .fenced)
        }
    }

    // MARK: Values

    @Test("INV-7: long texts come back whole, in pieces", arguments: ODBCServer.allCases)
    func longResults(_ server: ODBCServer) async throws {
        try await Target(odbc: server).withSession { session in
            // Pieces end inside of characters of two, three and four bytes.
            for count in [32_766, 32_767, 32_768, 65_534, 65_535, 65_536, 1 << 20] {
                for unit in ["x", "é", "日", "😀"] {
                    let value = "a" + String(repeating: unit, count: count)
                    let rows = try await session.rows("SELECT '\(value)', 'behind'")
                    #expect(rows == [[value, "behind"]], "\(count) \(unit)")
                }
            }
        }
    }

    @Test("A query that is no UTF-8 is not sent")
    func noText() async throws {
        try await Target(odbc: .postgres).withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("SELECT '") + [0xFF] + sql("'"))
            }
            #expect(failure?.class == .values)
        }
    }

    @Test("A failure names what it is about, and no value", arguments: [ODBCServer.mariaDB])
    func names(_ server: ODBCServer) async throws {
        try await Target(odbc: server).withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("SELECT nothing"))
            }
            #expect(failure?.told("SELECT nothing").message == "there is no such column: nothing")
            let question = try await caught { _ = try await session.execute(sql("SELECT ?")) }
            #expect(question?.class == .permanent)
        }
    }

    // MARK: Interruptions

    @Test("Cancel reaches a statement that the server is running, and not the next one")
    func cancelsRunning() async throws {
        let target = try Target(odbc: .postgres)
        let session = try await target.connect()
        let watcher = try await target.connect()
        for _ in 0..<5 {
            let rows = try await session.rows("SELECT pg_backend_pid()")
            let id = try #require(rows.first?.first ?? nil)
            let running = Task {
                try await caught { _ = try await session.query(target.longQuery) }
            }
            let question =
                "SELECT 1 FROM pg_stat_activity WHERE pid = \(id) AND state = 'active' AND query "
                + "LIKE '%pg_sleep%'"
            while try await watcher.rows(question).isEmpty { await Task.yield() }
            session.cancel()
            let failure = try await running.value
            #expect(failure?.class == .transient)
            #expect(failure?.message == "the query was cancelled")
            #expect(failure?.isConnectionLost == false)
        }
        #expect(try await session.rows("SELECT 1") == [["1"]])
        await session.close()
        await watcher.close()
    }

    @Test(
        "A call that the driver does not come back from is left behind",
        arguments: [ODBCServer.postgres, .mariaDB])
    func silentServer(_ server: ODBCServer) async throws {
        let target = try Target(odbc: server)
        let (proxy, session) = try await Self.connectBehindProxy(
            target, server, statementTimeoutMilliseconds: 50)
        defer { proxy.stop() }
        proxy.setSilent(true)
        let failure = try await caught { _ = try await session.rows("SELECT 1") }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.isOutcomeUnknown == false)
        #expect(failure?.message == "the driver did not come back within the statement timeout")
        let next = try await caught { try await session.begin() }
        #expect(next?.isConnectionLost == true)
        await session.close()
    }

    @Test("INV-6: a COMMIT that nobody answers leaves the outcome open")
    func silentCommit() async throws {
        let target = try Target(odbc: .postgres)
        let (proxy, session) = try await Self.connectBehindProxy(
            target, .postgres, statementTimeoutMilliseconds: 500)
        defer { proxy.stop() }
        try await session.begin()
        _ = try await session.rows("SELECT 1")
        proxy.setSilent(true)
        let failure = try await caught { try await session.commit() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.isOutcomeUnknown == true)
        await session.close()
    }

    @Test("A connection that the server ended is lost and transient")
    func ended() async throws {
        let target = try Target(odbc: .postgres)
        let victim = try await target.connect()
        let killer = try await target.connect()
        let rows = try await victim.rows("SELECT pg_backend_pid()")
        let id = try #require(rows.first?.first ?? nil)
        _ = try await killer.rows("SELECT pg_terminate_backend(\(id))")
        let failure = try await caught { try await victim.begin() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.isOutcomeUnknown == false)
        await victim.close()
        await killer.close()
    }
}
