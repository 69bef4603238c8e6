internal import Connector
internal import SegmentModel

/// What a lane's worker knows between two runs: kept for each of many lanes, so it is no more than
/// that, and what builds deliveries is made anew.
final class RestingLane: Sendable {
    /// What it has learned of its target beyond the row: most have nothing.
    private struct Learned {
        let pace: DeliveryPace
        let bisection: Bisection?
        let unproven: LaneWorker.UnprovenRefusal?
        let failedQuery: QueryKind?
        let unbindable: Set<EventKind>
        let isTriedAsText: Bool
        let repeated: LaneWorker.Repetition?
        let announced: LaneCursor?

        init(_ worker: LaneWorker) {
            pace = worker.pace
            bisection = worker.bisection
            unproven = worker.unproven
            failedQuery = worker.failedQuery
            unbindable = worker.unbindable
            isTriedAsText = worker.isTriedAsText
            repeated = worker.repeated
            announced = worker.announced
        }

        var isNothing: Bool {
            pace == DeliveryPace() && bisection == nil && unproven == nil && failedQuery == nil
                && unbindable.isEmpty && !isTriedAsText && repeated == nil && announced == nil
        }
    }

    private final class LearnedBox: Sendable {
        let learned: Learned

        init(_ learned: Learned) { self.learned = learned }
    }

    /// It was opened where the row moves with the batch.
    let isTransactional: Bool
    /// It has a row in the target.
    let hasRow: Bool
    let absorbsRepeats: Bool
    let isTakenBack: Bool
    private let row: TargetCursor
    private let fold: SegmentFold
    private let parked: ParkedProfiles
    private let learned: LearnedBox?
    /// Where the lane stands.
    let cursor: LaneCursor

    init(_ worker: LaneWorker) {
        isTransactional = worker.isTransactional
        hasRow = worker.support.hasRow
        absorbsRepeats = worker.absorbsRepeats
        isTakenBack = worker.plan.isTakenBack
        row = worker.row
        cursor = worker.state.cursor
        fold = worker.state.fold
        parked = worker.state.parked
        let learned = Learned(worker)
        self.learned = learned.isNothing ? nil : LearnedBox(learned)
    }

    var failedQuery: QueryKind? { learned?.learned.failedQuery }

    /// The worker as it was.
    func worker(
        _ plan: IntegrationPlan, _ lane: LaneKey, _ context: SyncContext,
        _ receipts: ReceiptQueue, _ support: CursorSupport
    ) -> LaneWorker {
        var worker = LaneWorker(
            plan: plan, lane: lane, context: context, receipts: receipts, row: row,
            state: LaneState(cursor: cursor, fold: fold, parked: parked), support: support,
            absorbsRepeats: absorbsRepeats)
        guard let learned = learned?.learned else { return worker }
        worker.pace = learned.pace
        worker.bisection = learned.bisection
        worker.unproven = learned.unproven
        worker.failedQuery = learned.failedQuery
        worker.unbindable = learned.unbindable
        worker.isTriedAsText = learned.isTriedAsText
        worker.repeated = learned.repeated
        worker.announced = learned.announced
        return worker
    }
}

extension CursorSupport {
    var hasRow: Bool {
        if case .refused = self { false } else { true }
    }
}
