import Connector
import EventJSON
import FrameCodec
import Ledger
import Projection
import SegmentModel
import Synchronization
import Testing

@testable import Sync

@Suite("Targets without transactions, or without the cursor table")
struct GradeTests {
    private static let refused = CursorSupport.refused(
        TargetFailure(class: .permanent, targetCode: "42501", message: "permission denied"))

    private func world() async throws -> World {
        let world = try World(time: InstantClock())
        try await world.configure()
        try await world.append(.segmentCreated, 1)
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d", "e"])
        try await world.append(.profilesRemoved, 1, ["b"])
        try await world.append(.profilesAdded, 1, ["f"])
        return world
    }

    private let queries = [
        "SAVE 1", "ADD 1, 'a','b','c'", "ADD 1, 'd','e'", "REMOVE 1, 'b'", "ADD 1, 'f'",
    ]

    private func target(_ support: CursorSupport) -> MemoryTarget {
        var state = MemoryTarget.State()
        state.support = support
        return MemoryTarget(state)
    }

    private func integration(_ world: World) async throws -> IntegrationRow? {
        try await world.projector.foldToEnd()
        return try await world.store.read { try $0.integration("crm") }
    }

    @Test(
        "INV-6: without transactions a repeated delivery is the same one, whatever fails",
        arguments: MemoryTarget.Fault.allCases)
    func effectivelyOnce(_ fault: MemoryTarget.Fault) async throws {
        for delivery in 0..<5 {
            let world = try await world()
            let target = target(.fenceOnly)
            target.state.withLock { $0.faults = [delivery: fault] }
            #expect(try await world.sync(target).state == .done)
            #expect(target.queries == queries, "\(fault) at \(delivery)")
            let total = try await world.statistics().total
            #expect(total.successfulQueries == 5 && total.profiles == 7)
            #expect(try await integration(world)?.grade == .effectivelyOnce)
            try await world.close()
        }
    }

