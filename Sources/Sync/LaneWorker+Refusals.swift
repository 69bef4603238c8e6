internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// What becomes of a delivery that the target refuses: halves, a change set aside, or the end.
extension LaneWorker {
    /// Records what the target refused: the batch is cut smaller, or its one change is set aside.
    ///
    /// - Throws: the failure, if neither helps.
    mutating func refused(
        _ failure: TargetFailure, _ prepared: PreparedDelivery, over session: any LaneSession,
        attempt: Int, _ started: UInt64
    ) async throws {
        try await receipts.finish()
        let batch = prepared.batch
        var failure = failure
        if try await isAboutRows(failure, prepared, over: session) { failure.class = .values }
        let isAboutRows = failure.class.isAboutRows
        let member = batch.members.count == 1 && isAboutRows ? batch.members[0] : nil
        let isSplit = batch.members.count > 1 && isAboutRows
        let willStop = failure.class != .transient && member == nil && !isSplit
        if willStop { failure = failure.stopping }
        let receipt = failedReceipt(
            failure, batch, willStop ? .stopped : .failed, attempt: attempt, started)
        failedQuery = receipt.query
        guard let member else {
            // It was set aside for the query's fault: once that is mended it is due.
            let due = (willStop ? unproven?.parked : nil).map {
                ParkedSelection(integration: lane.integration, profile: $0)
            }
            try await context.record([receipt]) { events in
                if let due { events.append(.redriveRequested, body: due.encode()) }
            }
            if isSplit {
                let isRefusedAgain = bisection != nil && unproven != nil
                bisection = Bisection(refused: batch.members.count, failure.class)
                if failure.class == .tooLarge { pace.tooLarge(batch.members.count) }
                if isRefusedAgain { bisection?.narrow() }
                (repeated, announced) = (nil, nil)
                return
            }
            throw failure
        }
        try await park(member, receipt)
        if unproven != nil {
            unproven?.parked = ProfileOrdinal(member.ordinal)
            bisection = .single
        }
    }

    // MARK: What is called permanent

    /// Whether a refusal that is called permanent is about rows all the same.
    ///
    /// - Throws: a failure of a try that says nothing about the query.
    private mutating func isAboutRows(
        _ failure: TargetFailure, _ prepared: PreparedDelivery, over session: any LaneSession
    ) async throws -> Bool {
        let batch = prepared.batch
        // What Segledger says itself of a query is certain, and so is what meets the cursor's row.
        guard failure.class == .permanent, failure.isTargetsWord, !failure.isConnectionLost,
            let place = failure.query, !batch.members.isEmpty
        else { return false }
        // Part of a batch of which other rows have shown that the query runs.
        if bisection != nil, unproven == nil { return true }
        guard isTransactional, !plan.commitsByItself(batch) else {
            return try await isWorthAnotherDelivery(failure, prepared)
        }
        let query = builder.kind(of: place, in: batch).query
        let refused = batch.parts.first { $0.query == query }?.rows ?? []
        guard let query, !refused.isEmpty else { return false }
        let others =
            refused.count == 1 ? try await others(than: refused[0], query, behind: prepared) : []
        var trial = RefusalTrial(
            code: failure.targetCode, refused: refused.count, others: others.count)
        let rows = refused + others
        while let range = trial.next {
            let outcome = try await outcome(
                of: Array(rows[range]), query, batch, after: failure, over: session)
            if let verdict = trial.note(outcome) { return verdict == .aboutRows }
        }
        return false
    }

    /// Where nothing can be tried and taken back the deliveries themselves are the tries: a half,
    /// then one change, then, with that one set aside, the next.
    private mutating func isWorthAnotherDelivery(
        _ failure: TargetFailure, _ prepared: PreparedDelivery
    ) async throws -> Bool {
        let batch = prepared.batch
        guard let known = unproven, known.code == failure.targetCode else {
            // Row by row there is no half: the next change has to tell.
            if batch.members.count == 1 {
                guard deliverySize == 1 else { return false }
                let next = try await builder.cut(after: prepared.after, size: 1)
                guard next?.members.isEmpty == false else { return false }
            }
            unproven = UnprovenRefusal(code: failure.targetCode)
            return true
        }
        return batch.members.count > 1 || known.parked == nil
    }

