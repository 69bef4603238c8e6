import Connector
import KindTesting
import SegmentModel
import Testing

/// Deliveries of several lanes in one transaction, on every kind of target that has transactions.
@Suite("Lanes that share a transaction")
struct SharedDeliveryTests {
    private static let initial = CursorConformanceTests.initial

    private static func lane(_ number: Int64) -> LaneKey {
        LaneKey(integration: "shared", segment: SegmentID(number))
    }

    /// Rows of people with these ids, of a lane whose row is as given.
    private static func delivery(
        _ number: Int64, from row: TargetCursor, _ ids: [Int]
    ) -> TargetDelivery {
        var delivery = TargetDelivery(
            lane: lane(number), id: "\(number)",
            move: .init(from: row, to: CursorConformanceTests.moved(row, to: 7)),
            queries: ids.map { .text(sql("INSERT INTO people VALUES (\($0), 'p\($0)')")) })
        delivery.writesOnlyRows = true
        return delivery
    }

    /// Claims lanes 1 to `count`, all at once.
    private func claim(
        _ count: Int64, _ session: any TargetSession
    ) async throws -> [TargetCursor] {
        try await session.claimCursors(
            (1...count).map { TargetClaim(Self.lane($0), initial: Self.initial) })
    }

    @Test(
        "INV-6: lanes are taken over together, each as it would be alone",
        arguments: TargetVariant.all)
    func claims(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let alone = try await session.claimCursor(Self.lane(2), initial: Self.initial)
            let rows = try await claim(3, session)
            #expect(rows.map(\.epoch) == [4, alone.epoch + 1, 4])
            let lanes = (1...4).map { Self.lane($0) }
            #expect(try await session.readCursors(lanes) == rows + [nil])
        }
    }

    @Test(
        "INV-6: what lanes send together is committed with each one's row, and counted by query",
        arguments: TargetVariant.all)
    func committed(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let rows = try await claim(3, session)
            let deliveries = [
                Self.delivery(1, from: rows[0], [1, 2]), Self.delivery(2, from: rows[1], []),
                Self.delivery(3, from: rows[2], [3]),
            ]
            let shares = deliveries.map(session.shares)
            if variant.isExcused(.noTransactions) {
                #expect(shares == [false, false, false])
                return
            }
            #expect(shares == [true, true, true])
            #expect(try await session.deliverTogether(deliveries) == [[1, 1], [], [1]])
            let next = deliveries.map { $0.move!.next }
            #expect(try await session.readCursors(deliveries.map(\.lane)) == next)
            #expect(try await session.rows("SELECT count(*) FROM people") == [["3"]])
        }
    }

    @Test(
        "INV-6: where one of them is refused nothing is changed, and the session goes on",
        arguments: TargetVariant.all)
    func refused(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            if variant.isExcused(.noTransactions) { return }
            let rows = try await claim(2, session)
            let good = Self.delivery(1, from: rows[0], [1])
            let bad = Self.delivery(2, from: rows[1], [2, 1000])
            var fenced = Self.delivery(2, from: rows[1], [2])
            fenced.move?.expected.epoch -= 1
            for other in [bad, fenced] {
                for together in [[good, other], [other, good]] {
                    #expect(try await session.deliverTogether(together) == nil)
                    #expect(try await session.rows("SELECT count(*) FROM people") == [["0"]])
                    let lanes = [good.lane, bad.lane]
                    #expect(try await session.readCursors(lanes) == rows)
                }
            }
            #expect(try await session.deliver(good) == .committed(rowCounts: [1]))
        }
    }

    @Test("INV-6: only what moves its lane's row, and cannot end the transaction, is shared")
    func shares() async throws {
        for kind in [TargetVariant.all[0], TargetVariant.all[1], TargetVariant.all[2]] {
            try await kind.make().withSession { session in
                let rows = try await claim(1, session)
                let delivery = Self.delivery(1, from: rows[0], [1])
                var (rowless, committing, other) = (delivery, delivery, delivery)
                rowless.move = nil
                committing.commitsByItself = true
                other.writesOnlyRows = false
                #expect(session.shares(delivery))
                #expect(!session.shares(rowless))
                #expect(!session.shares(committing))
                #expect(session.shares(other) == (kind.kind != .mysql))
            }
        }
    }
}
