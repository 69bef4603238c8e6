internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// What "Start resync" starts, and what fills a segment that enters a scope: rebuilds segments of
/// an integration at a pinned position, in one transaction of the target.
///
/// Invariants:
/// - readers of the target see the old rows or the new ones, never a mixture (INV-8);
/// - the lanes' cursors move in the same transaction, and `resync` in their rows names the request:
///   after a crash it is known whether the rebuild took place;
/// - the lanes' workers do not run meanwhile: live events wait in the ledger, in order.
struct Replayer {
    let plan: IntegrationPlan
    let context: SyncContext
    let request: Position
    let resync: ResyncRequest
    let support: CursorSupport
    let progress: @Sendable (SyncProgress) -> Void
    /// What is being worked on, for the report of a failure.
    private var place: (segment: SegmentID, query: QueryKind?)?

    init(
        plan: IntegrationPlan, context: SyncContext, request: Position, resync: ResyncRequest,
        support: CursorSupport, progress: @escaping @Sendable (SyncProgress) -> Void
    ) {
        self.plan = plan
        self.context = context
        self.request = request
        self.resync = resync
        self.support = support
        self.progress = progress
    }

    /// One segment's share of the rebuild, as queries by kind.
    private struct Part {
        var segment: SegmentID
        var steps: [Step]

        var queryCount: Int { steps.reduce(0) { $0 + $1.queryCount(1) } }
    }

    /// Queries of one kind: rendered batch by batch, not all at once.
    private struct Step {
        var kind: QueryKind
        var members: [UInt32] = []
        var hasMembers = false

        func queryCount(_ size: Int) -> Int {
            hasMembers ? (members.count + size - 1) / size : 1
        }
    }

    /// Carries the request out, or, if the target says that it was, only records it.
    ///
    /// - Throws: `ResyncFailure`, everything rolled back; `Failure`.
    mutating func run(_ session: any TargetSession, lanes: [SegmentID: LaneRow]) async throws {
        do {
            try await carryOut(session, lanes)
        } catch let failure as TargetFailure {
            throw ResyncFailure(resync, at: request, failure, place: place)
        }
    }

    private mutating func carryOut(
        _ session: any TargetSession, _ lanes: [SegmentID: LaneRow]
    ) async throws {
        var rows: [SegmentID: TargetCursor] = [:]
        for segment in resync.segments {
            rows[segment] = try await claim(session, segment, known: lanes[segment])
        }
        let isDone = rows.values.allSatisfy { $0.resync == Int64(request.rawValue) }
        if isDone, !rows.isEmpty {
            try await recordRecovered(rows, lanes)
            return
        }
        var size = plan.batchSize
        while true {
            do {
                let receipts = try await rebuild(session, rows, batchSize: size)
                try await finish(receipts)
                return
            } catch let failure as TargetFailure
                where failure.class == .repeatedKey && size > 1
            {
                // Two rows of one statement met one key: the same rows pass in smaller statements.
                size /= 2
            }
        }
    }

    private mutating func claim(
        _ session: any TargetSession, _ segment: SegmentID, known: LaneRow?
    ) async throws -> TargetCursor {
        place = (segment, nil)
        let lane = LaneKey(integration: resync.integration, segment: segment)
        let initial = TargetCursor(
            ledger: context.ledger.identity.timeline, epoch: 0,
            cursor: known?.cursor ?? LaneCursor(position: nil), resync: -1,
            queryCount: Int64(known?.successfulQueryCount ?? 0))
        return try await session.claimCursor(lane, initial: initial)
    }

    // MARK: The rebuild

    private mutating func rebuild(
        _ session: any TargetSession, _ rows: [SegmentID: TargetCursor], batchSize: Int
    ) async throws -> [Receipt] {
        try await session.begin()
        do {
            var receipts: [Receipt] = []
            for (done, segment) in resync.segments.enumerated() {
                progress(
                    SyncProgress(
                        integration: resync.integration, activity: .resync, done: done,
                        total: resync.segments.count))
                receipts += try await rebuild(
                    session, segment, rows[segment]!, batchSize: batchSize)
            }
            try await session.commit()
            progress(
                SyncProgress(
                    integration: resync.integration, activity: .resync,
                    done: resync.segments.count, total: resync.segments.count))
            return receipts
        } catch {
            let lost = (error as? TargetFailure)?.isConnectionLost ?? false
            if !lost { try await session.rollback() }
            throw error
        }
    }