    /// Rows behind a delivery that go through the same query as `row`, of other profiles; where
    /// there are none, those who are in the segment already.
    private func others(
        than row: LaneBatch.RowImage, _ query: QueryKind, behind prepared: PreparedDelivery
    ) async throws -> [LaneBatch.RowImage] {
        let batch = try await builder.cut(after: prepared.after, size: Self.otherCountMax)
        let behind = (batch?.parts.first { $0.query == query }?.rows ?? []).filter {
            $0.ordinal != row.ordinal
        }
        if !behind.isEmpty { return Array(behind.prefix(RefusalTrial.tryCountMax)) }
        let (ledger, segment, last) = (context.ledger, lane.segment, state.cursor.position)
        let parked = state.parked
        let present = try await context.pool.run {
            try SegmentFold.fold(ledger, segment, through: last, keepsMembers: true).members
                .filter { $0 != row.ordinal && !parked.holds($0) }
        }
        return present.sorted().prefix(RefusalTrial.tryCountMax).map {
            LaneBatch.RowImage(ordinal: $0, asOf: prepared.batch.lastPosition)
        }
    }

    private static let otherCountMax = 100

    /// Runs the query with these rows and takes it back.
    ///
    /// - Parameter refusal: what was said of the whole.
    private func outcome(
        of rows: [LaneBatch.RowImage], _ query: QueryKind, _ batch: LaneBatch,
        after refusal: TargetFailure, over session: any LaneSession
    ) async throws -> RefusalTrial.Outcome {
        try Task.checkCancellation()
        var part = batch
        part.kind = query.changeKind
        part.savesSegment = false
        part.resolved = [LaneBatch.Part(query: query, rows: rows)]
        part.queryCounts = nil
        part.held = []
        part.lastPosition =
            rows.compactMap { max($0.asOf ?? Position(0), $0.otherwise ?? Position(0)) }.max()
            .map { max($0, batch.lastPosition) } ?? batch.lastPosition
        let prepared = try await builder.prepare(part, from: state, binds: [])
        guard case .success(let queries) = prepared.queries else {
            return .refused(.values, code: "")
        }
        let session = try session.own
        try await session.begin()
        var outcome = RefusalTrial.Outcome.passed
        do {
            for case .text(let sql) in queries { _ = try await session.execute(sql) }
        } catch let failure as TargetFailure {
            guard failure.class != .transient, !failure.isConnectionLost else {
                throw plan.told(failure)
            }
            // What Segledger finds wrong with the query itself says nothing for rows.
            let isCertain = failure.class == .permanent && !failure.isTargetsWord
            outcome = .refused(
                failure.class, code: isCertain ? refusal.targetCode : failure.targetCode)
        }
        try await session.rollback()
        return outcome
    }

    // MARK: Receipts

    func failedReceipt(
        _ failure: TargetFailure, _ batch: LaneBatch, _ outcome: Receipt.Outcome, attempt: Int,
        _ started: UInt64
    ) -> Receipt {
        var receipt = makeReceipt(batch, outcome, cursor: row.cursor, attempt: attempt)
        // A query that was not sent, or whose fate is unknown, has not failed.
        receipt.failedQueryCount =
            failure.isConnectionLost || failure.targetCode.isEmpty ? 0 : 1
        receipt.durationMicroseconds = Int64((context.time.nanoseconds() - started) / 1000)
        receipt.fill(failure)
        if let place = failure.query, batch.parts.count > 1,
            let query = builder.kind(of: place, in: batch).query
        {
            receipt.query = query
            receipt.templateSHA256 = plan.queries[query]?.templateSHA256
        }
        return receipt
    }

    private mutating func park(
        _ member: LaneBatch.Member, _ receipt: Receipt
    ) async throws {
        try await stopAtLimit(receipt)
        let change = ParkedChange(
            lane: lane, profile: ProfileOrdinal(member.ordinal), position: member.position,
            query: member.query, reason: .refused, attempt: receipt.attempt,
            errorCode: receipt.errorCode,
            targetCode: receipt.targetCode, errorMessage: receipt.errorMessage,
            errorHint: receipt.errorHint)
        try await context.record([receipt]) { events in
            events.append(.changeParked, body: change.encode())
        }
        state.parked.insert(member.ordinal, at: member.position)
        pace.refusedOne()
        bisection = nil
        (repeated, announced) = (nil, nil)
        isTriedAsText = false
    }

    /// So many refusals are no longer about single rows.
    private func stopAtLimit(_ receipt: Receipt) async throws {
        try await context.projections.foldToEnd()
        let integration = lane.integration
        let count = try await context.projections.read {
            try $0.parkedCount(of: integration).refused
        }
        guard count >= Limits.parkedChangeCountMax else { return }
        try await context.record([receipt])
        throw Failure(
            .targetRefusedValues,
            "\(count) changes are parked and the target goes on refusing: "
                + (receipt.errorMessage ?? "no reason was given"),
            hint: "correct the table or the query, run 'segledger parked \(integration) "
                + "--redrive', then 'segledger integrations resume \(integration)'")
    }
}
