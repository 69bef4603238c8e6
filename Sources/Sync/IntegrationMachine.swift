internal import DequeModule
internal import HeapModule
internal import SegmentModel

/// Decides which lanes of an integration run, and when: events go in, decisions come out. It knows
/// neither clock nor network nor ledger.
///
/// | a lane is | if |
/// |---|---|
/// | resting | nothing is to be delivered |
/// | ready | something is, and it waits for its turn |
/// | due | its batch may still grow, until a time |
/// | running | a task delivers it, alone or with others |
/// | backing off | it failed, until a time |
///
/// Invariants:
/// - a lane runs once at a time;
/// - lanes share a run only where more are ready than there are sessions; one that has failed, or
///   has parked changes to try again, runs alone;
/// - who waits longest is next; each event costs no more for more lanes, but for their logarithm;
/// - the cursor of a lane never goes back, but for a rebuild.
struct IntegrationMachine: ~Copyable {
    private enum Phase {
        case resting, ready, running
        case due(Timestamp)
        /// On the monotonic clock.
        case backingOff(until: UInt64)

        var isRunning: Bool {
            if case .running = self { true } else { false }
        }
    }

    private struct Lane {
        var cursor: LaneCursor
        /// The last event of its segment.
        var news: Position
        var phase = Phase.resting
        /// It has parked changes to try again.
        var isRedriven = false
        /// The run that is under way tries them.
        var redrives = false
        /// Its segment was spoken of while it ran.
        var isToldMeanwhile = false
        /// Its last run found nothing more, and nothing came since.
        var isCaughtUp = false
        /// It is no longer of the integration; forgotten once it has ended.
        var isLeaving = false
        /// Its last run failed.
        var hasFailed = false
        /// It did not get on with others.
        var isApart = false
        /// Which run it takes part in.
        var run = 0

        var runsAlone: Bool { isApart || isRedriven || hasFailed }

        var hasWork: Bool {
            if isRedriven { return true }
            if isCaughtUp { return false }
            return cursor.profileCount > 0 || cursor.position.map { $0 < news } ?? true
        }
    }

    /// When a lane is looked at again. One whose lane is no longer in that phase says nothing.
    private struct Timer: Comparable {
        let time: UInt64
        let segment: SegmentID

        static func < (left: Timer, right: Timer) -> Bool {
            (left.time, left.segment) < (right.time, right.segment)
        }
    }

    /// How the run of a lane ended, as far as it decides what comes next.
    enum End {
        case caughtUp, yielded
        case waiting(until: Timestamp)
        /// To be tried again.
        case failed(BackOff)
        /// Nothing of the lane's own: the target, or this side.
        case aborted
        /// It is to run without others.
        case apart

        var isDone: Bool {
            switch self {
            case .caughtUp, .yielded, .waiting: true
            case .failed, .aborted, .apart: false
            }
        }
    }

    /// What there is to wait for.
    struct Waiting {
        /// A batch that is due, on the wall clock.
        var due: Timestamp?
        /// A lane that is tried again, on the monotonic clock, and what it failed with.
        var retry: (until: UInt64, failure: Failure)?
    }

    private var lanes: [SegmentID: Lane] = [:]
    /// What the failures of lanes wait for; one that delivers again has none.
    private var backOffs: [SegmentID: BackOff] = [:]
    private var ready: Deque<SegmentID> = []
    private var retries = Heap<Timer>()
    private var dues = Heap<Timer>()
    /// Runs that are under way: how many of their lanes have not ended.
    private var runs: [Int: Int] = [:]
    private var lastRun = 0

    /// Sessions that are used.
    var runningCount: Int { runs.count }

    // MARK: What is known of lanes

    /// All lanes that are live. What runs, waits or is tried again stays so.
    mutating func replace(_ live: [(segment: SegmentID, cursor: LaneCursor, news: Position)]) {
        var left = Set(lanes.keys)
        for one in live {
            left.remove(one.segment)
            tell(one.segment, cursor: one.cursor, news: one.news)
        }
        for segment in left { leave(segment) }
    }

