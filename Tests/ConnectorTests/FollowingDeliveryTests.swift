import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

@Suite("A delivery that follows another begins only once that one is committed")
struct FollowingDeliveryTests {
    private static let lane = CursorConformanceTests.lane

    private static func delivery(
        _ id: String, _ from: TargetCursor, _ text: String, follows: String? = nil
    ) -> TargetDelivery {
        delivery(id, from, .text(sql(text)), follows: follows)
    }

    private static func delivery(
        _ id: String, _ from: TargetCursor, _ query: TargetQuery, follows: String? = nil
    ) -> TargetDelivery {
        let position = (from.cursor.position?.rawValue ?? 0) + 1
        var delivery = TargetDelivery(
            lane: lane, id: id,
            move: .init(from: from, to: CursorConformanceTests.moved(from, to: position)),
            queries: [query])
        delivery.follows = follows
        return delivery
    }

    /// Inserts of people, as text or with their values bound.
    private struct Inserts: Sendable {
        private let template: CompiledTemplate?
        private var shapes = BoundShapes()

        init(_ kind: ConnectorKind, isBound: Bool) throws {
            let source =
                "INSERT INTO people VALUES {for $l = $batch}({$l.n}, '{$l.c}'){autocomma}{end}"
            template = isBound ? try BoundQueryTests.Lane.compile(kind, source) : nil
        }

        mutating func insert(_ number: Int) throws -> TargetQuery {
            guard let template else {
                return .text(sql("INSERT INTO people VALUES (\(number), 'n\(number)')"))
            }
            let profile: [ExactText: FieldValue] = [
                "n": .number("\(number)"), "c": .text("n\(number)"),
            ]
            let query = try template.renderBound(
                RenderRows([profile], for: template), try BoundQueryTests.Lane.scope(), &shapes)
            return .bound(try #require(query))
        }
    }

    private static func isCommitted(_ result: TargetDeliveryResult) -> Bool {
        if case .committed = result { true } else { false }
    }

