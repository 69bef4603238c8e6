internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Rebuilds: each request in one transaction of the target; where that is refused for good, each of
/// its segments in one of its own, so that one that fails fails alone (docs/decisions/0018).
extension IntegrationWorker {
    /// - Returns: the failure that stops the integration, if one does.
    func runResyncs(_ pending: [ResyncRow]) async throws -> Failure? {
        (lanes, unknowns) = ([:], [:])
        situation = nil
        for one in pending {
            do {
                if let stop = try await carryOut(one) { return stop }
            } catch is GivenUpRebuild {
                // By the operator; what was begun is rolled back.
            }
        }
        return nil
    }

    private func carryOut(_ one: ResyncRow) async throws -> Failure? {
        let segments = one.remaining
        do {
            try await rebuild(segments, of: one, isRest: true)
            return nil
        } catch let failure as ResyncFailure where failure.endsRebuild {
            if segments.count > 1 { return try await rebuildEach(one) }
            return try await end(segments, of: one, isRest: true, failure, isAll: true)
        }
    }

    /// Each segment by itself. Where so many fail and none passes the rest is not tried.
    private func rebuildEach(_ one: ResyncRow) async throws -> Failure? {
        // Some may have been found done before.
        var left = try await isPending(one.position)?.remaining ?? []
        var (passedCount, failedCount) = (one.request.segments.count - left.count, 0)
        while let segment = left.first {
            do {
                try await rebuild([segment], of: one, isRest: left.count == 1)
                passedCount += 1
                left.removeFirst()
            } catch let failure as ResyncFailure where failure.endsRebuild {
                failedCount += 1
                let isHopeless = passedCount == 0 && failedCount >= RefusalTrial.tryCountMax
                let ending = isHopeless ? left : [segment]
                let isRest = ending.count == left.count
                let stop = try await end(
                    ending, of: one, isRest: isRest, failure, isAll: isRest && passedCount == 0)
                if isRest { return stop }
                left.removeFirst()
            }
        }
        return nil
    }

    /// Records that segments of a request fail for good: their lanes go on from where they stood,
    /// or wait for another rebuild where they have no rows of their own.
    ///
    /// - Parameter isAll: no segment of the request passed.
    /// - Returns: the failure, if it stops the integration: there is nothing else to go on with.
    private func end(
        _ segments: [SegmentID], of one: ResyncRow, isRest: Bool, _ failure: ResyncFailure,
        isAll: Bool
    ) async throws -> Failure? {
        let stops = isAll && one.request.reason == .fill && machine.isEmpty
        var receipt = failure.receipt
        receipt.attempt = (targetBackOff?.attempt ?? 0) + 1
        var told = failure.cause.endingRebuild
        if stops {
            receipt.outcome = .stopped
            receipt.fill(failure.cause.stopping)
            told = failure.cause.stopping.asFailure
        } else {
            receipt.errorHint = told.hint
        }
        let (name, final) = (name, receipt)
        try await context.record([final]) { batch in
            let result = ResyncResult(
                integration: name, request: one.position, outcome: .failed,
                segments: isRest ? nil : segments, errorCode: final.errorCode,
                errorMessage: final.errorMessage)
            batch.append(.resyncFinished, body: result.encode())
        }
        targetBackOff = nil
        failurePlace = plan.place(final.lane.segment, final.query)
        if stops { return told }
        failedRebuild = told
        tell(SyncNotice(name, .rebuildFailed(told), at: failurePlace))
        return nil
    }

    /// - Throws: `ResyncFailure`, `Failure`, `GivenUpRebuild`, everything rolled back.
    private func rebuild(
        _ segments: [SegmentID], of one: ResyncRow, isRest: Bool
    ) async throws {
        guard try await isPending(one.position) != nil else { throw GivenUpRebuild() }
        var request = one.request
        request.segments = segments
        let lease: SessionPool.Lease
        do {
            lease = try await sessions.take(for: name)
        } catch let failure as TargetFailure {
            try Task.checkCancellation()
            throw ResyncFailure(request, at: one.position, plan.told(failure))
        }
        do {
            let found = try await recognize(lease, before: request, at: one.position)
            do {
                try await settleGrade(lease)
            } catch let failure as TargetFailure {
                throw ResyncFailure(request, at: one.position, plan.told(failure))
            }
            let replayer = Replayer(
                plan: plan.over(facts ?? GradeFacts()), context: context, request: one.position,
                resync: request, isRest: isRest, support: lease.support,
                unsound: found.verdict.unsound, meter: meter(of: one.position))
            let counts = try await unlessGivenUp(one.position, lease.session) {
                var replayer = replayer
                try await replayer.run(lease.session, lanes: found.lanes)
                return replayer.counts
            }
            rebuilt(counts)
            await sessions.putBack(lease, of: name, isUsable: true)
            targetBackOff = nil
        } catch {
            let isUsable = (error as? ResyncFailure)?.cause.isConnectionLost == false
            await sessions.putBack(lease, of: name, isUsable: isUsable)
            try Task.checkCancellation()
            throw error
        }
    }

