internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Runs one integration: fills, resyncs and lanes, side by side over a bounded number of sessions.
/// A slow or broken target delays nobody else.
actor IntegrationWorker {
    private let plan: IntegrationPlan
    private let context: SyncContext
    private let projector: Projector
    private let sessions: SessionPool
    private let progress: @Sendable (SyncProgress) -> Void
    /// What failed lanes wait for; a lane that delivers again is taken out.
    private var backOffs: [SegmentID: BackOff] = [:]
    /// What everything waits for after the target could not be reached, or a resync failed.
    private var targetBackOff: BackOff?
    private var deliveredCount = 0
    private var foldedAt: UInt64 = 0

    init(
        plan: IntegrationPlan, connector: any Connector, context: SyncContext,
        projector: Projector, progress: @escaping @Sendable (SyncProgress) -> Void
    ) {
        self.plan = plan
        self.context = context
        self.projector = projector
        self.progress = progress
        sessions = SessionPool(connector: connector)
    }

    private var name: String { plan.definition.name }

    /// A failure that is for now, and when to try again.
    private struct BackOff {
        /// Tries that failed in a row.
        var attempt: Int
        /// On the monotonic clock.
        var untilNanoseconds: UInt64
        var failure: Failure

        init(after earlier: BackOff?, _ failure: TargetFailure, place: String) {
            attempt = (earlier?.attempt ?? 0) + 1
            let delay = RetryLadder.delayMilliseconds(attempt: attempt, lane: place)
            untilNanoseconds = monotonicNanoseconds() + UInt64(delay) * 1_000_000
            self.failure = failure.asFailure
        }

        /// 0: over.
        var remainingMilliseconds: Int {
            let now = monotonicNanoseconds()
            return now >= untilNanoseconds ? 0 : Int((untilNanoseconds - now) / 1_000_000) + 1
        }
    }

    /// What a round left to do.
    private enum Round {
        case idle
        /// A batch is not full yet.
        case waiting(milliseconds: Int)
        /// A failure is waited out, or a batch that is due before.
        case retry(milliseconds: Int, Failure)
        case stopped(Failure)
    }

    /// What a run works towards.
    enum Goal: Sendable {
        /// Everything is delivered, due or not.
        case idle
        /// Requested resyncs are carried out; nothing is delivered.
        case resync
        /// Deliver what is due until the task is cancelled.
        case cancelled
    }

    /// Works until the goal is reached, the integration stops, or the task is cancelled.
    ///
    /// - Parameter giveUpMilliseconds: how long an unreachable target is waited for since the last
    ///   progress; without end for `cancelled`.
    func run(_ goal: Goal, giveUpMilliseconds: Int) async throws -> IntegrationOutcome {
        try await withTaskCancellationHandler {
            try await work(goal, giveUpMilliseconds: giveUpMilliseconds)
        } onCancel: {
            sessions.cancel()
        }
    }

    private func work(_ goal: Goal, giveUpMilliseconds: Int) async throws -> IntegrationOutcome {
        let isBounded: Bool
        if case .cancelled = goal { isBounded = false } else { isBounded = true }
        var lastProgress = monotonicNanoseconds()
        var lastCount = 0
        while true {
            try Task.checkCancellation()
            try await projector.foldToEnd()
            let seen = context.ledger.end
            let round: Round
            do {
                round = try await self.round(goal)
            } catch {
                await sessions.close()
                throw error
            }
            if deliveredCount != lastCount {
                lastCount = deliveredCount
                lastProgress = monotonicNanoseconds()
            }
            switch round {
            case .stopped(let failure):
                await sessions.close()
                return outcome(.stopped(failure))
            case .retry(let milliseconds, let failure):
                let waited = Int((monotonicNanoseconds() - lastProgress) / 1_000_000)
                if isBounded, waited + milliseconds > giveUpMilliseconds {
                    await sessions.close()
                    return outcome(.unreached(failure))
                }
                try await wait(milliseconds: milliseconds, orEventAt: seen)
            case .idle:
                if isBounded {
                    await sessions.close()
                    return outcome(.done)
                }
                _ = await context.ledger.waitForEvent(at: seen)
            case .waiting(let milliseconds):
                try await wait(milliseconds: milliseconds, orEventAt: seen)
            }
        }
    }

    private func outcome(_ state: IntegrationOutcome.State) -> IntegrationOutcome {
        IntegrationOutcome(name: name, state: state, deliveredProfileCount: deliveredCount)
    }

    private func wait(milliseconds: Int, orEventAt position: Position) async throws {
        await withTaskGroup(of: Void.self) { group in
            let ledger = context.ledger
            group.addTask { _ = await ledger.waitForEvent(at: position) }
            group.addTask {
                do {
                    try await Task.sleep(for: .milliseconds(milliseconds))
                } catch {
                    // Cancelled: the event came first, or the run ends.
                }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    // MARK: Rounds

    private func round(_ goal: Goal) async throws -> Round {
        if let waiting = targetBackOff, waiting.remainingMilliseconds > 0 {
            return .retry(milliseconds: waiting.remainingMilliseconds, waiting.failure)
        }
        do {
            if case .resync = goal {
                try await runResyncs()
                return .idle
            }
            let state = try await state()
            if let stop = state.integration?.stop { return .stopped(stop.failure) }
            try await requestFills(state)
            try await runResyncs()
            let lanes = try await self.state()
            let isFlushing: Bool
            if case .idle = goal { isFlushing = true } else { isFlushing = false }
            return try await deliver(lanes, flush: isFlushing)
        } catch let failure as ResyncFailure {
            return try await failed(failure)
        } catch let failure as Failure where Self.stops(failure) {
            try await stop(failure)
            return .stopped(failure)
        }
    }

    private struct State: Sendable {
        var integration: IntegrationRow?
        var segments: [SegmentRow]
        var lanes: [SegmentID: LaneRow]
    }

    private func state() async throws -> State {
        try await projector.foldToEnd()
        let name = name
        return try await context.store.read { reader in
            let lanes = try reader.lanes(of: name)
            return State(
                integration: try reader.integration(name), segments: try reader.segments(),
                lanes: Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0) }))
        }
    }

    private func decide(_ state: State) -> LanePlanner.Decision {
        LanePlanner(
            definition: plan.definition,
            integrationPosition: state.integration?.firstPosition ?? Position(0)
        ).decide(state.segments, state.lanes)
    }

    /// Segments that enter the scope are rebuilt; those that left it are noted.
    private func requestFills(_ state: State) async throws {
        let decision = decide(state)
        guard !decision.fill.isEmpty || !decision.left.isEmpty else { return }
        var batch = EventBatch()
        for segment in decision.left {
            let lane = LaneKey(integration: name, segment: segment)
            batch.append(.laneLeft, body: lane.encode())
        }
        if !decision.fill.isEmpty {
            let pin = context.ledger.end.predecessor
            let request = ResyncRequest(
                integration: name, segments: decision.fill, reason: .fill, pin: pin, resume: pin)
            batch.append(.resyncRequested, body: request.encode())
        }
        _ = try await context.ledger.append(batch)
    }

    private func runResyncs() async throws {
        try await projector.foldToEnd()
        let name = name
        let pending = try await context.store.read { try $0.resyncs(of: name) }
            .filter { $0.outcome == nil }
        for one in pending {
            let lanes = try await state().lanes
            let session: any TargetSession
            do {
                session = try await sessions.take()
            } catch let failure as TargetFailure {
                try Task.checkCancellation()
                throw ResyncFailure(one.request, at: one.position, failure)
            }
            do {
                var replayer = Replayer(
                    plan: plan, context: context, request: one.position, resync: one.request,
                    progress: progress)
                try await replayer.run(session, lanes: lanes)
                await sessions.putBack(session, isUsable: true)
                (backOffs, targetBackOff) = ([:], nil)
            } catch {
                await sessions.putBack(session, isUsable: false)
                try Task.checkCancellation()
                throw error
            }
        }
    }

    // MARK: Lanes

    private enum LaneResult: Sendable {
        case caughtUp
        case waiting(Timestamp)
        case failed(SegmentID, TargetFailure)
        /// No connection could be had; nothing was recorded yet.
        case unreached(SegmentID, LaneCursor, TargetFailure)
        case refused(Failure)
    }

    private func deliver(_ state: State, flush: Bool) async throws -> Round {
        let withWork = try await lanesWithWork(decide(state).live, state.lanes)
        backOffs = backOffs.filter { withWork.contains($0.key) }
        let pending = withWork.filter { backOffs[$0].map { $0.remainingMilliseconds == 0 } ?? true }
        guard !pending.isEmpty else { return waitingLanes(nil) }
        let queue = LaneQueue(pending)
        let lanes = state.lanes
        var results: [LaneResult] = []
        try await withThrowingTaskGroup(of: [LaneResult].self) { group in
            for _ in 0..<min(sessions.size, pending.count) {
                group.addTask {
                    var results: [LaneResult] = []
                    while let segment = queue.next() {
                        let result = try await self.runLane(
                            segment, lanes[segment], flush: flush)
                        results.append(result)
                        // The others would wait for the same target.
                        if case .unreached = result { queue.drain() }
                    }
                    return results
                }
            }
            for try await part in group { results += part }
        }
        return try await conclude(try await recordUnreached(results))
    }

    /// One receipt a round for a target that cannot be reached, however many lanes tried.
    private func recordUnreached(_ results: [LaneResult]) async throws -> [LaneResult] {
        for case .unreached(let segment, let cursor, let failure) in results {
            let position = cursor.position.map { $0.advanced(by: 1) } ?? Position(0)
            let waiting = BackOff(after: targetBackOff, failure, place: name)
            var receipt = Receipt(
                lane: LaneKey(integration: name, segment: segment), query: nil, outcome: .failed,
                firstPosition: position, lastPosition: position, cursor: cursor, epoch: 0,
                attempt: waiting.attempt)
            receipt.fill(failure)
            targetBackOff = waiting
            try await context.record([receipt])
            break
        }
        return results
    }

    private func conclude(_ results: [LaneResult]) async throws -> Round {
        var due: Timestamp?
        for result in results {
            switch result {
            case .caughtUp, .unreached: break
            case .waiting(let time): due = min(due ?? time, time)
            case .refused(let failure):
                try await stop(failure)
                return .stopped(failure)
            case .failed(let segment, let failure):
                guard failure.class == .transient else { return .stopped(failure.asFailure) }
                backOffs[segment] = BackOff(
                    after: backOffs[segment], failure, place: "\(name)/\(segment)")
            }
        }
        return waitingLanes(due)
    }

    /// What to wait for: the first of a batch that is due and a failure that is waited out.
    private func waitingLanes(_ due: Timestamp?) -> Round {
        var milliseconds = due.map {
            Int(max(0, $0.rawValue - context.clock.now().rawValue) / 1000) + 1
        }
        let waiting = Array(backOffs.values) + (targetBackOff.map { [$0] } ?? [])
        for one in waiting {
            milliseconds = min(milliseconds ?? Int.max, max(1, one.remainingMilliseconds))
        }
        guard let milliseconds else { return .idle }
        guard let first = waiting.first else { return .waiting(milliseconds: milliseconds) }
        return .retry(milliseconds: milliseconds, first.failure)
    }

    private func lanesWithWork(
        _ segments: [SegmentID], _ lanes: [SegmentID: LaneRow]
    ) async throws -> [SegmentID] {
        let ledger = context.ledger
        return try await context.pool.run {
            try segments.filter { segment in
                let cursor = lanes[segment]?.cursor ?? LaneCursor(position: nil)
                return try LaneBatcher(ledger: ledger, segment: segment)
                    .next(after: cursor, size: 1) != nil
            }
        }
    }

    private func runLane(
        _ segment: SegmentID, _ known: LaneRow?, flush: Bool
    ) async throws -> LaneResult {
        let session: any TargetSession
        do {
            session = try await sessions.take()
        } catch let failure as TargetFailure {
            return try await connectionFailed(segment, known, failure)
        }
        targetBackOff = nil
        do {
            let lane = LaneKey(integration: name, segment: segment)
            var worker = try await LaneWorker(
                plan: plan, lane: lane, known: known, context: context, session: session)
            while true {
                try Task.checkCancellation()
                switch try await worker.step(
                    flush: flush, attempt: (backOffs[segment]?.attempt ?? 0) + 1)
                {
                case .delivered(let count):
                    backOffs[segment] = nil
                    deliveredCount += count
                    progress(
                        SyncProgress(
                            integration: name, activity: .delivery, done: deliveredCount,
                            total: nil))
                    try await foldNowAndThen()
                case .waiting(let time):
                    await sessions.putBack(session, isUsable: true)
                    return .waiting(time)
                case .caughtUp:
                    await sessions.putBack(session, isUsable: true)
                    return .caughtUp
                }
            }
        } catch let failure as TargetFailure {
            await sessions.putBack(session, isUsable: !failure.isConnectionLost)
            try Task.checkCancellation()
            return .failed(segment, failure)
        } catch let failure as Failure where Self.stops(failure) {
            await sessions.putBack(session, isUsable: true)
            return .refused(failure)
        } catch {
            await sessions.putBack(session, isUsable: false)
            throw error
        }
    }

    private static func stops(_ failure: Failure) -> Bool {
        failure.code == .cursorFenced || failure.code == .targetRefusedValues
    }

    /// So that who asks for the status of a long run gets an answer of about now.
    private func foldNowAndThen() async throws {
        let now = monotonicNanoseconds()
        guard now >= foldedAt + 1_000_000_000 else { return }
        foldedAt = now
        try await projector.foldToEnd()
    }

    private func connectionFailed(
        _ segment: SegmentID, _ known: LaneRow?, _ failure: TargetFailure
    ) async throws -> LaneResult {
        try Task.checkCancellation()
        if failure.class != .transient { return .refused(failure.asFailure) }
        return .unreached(segment, known?.cursor ?? LaneCursor(position: nil), failure)
    }

    // MARK: Failures

    /// A resync that the target did not let happen: recorded, then waited out or the end.
    private func failed(_ failure: ResyncFailure) async throws -> Round {
        let waiting = BackOff(after: targetBackOff, failure.cause, place: name)
        let isTransient = failure.cause.class == .transient
        var receipt = failure.receipt
        receipt.attempt = waiting.attempt
        receipt.outcome = isTransient ? .failed : .stopped
        try await context.record([receipt])
        guard isTransient else { return .stopped(waiting.failure) }
        targetBackOff = waiting
        return .retry(milliseconds: waiting.remainingMilliseconds, waiting.failure)
    }

    /// Records that the integration stops, and why.
    private func stop(_ failure: Failure) async throws {
        let position = context.ledger.end.predecessor ?? Position(0)
        var receipt = Receipt(
            lane: LaneKey(integration: name, segment: SegmentID(0)), query: nil,
            outcome: .stopped, firstPosition: position, lastPosition: position,
            cursor: LaneCursor(position: nil), epoch: 0)
        receipt.fill(failure)
        try await context.record([receipt])
    }
}

/// Lanes that wait for a session; workers take them in turn.
private final class LaneQueue: Sendable {
    private let waiting: Mutex<[SegmentID]>

    init(_ segments: [SegmentID]) { waiting = Mutex(segments.reversed()) }

    func next() -> SegmentID? { waiting.withLock { $0.popLast() } }

    func drain() { waiting.withLock { $0.removeAll() } }
}
