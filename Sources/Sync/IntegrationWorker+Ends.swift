internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel

/// How lanes and rebuilds end, and what is recorded of their failures.
extension IntegrationWorker {
    /// Takes in how lanes ended; returns the failure that stops the integration, if one does.
    func concludeLanes() async throws -> Failure? {
        var stopping: Failure?
        let all = ended
        ended = []
        hasJustFailed = false
        for (segment, end) in all {
            forget(segment)
            let query = lanes[segment]?.failedQuery
            let (how, stop) = try await conclude(end, of: segment)
            if stop != nil { failurePlace = plan.place(segment, query) }
            if machine.isRedriven(segment) { mustReadRedrives = true }
            machine.ended(segment, how, cursor: lanes[segment]?.cursor)
            stopping = stop ?? stopping
        }
        return stopping
    }

    /// What the end of a lane's run means for the lane, and for the integration.
    private func conclude(
        _ end: LaneEnd, of segment: SegmentID
    ) async throws -> (IntegrationMachine.End, stopping: Failure?) {
        let hasProgressed = progressed.remove(segment) != nil
        func backOff(_ failure: TargetFailure) -> BackOff {
            hasJustFailed = true
            let earlier = hasProgressed ? nil : machine.backOff(of: segment)
            let waiting = BackOff(
                after: earlier, failure, place: "\(name)/\(segment)", at: stepTime)
            if failure.class == .transient {
                troubled.insert(segment)
                notice(waiting, segment, lanes[segment]?.failedQuery)
            }
            return waiting
        }
        switch end {
        case .caughtUp: return (.caughtUp, nil)
        case .yielded: return (.yielded, nil)
        case .waiting(let time): return (.waiting(until: time), nil)
        case .failed(let failure):
            guard failure.class == .transient || failure.isOutcomeUnknown else {
                return (.aborted, failure.asFailure)
            }
            return (.failed(backOff(failure)), nil)
        case .unopened(let cursor, let failure):
            let waiting = backOff(failure)
            try await record(failure, segment, cursor, attempt: waiting.attempt)
            return failure.class == .transient
                ? (.failed(waiting), nil) : (.aborted, failure.stopping.asFailure)
        case .unreached(let cursor, let failure):
            hasJustFailed = true
            try await recordUnreached(segment, cursor, failure)
            return (.aborted, nil)
        case .refused(let failure):
            try await stop(failure)
            return (.aborted, failure)
        case .apart: return (.apart, nil)
        case .broken(let error): throw error
        }
    }

    /// Tells of a failure that is waited out.
    ///
    /// - Parameter segment: nil: it is about all of them.
    private func notice(_ waiting: BackOff, _ segment: SegmentID?, _ query: QueryKind?) {
        lastFailure = waiting.failure
        let milliseconds = context.time.milliseconds(until: waiting.untilNanoseconds)
        failurePlace = plan.place(segment, query)
        tell(
            SyncNotice(
                name, .failed(waiting.failure, retryMilliseconds: milliseconds), at: failurePlace))
    }

    /// One receipt for a target that cannot be reached, however many lanes tried meanwhile.
    private func recordUnreached(
        _ segment: SegmentID, _ cursor: LaneCursor, _ failure: TargetFailure
    ) async throws {
        if let waiting = targetBackOff, waiting.untilNanoseconds > stepTime { return }
        let waiting = BackOff(after: targetBackOff, failure, place: name, at: stepTime)
        targetBackOff = waiting
        notice(waiting, nil, nil)
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

    // MARK: Failures

    /// A resync that the target did not let happen: recorded, then waited out or the end.
    func failed(_ failure: ResyncFailure) async throws -> Step {
        let cause = failure.cause.stopping
        let waiting = BackOff(
            after: targetBackOff, cause, place: name, at: context.time.nanoseconds())
        let isTransient = cause.class == .transient
        var receipt = failure.receipt
        receipt.fill(cause)
        receipt.attempt = waiting.attempt
        receipt.outcome = isTransient ? .failed : .stopped
        try await context.record([receipt])
        guard isTransient else {
            failurePlace = plan.place(receipt.lane.segment, receipt.query)
            return .stopped(waiting.failure)
        }
        targetBackOff = waiting
        notice(waiting, receipt.lane.segment, receipt.query)
        return .retry(
            milliseconds: context.time.milliseconds(until: waiting.untilNanoseconds),
            waiting.failure)
    }

    /// Records that the integration stops, and why.
    func stop(_ failure: Failure) async throws {
        try await context.record([
            Receipt(failure, .stopped, of: name, before: context.ledger.end)
        ])
    }
}
