import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// What ClickHouse has of its own: no transactions, blocks that are known again, statements one by
/// one.
@Suite("Delivering to ClickHouse")
struct ClickHouseConnectorTests {
    private static let both: [TargetVariant] = [.clickHouseServer, .clickHouseEngine]
    private static let lane = LaneKey(integration: "crm", segment: SegmentID(42))
    private static let initial = CursorConformanceTests.initial

    private static func delivery(
        _ id: String, _ queries: String..., move: TargetDelivery.Move? = nil
    ) -> TargetDelivery {
        TargetDelivery(lane: lane, id: id, move: move, queries: queries.map { .text(sql($0)) })
    }

    private static func name(_ parts: String...) -> [QueryStatement.Name] {
        let compiled = TemplateCompiler(dialect: SQLDialect(.clickhouse)).compile(
            "INSERT INTO \(parts.joined(separator: ".")) VALUES ({$lead.id})",
            query: .addProfiles, mode: .individual)
        return compiled.template?.statements.first?.table ?? []
    }

    private static func engine(_ variant: TargetVariant) -> Bool {
        variant.testDescription == TargetVariant.clickHouseEngine.testDescription
    }

    // MARK: Blocks that come twice

    @Test("INV-6: a block of the same delivery is stored once where the table keeps a record")
    func dropsRepeatedBlock() async throws {
        try await TargetVariant.clickHouseEngine.make().withSession { session in
            _ = try await session.execute(
                sql("ALTER TABLE people MODIFY SETTING non_replicated_deduplication_window = 100"))
            let insert = "INSERT INTO people VALUES (1, 'a'), (2, 'b')"
            let select = "INSERT INTO people SELECT 3, 'c'"
            for _ in 0..<2 {
                _ = try await session.deliver(Self.delivery("d-1", "\(insert); \(select)", select))
            }
            let once = try await session.rows(
                "SELECT id, count() FROM people GROUP BY id ORDER BY id")
            #expect(once == [["1", "1"], ["2", "1"], ["3", "2"]])
            // The same rows again are no repeat: a profile that left and came back, a rebuild.
            _ = try await session.deliver(Self.delivery("d-2", insert))
            _ = try await session.execute(sql(insert))
            _ = try await session.execute(sql(insert))
            _ = try await session.execute(sql(select))
            let again = try await session.rows(
                "SELECT id, count() FROM people GROUP BY id ORDER BY id")
            #expect(again == [["1", "4"], ["2", "4"], ["3", "3"]])
        }
    }

    private static func repeats(
        _ session: any TargetSession, _ tables: [[QueryStatement.Name]]
    ) async throws -> [RepeatedBlocks] {
        var all = GradeFacts.Tables([])
        all.inserted = tables
        return try await session.gradeFacts(of: all).repeats
    }

    @Test("What becomes of a repeated block is told for each table", arguments: both)
    func repeatedBlocks(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let isCurrent = Self.engine(variant)
            for definition in [
                "newest (id Int32, v UInt64) ENGINE = ReplacingMergeTree(v) ORDER BY id",
                "total (id Int32, v UInt64) ENGINE = SummingMergeTree ORDER BY id",
                "small (id Int32) ENGINE = Log",
            ] {
                _ = try await session.execute(sql("CREATE TABLE \(definition)"))
            }
            var tables = ["people", "newest", "total", "small", "nowhere"].map { Self.name($0) }
            if isCurrent {
                _ = try await session.execute(
                    sql(
                        "CREATE TABLE known (id Int32) ENGINE = MergeTree ORDER BY id "
                            + "SETTINGS index_granularity = 8192, "
                            + "non_replicated_deduplication_window = 7"))
                tables.append(Self.name("known"))
            }
            let answers = try await Self.repeats(session, tables)
            guard case .kept(let reason, let hint) = answers[0] else {
                Issue.record("\(answers[0])")
                return
            }
            #expect(reason.contains(isCurrent ? "people" : "too old"))
            if isCurrent {
                #expect(
                    hint == "ALTER TABLE people MODIFY SETTING "
                        + "non_replicated_deduplication_window = 1000")
            }
            #expect(answers[1] == .collapsed)
            for answer in answers[2...4] {
                guard case .kept = answer else {
                    Issue.record("\(answer)")
                    continue
                }
            }
            if isCurrent {
                #expect(answers[5] == .dropped)
                // What the hint says is what it takes.
                _ = try await session.execute(sql(try #require(hint)))
                #expect(try await Self.repeats(session, [tables[0]]) == [.dropped])
            }
        }
    }

