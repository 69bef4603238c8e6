import Connector
import EventJSON
import Ledger
import Projection
import SegmentModel
import StorageIO
import Synchronization
import Testing

@testable import Sync

/// Lanes that share a session and its transactions, over a target in memory.
@Suite("Lanes that share a session")
struct SharedSessionTests {
    private static let laneCount: Int64 = 8

    private func run(
        _ world: World, _ target: MemoryTarget
    ) async throws -> IntegrationOutcome {
        let context = SyncContext(
            ledger: world.ledger, projections: world.context.projections, pool: world.context.pool,
            clock: world.clock, time: InstantClock())
        let engine = SyncEngine(context: context, makeConnector: { _ in target })
        return try await engine.run(
            [world.definition], connectors: ["memory": target.definition], options: .init())[0]
    }

    /// A segment for each lane, with one profile.
    private func world(size: Int = 100) async throws -> World {
        let world = try World(size: size)
        try await world.configure()
        for segment in 1...Self.laneCount {
            try await world.append(.profilesAdded, segment, ["p\(segment)"])
        }
        return world
    }

    private var everybody: Set<String> { Set((1...Self.laneCount).map { "p\($0)" }) }

    /// What is delivered, once, and said so by receipts of each lane.
    private func expectDelivered(_ world: World, _ target: MemoryTarget) async throws {
        #expect(target.members == everybody)
        #expect(target.valueCount == everybody.count, "each row was written once")
        for segment in 1...Self.laneCount {
            let lane = try await world.lane(segment)
            #expect(lane?.cursor.position == Position(UInt64(segment)))
            #expect(lane?.successfulQueryCount == 2, "SAVE and ADD")
        }
        #expect(target.queryCount == 2 * everybody.count)
    }

    @Test("INV-6: many small lanes are few transactions, and each has its cursor and its receipt")
    func together() async throws {
        let world = try await world()
        let target = MemoryTarget(poolSize: 1)
        let outcome = try await run(world, target)
        #expect(outcome.state == .done)
        #expect(outcome.deliveredProfileCount == everybody.count)
        #expect(target.state.withLock { $0.groupSizes } == [everybody.count])
        try await expectDelivered(world, target)
        try await world.close()
    }

    @Test(
        "INV-6: whatever becomes of their COMMIT, all is delivered once, without a failure",
        arguments: MemoryTarget.Fault.allCases)
    func faults(_ fault: MemoryTarget.Fault) async throws {
        let world = try await world()
        let target = MemoryTarget(poolSize: 1)
        target.state.withLock { $0.faults = [0: fault] }
        let outcome = try await run(world, target)
        #expect(outcome.state == .done)
        #expect(outcome.deliveredProfileCount == everybody.count)
        try await expectDelivered(world, target)
        #expect(try await world.errors().isEmpty)
        try await world.close()
    }

    @Test("A lane whose row is refused sets it aside by itself; the others go on")
    func refused() async throws {
        let world = try await world()
        let target = MemoryTarget(poolSize: 1)
        target.state.withLock { $0.poison = "p3" }
        let outcome = try await run(world, target)
        #expect(outcome.state == .done)
        #expect(outcome.parkedChangeCount == 1)
        #expect(target.members == everybody.subtracting(["p3"]))
        #expect(try await world.errors().map(\.lane.segment) == [SegmentID(3)])
        // The next events go together again.
        for segment in 1...Self.laneCount {
            try await world.append(.profilesRemoved, segment, ["p\(segment)"])
        }
        _ = try await run(world, target)
        #expect(target.state.withLock { $0.groupSizes.last } == everybody.count)
        #expect(target.members == [])
        try await world.close()
    }

    @Test("INV-6: another worker at one lane's row stops the integration, and no row is lost")
    func fenced() async throws {
        let world = try await world()
        let target = MemoryTarget(poolSize: 1)
        let lane = LaneKey(integration: "crm", segment: SegmentID(5))
        target.state.withLock { state in
            state.onDeliver = { delivery in
                guard delivery.lane == lane else { return }
                target.state.withLock { $0.cursors[lane]!.epoch += 1 }
            }
        }
        let outcome = try await run(world, target)
        guard case .stopped(let failure) = outcome.state else {
            Issue.record("\(outcome.state)")
            return
        }
        #expect(failure.code == .cursorFenced)
        #expect(!target.members.contains("p5"))
        for segment in 1...Self.laneCount where segment != 5 {
            let delivered = target.members.contains("p\(segment)")
            let position = try await world.lane(segment)?.cursor.position
            #expect((position != nil) == delivered)
        }
        try await world.close()
    }

