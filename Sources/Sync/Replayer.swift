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
/// - readers of the target see the old rows or the new ones, never a mixture (INV-8), where the
///   target has transactions and no query commits by itself;
/// - nothing goes on outside of the transaction that it began in;
/// - the lanes' cursors move in the same transaction, and `resync` in their rows names the request:
///   after a crash it is known whether the rebuild took place;
/// - a member that the target refuses is recorded as parked before the rebuild is committed;
/// - the lanes' workers do not run meanwhile: live events wait in the ledger, in order.
struct Replayer {
    let plan: IntegrationPlan
    let context: SyncContext
    let request: Position
    /// With the segments that are rebuilt here.
    private(set) var resync: ResyncRequest
    /// They are all that is left of the request.
    let isRest: Bool
    let support: CursorSupport
    /// Segments whose rows are not this ledger's, or older than the receipts.
    let unsound: Set<SegmentID>
    /// Told of each query that has run: it goes on.
    let meter: ResyncMeter
    /// What lanes have counted whose rows are taken over.
    private var queryCounts: [SegmentID: Int64] = [:]
    /// What is being worked on, for the report of a failure.
    private var place: (segment: SegmentID, query: QueryKind?)?
    /// Members that take the whole transaction with them, and with what the target refused them.
    private var refused: [RebuildStep: [UInt32: TargetFailure]] = [:]
    /// Members among which such a one is: they go one by one.
    private var alone: [RebuildStep: Set<UInt32>] = [:]
    /// What the target refused in this try.
    private var parkedChanges: [ParkedChange] = []
    /// All queries have run.
    private var isCommitting = false
    /// What the rebuild did.
    private(set) var counts = RebuildCounts()

    init(
        plan: IntegrationPlan, context: SyncContext, request: Position, resync: ResyncRequest,
        isRest: Bool, support: CursorSupport, unsound: Set<SegmentID>,
        meter: ResyncMeter
    ) {
        self.plan = plan
        self.context = context
        self.request = request
        self.resync = resync
        self.isRest = isRest
        self.support = support
        self.unsound = unsound
        self.meter = meter
    }

    /// What a step did.
    private struct Done {
        var queryCount = 0
        var rowCount = 0
        var profileCount = 0
        var parked: [ParkedChange] = []
    }

    /// Whether the rows in the target count: without them only receipts tell where lanes stand.
    private var keepsRows: Bool {
        if case .refused = support { false } else { true }
    }

    private var isAtomic: Bool {
        support != .fenceOnly && plan.committingQueries.isEmpty && plan.isTakenBack
    }

    /// Carries the request out, or, if the target says that it was, only records it.
    ///
    /// - Throws: `ResyncFailure`, everything rolled back; `Failure`.
    mutating func run(_ session: any TargetSession, lanes: LaneMap) async throws {
        do {
            try await carryOut(session, lanes)
        } catch let failure as TargetFailure {
            throw ResyncFailure(resync, at: request, plan.told(failure), place: place)
        }
    }

    private static let restartCountMax = 20

    private mutating func carryOut(
        _ session: any TargetSession, _ lanes: LaneMap
    ) async throws {
        var rows: [SegmentID: TargetCursor] = [:]
        for segment in resync.segments {
            rows[segment] = try await claim(session, segment, known: lanes[segment])
            if let row = rows[segment], hasLostReceipts(segment, row, lanes[segment]) {
                rows[segment] = try await recoverReceipts(session, segment, lanes[segment])
            }
        }
        try await recordRecovered(rows, lanes)
        guard !resync.segments.isEmpty else { return }
        var (care, restartCount) = (RebuildCare.none, 0)
        while true {
            do {
                try await finish(try await rebuild(session, rows, care))
                return
            } catch let ended as EndedRebuild {
                // Once more from nothing, around what ended it.
                restartCount += 1
                guard restartCount <= Self.restartCountMax else { throw ended.failure }
                if ended.members.count == 1, let member = ended.members.first {
                    refused[ended.step, default: [:]][member] = ended.failure
                } else {
                    alone[ended.step, default: []].formUnion(ended.members)
                }
            } catch let failure as TargetFailure where mayBeAboutRows(failure) {
                // Once more from nothing. A row that only COMMIT refuses is looked for as well.
                let next = isCommitting ? RebuildCare.checking : RebuildCare.sparing
                guard next.rawValue > care.rawValue else { throw failure }
                care = next
            }
        }
    }

    /// Whether the target says that a segment's rebuild took place. A mark of another ledger says
    /// nothing here, whatever number it is.
    private func isDone(_ segment: SegmentID, _ row: TargetCursor) -> Bool {
        row.resync == Int64(request.rawValue) && row.ledger == context.ledger.identity.timeline
            && isSound(segment)
    }

