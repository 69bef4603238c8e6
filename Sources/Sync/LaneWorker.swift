internal import Connector
internal import EventJSON
package import Ledger
package import Projection
internal import SQLTemplate
package import SegmentModel
package import StorageIO

/// What the workers of all lanes share.
package struct SyncContext: Sendable {
    package let ledger: any Ledger
    package let store: ProjectionStore
    /// For scans of the ledger's files.
    package let pool: BlockingPool
    package let clock: any WallClock

    package init(
        ledger: any Ledger, store: ProjectionStore, pool: BlockingPool, clock: any WallClock
    ) {
        self.ledger = ledger
        self.store = store
        self.pool = pool
        self.clock = clock
    }

    /// Appends receipts and returns the position of the first.
    func record(_ receipts: [Receipt], then more: (inout EventBatch) -> Void = { _ in })
        async throws
    {
        var batch = EventBatch()
        for receipt in receipts {
            batch.append(.deliveryRecorded, body: receipt.encode())
        }
        more(&batch)
        _ = try await ledger.append(batch)
    }
}

/// Delivers one lane over one session: batch by batch, each with the cursor in the target's own
/// transaction and a receipt in the ledger (INV-6).
///
/// Invariants:
/// - `row` is what this worker last read or committed; a delivery that finds another row changes
///   nothing (the fence);
/// - a receipt is durable before the next delivery of the lane begins, so that a crash loses at
///   most one, which is rebuilt from the target's row.
struct LaneWorker {
    enum Step {
        case delivered(profileCount: Int)
        /// The next batch is not full and its timeout is not over.
        case waiting(until: Timestamp)
        case caughtUp
    }

    let plan: IntegrationPlan
    let lane: LaneKey
    let context: SyncContext
    let session: any TargetSession
    private let renderer: QueryRenderer
    private let batcher: LaneBatcher
    private(set) var row: TargetCursor
    private var fold = SegmentFold(keepsMembers: false)
    /// Smaller batches for a while, after the target refused one whole: until this cursor.
    private var split: (size: Int, until: LaneCursor)?

    /// Takes the lane over and brings receipts up to the target's cursor.
    ///
    /// - Parameter known: the lane as the receipts have it; nil: never delivered.
    /// - Throws: `cursorFenced` if the row belongs to another ledger or lies beyond this one.
    init(
        plan: IntegrationPlan, lane: LaneKey, known: LaneRow?, context: SyncContext,
        session: any TargetSession
    ) async throws {
        self.plan = plan
        self.lane = lane
        self.context = context
        self.session = session
        renderer = QueryRenderer(ledger: context.ledger, store: context.store)
        batcher = LaneBatcher(ledger: context.ledger, segment: lane.segment)
        let timeline = context.ledger.identity.timeline
        if let found = try await session.readCursor(lane) {
            try Self.check(found, timeline, lane, end: context.ledger.end)
        } else if known?.cursor.position != nil {
            throw Failure(
                .cursorFenced,
                "\(Self.place(lane)): receipts tell of deliveries, but the target's "
                    + "segledger_cursor knows nothing of them: this is another database, or its "
                    + "tables were made anew", hint: Self.resyncHint(lane))
        }
        let initial = TargetCursor(
            ledger: timeline, epoch: 0, cursor: known?.cursor ?? LaneCursor(position: nil),
            resync: known?.lastResync.map { Int64($0.rawValue) } ?? -1,
            queryCount: Int64(known?.successfulQueryCount ?? 0))
        row = try await session.claimCursor(lane, initial: initial)
        try Self.check(row, timeline, lane, end: context.ledger.end)
        try await recoverReceipts(known)
        try await foldDescription()
    }

    private static func place(_ lane: LaneKey) -> String {
        "integration \(lane.integration), segment \(lane.segment)"
    }

    private static func resyncHint(_ lane: LaneKey) -> String {
        "run 'segledger resync \(lane.integration)' to rebuild the tables from this ledger"
    }

    private static func check(
        _ row: TargetCursor, _ timeline: String, _ lane: LaneKey, end: Position
    ) throws {
        let (place, hint) = (place(lane), resyncHint(lane))
        guard row.ledger == timeline else {
            throw Failure(
                .cursorFenced,
                "\(place): the target's segledger_cursor belongs to another ledger or timeline",
                hint: hint)
        }
        guard row.cursor.position.map({ $0 < end }) ?? true else {
            throw Failure(
                .cursorFenced,
                "\(place): the target stands at position \(row.cursor.position!), but the ledger "
                    + "ends before \(end)", hint: hint)
        }
    }

    // MARK: Recovery of receipts

