import Connector
import EventJSON
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

/// From the request of a rebuild to its end, whatever that is.
@Suite("The life of a rebuild")
struct ResyncLifeTests {
    /// Three segments, delivered and right.
    private func world(_ target: MemoryTarget) async throws -> World {
        let world = try World()
        try await world.configure()
        for segment in 1...3 {
            try await world.append(.profilesAdded, Int64(segment), ["a\(segment)", "b\(segment)"])
        }
        #expect(try await world.sync(target).state == .done)
        return world
    }

    private func poison(_ target: MemoryTarget, _ text: String?) {
        target.state.withLock { state in
            (state.poison, state.poisonClass, state.isTargetsWord) = (text, .permanent, false)
        }
    }

    private func resync(_ world: World, _ target: MemoryTarget) async throws -> IntegrationOutcome {
        let engine = world.engine(target)
        _ = try await engine.requestResync(world.definition, segments: [])
        return try await engine.resync(
            world.definition, connectors: ["memory": target.definition], options: .init())
    }

    private func resyncs(_ world: World) async throws -> [ResyncRow] {
        try await world.projector.foldToEnd()
        return try await world.store.read { try $0.resyncs(of: "crm") }
    }

    private func row(_ world: World) async throws -> IntegrationRow? {
        try await world.projector.foldToEnd()
        return try await world.store.read { try $0.integration("crm") }
    }