    @Test(
        "INV-6: it does not begin behind another delivery, one that failed or one that was fenced",
        arguments: TargetVariant.all)
    func beginsBehindItsOwn(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            guard session.queuesDeliveries else { return }
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let first = Self.delivery("1", start, "INSERT INTO people VALUES (1, 'a')")
            #expect(Self.isCommitted(try await session.deliver(first)))
            let moved = first.move!.next
            let insert = "INSERT INTO people VALUES (2, 'b')"
            let stranger = Self.delivery("2", moved, insert, follows: "0")
            #expect(try await session.deliver(stranger) == .notBegun)
            let second = Self.delivery("2", moved, insert, follows: "1")
            #expect(Self.isCommitted(try await session.deliver(second)))

            let bad = Self.delivery("3", second.move!.next, "INSERT INTO nowhere VALUES (1)")
            #expect(try await caught { _ = try await session.deliver(bad) } != nil)
            let third = "INSERT INTO people VALUES (3, 'c')"
            let behindBad = Self.delivery("4", second.move!.next, third, follows: "3")
            #expect(try await session.deliver(behindBad) == .notBegun)
            var foreign = second.move!.next
            foreign.epoch += 1
            #expect(try await session.deliver(Self.delivery("5", foreign, third)) == .fenced)
            let behindFenced = Self.delivery("6", second.move!.next, third, follows: "5")
            #expect(try await session.deliver(behindFenced) == .notBegun)

            #expect(
                try await session.rows("SELECT id FROM people ORDER BY id") == [["1"], ["2"]])
            let last = Self.delivery("7", second.move!.next, third)
            #expect(Self.isCommitted(try await session.deliver(last)))
            #expect(try await session.readCursor(Self.lane) == last.move!.next)
        }
    }

    @Test(
        "INV-6: given while the one before is under way, each is committed once and in order",
        arguments: TargetVariant.all, [false, true])
    func inOrder(_ variant: TargetVariant, isBound: Bool) async throws {
        let target = try variant.make()
        try await target.withSession { session in
            guard session.queuesDeliveries, session.bindsValues || !isBound else { return }
            let inserts = try Inserts(target.sqlKind, isBound: isBound)
            let count = try await Self.deliverChain(40, over: session, inserts)
            #expect(count == 40)
            let rows = try await session.rows("SELECT id FROM people ORDER BY id")
            #expect(rows == (1...40).map { ["\($0)"] })
        }
    }

    @Test(
        "INV-6: one that expects another row is fenced, where it begins with the commit before too",
        arguments: TargetVariant.all, [false, true])
    func expectsAnotherRow(_ variant: TargetVariant, writesOnlyRows: Bool) async throws {
        let target = try variant.make()
        let (slow, running): (String, String)
        switch target.sqlKind {
        case .mysql:
            slow = "INSERT INTO people SELECT 1, CONCAT('a', SLEEP(1))"
            running =
                "information_schema.processlist WHERE info LIKE 'INSERT%SLEEP%' "
                + "AND db = DATABASE()"
        case .postgresql:
            slow = "INSERT INTO people SELECT 1, 'a' || pg_sleep(1)"
            running = Self.postgresRunning("INSERT%pg_sleep%")
        default: return
        }
        let session = try await target.prepare()
        guard session.queuesDeliveries else { return await session.close() }
        let other = try await target.connect()
        let start = try await session.claimCursor(
            Self.lane, initial: CursorConformanceTests.initial)
        let first = session.give(Self.delivery("1", start, slow))
        while try await other.rows("SELECT count(*) FROM \(running)") == [["0"]] {}
        var foreign = CursorConformanceTests.moved(start, to: 1)
        foreign.epoch += 1
        var second = Self.delivery(
            "2", foreign, "INSERT INTO people VALUES (2, 'b')", follows: "1")
        second.writesOnlyRows = writesOnlyRows
        #expect(try await session.deliver(second) == .fenced)
        #expect(Self.isCommitted(try await first.value))
        #expect(try await other.rows("SELECT id FROM people") == [["1"]])
        await session.close()
        await other.close()
    }

    @Test("INV-6: a transaction that MySQL began ahead for one delivery is not another's")
    func begunForAnother() async throws {
        let target = try Target(.mysql)
        let session = try await target.prepare()
        let other = try await target.connect()
        let start = try await session.claimCursor(
            Self.lane, initial: CursorConformanceTests.initial)
        let first = Self.delivery("1", start, "INSERT INTO people SELECT 1, CONCAT('a', SLEEP(1))")
        let given = session.give(first)
        let running =
            "information_schema.processlist WHERE info LIKE 'INSERT%SLEEP%' AND db = DATABASE()"
        while try await other.rows("SELECT count(*) FROM \(running)") == [["0"]] {}
        let moved = first.move!.next
        var second = Self.delivery("2", moved, "INSERT INTO people VALUES (2, 'b')", follows: "1")
        second.writesOnlyRows = true
        var rival = second
        rival.id = "3"
        rival.move!.next.queryCount += 7
        // Whichever is begun ahead: the other does not run in its transaction.
        let tasks = [session.give(second), session.give(rival)]
        #expect(Self.isCommitted(try await given.value))
        var ends: [TargetCursor] = []
        for (task, delivery) in zip(tasks, [second, rival]) {
            let result = try await task.value
            #expect(Self.isCommitted(result) || result == .notBegun)
            if Self.isCommitted(result) { ends.append(delivery.move!.next) }
        }
        #expect(ends == [try #require(try await other.readCursor(Self.lane))])
        #expect(try await other.rows("SELECT id FROM people ORDER BY id") == [["1"], ["2"]])
        await session.close()
        await other.close()
    }

    @Test("INV-6: a commit that PostgreSQL refuses takes what follows with it")
    func refusedCommit() async throws {
        let variant = try #require(
            TargetVariant.all.first { $0.testDescription == "postgresql over PostgreSQL" })
        try await withTwoSessions(variant) { session, other, _ in
            _ = try await other.execute(
                sql("CREATE TABLE late (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let first = Self.delivery(
                "1", start, "INSERT INTO late SELECT 1 FROM generate_series(1, 2), pg_sleep(1)")
            let given = session.give(first)
            try await Self.waitUntilSleeping(other, "INSERT INTO late%")
            let second = Self.delivery(
                "2", first.move!.next, "INSERT INTO late VALUES (2)", follows: "1")
            #expect(try await session.deliver(second) == .notBegun)
            let failure = try await caught { _ = try await given.value }
            #expect(failure?.class == .values)
            #expect(failure?.isOutcomeUnknown == false)
            #expect(try await other.rows("SELECT count(*) FROM late") == [["0"]])
            #expect(try await other.readCursor(Self.lane) == start)
            let good = Self.delivery("3", start, "INSERT INTO late VALUES (3)")
            #expect(Self.isCommitted(try await session.deliver(good)))
        }
    }

    private static func waitUntilSleeping(
        _ other: any TargetSession, _ query: String
    ) async throws {
        let running = postgresRunning(query)
        while try await other.rows("SELECT count(*) FROM \(running)") == [["0"]] {}
    }

    /// Only this database: other cases run beside this one on the same server.
    private static func postgresRunning(_ query: String) -> String {
        "pg_stat_activity WHERE state = 'active' AND query LIKE '\(query)' "
            + "AND datname = current_database()"
    }

    /// Two sessions of a target, if it has transactions and takes deliveries that follow.
    private func withTwoSessions(
        _ variant: TargetVariant, isBound: Bool = false,
        _ body: (any TargetSession, any TargetSession, Inserts) async throws -> Void
    ) async throws {
        if variant.isExcused(.noTransactions) { return }
        let target = try variant.make()
        let session = try await target.prepare()
        let other = try await target.connect()
        if session.queuesDeliveries, session.bindsValues || !isBound {
            try await body(session, other, try Inserts(target.sqlKind, isBound: isBound))
        }
        await session.close()
        await other.close()
    }

    @Test(
        "A commit is told at once on PostgreSQL, although what follows waits for another's row",
        .timeLimit(.minutes(2)), arguments: [false, true])
    func commitToldBeforeWhatFollows(isBound: Bool) async throws {
        try await Self.withBlockedFollower(isBound: isBound) { session, other, waiting, moved in
            #expect(try await other.readCursor(Self.lane) == moved)
            try await other.rollback()
            #expect(Self.isCommitted(try await waiting.value))
            #expect(try await other.rows("SELECT id FROM people ORDER BY id") == [["1"], ["2"]])
        }
    }

    @Test(
        "A stop ends what PostgreSQL began ahead, and nothing of it stays",
        .timeLimit(.minutes(2)), arguments: [false, true])
    func cancelledAhead(isBound: Bool) async throws {
        try await Self.withBlockedFollower(isBound: isBound) { session, other, waiting, moved in
            session.cancel()
            let failure = try await caught { _ = try await waiting.value }
            #expect(failure?.isOutcomeUnknown == false)
            try await other.rollback()
            #expect(try await other.rows("SELECT id FROM people") == [["1"]])
            let again = Self.delivery("3", moved, "INSERT INTO people VALUES (3, 'c')")
            #expect(Self.isCommitted(try await session.deliver(again)))
            #expect(try await other.rows("SELECT id FROM people ORDER BY id") == [["1"], ["3"]])
        }
    }

    /// One delivery is committed, and the one behind it waits for a row that `other` holds. `body`
    /// also gets where the lane stands between the two.
    private static func withBlockedFollower(
        isBound: Bool,
        _ body: (
            _ session: any TargetSession, _ other: any TargetSession,
            _ waiting: Task<TargetDeliveryResult, any Error>, _ moved: TargetCursor
        ) async throws -> Void
    ) async throws {
        let target = try Target(.postgresql)
        let session = try await target.prepare()
        let other = try await target.connect()
        let watcher = try await target.connect()
        var inserts = try Inserts(.postgresql, isBound: isBound)
        let start = try await session.claimCursor(lane, initial: CursorConformanceTests.initial)
        _ = try await other.execute(sql("CREATE UNIQUE INDEX ON people (id)"))
        try await other.begin()
        _ = try await other.execute(sql("INSERT INTO people VALUES (2, 'b')"))
        let first = delivery("1", start, "INSERT INTO people SELECT 1, 'a' || pg_sleep(1)")
        let given = session.give(first)
        try await waitUntilSleeping(watcher, "INSERT INTO people SELECT%")
        let moved = first.move!.next
        let waiting = session.give(delivery("2", moved, try inserts.insert(2), follows: "1"))
        #expect(isCommitted(try await given.value))
        try await body(session, other, waiting, moved)
        for session in [session, other, watcher] { await session.close() }
    }

    @Test(
        "INV-6: another that holds the lane's row between two delays them, and no more",
        arguments: TargetVariant.all, [false, true])
    func rowHeldByAnother(_ variant: TargetVariant, isBound: Bool) async throws {
        try await withTwoSessions(variant, isBound: isBound) { session, other, inserts in
            async let count = Self.deliverChain(60, over: session, inserts)
            let lock = sql("SELECT epoch FROM segledger_cursor FOR UPDATE")
            for _ in 0..<60 {
                try await other.begin()
                _ = try await other.query(lock)
                try await other.commit()
            }
            #expect(try await count == 60)
            #expect(try await other.rows("SELECT count(*) FROM people") == [["60"]])
        }
    }

    @Test(
        "INV-6: who claims the lane between two ends them, whole",
        arguments: TargetVariant.all, [false, true])
    func claimedByAnother(_ variant: TargetVariant, isBound: Bool) async throws {
        try await withTwoSessions(variant, isBound: isBound) { session, other, inserts in
            async let count = Self.deliverChain(5000, over: session, inserts)
            var cursor: TargetCursor?
            while (cursor?.queryCount ?? 0) < 20 { cursor = try await other.readCursor(Self.lane) }
            let claimed = try await other.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let delivered = try await count
            #expect(delivered < 5000)
            #expect(claimed.queryCount == Int64(delivered))
            #expect(try await other.rows("SELECT count(*) FROM people") == [["\(delivered)"]])
            #expect(try await other.readCursor(Self.lane) == claimed)
        }
    }

    /// Gives each delivery while the one before is under way; how many were committed before one
    /// was fenced.
    private static func deliverChain(
        _ count: Int, over session: any TargetSession, _ form: Inserts
    ) async throws -> Int {
        var inserts = form
        let start = try await session.claimCursor(lane, initial: CursorConformanceTests.initial)
        var delivery = delivery("1", start, try inserts.insert(1))
        var given: Task<TargetDeliveryResult, any Error>?
        for number in 1...count {
            let current = given ?? session.give(delivery)
            let next = Self.delivery(
                "\(number + 1)", delivery.move!.next, try inserts.insert(number + 1),
                follows: delivery.id)
            given = number < count ? session.give(next) : nil
            var result = try await current.value
            while result == .notBegun {
                // The one behind came first: it was not begun either.
                if let other = given { #expect(try await other.value == .notBegun) }
                given = nil
                delivery.follows = nil
                result = try await session.deliver(delivery)
            }
            guard isCommitted(result) else {
                #expect(result == .fenced)
                if let other = given { #expect(try await other.value == .notBegun) }
                return number - 1
            }
            delivery = next
        }
        return count
    }

    @Test("A session that is closed while one waits leaves nothing of it")
    func closedMeanwhile() async throws {
        for variant in TargetVariant.all {
            let target = try variant.make()
            let session = try await target.prepare()
            guard session.queuesDeliveries else {
                await session.close()
                continue
            }
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let first = Self.delivery("1", start, "INSERT INTO people VALUES (1, 'a')")
            #expect(Self.isCommitted(try await session.deliver(first)))
            await session.close()
            let second = Self.delivery(
                "2", first.move!.next, "INSERT INTO people VALUES (2, 'b')", follows: "1")
            let failure = try await caught { _ = try await session.deliver(second) }
            #expect(failure?.isConnectionLost == true)
            let other = try await target.connect()
            #expect(try await other.rows("SELECT id FROM people") == [["1"]])
            await other.close()
        }
    }
}

extension TargetSession {
    fileprivate func give(
        _ delivery: TargetDelivery
    ) -> Task<TargetDeliveryResult, any Error> {
        Task { try await deliver(delivery) }
    }
}
