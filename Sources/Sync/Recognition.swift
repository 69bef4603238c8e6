internal import Connector
internal import Projection
internal import SegmentModel

/// Compares an integration's rows in the target with what its receipts say, for all lanes at once:
/// whether target and ledger are still those that belong together (INV-12). Pure.
///
/// Invariants:
/// - receipts are read before the rows, so that a row can be newer than them and never older;
/// - a row of this timeline whose fingerprint is not the ledger's own was written by another copy
///   of the ledger, wherever it stands;
/// - rows of segments that no lane delivers are not this integration's, unless the timeline says
///   they are.
struct Recognition {
    enum Finding: Hashable {
        /// Never delivered, and the target has no row.
        case untouched
        case same
        /// The target committed what no receipt tells of: a crash came between.
        case ahead
        /// The row stands before what was delivered.
        case behind
        /// What was delivered has no row.
        case missing
        /// The row is of another ledger or timeline.
        case foreign
        /// Another copy of this ledger has written it.
        case diverged

        /// Whether the lane goes on from its row.
        var isSound: Bool { self == .untouched || self == .same || self == .ahead }
    }

    /// Which lanes are rebuilt anyway.
    struct Rebuilding {
        /// By an operator's word: whatever the row says, but that another copy of the ledger, which
        /// has the request too, has carried it out.
        var byOperator: Set<SegmentID> = []
        /// Position of the request.
        var request: Position?
        /// By themselves: a row that is another ledger's is not taken over.
        var byFill: Set<SegmentID> = []
    }

    let timeline: String
    /// Of the ledger, when the rows had been read.
    let end: Position
    /// Whether a row moves with each delivery. Otherwise only its epoch is always up to date.
    let movesRows: Bool

    init(timeline: String, end: Position, support: CursorSupport) {
        self.timeline = timeline
        self.end = end
        movesRows = support == .transactional
    }

    /// The positions before which the ledger's own fingerprint decides: not those of rows that say
    /// what the lane's last receipt says.
    func asked(
        _ lanes: some SegmentLookup<LaneRow>, _ rows: some SegmentLookup<TargetCursor>
    ) -> Set<Position> {
        var asked: Set<Position> = []
        for segment in rows.segments {
            guard let row = rows[segment], row.ledger == timeline,
                let fingerprint = row.fingerprint, fingerprint.position <= end,
                fingerprint != lanes[segment]?.fingerprint
            else { continue }
            asked.insert(fingerprint.position)
        }
        return asked
    }

    /// - Parameter own: the ledger's fingerprints at the positions that were `asked`.
    func finding(
        _ lane: LaneRow?, _ row: TargetCursor?, own: [Position: Fingerprint]
    ) -> Finding {
        // A delivery that went without a row leaves the epoch at 0.
        let isDelivered = lane.map { $0.cursor.position != nil && $0.epoch > 0 } ?? false
        guard let row else { return isDelivered ? .missing : .untouched }
        guard row.ledger == timeline else { return .foreign }
        if let fingerprint = row.fingerprint, fingerprint != lane?.fingerprint {
            guard fingerprint.position <= end, own[fingerprint.position] == fingerprint else {
                return .diverged
            }
        }
        if let position = row.cursor.position, position >= end { return .diverged }
        guard let lane, isDelivered else { return .ahead }
        return compare(row, with: lane)
    }

    private func compare(_ row: TargetCursor, with lane: LaneRow) -> Finding {
        if row.epoch < lane.epoch { return .behind }
        guard movesRows else { return .same }
        let resync = lane.lastResync.map { Int64($0.rawValue) } ?? -1
        if row.cursor < lane.cursor || row.resync < resync
            || row.queryCount < Int64(lane.successfulQueryCount)
        {
            return .behind
        }
        if let known = lane.fingerprint, let found = row.fingerprint,
            found.position < known.position
        {
            return .behind
        }
        let isSame =
            row.cursor == lane.cursor && row.queryCount == Int64(lane.successfulQueryCount)
        return isSame ? .same : .ahead
    }