    @Test("A target that takes one lane at a time gets each by itself")
    func unshared() async throws {
        let world = try await world()
        let target = MemoryTarget(poolSize: 1)
        target.state.withLock { $0.sharesTransactions = false }
        #expect(try await run(world, target).state == .done)
        #expect(target.state.withLock { $0.groupSizes } == [])
        try await expectDelivered(world, target)
        try await world.close()
    }

    // MARK: The session itself

    private static func delivery(_ number: Int64, byteCount: Int = 1) -> TargetDelivery {
        TargetDelivery(
            lane: LaneKey(integration: "crm", segment: SegmentID(number)), id: "\(number)",
            move: nil,
            queries: [.text(Array("ADD".utf8) + [UInt8](repeating: 32, count: byteCount))])
    }

    /// Sends the deliveries at the same time; what becomes of each, in order.
    private func send(
        _ deliveries: [TargetDelivery], to target: MemoryTarget
    ) async throws -> [Result<TargetDeliveryResult, any Error>] {
        let shared = SharedSession(try await target.connect(), laneCount: deliveries.count)
        return await withTaskGroup(of: (Int, Result<TargetDeliveryResult, any Error>).self) {
            group in
            for (index, delivery) in deliveries.enumerated() {
                group.addTask {
                    let result: Result<TargetDeliveryResult, any Error>
                    do {
                        result = .success(try await shared.deliver(delivery))
                    } catch {
                        result = .failure(error)
                    }
                    shared.leave()
                    return (index, result)
                }
            }
            await shared.serve()
            var results: [(Int, Result<TargetDeliveryResult, any Error>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test("One transaction holds no more than a large delivery does")
    func byteCount() async throws {
        let target = MemoryTarget()
        let deliveries = (1...5).map { Self.delivery($0, byteCount: 300_000) }
        for result in try await send(deliveries, to: target) {
            #expect(try result.get() == .committed(rowCounts: [0]))
        }
        #expect(target.state.withLock { $0.groupSizes } == [3, 2])
        let large = MemoryTarget()
        let both = [Self.delivery(1, byteCount: 2 << 20), Self.delivery(2, byteCount: 2 << 20)]
        for result in try await send(both, to: large) { _ = try result.get() }
        #expect(large.state.withLock { $0.groupSizes } == [1, 1])
    }

    @Test("The one lane that is left goes on alone")
    func last() async throws {
        let target = MemoryTarget()
        let result = try await send([Self.delivery(1)], to: target)[0]
        #expect(throws: UnsharedDelivery.self) { try result.get() }
        #expect(target.state.withLock { $0.groupSizes } == [])
        let session = SharedSession(try await target.connect(), laneCount: 1)
        #expect(throws: UnsharedDelivery.self) { try session.own }
        #expect(!session.queuesDeliveries)
    }

    @Test("INV-6: after a lost COMMIT each lane has its own queries' rows, and no more is sent")
    func doubt() async throws {
        let target = MemoryTarget()
        target.state.withLock { $0.faults = [0: .replyLost] }
        var deliveries = (1...4).map { Self.delivery($0, byteCount: 500_000) }
        let query = TargetQuery.text(Array("ADD 'a' 'b'".utf8))
        deliveries[0].queries.append(query)
        deliveries[1].queries.append(query)
        let counts = try await send(deliveries, to: target).map { result -> [Int]? in
            do {
                _ = try result.get()
                Issue.record("it is in doubt")
                return nil
            } catch let unshared as UnsharedDelivery {
                return unshared.doubtfulRowCounts
            }
        }
        // In the order they came.
        let together = target.state.withLock { $0.groupSizes }
        #expect(together == [2])
        #expect(counts.count { $0 != nil } == 2)
        for (delivery, counts) in zip(deliveries, counts) where counts != nil {
            #expect(counts?.count == delivery.queries.count)
            #expect(counts?.dropFirst().allSatisfy { $0 == 2 } ?? true)
        }
    }
}
