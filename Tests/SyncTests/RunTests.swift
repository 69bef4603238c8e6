import Connector
import EventJSON
import Ledger
import Projection
import SegmentModel
import StorageIO
import Synchronization
import Testing

@testable import Sync

/// Whole runs of the engine, over a target in memory and on a clock that does not wait.
@Suite("Runs tell what happens to them")
struct RunTests {
    private final class Notices: Sendable {
        let all = Mutex<[SyncNotice]>([])

        var kinds: [SyncNotice.Kind] { all.withLock { $0.map(\.kind) } }

        var retries: [Int] {
            kinds.compactMap {
                if case .failed(_, let milliseconds) = $0 { milliseconds } else { nil }
            }
        }
    }

    private func run(
        _ world: World, _ target: MemoryTarget, giveUpMilliseconds: Int = 60_000,
        isStrict: Bool = false, time: any MonotonicClock = InstantClock()
    ) async throws -> (IntegrationOutcome, Notices) {
        let notices = Notices()
        var options = SyncEngine.Options()
        options.giveUpMilliseconds = giveUpMilliseconds
        options.givesUpStrictly = isStrict
        options.tell = { notice in notices.all.withLock { $0.append(notice) } }
        let context = SyncContext(
            ledger: world.ledger, projections: world.context.projections, pool: world.context.pool,
            clock: world.clock, time: time)
        let engine = SyncEngine(
            context: context, makeConnector: { _ in target })
        let outcome = try await engine.run(
            [world.definition], connectors: ["memory": target.definition], options: options)[0]
        return (outcome, notices)
    }

