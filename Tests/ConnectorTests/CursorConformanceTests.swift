import Connector
import SegmentModel
import ServerTesting
import Testing

@Suite("Every connector keeps the lane's cursor")
struct CursorConformanceTests {
    static let lane = LaneKey(integration: "crm's \"segments\" 😀", segment: SegmentID(-42))
    static let initial = TargetCursor(
        ledger: "ledger-1", epoch: 3, cursor: LaneCursor(position: nil), resync: -1, queryCount: 0)

    static func moved(_ cursor: TargetCursor, to position: UInt64) -> TargetCursor {
        var next = cursor
        next.cursor = LaneCursor(position: Position(position), profileCount: 7)
        next.resync = 5
        next.queryCount += 1
        next.fingerprint = Fingerprint(position: Position(position + 1), digest: 5 << 100)
        return next
    }

    @Test(
        "The cursor table is created once, however often it is asked for",
        arguments: TargetVariant.all)
    func createsTableTwice(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            for _ in 0..<2 {
                let support = try await session.openCursors()
                let isExcused = variant.isExcused(.noTransactions)
                #expect(support == (isExcused ? .fenceOnly : .transactional))
            }
            #expect(try await session.readCursor(Self.lane) == nil)
        }
    }

    @Test("A claim raises the epoch and keeps the rest of the row", arguments: TargetVariant.all)
    func claimRaisesEpoch(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let first = try await session.claimCursor(Self.lane, initial: Self.initial)
            #expect(first.epoch == 4)
            #expect(first.ledger == "ledger-1")
            #expect(first.cursor.position == nil)
            var other = Self.initial
            other.ledger = "ledger-2"
            let second = try await session.claimCursor(Self.lane, initial: other)
            #expect(second.epoch == 5)
            #expect(second.ledger == "ledger-1")
            #expect(try await session.readCursor(Self.lane) == second)
        }
    }

    @Test("A cursor moves only from what is expected", arguments: TargetVariant.all)
    func advanceCompares(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = Self.moved(start, to: 9)
            #expect(try await session.advanceCursor(Self.lane, from: start, to: next))
            #expect(try await session.readCursor(Self.lane) == next)
            var wrong = [next, next, next, next, next]
            wrong[0].ledger = "other"
            wrong[1].epoch += 1
            wrong[2].cursor.position = Position(8)
            wrong[3].cursor.profileCount = 6
            wrong[4].fingerprint = Fingerprint(position: Position(10), digest: 6)
            // A worker of such a target is known by its epoch.
            if variant.isExcused(.noTransactions) { wrong.removeLast() }
            for expected in wrong {
                let target = Self.moved(next, to: 10)
                #expect(try await !session.advanceCursor(Self.lane, from: expected, to: target))
            }
            #expect(try await session.readCursor(Self.lane) == next)
        }
    }

    @Test(
        "INV-12: all rows of an integration are read, and no others",
        arguments: TargetVariant.all)
    func readsAllRows(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            var expected: [SegmentID: TargetCursor] = [:]
            for number in [-42, 0, 7, Int64.max, Int64.min] {
                let lane = LaneKey(
                    integration: Self.lane.integration, segment: SegmentID(number))
                let claimed = try await session.claimCursor(lane, initial: Self.initial)
                let next = Self.moved(claimed, to: 3)
                #expect(try await session.advanceCursor(lane, from: claimed, to: next))
                expected[lane.segment] = next
            }
            let other = LaneKey(integration: "other", segment: SegmentID(7))
            _ = try await session.claimCursor(other, initial: Self.initial)
            #expect(try await session.cursors(of: Self.lane.integration) == expected)
            let rest = try await session.readCursors(
                of: Self.lane.integration, after: SegmentID(0))
            #expect(rest.map(\.segment.rawValue) == [7, .max])
            let none = try await session.readCursors(
                of: Self.lane.integration, after: SegmentID(.max))
            #expect(none.isEmpty)
            #expect(try await session.cursors(of: "nobody").isEmpty)
        }
    }

    @Test(
        "INV-12: a table of the first form is brought up to date, and its rows stay",
        arguments: TargetVariant.all)
    func firstForm(_ variant: TargetVariant) async throws {
        let lane = LaneKey(integration: "crm", segment: SegmentID(7))
        try await variant.make().withSession { session in
            let claimed = try await session.claimCursor(lane, initial: Self.initial)
            if variant.isExcused(.noTransactions) {
                _ = try await session.execute(
                    sql("ALTER TABLE segledger_cursor DROP COLUMN fingerprint"))
            } else {
                _ = try await session.execute(sql("DROP TABLE segledger_cursor"))
                _ = try await session.execute(sql(Self.firstForm))
                _ = try await session.execute(
                    sql("INSERT INTO segledger_cursor VALUES ('crm',7,'ledger-1',4,-1,0,-1,0)"))
            }
            for _ in 0..<2 { _ = try await session.openCursors() }
            #expect(try await session.cursors(of: "crm") == [lane.segment: claimed])
            let next = Self.moved(claimed, to: 9)
            #expect(try await session.advanceCursor(lane, from: claimed, to: next))
            #expect(try await session.readCursor(lane) == next)
        }
    }

    private static let firstForm = """
        CREATE TABLE segledger_cursor (
            integration varchar(128) NOT NULL, segment_id bigint NOT NULL,
            ledger varchar(255) NOT NULL, epoch bigint NOT NULL, position bigint NOT NULL,
            profile_count bigint NOT NULL, resync bigint NOT NULL, queries bigint NOT NULL,
            PRIMARY KEY (integration, segment_id))
        """

    @Test("INV-6: rows and cursor become visible together", arguments: TargetVariant.all)
    func deliverCommitsTogether(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = Self.moved(start, to: 1)
            let hasTransactions = !variant.isExcused(.noTransactions)
            let second =
                hasTransactions
                ? "UPDATE people SET id = id + 1; DELETE FROM people WHERE id = 3; -- end"
                : "INSERT INTO people VALUES (3, 'c;d'); SELECT '--;'; -- end"
            let result = try await session.deliver(
                TargetDelivery(
                    lane: Self.lane, id: "d", move: .init(from: start, to: next),
                    queries: [
                        .text(sql("INSERT INTO people VALUES (1, 'a'), (2, 'b')")),
                        .text(sql(second)),
                    ]))
            let without = variant.isExcused(.noRowCounts) ? [0, 0] : [2, 1]
            let counts = hasTransactions ? [2, 3] : without
            #expect(result == .committed(rowCounts: counts))
            let rows = try await session.rows("SELECT id, name FROM people ORDER BY id")
            #expect(
                rows
                    == (hasTransactions
                        ? [["2", "a"]] : [["1", "a"], ["2", "b"], ["3", "c;d"]]))
            #expect(try await session.readCursor(Self.lane) == next)
        }
    }

    @Test("INV-6: a query that fails takes everything back", arguments: TargetVariant.all)
    func failureRollsBack(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let delivery = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: start, to: Self.moved(start, to: 1)),
                queries: [
                    "INSERT INTO people VALUES (1, 'a')",
                    "INSERT INTO people VALUES (2, 'b'); INSERT INTO nowhere VALUES (1)",
                ].map { .text(sql($0)) })
            let failure = try await caught { _ = try await session.deliver(delivery) }
            #expect(failure?.class == .permanent)
            let isExcused = variant.isExcused(.noTransactions)
            #expect(failure?.isOutcomeUnknown == isExcused)
            let rows = try await session.rows("SELECT id FROM people ORDER BY id")
            #expect(rows == (isExcused ? [["1"], ["2"]] : []))
            #expect(try await session.readCursor(Self.lane) == start)
        }
    }

    @Test("A delivery without the cursor table is permanent", arguments: TargetVariant.all)
    func missingTable(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            _ = try await session.execute(sql("DROP TABLE segledger_cursor"))
            let delivery = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: Self.initial, to: Self.initial),
                queries: [])
            let failure = try await caught { _ = try await session.deliver(delivery) }
            #expect(failure?.class == .permanent)
            #expect(failure?.isConnectionLost == false)
            #expect(try await session.rows("SELECT 1") == [["1"]])
        }
    }

    @Test(
        "A delivery without a row of the lane's commits by itself, whole",
        arguments: TargetVariant.all)
    func withoutRow(_ variant: TargetVariant) async throws {
        if variant.isExcused(.noTransactions) { return }
        try await variant.make().withSession { session in
            let good = TargetDelivery(
                lane: Self.lane, id: "d", move: nil,
                queries: [.text(sql("INSERT INTO people VALUES (1, 'a'), (2, 'b')"))])
            #expect(try await session.deliver(good) == .committed(rowCounts: [2]))
            var bad = good
            bad.queries = [
                .text(sql("INSERT INTO people VALUES (3, 'c')")),
                .text(sql("INSERT INTO people VALUES (4, 'a')")),
            ]
            let failure = try await caught { _ = try await session.deliver(bad) }
            #expect(failure?.class == .values)
            #expect(try await session.rows("SELECT count(*) FROM people") == [["2"]])
            #expect(try await session.readCursor(Self.lane) == nil)
        }
    }

    @Test(
        "A query that commits by itself runs before the row moves, and only if it is as expected",
        arguments: TargetVariant.all)
    func commitsByItself(_ variant: TargetVariant) async throws {
        if variant.isExcused(.noTransactions) { return }
        try await variant.make().withSession { session in
            let start = try await session.claimCursor(Self.lane, initial: Self.initial)
            let next = Self.moved(start, to: 1)
            _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a')"))
            var delivery = TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: start, to: next),
                queries: [
                    .text(sql("CREATE TABLE made (i integer)")),
                    .text(sql("DELETE FROM people")),
                ], commitsByItself: true)
            guard case .committed = try await session.deliver(delivery) else {
                Issue.record("it was fenced")
                return
            }
            #expect(try await session.readCursor(Self.lane) == next)
            #expect(try await session.rows("SELECT count(*) FROM people") == [["0"]])
            delivery.queries = [.text(sql("DROP TABLE made"))]
            #expect(try await session.deliver(delivery) == .fenced)
            #expect(try await session.rows("SELECT count(*) FROM made") == [["0"]])
        }
    }

    @Test(
        "INV-6: of two sessions the one with the newer claim delivers", arguments: TargetVariant.all
    )
    func sessionsFence(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let old = try await target.prepare()
        let new = try await target.connect()
        let oldCursor = try await old.claimCursor(Self.lane, initial: Self.initial)
        let newCursor = try await new.claimCursor(Self.lane, initial: Self.initial)
        func delivery(_ cursor: TargetCursor, _ name: String) -> TargetDelivery {
            TargetDelivery(
                lane: Self.lane, id: "d", move: .init(from: cursor, to: Self.moved(cursor, to: 1)),
                queries: [.text(sql("INSERT INTO people VALUES (1, '\(name)')"))])
        }
        #expect(try await old.deliver(delivery(oldCursor, "old")) == .fenced)
        let count = variant.isExcused(.noRowCounts) ? 0 : 1
        #expect(try await new.deliver(delivery(newCursor, "new")) == .committed(rowCounts: [count]))
        #expect(try await old.rows("SELECT name FROM people") == [["new"]])
        await old.close()
        await new.close()
    }
}
