import Connector
import SegmentModel
import ServerTesting
import Testing

@Suite("A delivery that follows another begins only once that one is committed")
struct FollowingDeliveryTests {
    private static let lane = CursorConformanceTests.lane

    private static func delivery(
        _ id: String, _ from: TargetCursor, _ text: String, follows: String? = nil
    ) -> TargetDelivery {
        let position = (from.cursor.position?.rawValue ?? 0) + 1
        var delivery = TargetDelivery(
            lane: lane, id: id,
            move: .init(from: from, to: CursorConformanceTests.moved(from, to: position)),
            queries: [.text(sql(text))])
        delivery.follows = follows
        return delivery
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
        arguments: TargetVariant.all)
    func inOrder(_ variant: TargetVariant) async throws {
        let count = 40
        try await variant.make().withSession { session in
            guard session.queuesDeliveries else { return }
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            var deliveries: [TargetDelivery] = []
            for number in 1...count {
                deliveries.append(
                    Self.delivery(
                        "\(number)", deliveries.last?.move?.next ?? start,
                        "INSERT INTO people VALUES (\(number), 'n\(number)')",
                        follows: deliveries.last?.id))
            }
            var given: Task<TargetDeliveryResult, any Error>?
            for (index, delivery) in deliveries.enumerated() {
                let current: Task<TargetDeliveryResult, any Error>
                if let given { current = given } else { current = session.give(delivery) }
                given = index + 1 < count ? session.give(deliveries[index + 1]) : nil
                var isDone = Self.isCommitted(try await current.value)
                while !isDone {
                    // The one behind came first: it was not begun, nor was this one.
                    if let other = given { #expect(try await other.value == .notBegun) }
                    given = nil
                    var again = delivery
                    again.follows = nil
                    isDone = Self.isCommitted(try await session.deliver(again))
                }
            }
            let rows = try await session.rows("SELECT id FROM people ORDER BY id")
            #expect(rows == (1...count).map { ["\($0)"] })
            #expect(try await session.readCursor(Self.lane) == deliveries[count - 1].move!.next)
        }
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