    /// The target committed what no receipt tells of: a crash came between. Batches are cut again
    /// from the receipts' cursor to the target's, and recorded.
    private func recoverReceipts(_ known: LaneRow?) async throws {
        var cursor = known?.cursor ?? LaneCursor(position: nil)
        guard cursor < row.cursor else { return }
        var receipts: [Receipt] = []
        var unexplained = Int(row.queryCount) - (known?.successfulQueryCount ?? 0)
        while cursor < row.cursor {
            let from = cursor
            let end = row.cursor
            let batch = try await context.pool.run { [batcher, plan] in
                try batcher.next(after: from, size: plan.deliverySize, limit: end)
            }
            guard let batch, cursor < batch.cursorAfter, batch.cursorAfter <= row.cursor else {
                break
            }
            cursor = batch.cursorAfter
            let isLast = cursor == row.cursor
            let count = isLast ? unexplained : min(unexplained, queryCount(batch))
            unexplained -= count
            var receipt = makeReceipt(batch, .delivered, cursor: cursor, attempt: 1)
            receipt.successfulQueryCount = count
            receipt.isRecovered = true
            receipts.append(receipt)
        }
        guard cursor == row.cursor else {
            throw Failure(
                .cursorFenced,
                "\(Self.place(lane)): the target's cursor "
                    + "does not fall on an event of this segment",
                hint: Self.resyncHint(lane))
        }
        try await context.record(receipts)
    }

