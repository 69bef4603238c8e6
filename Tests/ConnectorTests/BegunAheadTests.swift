import Connector
import SegmentModel
import ServerTesting
import StorageIO
import Testing

@testable import ConnectorMySQL

/// MariaDB ends the transaction that is open where another begins, and commits it.
@Suite("A delivery that was begun ahead, and is not carried out")
struct BegunAheadTests {
    private static func delivery(_ id: Int, from row: TargetCursor) -> TargetDelivery {
        var delivery = TargetDelivery(
            lane: CursorConformanceTests.lane, id: "\(id)",
            move: .init(from: row, to: CursorConformanceTests.moved(row, to: UInt64(id))),
            queries: [.text(sql("INSERT INTO people VALUES (\(id), 'p\(id)')"))])
        delivery.writesOnlyRows = true
        return delivery
    }

    @Test("INV-6: what begins next takes its row's move back, and does not commit it")
    func takenBack() async throws {
        let target = try Target(.mysql)
        try await target.withSession { session in
            let lane = CursorConformanceTests.lane
            let start = try await session.claimCursor(
                lane, initial: CursorConformanceTests.initial)
            let first = Self.delivery(1, from: start)
            let second = Self.delivery(2, from: first.move!.next)
            let thread = OwnedThread(name: "begun-ahead")
            let definition = target.definition
            try await thread.run {
                let configuration = try MySQLConfiguration(definition, secret: nil)
                let connection = try MySQLConnection(configuration)
                try MySQLExchange(connection).applySettings(configuration)
                #expect(try connection.beginAndHold(first, first.move!).isHeld)
                for case .text(let sql) in first.queries { _ = try connection.execute(sql) }
                #expect(try connection.moveHeldAndCommit(lane, first.move!, before: second))
                #expect(connection.begun != nil, "it is begun with the commit before")
                try connection.begin()
                try connection.commit()
                connection.close()
            }
            thread.stop()
            #expect(try await session.readCursor(lane) == first.move!.next)
        }
    }
}