    private mutating func rebuild(
        _ session: any TargetSession, _ segment: SegmentID, _ row: TargetCursor, batchSize: Int
    ) async throws -> [Receipt] {
        let fold = try await fold(segment)
        let renderer = QueryRenderer(ledger: context.ledger, store: context.store)
        let lane = LaneKey(integration: resync.integration, segment: segment)
        let scope = scope(segment, fold)
        let pin = resync.pin ?? Position(0)
        var receipts: [Receipt] = []
        var queryCount = 0
        for step in steps(fold) {
            place = (segment, step.kind)
            let started = monotonicNanoseconds()
            let query = plan.queries[step.kind]!
            var rowCount = 0
            var stepQueries = 0
            if step.hasMembers {
                var start = 0
                while start < step.members.count {
                    let end = min(start + batchSize, step.members.count)
                    let members = step.members[start..<end]
                        .map { LaneBatch.Member(ordinal: $0, position: pin) }
                    for sql in try await renderer.render(
                        query, members, batchSize: batchSize, scope)
                    {
                        rowCount += try await session.execute(sql)
                        stepQueries += 1
                    }
                    start = end
                }
            } else {
                rowCount = try await session.execute(try await renderer.render(query, scope))
                stepQueries = 1
            }
            queryCount += stepQueries
            guard stepQueries > 0 else { continue }
            var receipt = makeReceipt(lane, step.kind, row)
            receipt.successfulQueryCount = stepQueries
            receipt.profileCount = step.kind == .addProfiles ? step.members.count : 0
            receipt.rowCount = rowCount
            receipt.durationMicroseconds = Int64((monotonicNanoseconds() - started) / 1000)
            receipts.append(receipt)
        }
        if receipts.isEmpty { receipts = [makeReceipt(lane, nil, row)] }
        var next = row
        next.ledger = context.ledger.identity.timeline
        next.cursor = LaneCursor(position: resync.resume)
        next.resync = Int64(request.rawValue)
        next.queryCount += Int64(queryCount)
        guard try await session.advanceCursor(lane, from: row, to: next) else {
            throw Failure(
                .cursorFenced,
                "integration \(resync.integration), segment \(segment): another worker has moved "
                    + "this lane's cursor",
                hint: "make sure that only one segledger process works on this integration")
        }
        return receipts
    }

    private func fold(_ segment: SegmentID) async throws -> SegmentFold {
        let (ledger, pin) = (context.ledger, resync.pin)
        return try await context.pool.run {
            try SegmentFold.fold(ledger, segment, through: pin, keepsMembers: true)
        }
    }

    /// Clear, then delete or save, then all members. Without `clear_segment`, everybody who was
    /// ever named with the segment is removed.
    private func steps(_ fold: SegmentFold) -> [Step] {
        var steps: [Step] = []
        if plan.queries[.clearSegment] != nil {
            steps.append(Step(kind: .clearSegment))
        } else {
            steps.append(
                Step(
                    kind: .removeProfiles, members: fold.everNamed.sorted(), hasMembers: true))
        }
        if fold.isDeleted {
            if plan.queries[.deleteSegment] != nil { steps.append(Step(kind: .deleteSegment)) }
            return steps
        }
        if plan.queries[.saveSegment] != nil { steps.append(Step(kind: .saveSegment)) }
        steps.append(
            Step(kind: .addProfiles, members: fold.members.sorted(), hasMembers: true))
        return steps
    }

    private func scope(_ segment: SegmentID, _ fold: SegmentFold) -> RenderScope {
        let pin = resync.pin ?? Position(0)
        return RenderScope(
            segmentID: segment, segmentName: fold.description.name ?? "",
            integrationName: resync.integration, eventTime: fold.lastTime, position: pin,
            deliveryID: "\(context.ledger.identity.timeline.prefix(8))-\(resync.integration)-"
                + "\(segment)-resync-\(request)")
    }

    // MARK: Receipts

    private func makeReceipt(
        _ lane: LaneKey, _ kind: QueryKind?, _ row: TargetCursor
    ) -> Receipt {
        let pin = resync.pin ?? Position(0)
        return Receipt(
            lane: lane, query: kind, outcome: .delivered, firstPosition: pin, lastPosition: pin,
            cursor: LaneCursor(position: resync.resume), epoch: row.epoch, resync: request,
            templateSHA256: kind.flatMap { plan.queries[$0]?.templateSHA256 })
    }

    /// The target was rebuilt, but a crash came before the receipts: they are made from the plan
    /// and from the target's own count.
    private func recordRecovered(
        _ rows: [SegmentID: TargetCursor], _ lanes: [SegmentID: LaneRow]
    ) async throws {
        var receipts: [Receipt] = []
        for segment in resync.segments {
            let row = rows[segment]!
            let lane = LaneKey(integration: resync.integration, segment: segment)
            var unexplained = Int(row.queryCount) - (lanes[segment]?.successfulQueryCount ?? 0)
            let steps = steps(try await fold(segment))
            for (number, step) in steps.enumerated() {
                let isLast = number == steps.count - 1
                let count =
                    isLast ? unexplained : min(unexplained, step.queryCount(plan.batchSize))
                unexplained -= count
                var receipt = makeReceipt(lane, step.kind, row)
                receipt.successfulQueryCount = count
                receipt.profileCount = step.kind == .addProfiles ? step.members.count : 0
                receipt.isRecovered = true
                receipts.append(receipt)
            }
        }
        try await finish(receipts)
    }

    private func finish(_ receipts: [Receipt]) async throws {
        try await context.record(receipts) { batch in
            let result = ResyncResult(
                integration: resync.integration, request: request, outcome: .done)
            batch.append(.resyncFinished, body: result.encode())
        }
    }
}
