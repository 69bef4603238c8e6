import Connector
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

@Suite struct DeliveryTests {
    /// Two segments, splits inside of events, changes of kind, a clear, a deletion.
    private func world() async throws -> World {
        let world = try World(time: InstantClock())
        try await world.configure()
        try await world.append(.segmentCreated, 1)
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e"])
        try await world.append(.profilesAdded, 2, ["a", "b"])
        try await world.append(.profilesRemoved, 1, ["b"])
        try await world.append(.profilesAdded, 1, ["b"])
        try await world.append(.segmentCleared, 2)
        try await world.append(.profilesAdded, 2, ["c"])
        try await world.append(.segmentDeleted, 1)
        return world
    }

    private let lane1 = [
        "SAVE 1", "ADD 1, 'a','b','c'", "ADD 1, 'd','e'", "REMOVE 1, 'b'", "ADD 1, 'b'", "CLEAR 1",
        "DROP 1",
    ]
    private let lane2 = ["SAVE 2", "ADD 2, 'a','b'", "CLEAR 2", "ADD 2, 'c'"]

    private func expectAll(_ target: MemoryTarget, _ world: World, _ place: Comment) async throws {
        let queries = target.queries
        #expect(queries.filter { $0.contains("1") } == lane1, place)
        #expect(queries.filter { $0.contains("2") } == lane2, place)
        let total = try await world.statistics().total
        #expect(total.successfulQueries == 11, place)
        #expect(total.successfulQueries == target.queryCount, place)
        #expect(total.profiles == 10, place)
    }

    @Test("INV-6: each lane's queries arrive once and in the ledger's order")
    func order() async throws {
        let world = try await world()
        let target = MemoryTarget()
        #expect(try await world.sync(target).state == .done)
        try await expectAll(target, world, "no fault")
        #expect(try await world.statistics().total.failedQueries == 0)
        let again = try await world.sync(target)
        #expect(again.deliveredProfileCount == 0)
        #expect(target.queries.count == 11)
        try await world.close()
    }