    /// Once the lanes are rebuilt by an operator's word, it is the word as well for what another
    /// copy of the ledger has left at other segments: those that nobody here has seen are emptied.
    ///
    /// - Returns: whether rebuilds were asked for.
    func settleStrangers() async throws -> Bool {
        let name = name
        guard failedRebuild == nil else { return false }
        let lease: SessionPool.Lease
        do {
            lease = try await sessions.take(for: name)
        } catch is TargetFailure {
            // The rebuilds are done; who delivers next finds what is left.
            try Task.checkCancellation()
            return false
        }
        let unseen: [SegmentID]
        do {
            unseen = try await settleStrangers(lease)
            await sessions.putBack(lease, of: name, isUsable: true)
        } catch {
            await sessions.putBack(lease, of: name, isUsable: false)
            try Task.checkCancellation()
            guard error is TargetFailure else { throw error }
            return false
        }
        guard !unseen.isEmpty else { return false }
        let pin = context.ledger.end.predecessor
        let request = ResyncRequest(
            integration: name, segments: unseen, reason: .operator, pin: pin, resume: pin)
        var batch = EventBatch()
        batch.append(.resyncRequested, body: request.encode())
        _ = try await context.ledger.append(batch)
        situation = nil
        return true
    }

    /// - Returns: segments that no event of this ledger speaks of.
    private func settleStrangers(_ lease: SessionPool.Lease) async throws -> [SegmentID] {
        let found = try await recognizer.read(lease.session, lease.support)
        let strangers = Set(found.verdict.strangers)
        let faults = Set(found.verdict.faults.values.joined())
        guard !strangers.isEmpty, faults == strangers else { return [] }
        let known = Set(
            try await context.projections.read { try $0.segments(strangers) }.map(\.id))
        try await recognizer.disown(strangers.intersection(known), of: found, over: lease.session)
        return strangers.subtracting(known).sorted()
    }

    private func rebuilt(_ counts: RebuildCounts) {
        rebuiltCounts.add(counts)
        delivered(counts.profileCount, of: nil)
    }

    private func meter(of request: Position) -> ResyncMeter {
        ResyncMeter(name, request, context, tell: progress) { [mark, context] in
            mark.last = context.time.nanoseconds()
        }
    }

    /// Runs a rebuild while the ledger is watched for the operator's word that it is given up.
    private func unlessGivenUp(
        _ request: Position, _ session: any TargetSession,
        _ body: @escaping @Sendable () async throws -> RebuildCounts
    ) async throws -> RebuildCounts {
        try await withThrowingTaskGroup(of: RebuildCounts?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    await self.wake.wait(milliseconds: nil, on: self.context.time)
                    if try await self.isPending(request) == nil { return nil }
                }
                return nil
            }
            defer { group.cancelAll() }
            if let counts = try await group.next() ?? nil { return counts }
            try Task.checkCancellation()
            // The COMMIT is not interrupted: what has come so far is done.
            group.cancelAll()
            session.cancel()
            do {
                if let counts = try await group.next() ?? nil { return counts }
            } catch is CancellationError {
                // Rolled back.
            } catch is ResyncFailure {
                // What it was in was interrupted.
            }
            throw GivenUpRebuild()
        }
    }

    /// The request, if it is not finished.
    private func isPending(_ request: Position) async throws -> ResyncRow? {
        try await context.projections.foldToEnd()
        return try await context.projections.read { try $0.resync(request) }
            .flatMap { $0.outcome == nil ? $0 : nil }
    }

    // MARK: What is left behind

    /// Why not all lanes are done: a rebuild that failed in this run, or lanes that wait for one.
    func rebuildFailure() async throws -> Failure? {
        if let failedRebuild { return failedRebuild }
        let name = name
        let (lanes, resyncs) = try await context.projections.read {
            (try $0.lanes(of: name), try $0.resyncs(of: name))
        }
        let blocked = lanes.filter(\.isBlocked)
        guard let first = blocked.first else { return nil }
        let end = resyncs.last { $0.position == first.unfilled }
        let reason =
            end?.errorMessage.map { "failed: \($0)" }
            ?? (end?.outcome == .failed ? "failed" : "was cancelled")
        return Failure(
            .workRemains,
            blocked.count == 1
                ? "segment \(first.key.segment) waits, because its fill \(reason)"
                : "\(blocked.count) segments wait, because their fill \(reason)",
            hint: "correct what it says, then run 'segledger resync NAME'")
    }

    /// Before a lane goes on whose rebuild was given up: if the target carried it out all the same,
    /// that is recorded.
    func settleGivenUp(_ segment: SegmentID, _ lease: SessionPool.Lease) async throws {
        guard let one = situation?.cancelled[segment] else { return }
        var request = one.request
        request.segments = [segment]
        let key = LaneKey(integration: name, segment: segment)
        let row = try await context.projections.read { try $0.lane(key) }
        var replayer = Replayer(
            plan: plan, context: context, request: one.position, resync: request, isRest: false,
            support: lease.support, unsound: [], meter: meter(of: one.position))
        let lanes = LaneMap(row.map { [$0] } ?? [])
        if try await replayer.recordIfDone(lease.session, lanes: lanes) {
            rebuilt(replayer.counts)
        }
        situation?.cancelled[segment] = nil
    }
}

/// The operator gave a rebuild up; the target is as it was.
private struct GivenUpRebuild: Error {}
