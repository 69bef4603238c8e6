internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// How a lane's run ended.
enum LaneEnd: Sendable {
    case caughtUp, yielded
    case waiting(Timestamp)
    case failed(TargetFailure)
    /// The lane could not be taken over; nothing was recorded yet.
    case unopened(LaneCursor, TargetFailure)
    /// No connection could be had; nothing was recorded yet.
    case unreached(LaneCursor, TargetFailure)
    /// The integration stops; nothing was recorded yet.
    case refused(Failure)
    /// It is to run without others; nothing was recorded.
    case apart
    /// This side failed, or the run was cancelled.
    case broken(any Error)

    init(_ end: LaneWorker.RunEnd) {
        self =
            switch end {
            case .caughtUp: .caughtUp
            case .waiting(let time): .waiting(time)
            case .yielded: .yielded
            }
    }
}

extension IntegrationWorker {
    /// Runs a lane until it is caught up, has to wait, fails, or others want its session.
    func runLane(_ segment: SegmentID, flush: Bool, redrives: Bool) async -> LaneEnd {
        do {
            return try await runLane(segment, flush, redrives)
        } catch let failure as TargetFailure {
            return .failed(failure)
        } catch let failure as Failure where Self.stops(failure) {
            return .refused(failure)
        } catch {
            return .broken(error)
        }
    }

    private func runLane(
        _ segment: SegmentID, _ flush: Bool, _ redrives: Bool
    ) async throws -> LaneEnd {
        while true {
            let lease: SessionPool.Lease
            do {
                lease = try await sessions.take(for: name)
            } catch let failure as TargetFailure {
                try Task.checkCancellation()
                if failure.class != .transient { return .refused(plan.told(failure).asFailure) }
                return .unreached(try await cursor(of: segment), plan.told(failure))
            }
            reached()
            do {
                let end = try await runLane(segment, over: lease, flush, redrives)
                await sessions.putBack(lease, of: name, isUsable: true)
                return end
            } catch is StaleSession {
                await sessions.putBack(lease, of: name, isUsable: false)
            } catch let failure as Failure where failure.code == .cursorFenced {
                let (reason, isUsable) = await reason(for: failure, over: lease)
                await sessions.putBack(lease, of: name, isUsable: isUsable)
                throw reason
            } catch let unopened as UnopenedLane {
                let failure = unopened.failure
                await sessions.putBack(lease, of: name, isUsable: !failure.isConnectionLost)
                try Task.checkCancellation()
                return .unopened(try await cursor(of: segment), failure)
            } catch let failure as TargetFailure {
                await sessions.putBack(lease, of: name, isUsable: !failure.isConnectionLost)
                try Task.checkCancellation()
                throw failure
            } catch {
                await sessions.putBack(lease, of: name, isUsable: false)
                throw error
            }
        }
    }

    private func runLane(
        _ segment: SegmentID, over lease: SessionPool.Lease, _ flush: Bool, _ redrives: Bool
    ) async throws -> LaneEnd {
        var worker = try await openLane(segment, lease)
        do {
            let start = context.time.nanoseconds()
            let options = LaneWorker.RunOptions(
                flush: flush, attempt: attempt(of: segment), isReused: lease.isReused,
                shouldYield: { self.shouldYield(since: start) },
                delivered: { await self.delivered($0, of: segment) })
            let session = OwnSession(lease.session)
            let end = try await worker.run(over: session, options)
            // Behind the lane's events: one of them may bring what mends a change.
            if redrives, worker.repeated == nil {
                try await context.projections.foldToEnd()
                let key = worker.lane
                let rows = try await context.projections.read { try $0.parked(at: key) }
                try await worker.redrive(rows, over: session) {
                    await self.delivered($0, of: segment)
                }
            }
            lanes[segment] = RestingLane(worker)
            return LaneEnd(end)
        } catch let failure as TargetFailure {
            if failure.isOutcomeUnknown {
                unknowns[segment] = worker.unknown
            } else {
                lanes[segment] = RestingLane(worker)
            }
            throw failure
        } catch is StaleSession {
            lanes[segment] = RestingLane(worker)
            throw StaleSession()
        }
    }