    /// A live lane, or what came for it.
    ///
    /// - Parameter cursor: nil: as it is known.
    mutating func tell(_ segment: SegmentID, cursor: LaneCursor?, news: Position) {
        var lane = lanes[segment] ?? Lane(cursor: LaneCursor(position: nil), news: news)
        lane.isLeaving = false
        if let cursor, !lane.phase.isRunning, cursor != lane.cursor {
            (lane.cursor, lane.isCaughtUp) = (cursor, false)
        }
        if news > lane.news {
            lane.news = news
            (lane.isToldMeanwhile, lane.isCaughtUp) = (true, false)
            // What came may fill its batch.
            if case .due = lane.phase { lane.phase = .resting }
        }
        settle(&lane, segment)
        lanes[segment] = lane
    }

    /// The lane is no longer one of the integration.
    mutating func leave(_ segment: SegmentID) {
        guard var lane = lanes[segment] else { return }
        if lane.phase.isRunning {
            lane.isLeaving = true
            lanes[segment] = lane
        } else {
            forget(segment)
        }
    }

    private mutating func forget(_ segment: SegmentID) {
        (lanes[segment], backOffs[segment]) = (nil, nil)
    }

    /// Lanes with parked changes to try again; no others have any.
    mutating func setRedriven(_ segments: Set<SegmentID>, before: Set<SegmentID>) {
        for segment in before.union(segments) {
            guard var lane = lanes[segment] else { continue }
            lane.isRedriven = segments.contains(segment)
            settle(&lane, segment)
            lanes[segment] = lane
        }
    }

    var isEmpty: Bool { lanes.isEmpty }

    func isRedriven(_ segment: SegmentID) -> Bool { lanes[segment]?.isRedriven ?? false }

    func knows(_ segment: SegmentID) -> Bool { lanes[segment].map { !$0.isLeaving } ?? false }

    func backOff(of segment: SegmentID) -> BackOff? { backOffs[segment] }

    private mutating func setBackOff(
        _ backOff: BackOff?, of lane: inout Lane, _ segment: SegmentID
    ) {
        guard lane.hasFailed || backOff != nil else { return }
        lane.hasFailed = backOff != nil
        backOffs[segment] = backOff
    }

    /// A lane that rests and has work gets its turn; one without work forgets its failures.
    private mutating func settle(_ lane: inout Lane, _ segment: SegmentID) {
        switch lane.phase {
        case .resting:
            guard lane.hasWork else {
                setBackOff(nil, of: &lane, segment)
                return
            }
            lane.phase = .ready
            ready.append(segment)
        case .backingOff:
            if !lane.hasWork {
                lane.phase = .resting
                setBackOff(nil, of: &lane, segment)
            }
        case .ready, .running, .due: break
        }
    }

    // MARK: Running

    /// The lanes that run next over one session, if one of `size` is left: who waits longest.
    ///
    /// - Parameters:
    ///   - limit: as many at most share a session.
    ///   - flush: batches that may still grow are due, too.
    ///   - monotonic: nanoseconds.
    mutating func next(
        of size: Int, together limit: Int, now: Timestamp, monotonic: UInt64, flush: Bool
    ) -> [SegmentID] {
        wake(now: now, monotonic: monotonic, flush: flush)
        guard runningCount < size else { return [] }
        let free = size - runningCount
        let count = min(limit, max(1, (ready.count + free - 1) / free))
        var group: [SegmentID] = []
        lastRun += 1
        while group.count < count, let segment = ready.first {
            guard var lane = lanes[segment], case .ready = lane.phase, lane.hasWork else {
                ready.removeFirst()
                rest(segment)
                continue
            }
            if lane.runsAlone, !group.isEmpty { break }
            ready.removeFirst()
            lane.phase = .running
            lane.isToldMeanwhile = false
            lane.redrives = lane.isRedriven
            lane.run = lastRun
            lanes[segment] = lane
            group.append(segment)
            if lane.runsAlone { break }
        }
        if !group.isEmpty { runs[lastRun] = group.count }
        return group
    }

