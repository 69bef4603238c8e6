internal import Connector
internal import Projection
internal import SegmentModel

/// What has to be known of a lane's receipts since its row was written, to go back to there: pure.
///
/// Invariant: receipts are given in the ledger's order, from the row's fingerprint to the end.
struct AdoptionPlan {
    /// What the ledger says of a lane since.
    struct History {
        /// Of each receipt: queries that ran, and the parked change that it settled.
        var receipts: [(queryCount: Int, settled: Position?)] = []
        /// It went back before.
        var hasAdoption = false
    }

    enum Step: Equatable {
        /// Back to the row; these parked changes are to be tried again.
        case adopt(again: [Position])
        case rebuild
    }

    /// - Parameters:
    ///   - parked: positions of the events that are set aside at the lane.
    /// - Returns: `rebuild` for whatever the row does not say whole: an earlier rebuild, a row of
    ///   the first form, a place inside of an event behind which something is set aside.
    static func step(
        _ lane: LaneRow, _ row: TargetCursor, _ history: History, parked: [Position]
    ) -> Step {
        let resync = lane.lastResync.map { Int64($0.rawValue) } ?? -1
        guard row.fingerprint != nil, row.resync == resync, !history.hasAdoption else {
            return .rebuild
        }
        if row.cursor.profileCount > 0,
            parked.contains(where: { LaneCursor(position: $0) > row.cursor })
        {
            return .rebuild
        }
        let sum = history.receipts.reduce(0) { $0 + $1.queryCount }
        var count = Int64(lane.successfulQueryCount - sum)
        guard count <= row.queryCount else { return .rebuild }
        var again: [Position] = []
        for receipt in history.receipts {
            count += Int64(receipt.queryCount)
            if count > row.queryCount, let settled = receipt.settled { again.append(settled) }
        }
        return .adopt(again: again)
    }
}