    /// Records the rebuild of a segment whose request was given up, if it took place after all.
    ///
    /// - Returns: whether it did.
    mutating func recordIfDone(
        _ session: any TargetSession, lanes: LaneMap
    ) async throws -> Bool {
        var rows: [SegmentID: TargetCursor] = [:]
        for segment in resync.segments {
            let lane = LaneKey(integration: resync.integration, segment: segment)
            rows[segment] = try await session.readCursor(lane)
        }
        try await recordRecovered(rows, lanes)
        return resync.segments.isEmpty
    }

    /// Whether other rows may pass: also of what a target calls permanent that can be so.
    private func mayBeAboutRows(_ failure: TargetFailure) -> Bool {
        if failure.isConnectionLost { return false }
        return switch failure.class {
        case .transient: false
        case .values, .repeatedKey, .tooLarge: true
        case .permanent:
            failure.isTargetsWord && place?.query?.hasBatch == true
        }
    }

    /// Whether the target committed deliveries that no receipt tells of.
    private func hasLostReceipts(
        _ segment: SegmentID, _ row: TargetCursor, _ known: LaneRow?
    ) -> Bool {
        guard support == .transactional, isSound(segment), !isDone(segment, row), let known else {
            return false
        }
        return row.queryCount > Int64(known.successfulQueryCount) || row.cursor > known.cursor
    }

    /// Opens the lane as for a delivery, so that its receipts are made again. Where the row is not
    /// where a delivery leaves it, an operator's rebuild takes it over without them.
    private mutating func recoverReceipts(
        _ session: any TargetSession, _ segment: SegmentID, _ row: LaneRow?
    ) async throws -> TargetCursor {
        let lane = LaneKey(integration: resync.integration, segment: segment)
        let (known, parked) = try await context.projections.read {
            (try $0.lane(lane), try $0.parked(at: lane))
        }
        do {
            return try await LaneWorker(
                plan: plan, lane: lane, known: known, parked: parked, context: context,
                receipts: ReceiptQueue(context: context), session: session, support: support,
                absorbsRepeats: false
            ).row
        } catch let failure as Failure
            where failure.code == .cursorFenced && resync.reason == .operator
        {
            queryCounts[segment] = Int64(row?.successfulQueryCount ?? 0)
            return try await claim(session, segment, known: row)
        }
    }

    /// Whether the row is this ledger's, and not older than the receipts.
    private func isSound(_ segment: SegmentID) -> Bool { !unsound.contains(segment) }

    private mutating func claim(
        _ session: any TargetSession, _ segment: SegmentID, known: LaneRow?
    ) async throws -> TargetCursor {
        place = (segment, nil)
        let lane = LaneKey(integration: resync.integration, segment: segment)
        let initial = TargetCursor(
            ledger: context.ledger.identity.timeline, epoch: 0,
            cursor: known?.cursor ?? LaneCursor(position: nil), resync: -1,
            queryCount: Int64(known?.successfulQueryCount ?? 0),
            fingerprint: try context.ledger.fingerprint())
        if !isSound(segment) { queryCounts[segment] = initial.queryCount }
        return keepsRows ? try await session.claimCursor(lane, initial: initial) : initial
    }

    // MARK: The rebuild

    private mutating func rebuild(
        _ session: any TargetSession, _ rows: [SegmentID: TargetCursor], _ care: RebuildCare
    ) async throws -> [Receipt] {
        (isCommitting, parkedChanges) = (false, [])
        try await meter.begin(resync.segments)
        if isAtomic {
            try await session.begin()
            if case .checking = care { try await session.checkConstraintsAtOnce() }
        }
        do {
            var receipts: [Receipt] = []
            var next: [SegmentID: TargetCursor] = [:]
            let fingerprint = try context.ledger.fingerprint()
            for segment in resync.segments {
                let row = rows[segment]!
                let parts = try await rebuild(session, segment, row, sparing: care != .none)
                meter.endSegment()
                receipts += parts.map { part in
                    var part = part
                    part.fingerprint = keepsRows ? fingerprint : nil
                    return part
                }
                next[segment] = row
                next[segment]?.fingerprint = fingerprint
                if let count = queryCounts[segment] { next[segment]?.queryCount = count }
                next[segment]?.ledger = context.ledger.identity.timeline
                next[segment]?.cursor = LaneCursor(position: resync.resume)
                next[segment]?.resync = Int64(request.rawValue)
                next[segment]?.queryCount += parts.reduce(0) { $0 + Int64($1.successfulQueryCount) }
            }
            try await recordParked()
            if !isAtomic { try await session.begin() }
            if keepsRows { try await move(session, rows, next) }
            isCommitting = true
            try Task.checkCancellation()
            try await session.commit()
            return receipts
        } catch {
            let lost = (error as? TargetFailure)?.isConnectionLost ?? false
            if !lost { try await session.rollback() }
            throw error
        }
    }