    private func queryCount(_ batch: LaneBatch) -> Int {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            (batch.members.count + plan.batchSize - 1) / plan.batchSize
        case .segmentCreated, .segmentUpdated: plan.queries[.saveSegment] == nil ? 0 : 1
        case .segmentCleared: plan.queries[.clearSegment] == nil ? 0 : 1
        default:
            (plan.queries[.clearSegment] == nil ? 0 : 1)
                + (plan.queries[.deleteSegment] == nil ? 0 : 1)
        }
    }

    private mutating func foldDescription() async throws {
        let (ledger, segment, last) = (context.ledger, lane.segment, row.cursor.position)
        fold = try await context.pool.run {
            try SegmentFold.fold(ledger, segment, through: last, keepsMembers: false)
        }
    }

    // MARK: Delivery

    /// Delivers the next batch, if there is one and it is due.
    ///
    /// - Parameter flush: due or not.
    /// - Throws: `TargetFailure` with the target untouched, or, if it says so, with the outcome
    ///   unknown: then open the lane anew.
    mutating func step(flush: Bool, attempt: Int) async throws -> Step {
        let cursor = row.cursor
        if let split, cursor >= split.until { self.split = nil }
        let size = split?.size ?? plan.deliverySize
        let batch = try await context.pool.run { [batcher] in
            try batcher.next(after: cursor, size: size)
        }
        guard let batch else { return .caughtUp }
        if !flush, !batch.isComplete {
            let due = batch.firstRecordedAt
                .advanced(byMicroseconds: Int64(plan.definition.batchTimeoutMilliseconds) * 1000)
            if context.clock.now() < due { return .waiting(until: due) }
        }
        try await deliver(batch, attempt: attempt)
        return .delivered(profileCount: batch.members.count)
    }

    private mutating func deliver(_ batch: LaneBatch, attempt: Int) async throws {
        let started = monotonicNanoseconds()
        var next = row
        next.cursor = batch.cursorAfter
        do {
            let queries = try await queries(for: batch)
            next.queryCount += Int64(queries.count)
            let delivery = TargetDelivery(
                lane: lane, id: try scope(of: batch).deliveryID,
                move: TargetDelivery.Move(from: row, to: next),
                queries: queries.map { .text($0) })
            switch try await session.deliver(delivery) {
            case .fenced:
                throw Failure(
                    .cursorFenced,
                    "\(Self.place(lane)): another worker has "
                        + "moved this lane's cursor",
                    hint: "make sure that only one segledger process works on this integration")
            case .unbindable: preconditionFailure("nothing was bound")
            case .committed(let rowCount):
                row = next
                var receipt = makeReceipt(
                    batch, .delivered, cursor: next.cursor, attempt: attempt)
                receipt.successfulQueryCount = queries.count
                receipt.rowCount = rowCount
                receipt.durationMicroseconds = Int64((monotonicNanoseconds() - started) / 1000)
                try await context.record([receipt])
                try fold.apply(batch.kind, body: batch.body, ordinals: [])
            }
        } catch let failure as Failure where failure.code == .targetRefusedValues {
            // A value that no query of this target can carry.
            let refused = TargetFailure(
                class: .values, targetCode: "", message: failure.message, hint: failure.hint)
            try await recordFailure(refused, batch, attempt: attempt, started)
            guard isSplittable(refused, batch) else { throw refused }
            split = (max(1, batch.members.count / 2), batch.cursorAfter)
        } catch let failure as TargetFailure where !failure.isOutcomeUnknown {
            // Interrupted: the target's complaint about it is no news.
            try Task.checkCancellation()
            guard isSplittable(failure, batch) else {
                try await recordFailure(failure, batch, attempt: attempt, started)
                throw failure
            }
            try await recordFailure(failure, batch, attempt: attempt, started)
            split = (max(1, batch.members.count / 2), batch.cursorAfter)
        }
    }

    /// A batch that fails whole may pass in parts: two profiles with one key in one upsert, or one
    /// bad row among good ones.
    private func isSplittable(_ failure: TargetFailure, _ batch: LaneBatch) -> Bool {
        (failure.class == .repeatedKey || failure.class == .values) && batch.members.count > 1
    }

    private func recordFailure(
        _ failure: TargetFailure, _ batch: LaneBatch, attempt: Int, _ started: UInt64
    ) async throws {
        let willStop = failure.class != .transient && !isSplittable(failure, batch)
        var receipt = makeReceipt(
            batch, willStop ? .stopped : .failed, cursor: row.cursor, attempt: attempt)
        // A query that was not sent, or whose fate is unknown, has not failed.
        receipt.failedQueryCount =
            failure.isConnectionLost || failure.targetCode.isEmpty ? 0 : 1
        receipt.durationMicroseconds = Int64((monotonicNanoseconds() - started) / 1000)
        receipt.fill(failure)
        try await context.record([receipt])
    }

    private func makeReceipt(
        _ batch: LaneBatch, _ outcome: Receipt.Outcome, cursor: LaneCursor, attempt: Int
    ) -> Receipt {
        let query = batch.kind.query
        return Receipt(
            lane: lane, query: query, outcome: outcome, firstPosition: batch.firstPosition,
            lastPosition: batch.lastPosition, cursor: cursor, epoch: row.epoch,
            profileCount: outcome == .delivered ? batch.members.count : 0, attempt: attempt,
            templateSHA256: query.flatMap { plan.queries[$0]?.templateSHA256 })
    }

    // MARK: Rendering

    private func queries(for batch: LaneBatch) async throws -> [[UInt8]] {
        let scope = try scope(of: batch)
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            let query = plan.queries[batch.kind == .profilesAdded ? .addProfiles : .removeProfiles]!
            return try await renderer.render(
                query, batch.members, batchSize: plan.batchSize, scope)
        case .segmentCreated, .segmentUpdated:
            return try plan.queries[.saveSegment].map { [try renderer.render($0, scope)] } ?? []
        case .segmentCleared:
            return try await clearing(batch, scope)
        default:
            return try await clearing(batch, scope)
                + (try plan.queries[.deleteSegment].map { [try renderer.render($0, scope)] } ?? [])
        }
    }

    /// `clear_segment`, or, without it, removals of the members known just before.
    private func clearing(_ batch: LaneBatch, _ scope: RenderScope) async throws -> [[UInt8]] {
        if let query = plan.queries[.clearSegment] { return [try renderer.render(query, scope)] }
        let (ledger, segment) = (context.ledger, lane.segment)
        let position = batch.firstPosition
        let members = try await context.pool.run {
            try SegmentFold.fold(
                ledger, segment, through: position.predecessor, keepsMembers: true
            ).members.sorted()
        }
        return try await renderer.render(
            plan.queries[.removeProfiles]!,
            members.map { LaneBatch.Member(ordinal: $0, position: position) },
            batchSize: plan.batchSize, scope)
    }

    private func scope(of batch: LaneBatch) throws -> RenderScope {
        var after = fold
        try after.apply(batch.kind, body: batch.body, ordinals: [])
        return RenderScope(
            segmentID: lane.segment, segmentName: after.description.name ?? "",
            integrationName: lane.integration, eventTime: batch.lastTime,
            position: batch.lastPosition,
            deliveryID: "\(context.ledger.identity.timeline.prefix(8))-\(lane.integration)-"
                + "\(lane.segment)-\(batch.firstPosition)-\(batch.lastPosition)")
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

extension Receipt {
    mutating func fill(_ failure: TargetFailure) {
        errorCode = failure.failureCode.rawValue
        targetCode = failure.targetCode
        errorMessage = failure.message
        errorHint = failure.hintOrDefault
    }

    mutating func fill(_ failure: Failure) {
        errorCode = failure.code.rawValue
        errorMessage = failure.message
        errorHint = failure.hint
    }
}
