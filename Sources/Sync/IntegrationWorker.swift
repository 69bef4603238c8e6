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
    let sessions: SessionPool
    let progress: @Sendable (SyncProgress) -> Void
    let tell: @Sendable (SyncNotice) -> Void
    let mark = ProgressMark()
    let wake = AsyncSignal()
    let yielding = YieldRequest()
    private let mailbox: LaneFeed.Mailbox
    var machine = IntegrationMachine()
    /// What is read of the integration itself; nil: it is to be read, and so are all lanes.
    var situation: Situation?
    /// Lanes that no receipt tells of and at which nothing is parked, until they are opened: of
    /// these there is nothing to read.
    var untouched: Set<SegmentID> = []
    /// A lane with parked changes to try again ran since these were read.
    var mustReadRedrives = false
    /// When this step began, on the monotonic clock. A lane that fails in a step is not tried again
    /// in it, however slow it is: who gives up at once is asked before.
    var stepTime: UInt64 = 0
    /// A lane failed in this step.
    var hasJustFailed = false
    /// Lanes that have delivered something in their run: what they fail with then is new.
    var progressed: Set<SegmentID> = []
    /// Lanes whose failure was told, and not yet that it is over.
    var troubled: Set<SegmentID> = []
    /// Where the last failure came.
    var failurePlace = SyncPlace()
    /// What something failed with since the last progress.
    var lastFailure: Failure?
    /// Lanes that rest between two runs.
    var lanes: [SegmentID: RestingLane] = [:]
    /// What the last workers of lanes ended with, until these are opened anew.
    var unknowns: [SegmentID: UnknownDelivery] = [:]
    /// All lanes' receipts go through it.
    let receipts: ReceiptQueue
    /// Several lanes may deliver over one session, as far as is known.
    var sharesSessions = true
    private var running: Set<SegmentID> = []
    /// What runs lanes, each until its session is given back.
    private let tasks = LaneTasks()
    var ended: [(segment: SegmentID, end: LaneEnd)] = []
    /// What everything waits for after the target could not be reached, or a resync failed.
    var targetBackOff: BackOff?
    var deliveredCount = 0
    var rebuiltCounts = RebuildCounts()
    /// The last rebuild that failed for good in this run.
    var failedRebuild: Failure?
    /// As the ledger has it.
    var grade: GradeRecord?
    /// Sessions over which the target's rows were compared with the ledger.
    var recognized: Set<UInt64> = []
    /// The last comparison that was begun.
    var recognition: Task<Void, any Error>?
    /// An integration with nothing to deliver has looked at its target.
    var hasLooked = false
    /// What the target's tables do, as the session that was opened last says.
    var facts: GradeFacts?

    init(
        plan: IntegrationPlan, sessions: SessionPool, context: SyncContext,
        feed: LaneFeed,
        progress: @escaping @Sendable (SyncProgress) -> Void,
        tell: @escaping @Sendable (SyncNotice) -> Void
    ) {
        mailbox = feed.subscribe(plan.definition.scope, wake: wake)
        receipts = ReceiptQueue(context: context)
        self.plan = plan
        self.sessions = sessions
        self.context = context
        self.progress = progress
        self.tell = tell
    }

    var name: String { plan.definition.name }

    /// What there is to do next.
    enum Step {
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

        /// Whether a run for it ends by itself.
        var isBounded: Bool {
            if case .cancelled = self { false } else { true }
        }

        /// Whether what may still grow is sent as well.
        var isFlushing: Bool {
            if case .idle = self { true } else { false }
        }
    }

    /// Works until the goal is reached, the integration stops, or the task is cancelled.
    ///
    /// - Parameters:
    ///   - giveUpMilliseconds: how long an unreachable target is waited for since the last
    ///     progress; without end for `cancelled`.
    ///   - isStrict: whatever blocks is given up after that time, a query that runs too.
    func run(
        _ goal: Goal, giveUpMilliseconds: Int, isStrict: Bool
    ) async throws -> IntegrationOutcome {
        mark.last = context.time.nanoseconds()
        let task = Task { try await work(goal, giveUpMilliseconds: giveUpMilliseconds) }
        let (sessions, name, wake, tasks) = (sessions, name, wake, tasks)
        let cancel: @Sendable () -> Void = {
            // First the tasks: what their statements then fail with is no news.
            tasks.cancel()
            task.cancel()
            sessions.cancel(name)
            wake.raise()
        }
        let watch = Task { [context, mark] in
            guard goal.isBounded, isStrict else { return }
            // What was begun just before may still come to its end.
            let limit = UInt64(giveUpMilliseconds + Self.lastTryMilliseconds) * 1_000_000
            while context.time.nanoseconds() < mark.last + limit {
                try await context.time.sleep(
                    milliseconds: context.time.milliseconds(until: mark.last + limit))
            }
            mark.giveUp()
            cancel()
        }
        defer { watch.cancel() }
        do {
            let state = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                cancel()
            }
            await drain()
            return try await outcome(state)
        } catch {
            cancel()
            await drain()
            guard mark.isGivenUp, !Task.isCancelled else { throw error }
            return try await outcome(
                .unreached(lastFailure ?? Self.overdue(giveUpMilliseconds)))
        }
    }

    private static let lastTryMilliseconds = 1900

    private static func overdue(_ milliseconds: Int) -> Failure {
        Failure(
            .targetUnavailable,
            "nothing could be delivered for \(milliseconds / 1000) s, and a query or a connection "
                + "was still under way: the target does not answer, or something holds what it "
                + "needs",
            hint: "look for locks in the database, or wait longer with --give-up-after")
    }

    private func outcome(_ state: IntegrationOutcome.State) async throws -> IntegrationOutcome {
        try await context.projections.foldToEnd()
        let name = name
        let parked = try await context.projections.read { try $0.parkedCount(of: name).all }
        var state = state
        if state == .done, let failure = try await rebuildFailure() { state = .failed(failure) }
        var outcome = IntegrationOutcome(
            name: name, state: state, deliveredProfileCount: deliveredCount,
            parkedChangeCount: parked)
        outcome.rebuilt = rebuiltCounts
        outcome.place = failurePlace
        return outcome
    }

    /// Waits until no lane runs.
    private func drain() async {
        yielding.raise()
        while let task = tasks.first { await task.value }
        yielding.lower()
    }

    private func work(
        _ goal: Goal, giveUpMilliseconds: Int
    ) async throws -> IntegrationOutcome.State {
        while true {
            try Task.checkCancellation()
            let step = try await advance(goal)
            switch step {
            case .stopped(let failure): return .stopped(failure)
            case .paused:
                if goal.isBounded { return .paused }
                await wake.wait(milliseconds: nil, on: context.time)
            case .retry(let milliseconds, let failure):
                let waited = Int((context.time.nanoseconds() - mark.last) / 1_000_000)
                if goal.isBounded, tasks.first == nil, waited + milliseconds > giveUpMilliseconds {
                    return .unreached(failure)
                }
                await wake.wait(milliseconds: milliseconds, on: context.time)
            case .idle:
                if goal.isBounded { return .done }
                await wake.wait(milliseconds: nil, on: context.time)
            case .wait(let milliseconds):
                await wake.wait(milliseconds: milliseconds, on: context.time)
            case .again: break
            }
        }
    }

    // MARK: Steps

    private func advance(_ goal: Goal) async throws -> Step {
        do {
            stepTime = context.time.nanoseconds()
            if let stop = try await concludeLanes() { return .stopped(stop) }
            if let waiting = targetBackOff, waiting.untilNanoseconds > stepTime {
                return .retry(
                    milliseconds: context.time.milliseconds(until: waiting.untilNanoseconds),
                    waiting.failure)
            }
            let situation = try await look()
            if case .resync = goal {
                if situation.pendingResyncs.isEmpty {
                    return try await settleStrangers() ? .again : .idle
                }
                let stop = try await runResyncs(situation.pendingResyncs)
                return stop.map { .stopped($0) } ?? .again
            }
            if let stop = situation.integration?.stop { return .stopped(stop.failure) }
            if let row = situation.integration, !row.isActive { return .paused }
            if try await requestFills(situation.decision) { return .again }
            if !situation.pendingResyncs.isEmpty {
                yielding.raise()
                guard tasks.first == nil else { return .wait(milliseconds: nil) }
                let stop = try await runResyncs(situation.pendingResyncs)
                return stop.map { .stopped($0) } ?? .again
            }
            // Also where the rebuild that lanes made room for was given up meanwhile.
            yielding.lower()
            let step = startLanes(flush: goal.isFlushing)
            guard case .idle = step, recognized.isEmpty, !hasLooked else { return step }
            try await lookAtTarget()
            return .again
        } catch let failure as ResyncFailure {
            return try await failed(failure)
        } catch let failure as Failure where Self.stops(failure) {
            try await stop(failure)
            return .stopped(failure)
        }
    }

    /// What is read of the integration, beside where its lanes stand.
    struct Situation: Sendable {
        var integration: IntegrationRow?
        var pendingResyncs: [ResyncRow]
        /// Requests that were given up, by segment: whether they took place the target knows.
        var cancelled: [SegmentID: ResyncRow]
        /// Lanes with parked changes to try again.
        var redrives: Set<SegmentID>
        /// Segments that are to be rebuilt, or whose lanes are to be left.
        var decision = LanePlanner.Decision()
    }

    /// Takes in what came since the last look.
    private func look() async throws -> Situation {
        let news = mailbox.take()
        guard var known = situation, !news.isIncomplete else { return try await readAll() }
        if news.hasSystemEvents { untouched = [] }
        if news.hasSystemEvents || mustReadRedrives {
            try await context.projections.foldToEnd()
            let name = name
            let read = try await context.projections.read { try Self.situation(of: name, $0) }
            // A rebuild that was asked for holds its lanes.
            if read.pendingResyncs != known.pendingResyncs { return try await readAll() }
            machine.setRedriven(read.redrives, before: known.redrives)
            known = Situation(
                integration: read.integration, pendingResyncs: read.pendingResyncs,
                cancelled: read.cancelled, redrives: read.redrives, decision: known.decision)
            mustReadRedrives = false
        }
        if !news.segments.isEmpty { try await take(news.segments, &known) }
        situation = known
        return known
    }

    private static func situation(
        of name: String, _ reader: any ProjectedState
    ) throws -> Situation {
        let resyncs = try reader.unsettledResyncs(of: name)
        var cancelled: [SegmentID: ResyncRow] = [:]
        for row in resyncs {
            for (segment, end) in row.ends where end == .cancelled { cancelled[segment] = row }
        }
        return Situation(
            integration: try reader.integration(name),
            pendingResyncs: resyncs.filter { $0.outcome == nil }, cancelled: cancelled,
            redrives: Set(try reader.lanesWithDueChanges(of: name)))
    }

    private func readAll() async throws -> Situation {
        try await context.projections.foldToEnd()
        let name = name
        var (read, segments, lanes, start, parked) = try await context.projections.read {
            reader in
            let lanes = try reader.lanes(of: name)
            return (
                try Self.situation(of: name, reader), try reader.segments(),
                LaneMap(lanes),
                try reader.rowFieldsStart(of: name), try reader.lanesWithParkedChanges(of: name)
            )
        }
        mailbox.know(lanes.segments)
        read.decision = planner(read).decide(segments, lanes)
        let news = Dictionary(
            uniqueKeysWithValues: segments.lazy.map { [fields = plan.rowFields] in
                ($0.id, $0.news(for: fields, from: start))
            })
        machine.replace(
            read.decision.live.map { segment in
                let cursor = self.lanes[segment]?.cursor ?? lanes[segment]?.cursor
                return (segment, cursor ?? LaneCursor(position: nil), news[segment]!)
            })
        untouched = Set(read.decision.live.filter { lanes[$0] == nil }).subtracting(parked)
            .subtracting(self.lanes.keys).subtracting(running)
        machine.setRedriven(read.redrives, before: [])
        read.decision.live = []
        mustReadRedrives = false
        situation = read
        return read
    }

    private func planner(_ situation: Situation) -> LanePlanner {
        LanePlanner(
            definition: plan.definition,
            integrationPosition: situation.integration?.firstPosition ?? Position(0))
    }

    /// Segments that were spoken of: lanes that are live go on; what comes or goes is decided.
    private func take(
        _ rows: [SegmentID: SegmentRow], _ known: inout Situation
    ) async throws {
        var others: [SegmentRow] = []
        for row in rows.values {
            if machine.knows(row.id), plan.definition.scope.contains(row.id, row.said) {
                machine.tell(row.id, cursor: nil, news: row.news(for: plan.rowFields))
            } else {
                others.append(row)
            }
        }
        if others.isEmpty { return }
        let (name, segments) = (name, Set(others.map(\.id)))
        let lanes = try await context.projections.read {
            try $0.lanes(of: name, segments: segments)
        }
        let byID = Dictionary(uniqueKeysWithValues: lanes.map { ($0.key.segment, $0) })
        let decision = planner(known).decide(others, byID)
        for segment in decision.live {
            machine.tell(
                segment, cursor: byID[segment]?.cursor,
                news: rows[segment]!.news(for: plan.rowFields))
        }
        mailbox.know(decision.live)
        for segment in decision.left { machine.leave(segment) }
        known.decision.fill = Set(known.decision.fill).union(decision.fill).sorted()
        known.decision.left = Set(known.decision.left).union(decision.left).sorted()
    }

    /// Segments that enter the scope are rebuilt; those that left it are noted. false: there are
    /// none of either.
    private func requestFills(_ decision: LanePlanner.Decision) async throws -> Bool {
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
        situation = nil
        return true
    }

    // MARK: Lanes

    private func startLanes(flush: Bool) -> Step {
        while true {
            let group = machine.next(
                of: sessions.size, together: groupLimit, now: context.clock.now(),
                monotonic: stepTime, flush: flush)
            if group.isEmpty { break }
            start(group, flush: flush)
        }
        yielding.othersWait = machine.hasReady
        return nextStep()
    }

    private func start(_ group: [SegmentID], flush: Bool) {
        running.formUnion(group)
        let isRedriven = group.contains { machine.isRedriven($0) }
        if isRedriven { mustReadRedrives = true }
        tasks.start {
            if group.count > 1 {
                await self.runTogether(group, flush: flush)
            } else {
                let end = await self.runLane(group[0], flush: flush, redrives: isRedriven)
                await self.note(end, of: group[0])
            }
        } then: {
            self.wake.raise()
        }
    }

    /// A lane's run has ended.
    func note(_ end: LaneEnd, of segment: SegmentID) {
        ended.append((segment, end))
        wake.raise()
    }

    func forget(_ segment: SegmentID) { running.remove(segment) }

    /// What to wait for: a lane that runs, the first batch that is due, a failure that is over.
    private func nextStep() -> Step {
        let waiting = machine.waiting()
        var milliseconds = waiting.due.map {
            Int(max(0, $0.rawValue - context.clock.now().rawValue) / 1000) + 1
        }
        var failure: Failure?
        if let retry = waiting.retry {
            milliseconds = min(
                milliseconds ?? Int.max, context.time.milliseconds(until: retry.until))
            failure = retry.failure
        }
        if let targetBackOff, hasJustFailed {
            milliseconds = min(
                milliseconds ?? Int.max,
                context.time.milliseconds(until: targetBackOff.untilNanoseconds))
            failure = failure ?? targetBackOff.failure
        }
        if let failure, let milliseconds { return .retry(milliseconds: milliseconds, failure) }
        if milliseconds == nil, tasks.first == nil, ended.isEmpty, !machine.hasReady {
            return .idle
        }
        return .wait(milliseconds: milliseconds)
    }
}