    private func recordParked() async throws {
        guard !parkedChanges.isEmpty else { return }
        let parked = parkedChanges
        try await context.record([]) { events in
            for change in parked { events.append(.changeParked, body: change.encode()) }
        }
    }

    private func move(
        _ session: any TargetSession, _ rows: [SegmentID: TargetCursor],
        _ next: [SegmentID: TargetCursor]
    ) async throws {
        for segment in resync.segments {
            let lane = LaneKey(integration: resync.integration, segment: segment)
            guard
                try await session.advanceCursor(lane, from: rows[segment]!, to: next[segment]!)
            else {
                throw Failure(
                    .cursorFenced,
                    "integration \(resync.integration), segment \(segment): another worker has "
                        + "moved this lane's cursor",
                    hint: "make sure that only one segledger process works on this integration")
            }
        }
    }

    private mutating func rebuild(
        _ session: any TargetSession, _ segment: SegmentID, _ row: TargetCursor, sparing: Bool
    ) async throws -> [Receipt] {
        let fold = try await fold(segment)
        let renderer = QueryRenderer(
            ledger: context.ledger, projections: context.projections, rowKey: plan.rowKey)
        let lane = LaneKey(integration: resync.integration, segment: segment)
        let scope = scope(segment, fold)
        var receipts: [Receipt] = []
        for var step in try await steps(fold, segment) {
            place = (segment, step.kind)
            let started = context.time.nanoseconds()
            var done = Done()
            if step.kind == .addProfiles { step.rows = parkMembers(step.rows ?? [], lane) }
            if let rows = step.rows {
                try await deliver(rows, step.kind, lane, session, renderer, scope, sparing, &done)
            } else {
                let query = plan.queries[step.kind]!
                let sql = try await context.pool.run { try renderer.render(query, scope) }
                done.rowCount = try await session.execute(sql)
                done.queryCount = 1
                meter.advance(profiles: 0, rows: done.rowCount)
            }
            parkedChanges += done.parked
            guard done.queryCount > 0 else { continue }
            var receipt = makeReceipt(lane, step.kind, row)
            receipt.successfulQueryCount = done.queryCount
            receipt.profileCount = step.kind == .addProfiles ? done.profileCount : 0
            receipt.rowCount = done.rowCount
            receipt.durationMicroseconds = Int64((context.time.nanoseconds() - started) / 1000)
            receipts.append(receipt)
        }
        return receipts.isEmpty ? [makeReceipt(lane, nil, row)] : receipts
    }

    /// A member whose old row could not be removed is not added either: both are tried again as one
    /// change, which removes the row first.
    private mutating func parkMembers(
        _ rows: [LaneBatch.RowImage], _ lane: LaneKey
    ) -> [LaneBatch.RowImage] {
        var left: [UInt32: Int] = [:]
        for (index, change) in parkedChanges.enumerated() where change.lane == lane {
            left[change.profile.rawValue] = index
        }
        if left.isEmpty { return rows }
        return rows.filter { row in
            guard let index = left[row.ordinal] else { return true }
            parkedChanges[index].query = .addProfiles
            return false
        }
    }

    /// A step's rows, batch by batch; of a batch that is refused, halves. What is called
    /// permanent is about a row once another one has passed; until then it waits, and if nothing
    /// passes it was about the query.
    private func deliver(
        _ rows: [LaneBatch.RowImage], _ kind: QueryKind, _ lane: LaneKey,
        _ session: any TargetSession, _ renderer: QueryRenderer, _ scope: RenderScope,
        _ sparing: Bool, _ done: inout Done
    ) async throws {
        let key = RebuildStep(segment: lane.segment, kind: kind)
        for (member, failure) in (refused[key] ?? [:]).sorted(by: { $0.key < $1.key }) {
            done.parked.append(parkedForGood(member, kind, lane, failure))
        }
        var waiting = key.batches(
            of: rows, size: plan.batchSize, without: refused[key] ?? [:],
            alone: alone[key] ?? [])
        waiting.reverse()
        var suspects: [(profile: UInt32, failure: TargetFailure)] = []
        while let part = waiting.popLast() {
            try Task.checkCancellation()
            do {
                guard let sql = try await render(part, kind, renderer, scope) else { continue }
                let rowCount =
                    sparing ? try await session.executeOrUndo(sql) : try await session.execute(sql)
                done.rowCount += rowCount
                done.queryCount += 1
                done.profileCount += part.count
                meter.advance(
                    profiles: kind == .addProfiles ? part.count : 0, rows: rowCount)
            } catch let failure as TargetFailure where sparing && mayBeAboutRows(failure) {
                guard !failure.isTransactionOver, session.undoesQueries || !isAtomic else {
                    throw EndedRebuild(step: key, members: part.map(\.ordinal), failure: failure)
                }
                if part.count > 1 {
                    let middle = part.startIndex + part.count / 2
                    waiting.append(part[middle...])
                    waiting.append(part[..<middle])
                    // What was too large for these is so for the others.
                    if failure.class == .tooLarge {
                        waiting = waiting.flatMap {
                            RebuildStep.parts(of: $0, size: part.count / 2)
                        }
                    }
                } else if failure.class == .permanent {
                    suspects.append((part.first!.ordinal, failure))
                    let isHopeless =
                        done.queryCount == 0 && suspects.count >= RefusalTrial.tryCountMax
                    if isHopeless { throw failure }
                } else {
                    done.parked.append(
                        parked(part.first!.ordinal, kind, lane, plan.told(failure)))
                }
            }
        }
        if let suspect = suspects.first, done.queryCount == 0 { throw suspect.failure }
        for suspect in suspects {
            done.parked.append(parkedForGood(suspect.profile, kind, lane, suspect.failure))
        }
    }

