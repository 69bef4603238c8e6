import Connector
import SegmentModel
import StorageIO
import Synchronization
import Testing

@testable import Sync

/// A clock on which every wait is over at once.
private final class InstantClock: MonotonicClock {
    private let time = Mutex<UInt64>(1_000_000_000)

    func nanoseconds() -> UInt64 { time.withLock { $0 } }

    func sleep(milliseconds: Int) async throws {
        try Task.checkCancellation()
        time.withLock { $0 += UInt64(milliseconds) * 1_000_000 }
        await Task.yield()
    }
}

/// A clock that goes on only where it is told to.
private final class SteppedClock: MonotonicClock {
    private let time = Mutex<UInt64>(1_000_000_000)

    func nanoseconds() -> UInt64 { time.withLock { $0 } }

    func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds * 1_000_000 } }

    func sleep(milliseconds: Int) async throws {
        let due = nanoseconds() + UInt64(milliseconds) * 1_000_000
        while nanoseconds() < due {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

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
            ledger: world.ledger, store: world.store, pool: world.context.pool,
            clock: world.clock, time: time)
        let engine = SyncEngine(
            context: context, projector: world.projector, makeConnector: { _ in target })
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
}