    @Test("Pauses begin anew after each progress, and grow without one")
    func pauses() async throws {
        let world = try World(size: 1)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<20).map { "p\($0)" })
        let target = MemoryTarget()
        // Every third delivery fails: in between there is progress.
        target.state.withLock { state in
            for count in stride(from: 2, to: 100, by: 3) { state.faults[count] = .lost }
        }
        let (outcome, notices) = try await run(world, target)
        #expect(outcome.state == .done)
        #expect(outcome.deliveredProfileCount == 20)
        #expect(notices.retries.count > 5)
        #expect(notices.retries.allSatisfy { $0 <= 600 }, "\(notices.retries)")
        let failing = MemoryTarget()
        failing.state.withLock { state in
            for count in 0..<6 { state.faults[count] = .lost }
        }
        try await world.append(.profilesAdded, 2, ["a"])
        world.definition.name = "other"
        world.definition.scope.segments = .ids([SegmentID(2)])
        let (_, others) = try await run(world, failing)
        #expect(others.retries == others.retries.sorted())
        #expect(others.retries.last ?? 0 > 5000, "\(others.retries)")
        try await world.close()
    }

    @Test("A failure is told once for each try, and once when it is over")
    func recovery() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        let target = MemoryTarget()
        target.state.withLock { $0.faults = [0: .refused] }
        let (outcome, notices) = try await run(world, target)
        #expect(outcome.state == .done)
        let words = notices.kinds.map { kind in
            switch kind {
            case .started: "started"
            case .failed: "failed"
            case .recovered: "recovered"
            case .rebuildFailed: "rebuild failed"
            case .marked: "marked"
            case .stopped: "stopped"
            }
        }
        #expect(words == ["started", "failed", "recovered"], "\(notices.kinds)")
        let failed = notices.all.withLock { $0.dropFirst().first }
        #expect(failed?.place.segment == SegmentID(1))
        #expect(failed?.place.query == .addProfiles)
        try await world.close()
    }

    @Test("Rebuilds count the profiles that they put in place")
    func rebuilt() async throws {
        let world = try World()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d"])
        world.definition.start = .fill
        try await world.configure()
        let (outcome, _) = try await run(world, MemoryTarget())
        #expect(outcome.deliveredProfileCount == 4)
        try await world.close()
    }

    @Test(
        "A long rebuild that goes on is not given up, one that stands still is",
        .timeLimit(.minutes(2)))
    func longRebuild() async throws {
        for isMoving in [true, false] {
            let world = try World(size: 1)
            try await world.append(.profilesAdded, 1, (0..<20).map { "p\($0)" })
            world.definition.start = .fill
            try await world.configure()
            let clock = SteppedClock()
            let target = MemoryTarget()
            target.state.withLock { state in
                state.onExecute = {
                    clock.advance(milliseconds: isMoving ? 2000 : 60_000)
                    // Two seconds for a query; or one that lasts until it is given up.
                    while !isMoving, !Task.isCancelled { await Task.yield() }
                    // Whoever watches the clock has looked at it.
                    for _ in 0..<200 { await Task.yield() }
                }
            }
            let (outcome, _) = try await run(
                world, target, giveUpMilliseconds: 5000, isStrict: true, time: clock)
            if isMoving {
                #expect(outcome.state == .done)
                #expect(outcome.deliveredProfileCount == 20)
            } else if case .unreached(let failure) = outcome.state {
                #expect(failure.hint?.contains("--give-up-after") == true)
                #expect(target.queries.isEmpty)
            } else {
                Issue.record("\(outcome)")
            }
            try await world.close()
        }
    }

    @Test("What is paused says whether events wait for it")
    func paused() async throws {
        let world = try World()
        world.definition.isActive = false
        try await world.configure()
        let (empty, _) = try await run(world, MemoryTarget())
        #expect(empty.state == .paused)
        #expect(!empty.hasUndelivered)
        try await world.append(.profilesAdded, 1, ["a"])
        let (waiting, _) = try await run(world, MemoryTarget())
        #expect(waiting.hasUndelivered)
        try await world.close()
    }

    @Test("What is paused behind a delivered event says whether more wait")
    func pausedBehindDelivered() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a"])
        #expect(try await world.sync(MemoryTarget()).state == .done)
        var batch = EventBatch()
        batch.append(.integrationPaused, body: IntegrationReference(integration: "crm").encode())
        _ = try await world.ledger.append(batch)
        #expect(try await run(world, MemoryTarget()).0.hasUndelivered == false)
        try await world.append(.profilesAdded, 1, ["b"])
        #expect(try await run(world, MemoryTarget()).0.hasUndelivered)
        try await world.close()
    }

    @Test("--give-up-after counts from the last progress, not from the beginning")
    func giveUpAfterProgress() async throws {
        let clock = InstantClock()
        let world = try World(size: 1)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<20).map { "p\($0)" })
        let target = MemoryTarget()
        target.state.withLock { state in
            // Each query takes two seconds; the last but one is refused once.
            state.faults = [18: .refused]
            state.onExecute = { clock.advance(milliseconds: 2000) }
        }
        let (outcome, _) = try await run(
            world, target, giveUpMilliseconds: 10_000, time: clock)
        #expect(outcome.state == .done)
        #expect(target.members.count == 20)
        try await world.close()
    }

    @Test("A target that cannot be reached has one receipt for each try, however many lanes wait")
    func unreachable() async throws {
        let world = try World()
        try await world.configure()
        for segment: Int64 in 1...8 { try await world.append(.profilesAdded, segment, ["a"]) }
        let target = MemoryTarget()
        target.state.withLock { $0.isUnreachable = true }
        // The clock stands: all of this is one try.
        let (outcome, notices) = try await run(
            world, target, giveUpMilliseconds: 0, time: SteppedClock())
        guard case .unreached = outcome.state else {
            Issue.record("\(outcome)")
            return
        }
        #expect(notices.retries.count == 1)
        let errors = try await world.errors()
        #expect(errors.count == 1 && errors[0].attempt == 1 && errors[0].hint != nil)
        target.state.withLock { $0.isUnreachable = false }
        #expect(try await run(world, target).0.state == .done)
        try await world.close()
    }

    @Test("A lane that cannot be opened has a receipt, and is tried again")
    func unopened() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a"])
        let target = MemoryTarget()
        target.state.withLock { $0.claimFaultCount = 2 }
        let (outcome, notices) = try await run(world, target)
        #expect(outcome.state == .done)
        #expect(try await world.errors().reversed().map(\.attempt) == [1, 2])
        #expect(notices.retries.count == 2)
        try await world.close()
    }

    @Test("A lane lets go of the only session when others wait for it", .timeLimit(.minutes(2)))
    func slices() async throws {
        let clock = InstantClock()
        let world = try World(size: 1)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<40).map { "p\($0)" })
        try await world.append(.profilesAdded, 2, ["q"])
        let target = MemoryTarget(poolSize: 1)
        target.state.withLock { state in
            // A twentieth of a second each: four or so are a slice.
            state.onExecute = { clock.advance(milliseconds: 50) }
        }
        let (outcome, _) = try await run(world, target, time: clock)
        #expect(outcome.state == .done)
        let place = try #require(target.queries.firstIndex(of: "ADD 2, 'q'"))
        #expect(place < 10, "it waited for \(place) deliveries")
        #expect(target.state.withLock { $0.openSessionCountMax } == 1)
        try await world.close()
    }

    @Test(
        "A query that stands still is given up, in a lane as in a rebuild", .timeLimit(.minutes(2)))
    func standingLane() async throws {
        let clock = SteppedClock()
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        let target = MemoryTarget()
        target.state.withLock { state in
            state.onExecute = {
                clock.advance(milliseconds: 60_000)
                while !Task.isCancelled { await Task.yield() }
            }
        }
        let (outcome, _) = try await run(
            world, target, giveUpMilliseconds: 5000, isStrict: true, time: clock)
        guard case .unreached = outcome.state else {
            Issue.record("\(outcome)")
            return
        }
        try await world.close()
    }

    @Test("Only a connection that had rested may be lost without a word")
    func lostInTheMiddle() async throws {
        for (delivery, isTold) in [(1, false), (2, true)] {
            let world = try World(size: 1)
            try await world.configure()
            try await world.append(.profilesAdded, 1, ["a"])
            try await world.append(.profilesAdded, 2, ["b", "c", "d"])
            // One session: the second lane gets it as it rested.
            let target = MemoryTarget(
                MemoryTarget.State(faults: [delivery: .lost]), poolSize: 1)
            let (outcome, notices) = try await run(world, target)
            #expect(outcome.state == .done)
            #expect(notices.retries.count == (isTold ? 1 : 0), "at delivery \(delivery)")
            try await world.close()
        }
    }
}