    private func parkedForGood(
        _ profile: UInt32, _ kind: QueryKind, _ lane: LaneKey, _ failure: TargetFailure
    ) -> ParkedChange {
        var told = plan.told(failure)
        told.class = .values
        return parked(profile, kind, lane, told)
    }

    /// One query for members of a batch, nil if none of them has a row; a value that no query can
    /// carry is as if the target had refused it.
    private func render(
        _ part: ArraySlice<LaneBatch.RowImage>, _ kind: QueryKind, _ renderer: QueryRenderer,
        _ scope: RenderScope
    ) async throws -> [UInt8]? {
        do {
            let query = plan.queries[kind]!
            let rendered = try await context.pool.run {
                try renderer.render(
                    query, part, batchSize: part.count, scope, binds: false
                ).first
            }
            guard let rendered else { return nil }
            guard case .text(let sql) = rendered else { preconditionFailure("nothing was bound") }
            return sql
        } catch let failure as Failure where failure.code == .targetRefusedValues {
            throw TargetFailure(
                class: .values, targetCode: "", message: failure.message, hint: failure.hint)
        }
    }

    private func parked(
        _ profile: UInt32, _ kind: QueryKind, _ lane: LaneKey, _ failure: TargetFailure
    ) -> ParkedChange {
        ParkedChange(
            lane: lane, profile: ProfileOrdinal(profile), position: resync.pin ?? Position(0),
            query: kind, reason: .refused, attempt: 1, errorCode: failure.failureCode.rawValue,
            targetCode: failure.targetCode, errorMessage: failure.message,
            errorHint: failure.hintOrDefault)
    }

    /// Segments that the target has rebuilt, but a crash came before the receipts: these are made
    /// from the plan and from the target's own count. What is left to do are the others.
    private mutating func recordRecovered(
        _ rows: [SegmentID: TargetCursor], _ lanes: LaneMap
    ) async throws {
        guard keepsRows else { return }
        let done = resync.segments.filter { segment in
            rows[segment].map { isDone(segment, $0) } ?? false
        }
        guard !done.isEmpty else { return }
        var receipts: [Receipt] = []
        for segment in done {
            let row = rows[segment]!
            let lane = LaneKey(integration: resync.integration, segment: segment)
            var unexplained = Int(row.queryCount) - (lanes[segment]?.successfulQueryCount ?? 0)
            let steps = try await steps(try await fold(segment), segment)
            for (number, step) in steps.enumerated() {
                let isLast = number == steps.count - 1
                let count =
                    isLast ? unexplained : min(unexplained, step.queryCount(plan.batchSize))
                unexplained -= count
                var receipt = makeReceipt(lane, step.kind, row)
                receipt.successfulQueryCount = count
                receipt.profileCount = step.kind == .addProfiles ? step.rows?.count ?? 0 : 0
                receipt.isRecovered = true
                receipt.fingerprint = row.fingerprint
                receipts.append(receipt)
            }
        }
        try await record(receipts, done, isRest: isRest && done.count == resync.segments.count)
        resync.segments.removeAll { done.contains($0) }
    }

    private mutating func finish(_ receipts: [Receipt]) async throws {
        try await record(receipts, resync.segments, isRest: isRest)
    }

    private mutating func record(
        _ receipts: [Receipt], _ segments: [SegmentID], isRest: Bool
    ) async throws {
        for receipt in receipts { counts.add(receipt) }
        counts.segmentCount += segments.count
        try await context.record(receipts) { batch in
            let result = ResyncResult(
                integration: resync.integration, request: request, outcome: .done,
                segments: isRest ? nil : segments)
            batch.append(.resyncFinished, body: result.encode())
        }
    }
}