    /// - Parameters:
    ///   - own: as for `finding`.
    ///   - isAlone: the rows are of lanes that are about to be opened, whatever is known of them.
    func judge(
        _ lanes: some SegmentLookup<LaneRow>, _ rows: some SegmentLookup<TargetCursor>,
        own: [Position: Fingerprint], rebuilding: Rebuilding = Rebuilding(),
        isAlone: Bool = false
    ) -> Verdict {
        var verdict = Verdict()
        for segment in Set(lanes.segments).union(rows.segments) {
            let (lane, row) = (lanes[segment], rows[segment])
            var finding = finding(lane, row, own: own)
            if !finding.isSound { verdict.unsound.insert(segment) }
            let isRebuilt =
                rebuilding.byFill.contains(segment) || rebuilding.byOperator.contains(segment)
            if lane?.hasLeft ?? true, !isRebuilt, !isAlone {
                // Nobody delivers here: only what proves another copy of this ledger counts.
                guard finding == .diverged else { continue }
                verdict.strangers.append(segment)
            }
            verdict.laneCount += 1
            if rebuilding.byOperator.contains(segment) {
                let mark = rebuilding.request.map { Int64($0.rawValue) }
                guard finding == .diverged, let row, row.resync == mark else { continue }
            }
            if rebuilding.byFill.contains(segment), finding == .behind || finding == .missing {
                finding = .untouched
            }
            if finding.isSound {
                if let row, row.fingerprint == nil, lane?.hasLeft == false {
                    verdict.unmarked.append(segment)
                }
            } else {
                verdict.faults[finding, default: []].append(segment)
            }
        }
        return verdict
    }
}

extension Recognition {
    /// What was found of an integration's lanes.
    struct Verdict {
        /// Whose rows are not this ledger's, or older than the receipts.
        var unsound: Set<SegmentID> = []
        /// Lanes that are delivered, and others that are found wrong.
        var laneCount = 0
        var faults: [Finding: [SegmentID]] = [:]
        /// Rows of another copy of the ledger at segments that nobody delivers here.
        var strangers: [SegmentID] = []
        /// Sound rows that say nothing of the ledger.
        var unmarked: [SegmentID] = []

        /// The one reason why nothing may be written: the gravest.
        func failure(
            of integration: String, _ rows: some SegmentLookup<TargetCursor>,
            _ lanes: some SegmentLookup<LaneRow>
        ) -> Failure? {
            var faults = faults
            // Where some rows are there, those that are not came later than the rest.
            if let missing = faults[.missing], lanes.segments.contains(where: { rows[$0] != nil }) {
                faults[.missing] = nil
                faults[.behind, default: []] += missing
            }
            for kind in [Finding.foreign, .diverged, .missing, .behind] {
                guard let segments = faults[kind]?.sorted(), let first = segments.first else {
                    continue
                }
                let count = "\(segments.count) of \(laneCount) segments"
                let place = "integration \(integration)"
                let (what, hint) = Self.words(
                    kind, count, first, rows[first], lanes[first], integration)
                return Failure(.cursorFenced, "\(place): \(what)", hint: hint)
            }
            return nil
        }

        private static func words(
            _ kind: Finding, _ count: String, _ first: SegmentID, _ row: TargetCursor?,
            _ lane: LaneRow?, _ integration: String
        ) -> (what: String, hint: String) {
            let resync = "run 'segledger resync \(integration)'"
            switch kind {
            case .foreign:
                return (
                    "the target's segledger_cursor belongs to another ledger or timeline at "
                        + "\(count), the first is segment \(first)",
                    "correct the connector's url; or, if this ledger is to deliver there from now "
                        + "on, \(resync), which rebuilds the tables"
                )
            case .diverged:
                return (
                    "the target was written by another copy of this ledger at \(count), the first "
                        + "is segment \(first): this data directory is a backup or snapshot that "
                        + "was put in place, and the other copy had gone on",
                    "make sure that the other copy delivers no more, then \(resync), which "
                        + "rebuilds the tables from this one"
                )
            case .missing:
                return (
                    "the target's segledger_cursor has no row for what was delivered to \(count), "
                        + "the first is segment \(first): this is another database, or it was "
                        + "emptied or made anew",
                    "correct the connector's url and run 'segledger integrations resume "
                        + "\(integration)'; or, if the tables are to be filled there, \(resync)"
                )
            default:
                return (
                    "the target went back: \(count) stand before what was delivered, the first is "
                        + "segment \(first) (at \(name(row?.cursor)), delivered up to "
                        + "\(name(lane?.cursor)))",
                    "run 'segledger integrations adopt \(integration)' to go on from where its "
                        + "rows stand; or \(resync), which rebuilds the tables"
                )
            }
        }

        private static func name(_ cursor: LaneCursor?) -> String {
            cursor?.position.map { "position \($0)" } ?? "nothing"
        }
    }
}