    /// A lane without work that had its turn, if it is one.
    private mutating func rest(_ segment: SegmentID) {
        guard var lane = lanes[segment], case .ready = lane.phase else { return }
        lane.phase = .resting
        setBackOff(nil, of: &lane, segment)
        lanes[segment] = lane
    }

    /// Whether lanes wait for a session.
    var hasReady: Bool {
        ready.contains { segment in
            if case .ready? = lanes[segment]?.phase { true } else { false }
        }
    }

    private mutating func wake(now: Timestamp, monotonic: UInt64, flush: Bool) {
        while let first = retries.min, first.time <= monotonic {
            retries.removeMin()
            guard case .backingOff(let until)? = lanes[first.segment]?.phase, until == first.time
            else { continue }
            lanes[first.segment]?.phase = .ready
            ready.append(first.segment)
        }
        while let first = dues.min, flush || first.time <= UInt64(max(0, now.rawValue)) {
            dues.removeMin()
            guard case .due(let time)? = lanes[first.segment]?.phase,
                UInt64(max(0, time.rawValue)) == first.time
            else { continue }
            lanes[first.segment]?.phase = .ready
            ready.append(first.segment)
        }
    }

    /// A lane's run has ended.
    ///
    /// - Parameter cursor: where it stands now; nil: not known.
    mutating func ended(_ segment: SegmentID, _ end: End, cursor: LaneCursor?) {
        guard var lane = lanes[segment], lane.phase.isRunning else {
            preconditionFailure("only a lane that runs can end: segment \(segment)")
        }
        runs[lane.run]! -= 1
        if runs[lane.run] == 0 { runs[lane.run] = nil }
        if lane.isLeaving {
            forget(segment)
            return
        }
        if let cursor {
            precondition(
                cursor >= lane.cursor, "the cursor of segment \(segment) went back while it ran")
            lane.cursor = cursor
        }
        lane.phase = .resting
        // What was asked for meanwhile, or has failed, is still to be tried.
        if lane.redrives, end.isDone { lane.isRedriven = false }
        if end.isDone { lane.isApart = false }
        switch end {
        case .caughtUp:
            setBackOff(nil, of: &lane, segment)
            lane.isCaughtUp = !lane.isToldMeanwhile
        case .yielded: setBackOff(nil, of: &lane, segment)
        case .waiting(let time):
            setBackOff(nil, of: &lane, segment)
            // What came meanwhile may fill the batch.
            if !lane.isToldMeanwhile {
                lane.phase = .due(time)
                dues.insert(Timer(time: UInt64(max(0, time.rawValue)), segment: segment))
            }
        case .failed(let backOff):
            setBackOff(backOff, of: &lane, segment)
            lane.phase = .backingOff(until: backOff.untilNanoseconds)
            retries.insert(Timer(time: backOff.untilNanoseconds, segment: segment))
        case .aborted: break
        case .apart: lane.isApart = true
        }
        settle(&lane, segment)
        lanes[segment] = lane
    }

    /// What there is to wait for, beside lanes that run.
    mutating func waiting() -> Waiting {
        var waiting = Waiting()
        while let first = dues.min {
            if case .due(let time)? = lanes[first.segment]?.phase,
                UInt64(max(0, time.rawValue)) == first.time
            {
                waiting.due = time
                break
            }
            dues.removeMin()
        }
        while let first = retries.min {
            if let lane = lanes[first.segment], case .backingOff(let until) = lane.phase,
                until == first.time, let backOff = backOffs[first.segment]
            {
                waiting.retry = (until, backOff.failure)
                break
            }
            retries.removeMin()
        }
        return waiting
    }
}