    @Test("INV-6: whatever fails at whichever delivery, the result is the same and fully receipted")
    func everyFault() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for delivery in 0..<9 {
                for fault in MemoryTarget.Fault.allCases {
                    group.addTask {
                        let world = try await world()
                        var state = MemoryTarget.State()
                        state.faults = [delivery: fault]
                        let target = MemoryTarget(state)
                        #expect(try await world.sync(target).state == .done)
                        try await expectAll(target, world, "\(fault) at delivery \(delivery)")
                        try await world.close()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("INV-6: a receipt that a crash lost is made from the target's row")
    func lostReceipt() async throws {
        let world = try await world()
        let target = MemoryTarget()
        let lane = LaneKey(integration: "crm", segment: SegmentID(1))
        let plan = try IntegrationPlan(world.definition, target.definition, target.dialect)
        let session = try await target.connect()
        // Two deliveries are committed by a worker whose receipts nobody sees.
        var row = try await session.claimCursor(
            lane,
            initial: TargetCursor(
                ledger: world.ledger.identity.timeline, epoch: 0,
                cursor: LaneCursor(position: nil), resync: -1, queryCount: 0))
        for query in ["SAVE 1", "ADD 1, 'a','b','c'"] {
            let batch = try #require(
                try world.batcher(1).next(after: row.cursor, size: plan.deliverySize))
            var next = row
            next.cursor = batch.cursorAfter
            next.queryCount += 1
            let delivery = TargetDelivery(
                lane: lane, id: "d", move: .init(from: row, to: next),
                queries: [.text(Array(query.utf8))])
            #expect(try await session.deliver(delivery) != .fenced)
            row = next
        }
        #expect(try await world.sync(target).state == .done)
        try await expectAll(target, world, "recovered")
        try await world.close()
    }

    @Test("A statement that meets one key twice passes in smaller ones")
    func repeatedKey() async throws {
        let world = try await world()
        var state = MemoryTarget.State()
        state.valueCountMax = 1
        let target = MemoryTarget(state)
        #expect(try await world.sync(target).state == .done)
        let added = target.queries.filter { $0.hasPrefix("ADD 1") }
        #expect(added == ["a", "b", "c", "d", "e", "b"].map { "ADD 1, '\($0)'" })
        #expect(try await world.statistics().total.profiles == 10)
        try await world.close()
    }

    @Test("INV-6: a lane that somebody else moves is fenced, and says so")
    func fenced() async throws {
        let world = try await world()
        let target = MemoryTarget()
        let lane = LaneKey(integration: "crm", segment: SegmentID(2))
        var (worker, session) = try await world.worker(2, target)
        _ = try await target.connect().claimCursor(lane, initial: worker.row)
        let failure = await #expect(throws: Failure.self) {
            _ = try await worker.run(over: session, .flushing)
        }
        #expect(failure?.code == .cursorFenced)
        #expect(target.queries.isEmpty)
        try await world.close()
    }

    @Test("A target without the row that receipts tell of is noticed before anything is sent")
    func otherTarget() async throws {
        let world = try await world()
        #expect(try await world.sync(MemoryTarget()).state == .done)
        try await world.append(.profilesAdded, 2, ["z"])
        let other = MemoryTarget()
        guard case .stopped(let failure) = try await world.sync(other).state else {
            Issue.record("it went on")
            return
        }
        #expect(failure.code == .cursorFenced)
        #expect(other.queries.isEmpty)
        try await world.close()
    }

    @Test("A batch that is not full waits for its timeout, counted from its first event")
    func timeout() async throws {
        let world = try World()
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a"])
        let target = MemoryTarget()
        var (worker, session) = try await world.worker(1, target)
        #expect(world.definition.batchTimeoutMilliseconds == 60_000)
        world.clock.advance(milliseconds: 59_999)
        try await world.append(.profilesAdded, 1, ["b"])
        guard case .waiting(let due) = try await worker.run(over: session, .due) else {
            Issue.record("it did not wait")
            return
        }
        #expect(due == Timestamp(rfc3339: "2026-03-12T10:01:00Z"))
        #expect(target.queries.isEmpty)
        world.clock.advance(milliseconds: 1)
        guard case .caughtUp = try await worker.run(over: session, .due) else {
            Issue.record("it did not deliver")
            return
        }
        #expect(target.queries == ["SAVE 1", "ADD 1, 'a','b'"])
        try await world.append(.profilesAdded, 1, ["c", "d", "e"])
        guard case .caughtUp = try await worker.run(over: session, .due) else {
            Issue.record("a full batch waited")
            return
        }
        #expect(target.queries.last == "ADD 1, 'c','d','e'")
        try await world.close()
    }

    @Test(
        "A batch that becomes full while it waits goes out at once", .timeLimit(.minutes(2)))
    func fullWhileWaiting() async throws {
        let world = try World()
        try await world.configure()
        let target = MemoryTarget()
        var options = SyncEngine.Options()
        options.isUntilIdle = false
        let (engine, settings, definition) = (world.engine(target), options, world.definition)
        let worker = Task {
            try await engine.run(
                [definition], connectors: ["memory": target.definition], options: settings)
        }
        // The clock stands still: no timeout ever ends.
        for number in 1...30 {
            for profile in ["a", "b", "c"] {
                try await world.append(.profilesAdded, 1, ["\(profile)\(number)"])
                for _ in 0..<200 { await Task.yield() }
            }
            while target.queries.count < number + 1 { await Task.yield() }
        }
        #expect(target.members.count == 90)
        worker.cancel()
        await #expect(throws: CancellationError.self) { _ = try await worker.value }
        try await world.close()
    }

    @Test("Lag counts undelivered events of the scope and the age of the oldest")
    func lag() async throws {
        let world = try await world()
        func measure() async throws -> Lag {
            try await world.projector.foldToEnd()
            let (segments, lanes) = try await world.store.read {
                (try $0.segments(), try $0.lanes(of: "crm"))
            }
            return try Lag.measure(
                world.definition, segments: segments, lanes: lanes, in: world.context)
        }
        let start = world.clock.now()
        #expect(
            try await measure()
                == Lag(eventCount: 8, changeCount: 10, oldestRecordedAt: start))
        #expect(try await world.sync(MemoryTarget()).state == .done)
        #expect(try await measure() == Lag())
        world.clock.advance(milliseconds: 5000)
        try await world.append(.profilesAdded, 1, ["a"])
        #expect(
            try await measure()
                == Lag(
                    eventCount: 1, changeCount: 1,
                    oldestRecordedAt: start.advanced(byMicroseconds: 5_000_000)))
        world.clock.advance(milliseconds: 5000)
        try await world.append(.profilesAdded, 1, ["b", "c", "d", "e"])
        #expect(
            try await measure()
                == Lag(
                    eventCount: 2, changeCount: 5,
                    oldestRecordedAt: start.advanced(byMicroseconds: 5_000_000)))
        world.definition.scope.segments = .ids([SegmentID(2)])
        #expect(try await measure() == Lag())
        try await world.close()
    }

    @Test("Lag counts the changes of an event that are not delivered yet")
    func lagInsideOfAnEvent() async throws {
        let world = try World(size: 2)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e"])
        let target = MemoryTarget(MemoryTarget.State(faults: [1: .lost]))
        guard case .unreached = try await world.sync(target, giveUpMilliseconds: 0).state else {
            Issue.record("it went on")
            return
        }
        try await world.projector.foldToEnd()
        let (segments, lanes) = try await world.store.read {
            (try $0.segments(), try $0.lanes(of: "crm"))
        }
        let lag = try Lag.measure(
            world.definition, segments: segments, lanes: lanes, in: world.context)
        #expect(lag.eventCount == 1 && lag.changeCount == 3)
        try await world.close()
    }

    @Test("INV-12: a row of another ledger, or beyond this one's end, is not taken over")
    func foreignRow() async throws {
        let lane = LaneKey(integration: "crm", segment: SegmentID(1))
        for (isForeign, reason) in [
            (true, "another ledger"), (false, "another copy of this ledger"),
        ] {
            let world = try await world()
            let target = MemoryTarget()
            #expect(try await world.sync(target).state == .done)
            let end = world.ledger.end
            target.state.withLock { state in
                if isForeign {
                    state.cursors[lane]!.ledger = "another"
                } else {
                    state.cursors[lane]!.cursor = LaneCursor(position: end)
                }
            }
            let failure = await #expect(throws: Failure.self) {
                _ = try await world.worker(1, target)
            }
            #expect(failure?.code == .cursorFenced)
            #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
            try await world.close()
        }
    }

    @Test("A query that was refused has failed; one whose fate is not known has not")
    func failedQueries() async throws {
        for fault in MemoryTarget.Fault.allCases {
            let world = try await world()
            let target = MemoryTarget(MemoryTarget.State(faults: [1: fault]))
            #expect(try await world.sync(target).state == .done)
            let total = try await world.statistics().total
            #expect(total.failedQueries == (fault.isConnectionLost ? 0 : 1), "\(fault)")
            #expect(total.rows == target.valueCount, "\(fault)")
            let errors = try await world.errors()
            #expect(errors.count == 1, "\(fault)")
            #expect(errors.first?.hint != nil && errors.first?.message != nil, "\(fault)")
            try await world.close()
        }
    }
}

extension LaneWorker.RunOptions {
    /// Everything, due or not.
    static let flushing = Self(
        flush: true, attempt: 1, isReused: false, shouldYield: { false }, delivered: { _ in })
    /// What is due.
    static let due = Self(
        flush: false, attempt: 1, isReused: false, shouldYield: { false }, delivered: { _ in })
}
