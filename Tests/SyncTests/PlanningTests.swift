import SegmentModel
import Testing

@testable import Projection
@testable import Sync

@Suite struct LanePlannerTests {
    private func segment(_ id: Int64, at position: UInt64, tags: [String] = ["t"]) -> SegmentRow {
        SegmentRow(
            id: SegmentID(id), name: "", databaseID: 1, tags: tags, groups: [],
            firstPosition: Position(position), lastPosition: Position(position),
            createdAt: Timestamp(rawValue: 0), updatedAt: Timestamp(rawValue: 0),
            deletedPosition: nil, memberCount: 0)
    }

    private func lane(_ id: Int64, pending: Position? = nil, hasLeft: Bool = false) -> LaneRow {
        LaneRow(
            key: LaneKey(integration: "crm", segment: SegmentID(id)), epoch: 1,
            cursor: LaneCursor(position: Position(3)), successfulQueryCount: 1, lastResync: nil,
            pendingResync: pending, hasLeft: hasLeft, failing: nil, unfilled: nil)
    }

    private func planner(_ start: IntegrationDefinition.Start) -> LanePlanner {
        var definition = IntegrationDefinition(
            name: "crm",
            scope: IntegrationDefinition.Scope(databaseID: 1, segments: .tags(["t"])),
            connector: "c", queries: [:])
        definition.start = start
        return LanePlanner(definition: definition, integrationPosition: Position(10))
    }

    private func ids(_ numbers: Int64...) -> [SegmentID] { numbers.map { SegmentID($0) } }

    @Test("Older segments are filled, newer ones are followed from their first event")
    func fill() {
        let decision = planner(.fill).decide([segment(2, at: 12), segment(1, at: 5)], [:])
        #expect(decision.fill == ids(1))
        #expect(decision.live == ids(2))
    }

    @Test("With start: beginning every segment is followed from its first event")
    func beginning() {
        let decision = planner(.beginning).decide([segment(2, at: 12), segment(1, at: 5)], [:])
        #expect(decision == LanePlanner.Decision(live: ids(1, 2)))
    }

    @Test("A segment that leaves the scope is noted once, and filled when it comes back")
    func leaving() {
        let outside = segment(1, at: 5, tags: ["other"])
        let planner = planner(.beginning)
        #expect(planner.decide([outside], [SegmentID(1): lane(1)]).left == ids(1))
        let left = [SegmentID(1): lane(1, hasLeft: true)]
        #expect(planner.decide([outside], left) == LanePlanner.Decision())
        #expect(planner.decide([segment(1, at: 5)], left).fill == ids(1))
        #expect(planner.decide([outside], [:]) == LanePlanner.Decision())
    }

    @Test("INV-8: a lane waits for its resync")
    func pending() {
        let lanes = [SegmentID(1): lane(1, pending: Position(9))]
        #expect(planner(.fill).decide([segment(1, at: 5)], lanes) == LanePlanner.Decision())
    }
}

@Suite struct RetryLadderTests {
    @Test("Pauses begin at a tenth, then half a second, double to a minute, and vary by a fifth")
    func ladder() {
        for lane in ["crm/1", "crm/2", "bi/1", ""] {
            var base = 100
            for attempt in 1...40 {
                let delay = RetryLadder.delayMilliseconds(attempt: attempt, lane: lane)
                #expect(delay >= base * 80 / 100 && delay <= base * 120 / 100, "\(attempt)")
                #expect(delay == RetryLadder.delayMilliseconds(attempt: attempt, lane: lane))
                #expect(delay <= 60_000)
                base = attempt == 1 ? 500 : min(base * 2, 50_000)
            }
        }
    }

    @Test("Lanes do not come back all at once")
    func jitter() {
        let delays = (0..<100).map { RetryLadder.delayMilliseconds(attempt: 5, lane: "crm/\($0)") }
        #expect(Set(delays).count > 20)
    }
}
