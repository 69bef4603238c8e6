import Connector
import SegmentModel
import Testing

@testable import Sync

/// A lane's worker is set down between two runs, and taken up as it was.
@Suite("Lanes that rest")
struct RestingLaneTests {
    private func afterRest(_ worker: LaneWorker) -> LaneWorker {
        RestingLane(worker).worker(
            worker.plan, worker.lane, worker.context, worker.receipts, worker.support)
    }

    @Test("INV-6: a lane goes on from the row, the state and the learning that it rested with")
    func learned() async throws {
        let world = try World(size: 100)
        try await world.append(.profilesAdded, 1, ["a", "b", "c"])
        var (worker, session) = try await world.worker(1, MemoryTarget())
        _ = try await worker.run(over: session, .flushing)
        let fresh = afterRest(worker)
        #expect(fresh.row == worker.row)
        #expect(fresh.state.cursor == worker.state.cursor)
        #expect(fresh.state.fold.exists)
        #expect(fresh.pace == DeliveryPace())
        #expect(fresh.repeated == nil && fresh.announced == nil && fresh.unproven == nil)

        worker.state.parked.insert(7, at: Position(3))
        worker.pace.tooLarge(100)
        worker.bisection = .single
        worker.unproven = .init(code: "22000", parked: ProfileOrdinal(7))
        worker.failedQuery = .addProfiles
        worker.unbindable = [.profilesRemoved]
        worker.isTriedAsText = true
        worker.repeated = .init(end: LaneCursor(position: Position(9)), size: 5)
        worker.announced = LaneCursor(position: Position(8))
        let rested = RestingLane(worker)
        #expect(rested.cursor == worker.state.cursor)
        #expect(rested.failedQuery == .addProfiles)
        let learned = afterRest(worker)
        #expect(learned.state.parked == worker.state.parked)
        #expect(learned.pace == worker.pace)
        #expect(learned.bisection == worker.bisection)
        #expect(learned.unproven == worker.unproven)
        #expect(learned.failedQuery == .addProfiles)
        #expect(learned.unbindable == [.profilesRemoved])
        #expect(learned.isTriedAsText)
        #expect(learned.repeated?.end == LaneCursor(position: Position(9)))
        #expect(learned.repeated?.size == 5)
        #expect(learned.announced == worker.announced)
        try await world.close()
    }
}
