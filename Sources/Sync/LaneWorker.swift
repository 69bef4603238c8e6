internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Delivers one lane: batch by batch, each with the cursor in the target's own transaction and a
/// receipt in the ledger (INV-6). It lives as long as its lane goes well; after a failure whose
/// outcome is unknown, and after a resync, the lane is opened anew.
///
/// Invariants:
/// - `row` is what this worker last read or committed; a delivery that finds another row changes
///   nothing (the fence);
/// - a delivery that waits at the session begins only if the one before it is committed
///   (docs/decisions/0015);
/// - receipts become durable while later deliveries are under way (`ReceiptQueue`); those that a
///   crash takes with it are rebuilt from the target's row;
/// - where the target cannot tell what took place, the ledger says what is begun before it begins,
///   and, unless the target absorbs repeats, the receipt of the last delivery is durable by then.
struct LaneWorker: Sendable {
    /// Deliveries from the lane's cursor to `end`.
    struct Repetition: Sendable {
        let end: LaneCursor
        /// Profiles of one at most; nil: as the integration has it.
        let size: Int?
    }

    /// A refusal at a target that takes nothing back.
    struct UnprovenRefusal: Hashable, Sendable {
        let code: String
        /// The profile that was set aside to try the next one.
        var parked: ProfileOrdinal?
    }

    let plan: IntegrationPlan
    let lane: LaneKey
    let context: SyncContext
    let support: CursorSupport
    let builder: DeliveryBuilder
    var row: TargetCursor
    var state: LaneState
    /// How large deliveries are, by what became of the last ones.
    var pace = DeliveryPace()
    /// Smaller batches for a while, after the target refused one whole.
    var bisection: Bisection?
    /// What the target calls permanent, and no other row has shown yet to be about rows.
    var unproven: UnprovenRefusal?
    /// The query of the last refusal.
    var failedQuery: QueryKind?
    /// Queries that the target does not take with their values beside the text.
    var unbindable: Set<EventKind> = []
    /// The next change was refused with its values bound.
    var isTriedAsText = false
    /// Deliveries of which it is not known whether they took place: they are repeated as they were.
    var repeated: Repetition?
    /// A repeated delivery changes nothing more: the next one may begin before the receipt of the
    /// last one is durable.
    let absorbsRepeats: Bool
    /// The ledger's last `delivery_started` says that deliveries up to here, of the size that is
    /// cut now, are begun.
    var announced: LaneCursor?
    /// The integration's, which all its lanes share.
    let receipts: ReceiptQueue
    /// The delivery that this worker ended with: the lane is opened anew, and learns from the
    /// target whether it took place.
    var unknown: UnknownDelivery?
    /// Changes of the one before it that took place.
    private(set) var recoveredChangeCount = 0

    /// Takes the lane over and brings receipts up to the target's cursor.
    ///
    /// - Parameters:
    ///   - known: the lane as the receipts have it; nil: never delivered.
    ///   - unknown: what the lane's last worker in this process ended with.
    /// - Throws: `cursorFenced` if the row belongs to another ledger or lies beyond this one.
    init(
        plan: IntegrationPlan, lane: LaneKey, known: LaneRow?, parked: [ParkedRow],
        context: SyncContext, receipts: ReceiptQueue, session: any TargetSession,
        support: CursorSupport, absorbsRepeats: Bool, unknown: UnknownDelivery? = nil
    ) async throws {
        let initial = try Self.initialRow(known, context)
        var row = try await Self.takeOver(lane, initial, known, session, support, context)
        if support != .transactional { row.cursor = initial.cursor }
        try await self.init(
            plan: plan, lane: lane, known: known, parked: parked, context: context,
            receipts: receipts, row: row, support: support, absorbsRepeats: absorbsRepeats,
            unknown: unknown)
    }

    /// - Parameter row: the lane's, which is this worker's already.
    init(
        plan: IntegrationPlan, lane: LaneKey, known: LaneRow?, parked: [ParkedRow],
        context: SyncContext, receipts: ReceiptQueue, row: TargetCursor,
        support: CursorSupport, absorbsRepeats: Bool, unknown: UnknownDelivery? = nil
    ) async throws {
        let state = LaneState(
            cursor: known?.cursor ?? LaneCursor(position: nil),
            fold: SegmentFold(keepsMembers: false), parked: ParkedProfiles(parked))
        self.init(
            plan: plan, lane: lane, context: context, receipts: receipts, row: row, state: state,
            support: support, absorbsRepeats: absorbsRepeats)
        try await recoverReceipts(known, parked, unknown)
        if support != .transactional, let started = known?.started, started.parked == nil,
            self.state.cursor < started.cursor
        {
            repeated = Repetition(end: started.cursor, size: started.size)
            announced = started.cursor
        }
        self.state.cursor = row.cursor
        guard let last = row.cursor.position else { return }
        let (ledger, segment) = (context.ledger, lane.segment)
        self.state.fold = try await context.pool.run {
            try SegmentFold.fold(ledger, segment, through: last, keepsMembers: false)
        }
    }

