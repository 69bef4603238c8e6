import Connector
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

@Suite("Changes that a target refuses")
struct ParkedTests {
    /// One segment whose profile `c` the target refuses, among others and again later.
    private func world(_ size: Int = 4) async throws -> (World, MemoryTarget) {
        let world = try World(size: size)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e", "f", "g"])
        try await world.append(.profilesRemoved, 1, ["a", "c"])
        try await world.append(.profilesAdded, 1, ["a", "c", "h"])
        var state = MemoryTarget.State()
        state.poison = "'c'"
        return (world, MemoryTarget(state))
    }

    private func names(_ world: World) async throws -> [String] {
        try await world.parked().map {
            "\($0.change.query.rawValue) \(world.ledger.profileID(of: $0.change.profile)) "
                + "\($0.change.reason.rawValue)"
        }
    }

    @Test(
        "INV-6: the bad row is set aside, what its profile does later waits, the rest is delivered")
    func parks() async throws {
        for size in [1, 2, 3, 4, 7, 100] {
            let (world, target) = try await world(size)
            let outcome = try await world.sync(target)
            #expect(outcome.state == .done)
            #expect(outcome.parkedChangeCount == 3, "size \(size)")
            #expect(
                try await names(world) == [
                    "add_profiles c refused", "remove_profiles c held", "add_profiles c held",
                ])
            let row = try #require(try await world.parked().first)
            #expect(row.change.errorMessage == "bad value" && row.change.targetCode == "22000")
            #expect(target.members == ["a", "b", "d", "e", "f", "g", "h"])
            #expect(!target.queries.contains { $0.contains("'c'") })
            let total = try await world.statistics().total
            #expect(total.successfulQueries == target.queryCount)
            #expect(total.profiles == 9, "size \(size)")
            #expect(try await world.lane(1)?.cursor == LaneCursor(position: Position(3)))
            try await world.close()
        }
    }

    @Test("After a bad row batches grow again: few queries are spent on it")
    func growsAgain() async throws {
        let world = try World(size: 256)
        try await world.configure()
        let ids = (0..<1024).map { "p\($0)" }
        try await world.append(.profilesAdded, 1, ids)
        var state = MemoryTarget.State()
        state.poison = "'p300'"
        let target = MemoryTarget(state)
        #expect(try await world.sync(target).parkedChangeCount == 1)
        #expect(target.members.count == 1023)
        #expect(target.queries.count < 30)
        #expect(try await world.statistics().total.failedQueries < 12)
        try await world.close()
    }

    @Test("Redriven changes follow in order, with the fields of now, and the lane is whole again")
    func redrives() async throws {
        let (world, target) = try await world()
        _ = try await world.sync(target)
        try await world.decide(.redriveRequested)
        _ = try await world.sync(target)
        #expect(try await names(world).count == 3)
        #expect(try await world.parked()[0].change.attempt == 2)
        target.state.withLock { $0.poison = nil }
        #expect(try await world.sync(target).parkedChangeCount == 3)
        try await world.decide(.redriveRequested)
        let outcome = try await world.sync(target)
        #expect(outcome.parkedChangeCount == 0)
        #expect(target.queries.suffix(3) == ["ADD 1, 'c'", "REMOVE 1, 'c'", "ADD 1, 'c'"])
        let total = try await world.statistics().total
        #expect(total.successfulQueries == target.queryCount)
        #expect(total.profiles == 12)
        try await world.append(.profilesRemoved, 1, ["c"])
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(target.queries.last == "REMOVE 1, 'c'")
        try await world.close()
    }

    @Test("Discarding gives up what is refused, and what it held is delivered")
    func discards() async throws {
        let (world, target) = try await world()
        _ = try await world.sync(target)
        target.state.withLock { $0.poison = nil }
        try await world.decide(.parkedDiscarded, "a")
        #expect(try await world.sync(target).parkedChangeCount == 3)
        try await world.decide(.parkedDiscarded, "c")
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(target.queries.suffix(2) == ["REMOVE 1, 'c'", "ADD 1, 'c'"])
        try await world.close()
    }

    @Test("INV-6: what may have been delivered is repeated as it was before anything is redriven")
    func redrivesAfterUnknown() async throws {
        let world = try World(size: 4)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["c"])
        var state = MemoryTarget.State()
        state.support = .fenceOnly
        state.poison = "'c'"
        let target = MemoryTarget(state)
        #expect(try await world.sync(target).parkedChangeCount == 1)
        try await world.append(.profilesAdded, 1, ["a", "b"])
        target.state.withLock { state in
            state.poison = nil
            state.faults = [state.deliveryCount: .replyLost]
        }
        guard case .unreached = try await world.sync(target, giveUpMilliseconds: 0).state else {
            Issue.record("it went on")
            return
        }
        // Cut anew, the batch would be another one, which the target does not know.
        try await world.append(.profilesAdded, 1, ["d"])
        try await world.decide(.redriveRequested)
        let outcome = try await world.sync(target)
        #expect(outcome.state == .done && outcome.parkedChangeCount == 0)
        #expect(
            target.queries.sorted()
                == ["ADD 1, 'a','b'", "ADD 1, 'c'", "ADD 1, 'd'", "SAVE 1"])
        try await world.close()
    }

    @Test("INV-6: whatever fails while a change is redriven, it arrives once and is receipted")
    func redriveFaults() async throws {
        for fault in MemoryTarget.Fault.allCases {
            for delivery in 0..<3 {
                let (world, target) = try await world()
                _ = try await world.sync(target)
                target.state.withLock { state in
                    state.poison = nil
                    state.faults = [state.deliveryCount + delivery: fault]
                }
                try await world.decide(.redriveRequested)
                let outcome = try await world.sync(target)
                #expect(outcome.state == .done && outcome.parkedChangeCount == 0)
                let redriven = target.queries.filter { $0.contains("'c'") }
                #expect(
                    redriven == ["ADD 1, 'c'", "REMOVE 1, 'c'", "ADD 1, 'c'"],
                    "\(fault) at \(delivery)")
                let total = try await world.statistics().total
                #expect(total.successfulQueries == target.queryCount)
                #expect(total.profiles == 12 && total.rows == 12, "\(fault) at \(delivery)")
                try await world.close()
            }
        }
    }

    @Test("A cleared segment settles what was set aside before; what comes after goes on")
    func clears() async throws {
        let (world, target) = try await world()
        _ = try await world.sync(target)
        try await world.append(.segmentCleared, 1)
        target.state.withLock { $0.poison = nil }
        try await world.append(.profilesAdded, 1, ["c"])
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(target.queries.suffix(2) == ["CLEAR 1", "ADD 1, 'c'"])
        try await world.close()
    }

    @Test("INV-8: a fill goes around what is refused, parks it, and the lane goes on behind it")
    func fill() async throws {
        let world = try World(size: 4)
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e", "f", "g", "h"])
        world.definition.start = .fill
        try await world.configure()
        var state = MemoryTarget.State()
        state.poison = "'c'"
        let target = MemoryTarget(state)
        let outcome = try await world.sync(target)
        #expect(outcome.state == .done)
        #expect(try await names(world) == ["add_profiles c refused"])
        #expect(target.members == ["a", "b", "d", "e", "f", "g", "h"])
        #expect(target.queries.first == "CLEAR 1")
        try await world.append(.profilesRemoved, 1, ["c", "h"])
        #expect(try await world.sync(target).parkedChangeCount == 2)
        target.state.withLock { $0.poison = nil }
        try await world.decide(.redriveRequested)
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(target.queries.suffix(2) == ["ADD 1, 'c'", "REMOVE 1, 'c'"])
        #expect(try await world.statistics().total.successfulQueries == target.queryCount)
        try await world.close()
    }

    @Test("A table that refuses everything stops its integration instead of parking without end")
    func limit() async throws {
        let world = try World(size: 100)
        try await world.configure()
        try await world.append(
            .profilesAdded, 1, (0...Limits.parkedChangeCountMax).map { "p\($0)" })
        var state = MemoryTarget.State()
        state.poison = "'p"
        let outcome = try await world.sync(MemoryTarget(state))
        guard case .stopped(let failure) = outcome.state else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.code == .targetRefusedValues)
        #expect(failure.message.contains("\(Limits.parkedChangeCountMax) changes"))
        #expect(outcome.parkedChangeCount == Limits.parkedChangeCountMax)
        try await world.close()
    }

    @Test("INV-6: a profile's changes are tried again in their order, up to the first refused one")
    func redriveStopsAtTheFirst() async throws {
        let (world, target) = try await world()
        _ = try await world.sync(target)
        // A constraint that refuses additions only: the removal behind one would pass.
        target.state.withLock { $0.poisonedQueries = "ADD" }
        try await world.append(.profilesRemoved, 1, ["c"])
        try await world.decide(.redriveRequested)
        _ = try await world.sync(target)
        #expect(!target.queries.contains { $0.contains("'c'") })
        #expect(try await names(world).count == 4)
        target.state.withLock { $0.poison = nil }
        try await world.decide(.redriveRequested)
        #expect(try await world.sync(target).parkedChangeCount == 0)
        #expect(
            target.queries.suffix(4)
                == ["ADD 1, 'c'", "REMOVE 1, 'c'", "ADD 1, 'c'", "REMOVE 1, 'c'"])
        #expect(!target.members.contains("c"))
        try await world.close()
    }

    @Test("INV-6: a profile is held as long as one of its changes is set aside")
    func heldUntilTheLast() async throws {
        let (world, target) = try await world(100)
        var (worker, session) = try await world.worker(1, target)
        guard case .caughtUp = try await worker.run(over: session, .flushing) else {
            Issue.record("it waits")
            return
        }
        #expect(try await names(world).count == 3)
        // Now additions pass, and the removal that waits behind the first is refused.
        target.state.withLock { $0.poisonedQueries = "REMOVE" }
        try await world.decide(.redriveRequested)
        try await worker.redrive(try await world.parked(1), over: session) { _ in }
        #expect(try await names(world) == ["remove_profiles c refused", "add_profiles c held"])
        try await world.append(.profilesAdded, 1, ["c", "i"])
        guard case .caughtUp = try await worker.run(over: session, .flushing) else {
            Issue.record("it waits")
            return
        }
        #expect(target.queries.last == "ADD 1, 'i'")
        #expect(try await names(world).last == "add_profiles c held")
        target.state.withLock { $0.poison = nil }
        try await world.decide(.redriveRequested)
        try await worker.redrive(try await world.parked(1), over: session) { _ in }
        #expect(target.queries.suffix(3) == ["REMOVE 1, 'c'", "ADD 1, 'c'", "ADD 1, 'c'"])
        try await world.close()
    }

    @Test("What is refused only at COMMIT is found and set aside like anything else")
    func refusedAtCommit() async throws {
        for size in [1, 2, 4, 100] {
            let (world, target) = try await world(size)
            target.state.withLock { $0.isFoundAtCommit = true }
            #expect(try await world.sync(target).state == .done)
            #expect(
                try await names(world) == [
                    "add_profiles c refused", "remove_profiles c held", "add_profiles c held",
                ], "size \(size)")
            #expect(target.members == ["a", "b", "d", "e", "f", "g", "h"])
            #expect(try await world.statistics().total.successfulQueries == target.queryCount)
            try await world.close()
        }
    }

    @Test("INV-6: what is announced ends before a delivery that meets a parked profile")
    func announcedUpToHeld() async throws {
        let world = try World(size: 2)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e", "f", "g", "h"])
        let (worker, _) = try await world.worker(1, MemoryTarget())
        var state = worker.state
        state.parked.insert(world.ledger.ordinal(of: "f")!.rawValue, at: Position(99))
        let end = try await worker.builder.fullEnd(after: state, size: 2, count: 10)
        #expect(end == LaneCursor(position: Position(0), profileCount: 4))
        try await world.close()
    }

    @Test("Tries of a delivery are its own, and those of a changed batch begin anew")
    func attempts() async throws {
        let world = try World(size: 1, time: InstantClock())
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        let target = MemoryTarget(
            MemoryTarget.State(faults: [0: .refused, 1: .refused, 3: .refused, 5: .refused]))
        #expect(try await world.sync(target).state == .done)
        #expect(try await world.errors().reversed().map(\.attempt) == [1, 2, 1, 1])
        try await world.close()
    }
}
