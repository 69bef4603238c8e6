import Connector
import EventJSON
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

/// Rebuilds, over a target in memory.
@Suite("A rebuild puts the tables right, whatever came before")
struct ResyncTests {
    private func world(
        _ change: (inout IntegrationDefinition) -> Void = { _ in }
    ) async throws -> World {
        let world = try World(size: 2)
        change(&world.definition)
        try await world.configure()
        try await world.append(.segmentCreated, 1)
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        try await world.append(.profilesRemoved, 1, ["b"])
        return world
    }

    private let rebuilt = ["CLEAR 1", "SAVE 1", "ADD 1, 'a','c'"]

    @Test("INV-8: each rebuild that is asked for is carried out, and the same one once")
    func everyOne() async throws {
        let world = try await world()
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        for _ in 0..<3 {
            // What somebody did to the table.
            target.state.withLock { $0.queries = ["ADD 1, 'stranger'"] }
            let engine = world.engine(target)
            let request = try await engine.requestResync(world.definition, segments: [])
            #expect(
                try await engine.requestResync(world.definition, segments: []) == request,
                "the same one is not asked for twice")
            #expect(try await world.resync(target).state == .done)
            #expect(target.queries == ["ADD 1, 'stranger'"] + rebuilt)
        }
        try await world.append(.profilesAdded, 1, ["d"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.members == ["a", "c", "d"])
        try await world.close()
    }

    @Test("INV-8: without clear_segment everybody who was ever named is removed")
    func strangers() async throws {
        let world = try await world { $0.queries[.clearSegment] = nil }
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        target.state.withLock { $0.queries = ["ADD 1, 'a','b'"] }
        #expect(try await world.resync(target).state == .done)
        #expect(target.members == ["a", "c"])
        try await world.close()
    }

    @Test("INV-11: a deleted segment is rebuilt as one, a segment that is used again has members")
    func deleted() async throws {
        let world = try await world()
        let target = MemoryTarget()
        try await world.append(.segmentDeleted, 1)
        #expect(try await world.sync(target).state == .done)
        target.state.withLock { $0.queries = ["ADD 1, 'stranger'"] }
        #expect(try await world.resync(target).state == .done)
        #expect(target.queries.dropFirst() == ["CLEAR 1", "DROP 1"])
        try await world.append(.profilesAdded, 1, ["d"])
        #expect(try await world.sync(target).state == .done)
        #expect(try await world.resync(target).state == .done)
        #expect(target.members == ["d"])
        #expect(target.queries.suffix(3) == ["CLEAR 1", "SAVE 1", "ADD 1, 'd'"])
        try await world.close()
    }

    @Test(
        "INV-8: a rebuild whose commit fails is made again, and one that took place is not",
        arguments: [
            MemoryTarget.Fault.commitRefused, MemoryTarget.Fault.commitLost, .replyLost,
        ])
    func commitFails(_ fault: MemoryTarget.Fault) async throws {
        let world = try await world()
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        target.state.withLock { state in
            state.queries = []
            state.commitFaults = [state.commitCount: fault]
        }
        let outcome = try await world.resync(target)
        #expect(outcome.state == .done, "\(fault)")
        #expect(target.queries == rebuilt, "\(fault)")
        #expect(outcome.deliveredProfileCount == 2, "\(fault)")
        let total = try await world.statistics().total
        #expect(total.successfulQueries == target.queryCount, "\(fault)")
        try await world.append(.profilesAdded, 1, ["d"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries == rebuilt + ["ADD 1, 'd'"], "\(fault)")
        try await world.close()
    }

    @Test("INV-8: a rebuild stops where another worker has moved a lane, and leaves nothing")
    func fenced() async throws {
        let world = try await world()
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        let queries = target.queries
        let lane = LaneKey(integration: "crm", segment: SegmentID(1))
        target.state.withLock { state in
            state.onExecute = {
                target.state.withLock { $0.cursors[lane]!.epoch += 1 }
            }
        }
        guard case .stopped(let failure) = try await world.resync(target).state else {
            Issue.record("it went on")
            return
        }
        #expect(failure.code == .cursorFenced)
        #expect(target.queries == queries)
        try await world.close()
    }

    @Test("A rebuild that fails for now counts the query that failed, and names it")
    func failure() async throws {
        let world = try await world()
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        target.state.withLock { state in
            (state.poison, state.poisonClass, state.poisonedQueries) = ("1", .transient, "SAVE")
        }
        let engine = world.engine(target)
        _ = try await engine.requestResync(world.definition, segments: [])
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = 0
        _ = try await engine.resync(
            world.definition, connectors: ["memory": target.definition], options: options)
        #expect(try await world.statistics().total.failedQueries == 1)
        let error = try #require(try await world.errors().first)
        #expect(error.query == .saveSegment && error.lane.segment == SegmentID(1))
        #expect(error.hint != nil)
        try await world.close()
    }

    @Test("What had stopped goes on once it is rebuilt, unless its operator has paused it")
    func resumes() async throws {
        for isPaused in [false, true] {
            let world = try await world()
            let target = MemoryTarget()
            target.state.withLock { state in
                (state.poison, state.poisonClass, state.isTargetsWord) = ("1", .permanent, false)
            }
            guard case .stopped = try await world.sync(target).state else {
                Issue.record("it goes on")
                return
            }
            target.state.withLock { $0.poison = nil }
            if isPaused {
                var batch = EventBatch()
                batch.append(
                    .integrationPaused, body: IntegrationReference(integration: "crm").encode())
                _ = try await world.ledger.append(batch)
            }
            #expect(try await world.resync(target).state == .done)
            let row = try #require(try await world.integration())
            #expect(row.isActive == !isPaused)
            #expect((row.stop == nil) == !isPaused)
            #expect(target.members == ["a", "c"])
            try await world.close()
        }
    }
}