    /// One whose row and state are known.
    init(
        plan: IntegrationPlan, lane: LaneKey, context: SyncContext, receipts: ReceiptQueue,
        row: TargetCursor, state: LaneState, support: CursorSupport, absorbsRepeats: Bool
    ) {
        self.plan = plan
        self.lane = lane
        self.context = context
        self.support = support
        self.absorbsRepeats = absorbsRepeats
        self.receipts = receipts
        self.row = row
        // One text for all lanes, instead of one that each read.
        let timeline = context.ledger.identity.timeline
        if row.ledger == timeline { self.row.ledger = timeline }
        self.state = state
        builder = DeliveryBuilder(
            plan: plan, lane: lane, context: context,
            coalesces: support == .transactional && plan.coalesces)
    }

    /// The lane's row as the receipts have it, before anybody took it over.
    static func initialRow(_ known: LaneRow?, _ context: SyncContext) throws -> TargetCursor {
        TargetCursor(
            ledger: context.ledger.identity.timeline, epoch: 0,
            cursor: known?.cursor ?? LaneCursor(position: nil),
            resync: known?.lastResync.map { Int64($0.rawValue) } ?? -1,
            queryCount: Int64(known?.successfulQueryCount ?? 0),
            fingerprint: try context.ledger.fingerprint())
    }

    var isTransactional: Bool { support == .transactional }

    /// Profiles of one delivery at most. Without transactions each query is a delivery, so that
    /// nothing is repeated but the query whose outcome is unknown.
    var deliverySize: Int { pace.size(fullSize) }

    var fullSize: Int { isTransactional ? plan.deliverySize : plan.batchSize }

    static func place(_ lane: LaneKey) -> String {
        "integration \(lane.integration), segment \(lane.segment)"
    }

    private static func resyncHint(_ lane: LaneKey) -> String {
        "run 'segledger resync \(lane.integration)' to rebuild the tables from this ledger"
    }

    // MARK: Opening

    /// The lane's row, now this worker's.
    private static func takeOver(
        _ lane: LaneKey, _ initial: TargetCursor, _ known: LaneRow?,
        _ session: any TargetSession, _ support: CursorSupport, _ context: SyncContext
    ) async throws -> TargetCursor {
        if case .refused = support { return initial }
        // The last delivery went without the row: the receipts are right, and the row follows.
        let isWithoutRow = known.map { $0.epoch == 0 && $0.cursor.position != nil } ?? false
        let found = try await session.readCursor(lane)
        try await check(found, known, lane, support, context)
        let row = try await session.claimCursor(lane, initial: initial)
        try await checkAgain(row, found ?? initial, known, lane, support, context)
        guard isWithoutRow, support == .transactional, row.cursor != initial.cursor else {
            return row
        }
        var adopted = row
        adopted.cursor = initial.cursor
        adopted.queryCount = initial.queryCount
        adopted.fingerprint = initial.fingerprint
        let move = TargetDelivery.Move(from: row, to: adopted)
        let delivery = TargetDelivery(lane: lane, id: "", move: move, queries: [])
        guard try await session.deliver(delivery) != .fenced else { throw fenced(lane) }
        return adopted
    }

    /// `check` once more of a row that was taken over, if somebody has moved or made it meanwhile.
    ///
    /// - Parameter expected: what it was to be, whatever its epoch.
    static func checkAgain(
        _ row: TargetCursor, _ expected: TargetCursor, _ known: LaneRow?, _ lane: LaneKey,
        _ support: CursorSupport, _ context: SyncContext
    ) async throws {
        var expected = expected
        expected.epoch = row.epoch
        if expected != row { try await check(row, known, lane, support, context) }
    }

    static func fenced(_ lane: LaneKey) -> Failure {
        Failure(
            .cursorFenced, "\(place(lane)): another worker has moved this lane's cursor",
            hint: "make sure that only one segledger process works on this integration")
    }

    /// Whether the lane may go on from its row, or from none (INV-12).
    ///
    /// - Throws: `cursorFenced` if it may not.
    static func check(
        _ row: TargetCursor?, _ known: LaneRow?, _ lane: LaneKey, _ support: CursorSupport,
        _ context: SyncContext
    ) async throws {
        let ledger = context.ledger
        let rows = row.map { [lane.segment: $0] } ?? [:]
        let lanes = known.map { [lane.segment: $0] } ?? [:]
        let recognition = Recognition(
            timeline: ledger.identity.timeline, end: ledger.end, support: support)
        let asked = recognition.asked(lanes, rows)
        let own =
            asked.isEmpty
            ? [:] : try await context.pool.run { try ledger.fingerprints(before: asked) }
        let verdict = recognition.judge(lanes, rows, own: own, isAlone: true)
        if let failure = verdict.failure(of: lane.integration, rows, lanes) { throw failure }
    }

