import Connector
import Ledger
import Projection
import SegmentModel
import ServerTesting
import Synchronization
import Testing

@testable import Sync

/// `coalesce: true`: the last change of each profile in a batch.
@Suite("Coalesced batches")
struct CoalescingTests {
    private static let start = LaneCursor(position: nil)

    @Test("Of each profile the last change is sent, removals first, in one batch")
    func lastChange() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        try await world.append(.profilesRemoved, 1, ["b", "z"])
        let last = try await world.append(.profilesAdded, 1, ["z", "d"])
        try await world.append(.segmentCleared, 1)
        let batcher = world.batcher(1, coalesces: true)
        let batch = try #require(try batcher.next(after: Self.start, size: 100))
        #expect(batch.parts.map(\.query) == [.removeProfiles, .addProfiles])
        #expect(world.ids(batch) == ["b", "a", "c", "z", "d"])
        #expect(batch.members[3].position == last)
        #expect(batch.isComplete && batch.cursorAfter == LaneCursor(position: last))
        let clear = try batcher.next(after: batch.cursorAfter, size: 100)
        #expect(clear?.kind == .segmentCleared)
        try await world.close()
    }

    @Test("Each query of a batch is known by its place")
    func places() async throws {
        let world = try World(size: 100)
        world.definition.isCoalesced = true
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<5).map { "p\($0)" })
        try await world.append(.profilesRemoved, 1, ["p0", "p1", "p2"])
        let (worker, _) = try await world.worker(1, MemoryTarget())
        let batch = try #require(try await worker.builder.cut(after: worker.state, size: 100))
        #expect(worker.builder.queryCounts(batch) == [1, 1, 1])
        #expect(worker.builder.kind(of: 0, in: batch) == .segmentUpdated)
        #expect(worker.builder.kind(of: 1, in: batch) == .profilesRemoved)
        #expect(worker.builder.kind(of: 2, in: batch) == .profilesAdded)
        try await world.close()
    }

    @Test("A batch ends with the profile that fills it, inside of an event too")
    func size() async throws {
        let world = try World()
        let first = try await world.append(.profilesAdded, 1, ["a", "b"])
        let second = try await world.append(.profilesRemoved, 1, ["a", "b", "c", "d"])
        let batcher = world.batcher(1, coalesces: true)
        let two = try #require(try batcher.next(after: Self.start, size: 2))
        #expect(world.ids(two) == ["a", "b"] && two.kind == .profilesAdded && two.isComplete)
        #expect(two.cursorAfter == LaneCursor(position: first))
        let three = try #require(try batcher.next(after: Self.start, size: 3))
        #expect(world.ids(three) == ["a", "b", "c"] && three.kind == .profilesRemoved)
        #expect(three.cursorAfter == LaneCursor(position: first, profileCount: 3))
        let rest = try #require(try batcher.next(after: three.cursorAfter, size: 3))
        #expect(world.ids(rest) == ["d"] && !rest.isComplete)
        #expect(rest.cursorAfter == LaneCursor(position: second))
        try await world.close()
    }

    @Test("A batch that is cut again up to where it ended is the same")
    func limit() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        try await world.append(.profilesRemoved, 1, ["a"])
        let batcher = world.batcher(1, coalesces: true)
        let sent = try #require(try batcher.next(after: Self.start, size: 9))
        try await world.append(.profilesAdded, 1, ["a", "d"])
        let again = try #require(
            try batcher.next(after: Self.start, size: 9, limit: sent.cursorAfter))
        #expect(again.members == sent.members && again.cursorAfter == sent.cursorAfter)
        try await world.close()
    }

    /// Many changes of few profiles, and what they come to.
    private static func world(
        _ random: inout SeededGenerator, count: Int = 60
    ) async throws -> (World, Set<String>) {
        let world = try World(size: 4, time: InstantClock())
        world.definition.isCoalesced = true
        try await world.configure()
        var members: Set<String> = []
        for _ in 0..<count {
            var ids: Set<String> = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                ids.insert("p\(Int.random(in: 0..<12, using: &random))")
            }
            if Bool.random(using: &random) {
                try await world.append(.profilesAdded, 1, ids.sorted())
                members.formUnion(ids)
            } else {
                try await world.append(.profilesRemoved, 1, ids.sorted())
                members.subtract(ids)
            }
            if Int.random(in: 0..<30, using: &random) == 0 {
                try await world.append(.segmentCleared, 1)
                members = []
            }
        }
        return (world, members)
    }

    @Test("INV-6: whatever fails at whichever delivery, the members are right and receipts equal")
    func everyFault() async throws {
        var random = SeededGenerator()
        for fault in MemoryTarget.Fault.allCases {
            for delivery in 0..<6 {
                let place: Comment = "\(fault) at \(delivery), seed \(SeededGenerator.seed)"
                let (world, members) = try await Self.world(&random)
                let target = MemoryTarget(MemoryTarget.State(faults: [delivery: fault]))
                let outcome = try await world.sync(target)
                #expect(outcome.state == .done, place)
                #expect(target.members == members, place)
                let total = try await world.statistics().total
                #expect(total.successfulQueries == target.queryCount, place)
                #expect(total.successfulQueries == target.queries.count, place)
                let sent = target.queries.filter { $0.hasPrefix("ADD") || $0.hasPrefix("REMOVE") }
                #expect(
                    total.profiles == sent.reduce(0) { $0 + $1.split(separator: "'").count / 2 },
                    place)
                try await world.close()
            }
        }
    }

    @Test("INV-6: receipts that a crash lost are made from the target's row, by kind of query")
    func lostReceipts() async throws {
        var random = SeededGenerator()
        let (world, members) = try await Self.world(&random)
        let target = MemoryTarget()
        var (worker, session) = try await world.worker(1, target)
        let lost = try #require(
            try await worker.builder.next(after: worker.state, size: 4, binds: []))
        var moved = worker.row
        moved.cursor = lost.batch.cursorAfter
        moved.queryCount += Int64(try lost.queries.get().count)
        _ = try await session.deliver(
            worker.delivery(
                lost.id, from: worker.row, to: moved, try lost.queries.get(), lost.batch))
        (worker, session) = try await world.worker(1, target)
        #expect(worker.state.cursor == lost.batch.cursorAfter)
        #expect(try await world.sync(target).state == .done)
        #expect(target.members == members, "seed \(SeededGenerator.seed)")
        let total = try await world.statistics().total
        #expect(total.successfulQueries == target.queryCount, "seed \(SeededGenerator.seed)")
        try await world.close()
    }

    @Test("INV-6: what is refused is set aside with its last change; the rest is delivered")
    func refused() async throws {
        for size in [1, 2, 3, 100] {
            let world = try World(size: size)
            world.definition.isCoalesced = true
            try await world.configure()
            try await world.append(.profilesAdded, 1, ["a", "c", "b"])
            try await world.append(.profilesRemoved, 1, ["a"])
            try await world.append(.profilesAdded, 1, ["d", "c"])
            var state = MemoryTarget.State()
            state.poison = "'c'"
            let target = MemoryTarget(state)
            #expect(try await world.sync(target).state == .done)
            #expect(target.members == ["b", "d"], "size \(size)")
            target.state.withLock { $0.poison = nil }
            try await world.append(.profilesRemoved, 1, ["c"])
            try await world.decide(.redriveRequested)
            #expect(try await world.sync(target).parkedChangeCount == 0)
            #expect(target.members == ["b", "d"], "size \(size)")
            #expect(target.queries.last == "REMOVE 1, 'c'", "size \(size)")
            let total = try await world.statistics().total
            #expect(total.successfulQueries == target.queryCount)
            try await world.close()
        }
    }

    @Test("Without transactions changes are sent as they came")
    func withoutTransactions() async throws {
        let world = try World(size: 100)
        world.definition.isCoalesced = true
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        try await world.append(.profilesRemoved, 1, ["a"])
        var state = MemoryTarget.State()
        state.support = .fenceOnly
        let target = MemoryTarget(state)
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries == ["SAVE 1", "ADD 1, 'a','b'", "REMOVE 1, 'a'"])
        try await world.close()
    }
}