    @Test("INV-6: a batch whose outcome is unknown is repeated as it was, though more has come")
    func repeatsAsItWas() async throws {
        let world = try World(size: 4)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b"])
        let target = target(.fenceOnly)
        target.state.withLock { $0.faults = [0: .replyLost] }
        let first = try await world.sync(target, giveUpMilliseconds: 0)
        guard case .unreached = first.state else {
            Issue.record("\(first)")
            return
        }
        #expect(target.queries == ["SAVE 1", "ADD 1, 'a','b'"])
        try await world.append(.profilesAdded, 1, ["c"])
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries == ["SAVE 1", "ADD 1, 'a','b'", "ADD 1, 'c'"])
        #expect(try await world.statistics().total.profiles == 3)
        try await world.close()
    }

    @Test("INV-6: what may have been delivered is still known after its repeat fails as well")
    func failedRepeat() async throws {
        for second in MemoryTarget.Fault.allCases {
            let world = try World(size: 4)
            try await world.configure()
            let target = target(.fenceOnly)
            for (index, fault) in [MemoryTarget.Fault.replyLost, second].enumerated() {
                try await world.append(.profilesAdded, 1, ["p\(index)"])
                target.state.withLock { $0.faults = [$0.deliveryCount: fault] }
                let state = try await world.sync(target, giveUpMilliseconds: 0).state
                guard case .unreached = state else {
                    Issue.record("\(second): \(state)")
                    return
                }
            }
            #expect(try await world.sync(target).state == .done)
            #expect(target.queries == ["SAVE 1", "ADD 1, 'p0'", "ADD 1, 'p1'"], "\(second)")
            try await world.close()
        }
    }

    @Test("INV-6: a change that is tried again lets deliveries be announced anew")
    func announcedBeforeRedrive() async throws {
        let world = try World(size: 2)
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["c"])
        let target = target(.fenceOnly)
        target.state.withLock { $0.poison = "'c'" }
        #expect(try await world.sync(target).parkedChangeCount == 1)
        target.state.withLock { $0.poison = nil }
        try await world.append(.profilesAdded, 1, (0..<10).map { "p\($0)" })
        var (worker, session) = try await world.worker(1, target)
        let first = target.state.withLock { $0.deliveryCount }
        let options = LaneWorker.RunOptions(
            flush: true, attempt: 1, isReused: false,
            shouldYield: { target.state.withLock { $0.deliveryCount > first } },
            delivered: { _ in })
        guard case .yielded = try await worker.run(over: session, options) else {
            Issue.record("it went on")
            return
        }
        #expect(worker.announced != nil)
        try await world.decide(.redriveRequested)
        try await worker.redrive(try await world.parked(1), over: session) { _ in }
        target.state.withLock { $0.faults = [$0.deliveryCount: .replyLost] }
        _ = try await caughtFailure {
            _ = try await worker.run(
                over: session,
                LaneWorker.RunOptions(
                    flush: true, attempt: 1, isReused: false, shouldYield: { false },
                    delivered: { _ in }))
        }
        world.definition.batch = .batch(size: 3)
        #expect(try await world.sync(target).state == .done)
        // The lost one in its old cut.
        #expect(target.queries.contains("ADD 1, 'p2','p3'"))
        #expect(try await world.statistics().total.profiles == 11)
        #expect(target.queries.joined().split(separator: "'p").count == 11)
        try await world.close()
    }

    private func caughtFailure(_ body: () async throws -> Void) async throws -> TargetFailure? {
        do {
            try await body()
            Issue.record("nothing failed")
            return nil
        } catch let failure as TargetFailure {
            return failure
        }
    }

    @Test("INV-6: announced deliveries are repeated in their old cut, whatever the size is now")
    func announced() async throws {
        for delivery in 0..<5 {
            let world = try World(size: 2)
            try await world.configure()
            try await world.append(.profilesAdded, 1, (0..<10).map { "p\($0)" })
            let target = target(.fenceOnly)
            target.state.withLock { $0.faults = [delivery: .replyLost] }
            guard case .unreached = try await world.sync(target, giveUpMilliseconds: 0).state else {
                Issue.record("it went on")
                return
            }
            world.definition.batch = .batch(size: 3)
            try await world.append(.profilesAdded, 1, ["q0", "q1", "q2", "q3"])
            #expect(try await world.sync(target).state == .done)
            let adds = stride(from: 0, to: 10, by: 2).map { "ADD 1, 'p\($0)','p\($0 + 1)'" }
            let old = ["SAVE 1"] + adds
            #expect(
                target.queries == old + ["ADD 1, 'q0','q1','q2'", "ADD 1, 'q3'"],
                "lost at \(delivery)")
            #expect(try await world.statistics().total.profiles == 14)
            try await world.close()
        }
    }

    @Test("INV-6: a crash that takes receipts of several deliveries with it doubles none")
    func lostReceipts() async throws {
        let world = try World(size: 2)
        try await world.configure()
        try await world.append(.profilesAdded, 1, (0..<10).map { "p\($0)" })
        let target = target(.fenceOnly)
        let (worker, session) = try await world.worker(1, target)
        let end = try #require(
            try await worker.builder.fullEnd(after: worker.state, size: 2, count: 4))
        let start = DeliveryStart(lane: worker.lane, cursor: end, size: 2)
        try await world.context.record([]) { $0.append(.deliveryStarted, body: start.encode()) }
        var (state, row) = (worker.state, worker.row)
        for _ in 0..<3 {
            let next = try #require(
                try await worker.builder.next(after: state, size: 2, binds: []))
            var moved = row
            moved.cursor = next.batch.cursorAfter
            _ = try await session.deliver(
                TargetDelivery(
                    lane: worker.lane, id: next.id, move: .init(from: row, to: moved),
                    queries: try next.queries.get()))
            (state, row) = (next.after, moved)
        }
        #expect(try await world.sync(target).state == .done)
        #expect(
            target.queries
                == ["SAVE 1"]
                + stride(from: 0, to: 10, by: 2).map { "ADD 1, 'p\($0)','p\($0 + 1)'" })
        #expect(try await world.statistics().total.profiles == 10)
        try await world.close()
    }

    @Test(
        "INV-6: without the cursor table nothing is lost, and only a lost reply doubles something",
        arguments: MemoryTarget.Fault.allCases)
    func atLeastOnce(_ fault: MemoryTarget.Fault) async throws {
        for delivery in 0..<5 {
            let world = try await world()
            let target = target(Self.refused)
            target.state.withLock { $0.faults = [delivery: fault] }
            #expect(try await world.sync(target).state == .done)
            var expected = queries
            if fault == .replyLost { expected.insert(queries[delivery], at: delivery) }
            #expect(target.queries == expected, "\(fault) at \(delivery)")
            let row = try await integration(world)
            #expect(row?.grade == .atLeastOnce)
            #expect(row?.gradeReason?.contains("permission denied") == true)
            try await world.close()
        }
    }

    @Test("INV-6: a grade is never lowered silently: the integration stops until it is accepted")
    func lowered() async throws {
        let world = try await world()
        let target = target(.transactional)
        #expect(try await world.sync(target).state == .done)
        #expect(try await integration(world)?.grade == .exactlyOnce)
        try await world.append(.profilesAdded, 1, ["g"])
        target.state.withLock { $0.support = Self.refused }
        guard case .stopped(let failure) = try await world.sync(target).state else {
            Issue.record("it went on")
            return
        }
        #expect(failure.code == .gradeLowered)
        #expect(failure.hint?.contains("--accept-grade at-least-once") == true)
        #expect(target.queries == queries)
        var batch = EventBatch()
        let record = GradeRecord(integration: "crm", grade: .atLeastOnce)
        batch.append(.gradeRecorded, body: record.encode())
        batch.append(
            .integrationResumed, body: IntegrationReference(integration: "crm").encode())
        _ = try await world.ledger.append(batch)
        #expect(try await world.sync(target).state == .done)
        #expect(target.queries == queries + ["ADD 1, 'g'"])
        target.state.withLock { $0.support = .transactional }
        try await world.append(.profilesAdded, 1, ["h"])
        #expect(try await world.sync(target).state == .done)
        #expect(try await integration(world)?.grade == .exactlyOnce)
        try await world.close()
    }

    private static let myISAM = GradeFacts.Flaw(
        .outsideTransaction, "the table t has the engine MyISAM, which has no transactions",
        hint: "ALTER TABLE t ENGINE = InnoDB")

    @Test("INV-6: into tables that take nothing back goes one row at a time, as the grade says")
    func rowByRow() async throws {
        let world = try await world()
        let target = target(.transactional)
        target.state.withLock { state in
            state.facts = GradeFacts(flaws: [Self.myISAM])
            state.poison = "'c'"
        }
        let outcome = try await world.sync(target)
        #expect(outcome.parkedChangeCount == 1)
        #expect(
            target.queries == [
                "SAVE 1", "ADD 1, 'a'", "ADD 1, 'b'", "ADD 1, 'd'", "ADD 1, 'e'", "REMOVE 1, 'b'",
                "ADD 1, 'f'",
            ])
        #expect(target.state.withLock { $0.refusalCount } == 1)
        let row = try await integration(world)
        #expect(row?.grade == .atLeastOnce)
        #expect(row?.gradeReason?.contains("MyISAM") == true)
        #expect(row?.gradeReason?.contains(Self.myISAM.hint) == true)
        try await world.close()
    }

    @Test("INV-6: queries that bear a repeat go in batches also into such tables")
    func batchesThatBearRepeats() async throws {
        let world = try World()
        world.definition.queries[.addProfiles] =
            "INSERT OR REPLACE INTO t VALUES {for $l = $batch}('{$l.id}'){autocomma}{end}"
        world.definition.queries[.removeProfiles] = "DELETE FROM t WHERE id IN ({batch_in \"id\"})"
        try await world.configure()
        try await world.append(.profilesAdded, 1, ["a", "b", "c", "d"])
        let target = target(.transactional)
        target.state.withLock { $0.facts = GradeFacts(flaws: [Self.myISAM]) }
        #expect(try await world.sync(target).state == .done)
        let inserts = target.queries.filter { $0.hasPrefix("INSERT") }
        #expect(inserts.count == 2, "\(target.queries)")
        #expect(try await integration(world)?.grade == .atLeastOnce)
        try await world.close()
    }

    @Test(
        "INV-6: what a crash takes back lowers the grade, or is told",
        arguments: GradeFacts.Effect.allCases)
    func flaws(_ effect: GradeFacts.Effect) async throws {
        let world = try await world()
        let target = target(.transactional)
        #expect(try await world.sync(target).state == .done)
        try await world.append(.profilesAdded, 1, ["g"])
        target.state.withLock { $0.facts = GradeFacts(flaws: [.init(effect, "why", hint: "what")]) }
        let outcome = try await world.sync(target)
        let row = try await integration(world)
        if effect == .lostWithMachine {
            #expect(outcome.state == .done)
            #expect(row?.grade == .exactlyOnce)
            #expect(row?.gradeReason?.contains("why (what)") == true)
        } else if case .stopped(let failure) = outcome.state {
            #expect(failure.code == .gradeLowered)
            #expect(failure.message.contains("why (what)"))
        } else {
            Issue.record("\(outcome)")
        }
        try await world.close()
    }

    @Test("INV-6: of two workers on a target without transactions the older one sends nothing")
    func fence() async throws {
        let world = try await world()
        let target = target(.fenceOnly)
        var (worker, session) = try await world.worker(1, target)
        _ = try await world.worker(1, target)
        let failure = await #expect(throws: Failure.self) {
            _ = try await worker.run(over: session, .flushing)
        }
        #expect(failure?.code == .cursorFenced)
        #expect(target.queries.isEmpty)
        try await world.close()
    }

    /// Up to where the ledger says that deliveries of the lane are begun.
    private static func announced(in ledger: any Ledger) throws -> LaneCursor? {
        var cursor: LaneCursor?
        var next = Position(0)
        while next < ledger.end, let frame = try ledger.frame(containing: next) {
            for event in frame.events where event.kind == .deliveryStarted {
                cursor = try DeliveryStart.decode(frame.bytes[event.body.range]).cursor
            }
            next = frame.endPosition
        }
        return cursor
    }

    private final class Notes: Sendable {
        let ids = Mutex<[String]>([])
    }

    @Test("INV-6: whatever arrives at a target without transactions was announced before")
    func announcedBeforeSent() async throws {
        for (poison, isFirst) in [(nil, true), ("'p7'", false), ("'p20'", false)] {
            let world = try World(size: 2)
            try await world.configure()
            try await world.append(.profilesAdded, 1, (0..<50).map { "p\($0)" })
            try await world.append(.profilesRemoved, 1, (0..<9).map { "p\($0)" })
            let target = target(.fenceOnly)
            let ledger = world.ledger
            let early = Notes()
            target.state.withLock { state in
                state.poison = poison
                if isFirst { state.faults = [3: .lost, 9: .replyLost, 12: .commitLost] }
                state.onDeliver = { delivery in
                    let next = delivery.move?.next.cursor
                    let end = try? Self.announced(in: ledger)
                    if let next, end.map({ $0 < next }) ?? true {
                        early.ids.withLock { $0.append(delivery.id) }
                    }
                }
            }
            #expect(try await world.sync(target).state == .done)
            #expect(early.ids.withLock { $0 } == [])
            try await world.close()
        }
    }

    @Test("INV-6: a reply that is lost while a refused row is searched for doubles nothing")
    func lostWhileSearching() async throws {
        let ids = (0..<16).map { "p\($0)" }
        for delivery in 1..<10 {
            for fault in [MemoryTarget.Fault.replyLost, .commitLost] {
                let world = try World(size: 8)
                try await world.configure()
                try await world.append(.profilesAdded, 1, ids)
                let target = target(.fenceOnly)
                target.state.withLock { state in
                    state.poison = "'p5'"
                    state.faults = [delivery: fault]
                }
                // The run ends, and the next one knows what the ledger says and nothing else.
                let first = try await world.sync(target, giveUpMilliseconds: 0)
                if case .unreached = first.state {
                    #expect(try await world.sync(target).state == .done)
                }
                let sent = target.queries.joined().split(separator: "'").filter {
                    ids.contains(String($0))
                }
                #expect(sent.count == 15, "\(fault) at \(delivery): \(target.queries)")
                #expect(try await names(world) == ["p5"], "\(fault) at \(delivery)")
                try await world.close()
            }
        }
    }

    private func names(_ world: World) async throws -> [String] {
        try await world.parked().map { world.ledger.profileID(of: $0.change.profile) }
    }
}
