import Connector
import SegmentModel
import Testing

@testable import ConnectorClickHouse

/// ClickHouse's stand-in for a transaction, without a server.
@Suite("What a connector to ClickHouse knows of its lanes' rows")
struct CursorBookTests {
    private static let lane = CursorConformanceTests.lane
    private static let start = CursorConformanceTests.initial

    private static func row(_ cursor: TargetCursor, serial: UInt64 = 1) -> CursorRow {
        CursorRow(cursor: cursor, serial: serial, claim: "mine")
    }

    /// What was read then is trusted however long the test takes.
    private static var later: ContinuousClock.Instant { .now + .seconds(60) }

    private static func confirmedBook() -> CursorBook {
        let book = CursorBook()
        book.confirm(lane, row(start), at: .now)
        return book
    }

    @Test("INV-6: the fence trusts what was read within the last second, and nothing else")
    func trust() {
        let book = CursorBook()
        #expect(!book.isConfirmed(Self.lane, Self.start))
        book.confirm(Self.lane, Self.row(Self.start), at: ContinuousClock.now - .seconds(1))
        #expect(!book.isConfirmed(Self.lane, Self.start))
        book.confirm(Self.lane, Self.row(Self.start), at: Self.later)
        #expect(book.isConfirmed(Self.lane, Self.start))
        book.wrote(Self.lane, Self.row(Self.start))
        #expect(!book.isConfirmed(Self.lane, Self.start))
        book.confirm(Self.lane, Self.row(Self.start), at: Self.later)
        book.forget(Self.lane)
        #expect(!book.isConfirmed(Self.lane, Self.start))
    }

    @Test("INV-6: what was read of one epoch, ledger or lane says nothing of another")
    func trustOfItsOwn() {
        let book = CursorBook()
        book.confirm(Self.lane, Self.row(Self.start), at: Self.later)
        var (epoch, ledger) = (Self.start, Self.start)
        epoch.epoch += 1
        ledger.ledger = "other"
        #expect(!book.isConfirmed(Self.lane, epoch))
        #expect(!book.isConfirmed(Self.lane, ledger))
        let other = LaneKey(integration: Self.lane.integration, segment: SegmentID(1))
        #expect(!book.isConfirmed(other, Self.start))
    }

    @Test("A move is written once, and the latest one")
    func pending() {
        let book = Self.confirmedBook()
        #expect(book.takePending().isEmpty)
        for position in [3, 5] as [UInt64] {
            book.note(Self.lane, CursorConformanceTests.moved(Self.start, to: position))
        }
        let rows = book.takePending()
        let last = CursorConformanceTests.moved(Self.start, to: 5)
        #expect(rows.map { $0.row } == [Self.row(last, serial: 3)])
        #expect(rows.map { $0.lane } == [Self.lane])
        #expect(book.takePending().isEmpty)
    }

    @Test("A move that could not be written is written the next time, unless a newer one is")
    func givenBack() {
        let book = Self.confirmedBook()
        book.note(Self.lane, CursorConformanceTests.moved(Self.start, to: 3))
        let rows = book.takePending()
        book.giveBack(rows)
        #expect(book.takePending().map { $0.row } == rows.map { $0.row })
        book.note(Self.lane, CursorConformanceTests.moved(Self.start, to: 5))
        book.giveBack(rows)
        #expect(
            book.takePending().map { $0.row.cursor }
                == [CursorConformanceTests.moved(Self.start, to: 5)])
        #expect(book.takePending().isEmpty)
    }

    @Test("INV-6: of an epoch that is over no move is written")
    func otherEpoch() {
        let book = Self.confirmedBook()
        var claimed = Self.start
        claimed.epoch += 1
        book.note(Self.lane, CursorConformanceTests.moved(Self.start, to: 3))
        let rows = book.takePending()
        book.confirm(Self.lane, Self.row(claimed, serial: 9), at: .now)
        book.giveBack(rows)
        book.note(Self.lane, CursorConformanceTests.moved(Self.start, to: 4))
        #expect(book.takePending().isEmpty)
        book.note(Self.lane, CursorConformanceTests.moved(claimed, to: 6))
        book.confirm(Self.lane, Self.row(claimed, serial: 9), at: .now)
        #expect(book.takePending().map { $0.row.serial } == [10])
    }
}
