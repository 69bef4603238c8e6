internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Lanes that share a session, and its transactions (docs/decisions/0020).
extension IntegrationWorker {
    /// A lane that is open, and its worker.
    private typealias OpenLane = (segment: SegmentID, worker: LaneWorker)

    /// Lanes that share one session at most.
    static let groupSizeMax = 64

    /// As many as may share a session here.
    var groupLimit: Int {
        let isTakenBack = plan.over(facts ?? GradeFacts()).isTakenBack
        return sharesSessions && isTakenBack && plan.committingQueries.isEmpty
            ? Self.groupSizeMax : 1
    }

    /// Runs lanes over one session until each of them is caught up, has to wait, or runs better by
    /// itself. Tells of each as soon as it has ended.
    func runTogether(_ segments: [SegmentID], flush: Bool) async {
        do {
            let lease = try await sessions.take(for: name)
            reached()
            do {
                let lanes = try await openTogether(segments, lease)
                let isUsable = await run(lanes, over: lease, flush: flush)
                await sessions.putBack(lease, of: name, isUsable: isUsable)
            } catch {
                // Rows that could not be taken over: what is wrong one lane finds by itself.
                let isLost = (error as? TargetFailure)?.isConnectionLost ?? true
                let isUsable = error is UnsharedDelivery || !isLost
                await sessions.putBack(lease, of: name, isUsable: isUsable)
                await runApart(segments, flush: flush)
            }
        } catch {
            await runApart(segments, flush: flush)
        }
    }

    /// The first one runs by itself, and tells what is wrong; the others have their turns.
    private func runApart(_ segments: [SegmentID], flush: Bool) async {
        for segment in segments.dropFirst() { note(.apart, of: segment) }
        note(await runLane(segments[0], flush: flush, redrives: false), of: segments[0])
    }

    /// Opens lanes as each would be opened alone, but in one transaction. Those that have more to
    /// settle first are told apart.
    private func openTogether(
        _ segments: [SegmentID], _ lease: SessionPool.Lease
    ) async throws -> [OpenLane] {
        try await recognize(lease)
        try await settleGrade(lease)
        sharesSessions = lease.support == .transactional
        guard sharesSessions, plan.over(facts ?? GradeFacts()).isTakenBack else {
            throw UnsharedDelivery()
        }
        let rested = segments.compactMap { segment -> OpenLane? in
            guard let worker = resting(segment, lease) else { return nil }
            return (segment, worker)
        }
        var closed = Set(segments).subtracting(rested.map(\.segment))
        do {
            let apart = closed.filter { segment in
                unknowns[segment] != nil || situation?.cancelled[segment] != nil
            }
            closed.subtract(apart)
            let lanes = try await open(closed.sorted(), lease)
            for segment in apart { note(.apart, of: segment) }
            return rested + lanes
        } catch {
            for lane in rested { self.lanes[lane.segment] = RestingLane(lane.worker) }
            throw error
        }
    }

    /// - Throws: `cursorFenced`; `TargetFailure`.
    private func open(
        _ segments: [SegmentID], _ lease: SessionPool.Lease
    ) async throws -> [OpenLane] {
        if segments.isEmpty { return [] }
        let keys = segments.map { LaneKey(integration: name, segment: $0) }
        let known = try await receipted(keys)
        let found = try await lease.session.readCursors(keys)
        var claims: [TargetClaim] = []
        for (index, key) in keys.enumerated() {
            let row = known[index].row
            // The row is behind the receipts: a lane's own opening brings it up to them.
            if let row, row.epoch == 0, row.cursor.position != nil { throw UnsharedDelivery() }
            try await LaneWorker.check(found[index], row, key, lease.support, context)
            claims.append(TargetClaim(key, initial: try LaneWorker.initialRow(row, context)))
        }
        let rows = try await lease.session.claimCursors(claims)
        var lanes: [OpenLane] = []
        for (index, key) in keys.enumerated() {
            try await LaneWorker.checkAgain(
                rows[index], found[index] ?? claims[index].initial, known[index].row, key,
                lease.support, context)
            let worker = try await LaneWorker(
                plan: plan.over(facts ?? GradeFacts()), lane: key, known: known[index].row,
                parked: known[index].parked, context: context, receipts: receipts,
                row: rows[index], support: lease.support, absorbsRepeats: false)
            if worker.recoveredChangeCount > 0 {
                delivered(worker.recoveredChangeCount, of: key.segment)
            }
            lanes.append((key.segment, worker))
        }
        return lanes
    }

    /// What the receipts say of lanes, and what is parked at them.
    private func receipted(
        _ lanes: [LaneKey]
    ) async throws -> [(row: LaneRow?, parked: [ParkedRow])] {
        let untouched = self.untouched
        self.untouched.subtract(lanes.map(\.segment))
        if lanes.allSatisfy({ untouched.contains($0.segment) }) {
            return lanes.map { _ in (nil, []) }
        }
        try await context.projections.foldToEnd()
        return try await context.projections.read { reader in
            try lanes.map { (try reader.lane($0), try reader.parked(at: $0)) }
        }
    }

    /// - Returns: whether the session is of use still.
    private func run(
        _ lanes: [OpenLane], over lease: SessionPool.Lease, flush: Bool
    ) async -> Bool {
        let shared = SharedSession(lease.session, laneCount: lanes.count)
        await withTaskGroup { group in
            for (segment, worker) in lanes {
                group.addTask {
                    let end = await self.run(worker, of: segment, over: shared, flush: flush)
                    shared.leave()
                    await self.note(end, of: segment)
                }
            }
            await shared.serve()
        }
        return shared.isUsable
    }

    private func run(
        _ worker: LaneWorker, of segment: SegmentID, over shared: SharedSession, flush: Bool
    ) async -> LaneEnd {
        var worker = worker
        let start = context.time.nanoseconds()
        let options = LaneWorker.RunOptions(
            flush: flush, attempt: 1, isReused: false,
            shouldYield: { self.shouldYield(since: start) },
            delivered: { await self.delivered($0, of: segment) })
        do {
            let end = try await worker.run(over: shared, options)
            lanes[segment] = RestingLane(worker)
            return LaneEnd(end)
        } catch let unshared as UnsharedDelivery {
            if unshared.doubtfulRowCounts == nil {
                lanes[segment] = RestingLane(worker)
            } else {
                unknowns[segment] = worker.unknown
            }
            return .apart
        } catch let failure as TargetFailure {
            lanes[segment] = RestingLane(worker)
            return .failed(failure)
        } catch let failure as Failure where Self.stops(failure) {
            return .refused(failure)
        } catch {
            return .broken(error)
        }
    }
}
