import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("MySQL")
struct MySQLTests {
    private static let lane = CursorConformanceTests.lane
    private static let initial = CursorConformanceTests.initial

    private func delivery(_ start: TargetCursor, _ queries: [String]) -> TargetDelivery {
        TargetDelivery(
            lane: Self.lane, id: "d",
            move: .init(from: start, to: CursorConformanceTests.moved(start, to: 1)),
            queries: queries.map { .text(sql($0)) })
    }

    // MARK: The end of a transaction

    @Test(
        "INV-6: a query that commits by itself is noticed, and its delivery does not count",
        arguments: [
            "CREATE TABLE other (i integer)", "TRUNCATE people", "COMMIT", "COMMIT AND CHAIN",
            "BEGIN", "ROLLBACK; BEGIN", "SET autocommit = 0", "CALL ends()",
            "DROP TABLE nowhere",
        ])
    func commitsByItself(_ query: String) async throws {
        try await Target(.mysql).withSession { session in
            _ = try await session.execute(
                sql("CREATE PROCEDURE ends() BEGIN COMMIT; START TRANSACTION; END"))
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let failure = try await caught {
                _ = try await session.deliver(
                    delivery(start, ["INSERT INTO people VALUES (1, 'a')", query, "SELECT 1"]))
            }
            #expect(failure?.class == .permanent)
            if query != "DROP TABLE nowhere" {
                #expect(failure?.message.contains("transaction itself") == true)
            }
            #expect(try await session.readCursor(Self.lane) == start)
            #expect(
                try await session.rows("SELECT @@autocommit, @@in_transaction") == [["1", "0"]])
        }
    }

    @Test("A query outside of a transaction cannot leave one open")
    func beginOutside() async throws {
        try await Target(.mysql).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql("BEGIN")) }
            #expect(failure?.message.contains("transaction itself") == true)
            #expect(try await session.rows("SELECT @@in_transaction") == [["0"]])
        }
    }

    @Test("After a statement that failed nothing runs or commits before the rollback")
    func failedTransaction() async throws {
        try await Target(.mysql).withSession { session in
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

    @Test("INV-6: a COMMIT whose reply is lost leaves the outcome open, and the cursor tells it")
    func lostCommit() async throws {
        let server = try MariaDBServer.shared.get()
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.stop() }
        let target = try Target(.mysql)
        let session = try await target.prepare()
        let start = try await session.claimCursor(Self.lane, initial: Self.initial)
        let behind = try await target.connect {
            $0.url.replace(":\(server.port)/", with: ":\(proxy.port)/")
        }
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

    @Test("INV-6: neighbouring positions that no floating-point number tells apart are different")
    func largePositions() async throws {
        try await Target(.mysql).withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = CursorConformanceTests.moved(start, to: 1 << 60)
            #expect(try await session.advanceCursor(Self.lane, from: start, to: next))
            var neighbour = next
            neighbour.cursor.position = Position(1 << 60 + 1)
            #expect(try await !session.advanceCursor(Self.lane, from: neighbour, to: next))
            let work = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: neighbour, to: next), queries: [])
            #expect(try await session.deliver(work) == .fenced)
            #expect(try await session.readCursor(Self.lane) == next)
        }
    }

    @Test("INV-6: a lane's row that a query took away is noticed, and the next delivery is fenced")
    func rowTakenAway() async throws {
        try await Target(.mysql).withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = CursorConformanceTests.moved(start, to: 1)
            let delivery = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: start, to: next),
                queries: [.text(sql("DELETE FROM segledger_cursor"))])
            let failure = try await caught { _ = try await session.deliver(delivery) }
            #expect(failure?.class == .transient && failure?.isOutcomeUnknown == true)
            #expect(try await session.readCursor(Self.lane) == nil)
            #expect(try await session.deliver(delivery) == .fenced)
        }
    }

    @Test("A cursor table without transactions is refused")
    func engineWithoutTransactions() async throws {
        let session = try await Target(.mysql).prepare()
        _ = try await session.execute(sql("ALTER TABLE segledger_cursor ENGINE = MyISAM"))
        let failure = try await caught { _ = try await session.openCursors() }
        #expect(failure?.class == .permanent)
        #expect(failure?.message.contains("without transactions") == true)
        await session.close()
    }

    // MARK: Rows and values

    @Test("Rows are counted as MySQL counts rows found")
    func countsRows() async throws {
        try await Target(.mysql).withSession { session in
            func count(_ text: String) async throws -> Int { try await session.execute(sql(text)) }
            let upsert = "INSERT INTO people VALUES (1, 'a') ON DUPLICATE KEY UPDATE id = 2"
            let counts = [
                try await count(upsert), try await count(upsert), try await count(upsert),
                try await count("UPDATE people SET id = 2"),
                try await count("SELECT id FROM people; SET @a = 1"),
            ]
            #expect(counts == [1, 2, 1, 1, 0])
        }
    }

    @Test("INV-7: a value that does not fit is refused in every engine, never cut")
    func strict() async throws {
        try await Target(.mysql).withSession { session in
            for engine in ["InnoDB", "MyISAM"] {
                _ = try await session.execute(
                    sql("CREATE TABLE \(engine) (name varchar(3)) ENGINE = \(engine)"))
                let failure = try await caught {
                    _ = try await session.execute(
                        sql("INSERT INTO \(engine) VALUES ('ab'), ('secret')"))
                }
                #expect(failure?.class == .values)
                #expect(failure?.told("name").message == "a value is too long: name")
            }
        }
    }

    @Test(
        "INV-10: no value of a row stands in a message",
        arguments: [
            ("INSERT INTO people VALUES ('secret', 'a')", "1366"),
            ("INSERT INTO people VALUES ('x for column `secret` at row 1', 'a')", "1366"),
            ("UPDATE people SET id = 1 WHERE name = CAST('secret' AS DATE) + 'secret'", "1292"),
            ("INSERT INTO people VALUES (2, 'old secret')", "1062"),
            ("INSERT INTO dated VALUES ('secret')", "1292"),
            ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret'", "1644"),
            ("SELECT ST_GeomFromText('secret') + JSON_EXTRACT('secret', 'secret')", nil),
            ("INSERT INTO people VALUES (2, 'secret' 'secret", "1064"),
            ("INSERT INTO people VALUES (1 'secret')", "1064"),
        ])
    func hidesValues(_ example: (text: String, code: String?)) async throws {
        try await Target(.mysql).withSession { session in
            _ = try await session.execute(
                sql("CREATE TABLE dated (d date); INSERT INTO people VALUES (1, 'old secret')"))
            let failure = try await caught { _ = try await session.execute(sql(example.text)) }
            if let code = example.code { #expect(failure?.targetCode == code) }
            #expect(failure?.message.contains("secret") == false, "\(failure?.message ?? "")")
        }
    }

    @Test("A failure names the table, the column or the key that it is about")
    func names() async throws {
        let target = try Target(.mysql)
        try await target.withSession { session in
            func message(_ text: String) async throws -> String {
                let failure = try await caught { _ = try await session.execute(sql(text)) }
                return failure?.told(text, target.definition.url, "people name id").message ?? ""
            }
            _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a')"))
            let table = try await message("SELECT 1 FROM nowhere")
            #expect(table.hasSuffix(".nowhere"))
            let name = try await message("SELECT nothing")
            #expect(name == "there is no such column: nothing")
            let key = try await message("INSERT INTO people VALUES (2, 'a')")
            #expect(key == "a key is there already: name")
            let column = try await message("INSERT INTO people VALUES ('x', 'a')")
            #expect(column.hasSuffix("people.id"))
            let line = try await message("SELECT\n)")
            #expect(line.hasSuffix(", at line 2"))
        }
    }

    // MARK: Interruptions

    @Test("Cancel reaches a statement that the server is running, and not the next one")
    func cancelsRunning() async throws {
        let target = try Target(.mysql)
        let session = try await target.connect()
        let watcher = try await target.connect()
        for _ in 0..<5 {
            let rows = try await session.rows("SELECT CONNECTION_ID()")
            let id = try #require(rows.first?.first ?? nil)
            let running = Task {
                try await caught { _ = try await session.query(target.longQuery) }
            }
            let question =
                "SELECT 1 FROM information_schema.processlist WHERE id = \(id) AND info LIKE "
                + "'SELECT SLEEP%'"
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

    @Test("A server that stops answering is given up, and the connection with it")
    func stoppedServer() async throws {
        let server = try MariaDBServer.shared.get()
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.stop() }
        let session = try await Target(.mysql).connect {
            $0.url.replace(":\(server.port)/", with: ":\(proxy.port)/")
            $0.statementTimeoutMilliseconds = 50
        }
        proxy.setSilent(true)
        let failure = try await caught { try await session.begin() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        let next = try await caught { try await session.begin() }
        #expect(next?.isConnectionLost == true)
        await session.close()
    }

    @Test("A connection that the server ended is lost and transient")
    func ended() async throws {
        let target = try Target(.mysql)
        let victim = try await target.connect()
        let killer = try await target.connect()
        let rows = try await victim.rows("SELECT CONNECTION_ID()")
        let id = try #require(rows.first?.first ?? nil)
        _ = try await killer.execute(sql("KILL \(id)"))
        let failure = try await caught { try await victim.begin() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.isOutcomeUnknown == false)
        await victim.close()
        await killer.close()
    }

    @Test("A lock that another session keeps is transient")
    func locked() async throws {
        let target = try Target(.mysql)
        let holder = try await target.prepare()
        _ = try await holder.execute(sql("INSERT INTO people VALUES (1, 'a')"))
        try await holder.begin()
        _ = try await holder.execute(sql("UPDATE people SET id = 2"))
        let waiting = try await target.connect { $0.statementTimeoutMilliseconds = 30 }
        let failure = try await caught {
            _ = try await waiting.execute(sql("UPDATE people SET id = 3"))
        }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == false)
        await holder.close()
        await waiting.close()
    }
}
