internal import Projection
internal import SegmentModel

/// Decides what the lanes of an integration need, from projected state alone: pure.
struct LanePlanner {
    struct Decision: Equatable {
        /// Lanes to deliver, sorted.
        var live: [SegmentID] = []
        /// Segments to rebuild before their lanes go on, sorted.
        var fill: [SegmentID] = []
        /// Lanes whose segment has left the scope, sorted.
        var left: [SegmentID] = []
    }

    let definition: IntegrationDefinition
    /// Where the integration was first applied.
    let integrationPosition: Position

    func decide(_ segments: [SegmentRow], _ lanes: some SegmentLookup<LaneRow>) -> Decision {
        var decision = Decision()
        for segment in segments.sorted(by: { $0.id < $1.id }) {
            let lane = lanes[segment.id]
            guard definition.scope.contains(segment.id, segment.said) else {
                if let lane, !lane.hasLeft { decision.left.append(segment.id) }
                continue
            }
            if let lane, lane.pendingResync != nil || lane.isBlocked { continue }
            if let lane, !lane.hasLeft {
                decision.live.append(segment.id)
            } else if needsFill(segment, lane) {
                decision.fill.append(segment.id)
            } else {
                decision.live.append(segment.id)
            }
        }
        return decision
    }

    /// A segment whose whole history lies behind the integration's start needs no fill: its events
    /// are delivered one after the other.
    private func needsFill(_ segment: SegmentRow, _ lane: LaneRow?) -> Bool {
        if lane?.hasLeft == true { return true }
        guard definition.start == .fill else { return false }
        return segment.firstPosition < integrationPosition
    }
}