    /// The target committed what no receipt tells of: a crash came between. Batches are cut again
    /// from the receipts' cursor to the target's, and recorded.
    private mutating func recoverReceipts(
        _ known: LaneRow?, _ parked: [ParkedRow], _ unknown: UnknownDelivery?
    ) async throws {
        guard isTransactional else { return }
        var found: [Receipt] = []
        var unexplained = Int(row.queryCount) - (known?.successfulQueryCount ?? 0)
        if unexplained > 0, let tried = known?.started?.parked,
            let one = parked.first(where: { $0.position == tried })
        {
            var receipt = makeReceipt(redriven: one, .delivered)
            // It moves no cursor, and nothing else was under way.
            receipt.successfulQueryCount = unexplained
            receipt.isRecovered = true
            receipt.fingerprint = row.fingerprint
            if let unknown, unknown.parked == tried {
                receipt.rowCount = unknown.rowCounts.reduce(0, +)
                recoveredChangeCount += 1
            }
            found.append(receipt)
            unexplained = 0
            state.parked.remove(one.change.profile.rawValue, at: one.change.position)
        }
        while state.cursor < row.cursor {
            let batch = try await builder.cut(
                after: state, size: deliverySize, limit: row.cursor)
            guard let batch, state.cursor < batch.cursorAfter, batch.cursorAfter <= row.cursor
            else { break }
            state.cursor = batch.cursorAfter
            let isLast = state.cursor == row.cursor
            var counts = builder.queryCounts(batch)
            for index in counts.indices {
                let isRest = isLast && index == counts.indices.last
                counts[index] = isRest ? unexplained : min(unexplained, counts[index])
                unexplained -= counts[index]
            }
            var recovered = makeReceipts(batch, cursor: state.cursor, attempt: 1, counts)
            if let unknown, unknown.parked == nil, unknown.cursor == state.cursor,
                unknown.rowCounts.count == counts.reduce(0, +)
            {
                recovered = Self.receipts(recovered, of: unknown.rowCounts)
                recoveredChangeCount += batch.members.count
            }
            for var receipt in recovered {
                receipt.isRecovered = true
                receipt.fingerprint = row.fingerprint
                found.append(receipt)
            }
        }
        guard state.cursor == row.cursor else {
            throw Failure(
                .cursorFenced,
                "\(Self.place(lane)): the target's cursor does not fall on an event of this "
                    + "segment",
                hint: Self.resyncHint(lane))
        }
        if !found.isEmpty { try await context.record(found) }
    }

    // MARK: Receipts

    /// Of a delivery: one for each kind of query in it, with so many of them.
    func makeReceipts(
        _ batch: LaneBatch, cursor: LaneCursor, attempt: Int, _ queryCounts: [Int]
    ) -> [Receipt] {
        let parts = batch.parts
        return queryCounts.enumerated().map { index, count in
            var receipt = makeReceipt(batch, .delivered, cursor: cursor, attempt: attempt)
            receipt.successfulQueryCount = count
            if parts.count > 1 {
                receipt.query = parts[index].query
                receipt.profileCount = parts[index].changeCount
                receipt.templateSHA256 = plan.queries[parts[index].query]?.templateSHA256
            }
            return receipt
        }
    }

    /// With the rows that their queries affected.
    static func receipts(_ receipts: [Receipt], of rowCounts: [Int]) -> [Receipt] {
        var rest = rowCounts[...]
        return receipts.map { receipt in
            var receipt = receipt
            receipt.rowCount = rest.prefix(receipt.successfulQueryCount).reduce(0, +)
            rest = rest.dropFirst(receipt.successfulQueryCount)
            return receipt
        }
    }

    func makeReceipt(
        _ batch: LaneBatch, _ outcome: Receipt.Outcome, cursor: LaneCursor, attempt: Int
    ) -> Receipt {
        let query = batch.kind.query
        return Receipt(
            lane: lane, query: query, outcome: outcome, firstPosition: batch.firstPosition,
            lastPosition: batch.lastPosition, cursor: cursor, epoch: row.epoch,
            profileCount: outcome == .delivered ? batch.members.count : 0, attempt: attempt,
            templateSHA256: query.flatMap { plan.queries[$0]?.templateSHA256 })
    }

    func makeReceipt(redriven one: ParkedRow, _ outcome: Receipt.Outcome) -> Receipt {
        let change = one.change
        return Receipt(
            lane: lane, query: change.query, outcome: outcome, firstPosition: change.position,
            lastPosition: change.position, cursor: row.cursor, epoch: row.epoch,
            profileCount: outcome == .delivered ? 1 : 0, attempt: change.attempt + 1,
            parked: one.position, templateSHA256: plan.queries[change.query]?.templateSHA256)
    }
}

extension EventKind {
    /// The query that delivers an event of this kind.
    var query: QueryKind? {
        switch self {
        case .profilesAdded: .addProfiles
        case .profilesRemoved: .removeProfiles
        case .segmentCreated, .segmentUpdated: .saveSegment
        case .segmentCleared: .clearSegment
        case .segmentDeleted: .deleteSegment
        default: nil
        }
    }
}