    @Test("INV-8: a segment that is refused for good fails alone, and everything else goes on")
    func failsAlone() async throws {
        let target = MemoryTarget()
        let world = try await world(target)
        let before = target.queries.count
        poison(target, "CLEAR 2")
        let outcome = try await resync(world, target)
        guard case .failed(let failure) = outcome.state else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.hint?.contains("segledger resync NAME") == true, "\(failure)")
        let one = try #require(try await resyncs(world).last)
        #expect(one.outcome == .failed)
        #expect(one.errorMessage == "bad value")
        #expect(
            one.ends == [
                SegmentID(1): .done, SegmentID(2): .failed, SegmentID(3): .done,
            ])
        #expect(
            target.queries.dropFirst(before)
                == [
                    "CLEAR 1", "SAVE 1", "ADD 1, 'a1','b1'", "CLEAR 3", "SAVE 3",
                    "ADD 3, 'a3','b3'",
                ])
        // Live delivery goes on, of that segment too; nothing has stopped.
        #expect(try await row(world)?.stop == nil)
        try await world.append(.profilesAdded, 2, ["c2"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries.last == "ADD 2, 'c2'")
        // Asked for again once it is mended.
        poison(target, nil)
        #expect(try await resync(world, target).state == .done)
        #expect(try await resyncs(world).map(\.outcome) == [.failed, .done])
        try await world.close()
    }

    @Test("Where no segment passes the rest of a request is not tried")
    func hopeless() async throws {
        let target = MemoryTarget()
        let world = try World()
        try await world.configure()
        for segment in 1...30 { try await world.append(.profilesAdded, Int64(segment), ["a"]) }
        #expect(try await world.sync(target).state == .done)
        poison(target, "CLEAR")
        guard case .failed = try await resync(world, target).state else {
            Issue.record("it passed")
            return
        }
        #expect(target.state.withLock { $0.refusalCount } == 1 + RefusalTrial.tryCountMax)
        #expect(try await resyncs(world).map(\.outcome) == [.failed])
        try await world.close()
    }

    @Test("A fill that fails stops what has nothing else to do, and is asked for again with it")
    func firstFill() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a"])
        world.definition.start = .fill
        try await world.configure()
        let target = MemoryTarget()
        poison(target, "CLEAR")
        guard case .stopped = try await world.sync(target).state else {
            Issue.record("it went on")
            return
        }
        #expect(try await world.lane(1)?.isBlocked == true)
        #expect(try await row(world)?.stop != nil)
        poison(target, nil)
        try await resume(world)
        #expect(try await world.sync(target).state == .done)
        #expect(target.members == ["a"])
        #expect(try await world.lane(1)?.isBlocked == false)
        try await world.close()
    }

    private func resume(_ world: World) async throws {
        var batch = EventBatch()
        batch.append(
            .integrationResumed, body: IntegrationReference(integration: "crm").encode())
        _ = try await world.ledger.append(batch)
    }

    @Test("A segment that cannot be filled waits, visibly, and the others are delivered")
    func laterFill() async throws {
        let target = MemoryTarget()
        let world = try World()
        world.definition.start = .fill
        world.definition.scope.segments = .ids([SegmentID(1)])
        try await world.append(.profilesAdded, 2, ["z"])
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a"])
        #expect(try await world.sync(target).state == .done)
        world.definition.scope.segments = .all
        try await world.configure()
        poison(target, "CLEAR 2")
        for id in ["b", "c"] {
            try await world.append(.profilesAdded, 1, [id])
            try await world.append(.profilesAdded, 2, [id])
            guard case .failed = try await world.sync(target).state else {
                Issue.record("nothing failed")
                return
            }
            #expect(target.queries.last == "ADD 1, '\(id)'")
        }
        // Once, however often it runs.
        #expect(try await resyncs(world).count == 1)
        #expect(try await world.lane(2)?.isBlocked == true)
        poison(target, nil)
        #expect(try await resync(world, target).state == .done)
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries.suffix(2) == ["SAVE 2", "ADD 2, 'z','b','c'"])
        try await world.append(.profilesAdded, 2, ["d"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries.last == "ADD 2, 'd'")
        try await world.close()
    }

    @Test("A request that waits can be given up; live events were not held back for ever")
    func cancelledBefore() async throws {
        let target = MemoryTarget()
        let world = try await world(target)
        let engine = world.engine(target)
        let request = try await engine.requestResync(world.definition, segments: [])
        try await world.append(.profilesAdded, 1, ["c1"])
        #expect(try await engine.cancelResyncs(of: "crm").map(\.position) == [request])
        #expect(try await engine.cancelResyncs(of: "crm").isEmpty)
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries.last == "ADD 1, 'c1'")
        #expect(!target.queries.contains("CLEAR 1"))
        #expect(try await resyncs(world).map(\.outcome) == [.cancelled])
        try await world.close()
    }

    @Test("INV-8: a rebuild that runs is given up in the middle: nothing of it is there")
    func cancelledWithin() async throws {
        let target = MemoryTarget()
        let world = try await world(target)
        let before = target.queries
        let engine = world.engine(target)
        target.state.withLock { state in
            state.onExecute = {
                // The operator's word, and until it has come round.
                Task.detached { _ = try await engine.cancelResyncs(of: "crm") }
                while !Task.isCancelled { await Task.yield() }
            }
        }
        #expect(try await resync(world, target).state == .done)
        #expect(target.queries == before)
        #expect(try await resyncs(world).map(\.outcome) == [.cancelled])
        target.state.withLock { $0.onExecute = {} }
        try await world.append(.profilesAdded, 2, ["c2"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries == before + ["ADD 2, 'c2'"])
        try await world.close()
    }

    @Test("INV-8: a rebuild that took place before it was given up is known to have")
    func cancelledTooLate() async throws {
        let target = MemoryTarget()
        let world = try await world(target)
        let engine = world.engine(target)
        let request = try #require(
            try await engine.requestResync(world.definition, segments: [SegmentID(2)]))
        // Committed by the target, and the process ended before it could say so.
        let lane = LaneKey(integration: "crm", segment: SegmentID(2))
        target.state.withLock { state in
            state.queries += ["CLEAR 2", "SAVE 2", "ADD 2, 'a2','b2'"]
            state.cursors[lane]?.epoch += 1
            state.cursors[lane]?.cursor = LaneCursor(position: request.predecessor)
            state.cursors[lane]?.resync = Int64(request.rawValue)
            state.cursors[lane]?.queryCount += 3
        }
        _ = try await engine.cancelResyncs(of: "crm")
        try await world.append(.profilesAdded, 2, ["c2"])
        let outcome = try await world.sync(target)
        #expect(outcome.state == .done, "\(outcome)")
        #expect(target.queries.last == "ADD 2, 'c2'")
        #expect(try await resyncs(world).map(\.outcome) == [.done])
        #expect(try await world.statistics().total.successfulQueries == target.queryCount)
        try await world.close()
    }

    @Test("INV-8: of a request that a crash cut in two only the rest is done")
    func halfDone() async throws {
        let target = MemoryTarget()
        let world = try await world(target)
        let engine = world.engine(target)
        let request = try #require(
            try await engine.requestResync(world.definition, segments: []))
        let lane = LaneKey(integration: "crm", segment: SegmentID(2))
        target.state.withLock { state in
            state.cursors[lane]?.cursor = LaneCursor(position: request.predecessor)
            state.cursors[lane]?.resync = Int64(request.rawValue)
            state.cursors[lane]?.queryCount += 3
        }
        let before = target.queries.count
        #expect(try await world.sync(target).state == .done)
        let cleared = target.queries.dropFirst(before).filter { $0.hasPrefix("CLEAR") }
        #expect(cleared == ["CLEAR 1", "CLEAR 3"])
        #expect(try await resyncs(world).map(\.outcome) == [.done])
        #expect(try await world.statistics().total.successfulQueries == target.queryCount)
        try await world.close()
    }

    @Test("A rebuild counts members and rows, and says how long the rest takes")
    func progress() async throws {
        let target = MemoryTarget()
        let world = try World(size: 2)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<10).map { "p\($0)" })
        #expect(try await world.sync(target).state == .done)
        let all = Mutex<[SyncProgress]>([])
        var options = SyncEngine.Options()
        options.progress = { one in all.withLock { $0.append(one) } }
        let engine = world.engine(target)
        let request = try await engine.requestResync(world.definition, segments: [])
        let outcome = try await engine.resync(
            world.definition, connectors: ["memory": target.definition], options: options)
        #expect(outcome.rebuilt.profileCount == 10)
        #expect(outcome.rebuilt.queryCount == 7)
        let steps = all.withLock { $0 }.filter { $0.activity == .resync }
        #expect(steps.allSatisfy { $0.total == 10 && $0.request == request })
        #expect(Set(steps.map(\.done)) == [0, 2, 4, 6, 8, 10])
        #expect(steps.last?.segments.done == 1 && steps.last?.rowCount == 10)
        #expect(steps.last?.etaSeconds == 0)
        try await world.close()
    }
}
