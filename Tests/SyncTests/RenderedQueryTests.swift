import Connector
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

/// What stands in the queries that a lane sends.
@Suite("Queries hold what the ledger has at their place")
struct RenderedQueryTests {
    @Test("INV-7: each profile has its fields as they were at the event that names it")
    func fieldsOfTheEvent() async throws {
        let world = try World(size: 100)
        world.definition.queries[.addProfiles] =
            "ADD {for $l = $batch}('{$l.id}', '{$l.Mail}'){autocomma}{end}"
        try await world.configure()
        try await world.append(
            .profilesAdded, 1, fields: [("a", "Mail", "a1"), ("b", "Mail", "b1")])
        try await world.append(.profilesAdded, 2, fields: [("a", "Mail", "a2")])
        try await world.append(.profilesAdded, 1, fields: [("c", "Mail", "c1")])
        let (worker, _) = try await world.worker(1, MemoryTarget())
        var state = worker.state
        for expected in ["ADD ('a', 'a1'),('b', 'b1')", "ADD ('a', 'a2'),('c', 'c1')"] {
            let delivery = try #require(
                try await worker.builder.next(after: state, size: 100, binds: []))
            guard case .text(let sql)? = try delivery.queries.get().last else {
                Issue.record("nothing was bound")
                return
            }
            #expect(String(decoding: sql, as: UTF8.self) == expected)
            state = delivery.after
        }
        try await world.close()
    }

    @Test("One query for each profile where they go one by one, and all are receipted")
    func individual() async throws {
        for fault in MemoryTarget.Fault.allCases {
            let world = try World(time: InstantClock())
            world.definition.batch = .individual
            world.definition.queries[.addProfiles] = "ADD {segment_id}, '{lead.id}'"
            world.definition.queries[.removeProfiles] = "REMOVE {segment_id}, '{lead.id}'"
            try await world.configure()
            try await world.append(.profilesAdded, 1, ["a", "b", "c"])
            try await world.append(.profilesRemoved, 1, ["b"])
            let target = MemoryTarget(MemoryTarget.State(faults: [0: fault]))
            #expect(try await world.sync(target).state == .done)
            #expect(
                target.queries
                    == ["SAVE 1", "ADD 1, 'a'", "ADD 1, 'b'", "ADD 1, 'c'", "REMOVE 1, 'b'"],
                "\(fault)")
            let total = try await world.statistics().total
            #expect(total.successfulQueries == 5 && total.profiles == 4, "\(fault)")
            #expect(total.rows == 4, "\(fault)")
            try await world.close()
        }
    }

    @Test("INV-6: receipts that a crash lost count the queries of a delivery")
    func lostReceipts() async throws {
        let world = try World()
        world.definition.batch = .individual
        world.definition.isCoalesced = true
        world.definition.queries[.addProfiles] = "ADD {segment_id}, '{lead.id}'"
        world.definition.queries[.removeProfiles] = "REMOVE {segment_id}, '{lead.id}'"
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e"])
        try await world.append(.profilesRemoved, 1, ["a", "b"])
        let target = MemoryTarget()
        let (worker, session) = try await world.worker(1, target)
        let lost = try #require(
            try await worker.builder.next(after: worker.state, size: 100, binds: []))
        var moved = worker.row
        moved.cursor = lost.batch.cursorAfter
        moved.queryCount += Int64(try lost.queries.get().count)
        _ = try await session.deliver(
            worker.delivery(
                lost.id, from: worker.row, to: moved, try lost.queries.get(), lost.batch))
        #expect(try await world.sync(target).state == .done)
        let queries = try await world.statistics().byQuery
        #expect(queries[.removeProfiles]?.successfulQueries == 2)
        #expect(queries[.addProfiles]?.successfulQueries == 3)
        try await world.close()
    }

    @Test("A query has the segment's name as of its delivery")
    func segmentName() async throws {
        let world = try World(size: 100)
        world.definition.queries[.saveSegment] = "SAVE '{segment_name}'"
        world.definition.queries[.addProfiles] =
            "ADD '{segment_name}', {for $l = $batch}'{$l.id}'{autocomma}{end}"
        try await world.configure()
        try await world.rename(1, "first")
        try await world.append(.profilesAdded, 1, ["a"])
        try await world.rename(1, "second")
        try await world.append(.profilesAdded, 1, ["b"])
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        #expect(
            target.queries == [
                "SAVE 'first'", "ADD 'first', 'a'", "SAVE 'second'", "ADD 'second', 'b'",
            ])
        try await world.close()
    }

    @Test("Without clear_segment a clearing and a deletion remove those who were members before")
    func clearing() async throws {
        for kind in [EventKind.segmentCleared, .segmentDeleted] {
            let world = try World(size: 2)
            world.definition.queries[.clearSegment] = nil
            try await world.configure()
            try await world.append(.profilesAdded, 1, ["a", "b", "c", "d"])
            try await world.append(.profilesRemoved, 1, ["d"])
            try await world.append(kind, 1)
            try await world.append(.profilesAdded, 1, ["e"])
            let target = MemoryTarget()
            #expect(try await world.sync(target).state == .done)
            #expect(target.members == ["e"])
            let removed = target.queries.filter { $0.hasPrefix("REMOVE") }
            #expect(removed == ["REMOVE 1, 'd'", "REMOVE 1, 'a','b'", "REMOVE 1, 'c'"])
            try await world.close()
        }
    }
}