    @Test("The catalog knows columns, and the sorting key that replaces", arguments: both)
    func catalog(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            _ = try await session.execute(
                sql(
                    "CREATE TABLE mysegment (segId Int64, clientId String, updated DateTime) "
                        + "ENGINE = ReplacingMergeTree(updated) ORDER BY (segId, clientId)"))
            let catalog = ConnectorKind.clickhouse.factory.catalog(for: [])
            let table = try #require(
                try await catalog.describe(Self.name("mysegment"), in: session))
            #expect(table.columns.map(\.name) == ["segId", "clientId", "updated"])
            #expect(table.columns.map(\.isTime) == [false, false, true])
            #expect(table.keys == [["segId", "clientId"]])
            #expect(!table.isTransactional)
            let people = try #require(try await catalog.describe(Self.name("people"), in: session))
            #expect(people.keys.isEmpty)
            #expect(try await catalog.describe(Self.name("nowhere"), in: session) == nil)
        }
    }

    // MARK: Long statements

    @Test("A thousand long ids in one DELETE … IN pass, and a hundred thousand", arguments: both)
    func longList(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'kept')"))
            for (count, length) in [(1000, 500), (100_000, 1)] {
                let ids = (0..<count).map { "'\(String(repeating: "x", count: length))\($0)'" }
                let list = ids.joined(separator: ",")
                let delete =
                    Self.engine(variant)
                    ? "DELETE FROM people WHERE name IN (\(list))"
                    : "ALTER TABLE people DELETE WHERE name IN (\(list))"
                _ = try await session.execute(sql(delete))
                #expect(
                    try await session.rows("SELECT count() FROM people WHERE name IN (\(list))")
                        == [["0"]])
            }
            #expect(try await session.rows("SELECT name FROM people") == [["kept"]])
        }
    }

    @Test("INV-7: what crosses a network compressed is the same", arguments: both)
    func compresses(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        // Reaches this machine, and is no name for it that the connector knows.
        let session = try await target.connect { $0.url.replace("127.0.0.1", with: "0.0.0.0") }
        for count in [1, 4095, 4096, 1 << 20] {
            let value = String((0..<count).map { Character(Unicode.Scalar(UInt8(33 + $0 % 6))) })
            #expect(try await session.rows("SELECT '\(value)'") == [[value]])
        }
        await session.close()
    }

    // MARK: The outcome

    @Test("INV-6: an answer that gets lost leaves the outcome unknown", arguments: both)
    func lostReply(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let port = try Self.port(target)
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        _ = try await target.prepare()
        let session = try await target.connect {
            $0.url.replace(":\(port)/", with: ":\(proxy.port)/")
        }
        if Self.engine(variant) {
            _ = try await session.execute(
                sql("ALTER TABLE people MODIFY SETTING non_replicated_deduplication_window = 100"))
        }
        let start = try await session.claimCursor(Self.lane, initial: Self.initial)
        let delivery = Self.delivery(
            "d", "INSERT INTO people VALUES (1, 'a')",
            move: .init(from: start, to: CursorConformanceTests.moved(start, to: 1)))
        proxy.loseReplies(toRequestsWith: "INSERT INTO people", count: 1)
        let failure = try await caught { _ = try await session.deliver(delivery) }
        #expect(failure?.class == .transient)
        #expect(failure?.isOutcomeUnknown == true)
        #expect(try await session.rows("SELECT count() FROM people") == [["1"]])
        // The try again: one row where the server knows the block, two where it does not.
        _ = try await session.deliver(delivery)
        #expect(
            try await session.rows("SELECT count() FROM people")
                == [[Self.engine(variant) ? "1" : "2"]])
        await session.close()
    }

    @Test("A request that never went out has a known outcome", arguments: both)
    func deadConnection(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let port = try Self.port(target)
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        let session = try await target.connect {
            $0.url.replace(":\(port)/", with: ":\(proxy.port)/")
        }
        proxy.stop()
        var failure: TargetFailure?
        // The first may still go into the connection that was cut.
        for _ in 0..<2 {
            failure = try await caught { _ = try await session.rows("SELECT 1") }
            #expect(failure?.class == .transient)
        }
        #expect(failure?.isOutcomeUnknown == false)
        await session.close()
    }

    private static func port(_ target: Target) throws -> Int {
        let tail = target.definition.url.split(separator: "@").last ?? ""
        return try #require(Int(tail.split(separator: "/")[0].split(separator: ":")[1]))
    }

    @Test("A statement that gets no answer ends at the deadline, its outcome unknown")
    func silence() async throws {
        let target = try TargetVariant.clickHouseServer.make()
        let port = try Self.port(target)
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        let session = try await target.connect {
            $0.url.replace(":\(port)/", with: ":\(proxy.port)/")
            $0.statementTimeoutMilliseconds = 1
        }
        proxy.setSilent(true)
        let failure = try await caught { _ = try await session.execute(sql("SELECT 1")) }
        #expect(failure?.class == .transient)
        #expect(failure?.message.contains("statement timeout") == true)
        #expect(failure?.isOutcomeUnknown == true)
        await session.close()
    }

    @Test("A cancelled task ends its statement")
    func cancelledTask() async throws {
        let target = try TargetVariant.clickHouseServer.make()
        let session = try await target.connect()
        let running = Task { try await caught { _ = try await session.query(target.longQuery) } }
        running.cancel()
        #expect(try await running.value?.message == "the query was cancelled")
        #expect(try await session.rows("SELECT 1") == [["1"]])
        await session.close()
    }

    // MARK: The cursor

    @Test("INV-6: the position is written when the session closes, and not before it was reached")
    func writesPosition() async throws {
        let target = try TargetVariant.clickHouseServer.make()
        let session = try await target.prepare()
        let other = try await target.connect()
        var cursor = try await session.claimCursor(Self.lane, initial: Self.initial)
        for position in 1...5 as ClosedRange<UInt64> {
            let next = CursorConformanceTests.moved(cursor, to: position)
            let delivery = Self.delivery(
                "d\(position)", "INSERT INTO people VALUES (1, 'a')",
                move: .init(from: cursor, to: next))
            _ = try await session.deliver(delivery)
            cursor = next
        }
        let early = try await other.readCursor(Self.lane)?.cursor.position
        #expect(early.map { $0.rawValue <= 5 } ?? true)
        await session.close()
        #expect(try await other.readCursor(Self.lane) == cursor)
        // A claim goes on from there.
        let claimed = try await other.claimCursor(Self.lane, initial: Self.initial)
        #expect(claimed.epoch == cursor.epoch + 1)
        #expect(claimed.cursor == cursor.cursor)
        await other.close()
    }

    @Test("INV-6: of many workers that claim at once each has an epoch of its own", arguments: both)
    func claimsAtOnce(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let first = try await target.prepare()
        let epochs = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let session = try await target.connect()
                    let cursor = try await session.claimCursor(Self.lane, initial: Self.initial)
                    await session.close()
                    return cursor.epoch
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(epochs).count == epochs.count, "\(epochs)")
        let last = try await first.readCursor(Self.lane)?.epoch
        #expect(last == epochs.max())
        await first.close()
    }

    @Test("A user who may only read is refused the cursor, with the reason")
    func readOnly() async throws {
        let server = try ClickHouseServer.shared.get()
        let target = try TargetVariant.clickHouseServer.make()
        let session = try await target.connect { $0.url.replace("default@", with: "reader@") }
        guard case .refused(let failure) = try await session.openCursors() else {
            Issue.record("it was not refused")
            return
        }
        #expect(failure.targetCode == "164")
        #expect(failure.isRightMissing)
        await session.close()
        withExtendedLifetime(server) {}
    }

    // MARK: What cannot mean what it says

    @Test(
        "What would be forgotten before the next statement is refused, and nothing is sent",
        arguments: ["SET max_threads = 1", "USE system", "CREATE TEMPORARY TABLE t (id Int32)"])
    func refuses(_ text: String) async throws {
        try await TargetVariant.clickHouseServer.make().withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a'); \(text)"))
            }
            #expect(failure?.class == .permanent)
            #expect(try await session.rows("SELECT id FROM people").isEmpty)
        }
    }

    @Test("A query in a format of its own is refused")
    func otherFormat() async throws {
        try await TargetVariant.clickHouseEngine.make().withSession { session in
            let failure = try await caught { _ = try await session.rows("SELECT 1 FORMAT JSON") }
            #expect(failure?.targetCode == "73")
        }
    }

    @Test(
        "Semicolons in strings, comments and data are none; each statement is its own",
        arguments: both)
    func splits(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let text = #"""
                ; -- nothing; here
                /* nor; here */ ;
                INSERT INTO people VALUES (1, 'a;\'b\\'), (2, 'x''y;'); -- and; here
                INSERT INTO people (id, name) SELECT 3, ';' AS `a;b` ;;
                INSERT INTO people FORMAT Values (4, ';'), (5, '$a$;$a$');
                INSERT INTO people SELECT 6, '#;' AS "x;y"
                """#
            _ = try await session.execute(sql(text))
            #expect(
                try await session.rows("SELECT name FROM people ORDER BY id") == [
                    [#"a;'b\"#], ["x'y;"], [";"], [";"], ["$a$;$a$"], ["#;"],
                ])
        }
    }
}
