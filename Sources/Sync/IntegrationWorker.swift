internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

/// Runs one integration: fills, resyncs and lanes, side by side over sessions of its connector's
/// pool. A slow or broken target delays nobody else, nor a slow lane the others.
///
/// Invariants:
/// - a lane is run by one task at a time; while a resync is carried out none is;
/// - every task that was started has ended when `run` returns.
actor IntegrationWorker {
    let plan: IntegrationPlan
    let context: SyncContext
    let projector: Projector
    let sessions: SessionPool
    private let progress: @Sendable (SyncProgress) -> Void
    private let wake = AsyncSignal()
    private let yielding = YieldRequest()
    /// Lanes that rest between two runs.
    var lanes: [SegmentID: LaneWorker] = [:]
    /// What the last workers of lanes ended with, until these are opened anew.
    var unknowns: [SegmentID: UnknownDelivery] = [:]
    private var running: [SegmentID: Task<Void, Never>] = [:]
    private let tasks = LaneTasks()
    private var ended: [(segment: SegmentID, end: LaneEnd)] = []
    /// When lanes whose batch is not full are due, and where the ledger ended when it was cut: what
    /// came since may fill it.
    private var due: [SegmentID: (time: Timestamp, seen: Position)] = [:]
    /// Where the ledger ended when a lane's run began.
    private var seen: [SegmentID: Position] = [:]
    /// Runs so far: who waits longest is next.
    private var runCount: UInt64 = 0
    private var lastRun: [SegmentID: UInt64] = [:]
    /// What failed lanes wait for; a lane that delivers again is taken out.
    private var backOffs: [SegmentID: BackOff] = [:]
    /// Lanes that failed in this step: who gives up at once is asked before they are tried again,
    /// however slow the step was.
    private var justFailed: Set<SegmentID> = []
    /// What everything waits for after the target could not be reached, or a resync failed.
    private var targetBackOff: BackOff?
    private var deliveredCount = 0
    /// As the ledger has it.
    var grade: GradeRecord?
    /// What a target without transactions does with blocks that come twice, once it was asked.
    var repeats: [RepeatedBlocks]?

    init(
        plan: IntegrationPlan, sessions: SessionPool, context: SyncContext,
        projector: Projector, progress: @escaping @Sendable (SyncProgress) -> Void
    ) {
        self.plan = plan
        self.sessions = sessions
        self.context = context
        self.projector = projector
        self.progress = progress
    }

    var name: String { plan.definition.name }

    /// What there is to do next.
    private enum Step {
        /// Nothing is left, and nothing runs.
        case idle
        /// Something runs, or a batch is not full yet (milliseconds until it is due).
        case wait(milliseconds: Int?)
        /// A failure is waited out, or a batch that is due before.
        case retry(milliseconds: Int, Failure)
        case again
        case stopped(Failure)
        case paused
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
        // Before anything is looked at: no event may come between the look and the watch.
        let start = context.ledger.end
        let watch = Task { [context, wake] in
            var seen = start
            while await context.ledger.waitForEvent(at: seen), !Task.isCancelled {
                let end = context.ledger.end
                if await context.hasNews(from: seen, before: end) { wake.raise() }
                seen = end
            }
        }
        defer { watch.cancel() }
        let (sessions, name, wake, tasks) = (sessions, name, wake, tasks)
        do {
            let state = try await withTaskCancellationHandler {
                try await work(goal, giveUpMilliseconds: giveUpMilliseconds)
            } onCancel: {
                // First the tasks: what their statements then fail with is no news.
                tasks.cancel()
                sessions.cancel(name)
                wake.raise()
            }
            await drain()
            return try await outcome(state)
        } catch {
            tasks.cancel()
            sessions.cancel(name)
            await drain()
            throw error
        }
    }

    private func outcome(_ state: IntegrationOutcome.State) async throws -> IntegrationOutcome {
        try await projector.foldToEnd()
        let name = name
        let parked = try await context.store.read { try $0.parkedCount(of: name).all }
        return IntegrationOutcome(
            name: name, state: state, deliveredProfileCount: deliveredCount,
            parkedChangeCount: parked)
    }

    /// Waits until no lane runs.
    private func drain() async {
        yielding.raise()
        while let (segment, task) = running.first {
            await task.value
            forget(segment)
        }
        yielding.lower()
    }

    private func work(
        _ goal: Goal, giveUpMilliseconds: Int
    ) async throws -> IntegrationOutcome.State {
        let isBounded: Bool
        if case .cancelled = goal { isBounded = false } else { isBounded = true }
        var lastProgress = monotonicNanoseconds()
        var lastCount = 0
        while true {
            try Task.checkCancellation()
            let step = try await advance(goal)
            if deliveredCount != lastCount {
                lastCount = deliveredCount
                lastProgress = monotonicNanoseconds()
            }
            switch step {
            case .stopped(let failure): return .stopped(failure)
            case .paused:
                if isBounded { return .paused }
                await wake.wait(milliseconds: nil)
            case .retry(let milliseconds, let failure):
                let waited = Int((monotonicNanoseconds() - lastProgress) / 1_000_000)
                if isBounded, running.isEmpty, waited + milliseconds > giveUpMilliseconds {
                    return .unreached(failure)
                }
                await wake.wait(milliseconds: milliseconds)
            case .idle:
                if isBounded { return .done }
                await wake.wait(milliseconds: nil)
            case .wait(let milliseconds): await wake.wait(milliseconds: milliseconds)
            case .again: break
            }
        }
    }

    // MARK: Steps

    private func advance(_ goal: Goal) async throws -> Step {
        do {
            if let stop = try await concludeLanes() { return .stopped(stop) }
            if let waiting = targetBackOff, waiting.remainingMilliseconds > 0 {
                return .retry(milliseconds: waiting.remainingMilliseconds, waiting.failure)
            }
            let state = try await state()
            if case .resync = goal {
                try await runResyncs(state)
                return .idle
            }
            if let stop = state.integration?.stop { return .stopped(stop.failure) }
            if let row = state.integration, !row.isActive { return .paused }
            if try await requestFills(state) { return .again }
            if !state.pendingResyncs.isEmpty {
                yielding.raise()
                guard running.isEmpty else { return .wait(milliseconds: nil) }
                yielding.lower()
                try await runResyncs(state)
                return .again
            }
            let isFlushing: Bool
            if case .idle = goal { isFlushing = true } else { isFlushing = false }
            return try await startLanes(state, flush: isFlushing)
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
        var pendingResyncs: [ResyncRow]
        /// Lanes with parked changes to try again.
        var redrives: Set<SegmentID>
    }

    private func state() async throws -> State {
        try await projector.foldToEnd()
        let name = name
        return try await context.store.read { reader in
            let lanes = try reader.lanes(of: name)
            return State(
                integration: try reader.integration(name), segments: try reader.segments(),
                lanes: Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0) }),
                pendingResyncs: try reader.resyncs(of: name).filter { $0.outcome == nil },
                redrives: Set(try reader.lanesWithDueChanges(of: name)))
        }
    }

    private func decide(_ state: State) -> LanePlanner.Decision {
        LanePlanner(
            definition: plan.definition,
            integrationPosition: state.integration?.firstPosition ?? Position(0)
        ).decide(state.segments, state.lanes)
    }

    /// Segments that enter the scope are rebuilt; those that left it are noted. false: there are
    /// none of either.
    private func requestFills(_ state: State) async throws -> Bool {
        let decision = decide(state)
        guard !decision.fill.isEmpty || !decision.left.isEmpty else { return false }
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
        return true
    }

    private func runResyncs(_ state: State) async throws {
        (lanes, unknowns) = ([:], [:])
        for one in state.pendingResyncs {
            let rows = try await self.state().lanes
            let lease: SessionPool.Lease
            do {
                lease = try await sessions.take(for: name)
            } catch let failure as TargetFailure {
                try Task.checkCancellation()
                throw ResyncFailure(one.request, at: one.position, plan.told(failure))
            }
            do {
                try await settleGrade(lease)
                var replayer = Replayer(
                    plan: plan, context: context, request: one.position, resync: one.request,
                    support: lease.support, progress: progress)
                try await replayer.run(lease.session, lanes: rows)
                await sessions.putBack(lease, of: name, isUsable: true)
                (backOffs, targetBackOff) = ([:], nil)
            } catch {
                await sessions.putBack(lease, of: name, isUsable: false)
                try Task.checkCancellation()
                throw error
            }
        }
    }

    // MARK: Lanes

    private func startLanes(_ state: State, flush: Bool) async throws -> Step {
        let live = decide(state).live
        let resting = live.filter { running[$0] == nil }
        let withWork = try await withWork(resting, state)
        let now = context.clock.now()
        backOffs = backOffs.filter { running[$0.key] != nil || withWork.contains($0.key) }
        let grown = try await grown(due.mapValues(\.seen))
        due = due.filter { one in
            withWork.contains(one.key) && !flush && one.value.time > now && !grown.contains(one.key)
        }
        let ready = withWork.filter { segment in
            due[segment] == nil && !justFailed.contains(segment)
                && (backOffs[segment]?.remainingMilliseconds ?? 0) == 0
        }.sorted { (lastRun[$0] ?? 0, $0) < (lastRun[$1] ?? 0, $1) }
        let started = ready.prefix(max(0, sessions.size - running.count))
        yielding.othersWait = started.count < ready.count
        for segment in started {
            runCount += 1
            lastRun[segment] = runCount
            seen[segment] = context.ledger.end
            let isRedriven = state.redrives.contains(segment)
            let task = Task {
                let end = await self.runLane(segment, flush: flush, redrives: isRedriven)
                self.ended.append((segment, end))
                self.wake.raise()
            }
            running[segment] = task
            tasks.add(task, segment)
        }
        return nextStep()
    }

    private func forget(_ segment: SegmentID) {
        running[segment] = nil
        tasks.remove(segment)
    }

    private func withWork(_ segments: [SegmentID], _ state: State) async throws -> [SegmentID] {
        let context = context
        let cursors = segments.map { segment in
            (
                segment: segment, isRedriven: state.redrives.contains(segment),
                cursor: lanes[segment]?.state.cursor ?? state.lanes[segment]?.cursor
                    ?? LaneCursor(position: nil)
            )
        }
        return try await context.pool.run {
            try cursors.filter { one in
                if one.isRedriven { return true }
                return try LaneBatcher(ledger: context.ledger, segment: one.segment)
                    .next(after: one.cursor, size: 1) != nil
            }.map(\.segment)
        }
    }

    /// Segments of which something came since.
    private func grown(_ since: [SegmentID: Position]) async throws -> Set<SegmentID> {
        if since.isEmpty { return [] }
        let ledger = context.ledger
        return try await context.pool.run {
            Set(
                try since.filter { one in
                    try ledger.changes(of: one.key, after: one.value.predecessor) != nil
                }.keys)
        }
    }

    /// What to wait for: a lane that runs, the first batch that is due, a failure that is over.
    /// A lane that is tried again, or will be once another one ends, wakes by itself.
    private func nextStep() -> Step {
        let now = context.clock.now()
        var milliseconds = due.values.map(\.time).min().map {
            Int(max(0, $0.rawValue - now.rawValue) / 1000) + 1
        }
        let isFull = running.count >= sessions.size
        var waiting = backOffs.filter { one in
            running[one.key] == nil && (!isFull || one.value.remainingMilliseconds > 0)
        }.map(\.value)
        if let targetBackOff, !justFailed.isEmpty { waiting.append(targetBackOff) }
        for one in waiting {
            milliseconds = min(milliseconds ?? Int.max, max(1, one.remainingMilliseconds))
        }
        if let first = waiting.first, let milliseconds {
            return .retry(milliseconds: milliseconds, first.failure)
        }
        if milliseconds == nil, running.isEmpty, ended.isEmpty { return .idle }
        return .wait(milliseconds: milliseconds)
    }

    /// Takes in how lanes ended; returns the failure that stops the integration, if one does.
    private func concludeLanes() async throws -> Failure? {
        var stopping: Failure?
        let all = ended
        (ended, justFailed) = ([], [])
        for (segment, end) in all {
            forget(segment)
            switch end {
            case .failed, .unopened, .unreached: justFailed.insert(segment)
            default: break
            }
            switch end {
            case .caughtUp, .yielded: backOffs[segment] = nil
            case .waiting(let time):
                backOffs[segment] = nil
                due[segment] = (time, seen[segment] ?? Position(0))
            case .failed(let failure):
                guard failure.class == .transient || failure.isOutcomeUnknown else {
                    stopping = failure.asFailure
                    continue
                }
                backOffs[segment] = BackOff(
                    after: backOffs[segment], failure, place: "\(name)/\(segment)")
            case .unopened(let cursor, let failure):
                let waiting = BackOff(
                    after: backOffs[segment], failure, place: "\(name)/\(segment)")
                try await record(failure, segment, cursor, attempt: waiting.attempt)
                if failure.class == .transient {
                    backOffs[segment] = waiting
                } else {
                    stopping = failure.stopping.asFailure
                }
            case .unreached(let cursor, let failure):
                try await recordUnreached(segment, cursor, failure)
            case .refused(let failure):
                try await stop(failure)
                stopping = failure
            case .broken(let error): throw error
            }
        }
        return stopping
    }

    /// One receipt for a target that cannot be reached, however many lanes tried meanwhile.
    private func recordUnreached(
        _ segment: SegmentID, _ cursor: LaneCursor, _ failure: TargetFailure
    ) async throws {
        if let waiting = targetBackOff, waiting.remainingMilliseconds > 0 { return }
        let waiting = BackOff(after: targetBackOff, failure, place: name)
        targetBackOff = waiting
        try await record(failure, segment, cursor, attempt: waiting.attempt)
    }

    /// A failure before any query of the lane.
    private func record(
        _ failure: TargetFailure, _ segment: SegmentID, _ cursor: LaneCursor, attempt: Int
    ) async throws {
        let position = cursor.position.map { $0.advanced(by: 1) } ?? Position(0)
        var receipt = Receipt(
            lane: LaneKey(integration: name, segment: segment), query: nil,
            outcome: failure.class == .transient ? .failed : .stopped, firstPosition: position,
            lastPosition: position, cursor: cursor, epoch: 0, attempt: attempt)
        receipt.fill(failure)
        try await context.record([receipt])
    }

    // MARK: What running lanes say

    func reached() { targetBackOff = nil }

    func attempt(of segment: SegmentID) -> Int { (backOffs[segment]?.attempt ?? 0) + 1 }

    func delivered(_ count: Int) {
        deliveredCount += count
        progress(
            SyncProgress(
                integration: name, activity: .delivery, done: deliveredCount, total: nil))
    }

    /// Whether a lane that runs since `start` lets others have its session.
    nonisolated func shouldYield(since start: UInt64) -> Bool {
        if yielding.isRaised { return true }
        guard yielding.othersWait || sessions.hasWaiters else { return false }
        return monotonicNanoseconds() >= start + Self.sliceNanoseconds
    }

    private static let sliceNanoseconds: UInt64 = 200_000_000

    static func stops(_ failure: Failure) -> Bool {
        [.cursorFenced, .targetRefusedValues, .gradeLowered].contains(failure.code)
    }

    // MARK: Failures

    /// A resync that the target did not let happen: recorded, then waited out or the end.
    private func failed(_ failure: ResyncFailure) async throws -> Step {
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