    /// The lane's worker, taken over if this process does not have it yet.
    private func openLane(
        _ segment: SegmentID, _ lease: SessionPool.Lease
    ) async throws -> LaneWorker {
        do {
            try await recognize(lease)
            try await settleGrade(lease)
            if let resting = resting(segment, lease) { return resting }
            try await settleGivenUp(segment, lease)
            let key = LaneKey(integration: name, segment: segment)
            let (known, parked) = try await receipted(key)
            let worker = try await LaneWorker(
                plan: plan.over(facts ?? GradeFacts()), lane: key, known: known, parked: parked,
                context: context, receipts: receipts, session: lease.session,
                support: lease.support, absorbsRepeats: absorbsRepeats(lease),
                unknown: unknowns[segment])
            unknowns[segment] = nil
            if worker.recoveredChangeCount > 0 {
                delivered(worker.recoveredChangeCount, of: segment)
            }
            return worker
        } catch let failure as TargetFailure {
            if lease.isReused, failure.isConnectionLost { throw StaleSession() }
            throw UnopenedLane(failure: plan.told(failure))
        }
    }

    /// The worker of a lane that rests, if it was opened for sessions of this kind.
    func resting(_ segment: SegmentID, _ lease: SessionPool.Lease) -> LaneWorker? {
        let plan = plan.over(facts ?? GradeFacts())
        guard let resting = lanes.removeValue(forKey: segment),
            resting.isTransactional == (lease.support == .transactional),
            resting.hasRow == lease.support.hasRow,
            resting.absorbsRepeats == absorbsRepeats(lease),
            resting.isTakenBack == plan.isTakenBack
        else { return nil }
        return resting.worker(
            plan, LaneKey(integration: name, segment: segment), context, receipts, lease.support)
    }

    private func absorbsRepeats(_ lease: SessionPool.Lease) -> Bool {
        lease.support == .fenceOnly && grade?.grade == .effectivelyOnce
    }

    /// What the receipts say of a lane, and what is parked at it.
    private func receipted(_ lane: LaneKey) async throws -> (LaneRow?, [ParkedRow]) {
        if untouched.remove(lane.segment) != nil { return (nil, []) }
        try await context.projections.foldToEnd()
        return try await context.projections.read {
            (try $0.lane(lane), try $0.parked(at: lane))
        }
    }

    /// Compares what deliveries over this session guarantee with what the ledger has recorded.
    ///
    /// - Throws: `gradeLowered` if it is less: the operator decides (INV-6).
    func settleGrade(_ lease: SessionPool.Lease) async throws {
        if grade == nil {
            let name = name
            let row = try await context.projections.read { try $0.integration(name) }
            grade = row?.grade.map {
                GradeRecord(integration: name, grade: $0, reason: row?.gradeReason)
            }
        }
        // A table that was made or changed since is found when a session opens anew.
        if facts == nil || !lease.isReused {
            facts = try await lease.session.gradeFacts(of: plan.tables)
        }
        let found = plan.grade(over: lease.support, facts ?? GradeFacts())
        if found == grade { return }
        if let recorded = grade?.grade, found.grade < recorded {
            throw Failure(
                .gradeLowered,
                "deliveries were \(recorded.rawValue) and now would be \(found.grade.rawValue): "
                    + (found.reason ?? "the target allows no more"),
                hint: "mend it, or accept it with 'segledger integrations resume NAME "
                    + "--accept-grade \(found.grade.rawValue)'")
        }
        var batch = EventBatch()
        batch.append(.gradeRecorded, body: found.encode())
        _ = try await context.ledger.append(batch)
        grade = found
    }

    private func cursor(of segment: SegmentID) async throws -> LaneCursor {
        let lane = LaneKey(integration: name, segment: segment)
        return try await context.projections.read { try $0.lane(lane)?.cursor }
            ?? LaneCursor(position: nil)
    }
}

/// A session that rested and whose connection ended meanwhile: found before anything was done.
struct StaleSession: Error {}

/// The target did not let a lane be taken over: no query of it was sent.
struct UnopenedLane: Error {
    let failure: TargetFailure
}
