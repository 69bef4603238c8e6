internal import Connector
internal import EventJSON
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

extension LaneWorker {
    /// How a run of the lane ended.
    enum RunEnd: Sendable {
        case caughtUp
        /// The next batch is not full and its timeout is not over.
        case waiting(until: Timestamp)
        /// There is more, but others wait.
        case yielded
    }

    /// How a run is to go.
    struct RunOptions: Sendable {
        /// Send what is there, due or not.
        var flush: Bool
        /// Tries of the next delivery, this one included.
        var attempt: Int
        /// The session rested before: a connection that is lost at the first delivery is no news.
        var isReused: Bool
        /// Asked between two deliveries.
        var shouldYield: @Sendable () -> Bool
        /// Told of each delivery: how many changes it was.
        var delivered: @Sendable (Int) async -> Void
    }

    /// Delivers batch after batch; while one is under way, the next is built and the last one's
    /// receipt becomes durable.
    ///
    /// - Throws: `TargetFailure` with the target untouched, or, if it says so, with the outcome
    ///   unknown: then the lane is opened anew; `UnsharedDelivery`, which may say the same. Every
    ///   receipt is durable by then.
    mutating func run(
        over session: any LaneSession, _ options: RunOptions
    ) async throws -> RunEnd {
        let end: RunEnd
        defer { builder.dropStock() }
        do {
            end = try await deliverAll(over: session, options)
        } catch {
            try await receipts.finish()
            throw error
        }
        try await receipts.finish()
        return end
    }

    private mutating func deliverAll(
        over session: any LaneSession, _ options: RunOptions
    ) async throws -> RunEnd {
        var attempt = options.attempt
        var mayBeStale = options.isReused
        var ahead: Ahead?
        while true {
            let sent: SentDelivery
            if case .sent(let delivery) = ahead {
                sent = delivery
            } else {
                try Task.checkCancellation()
                let next: PreparedDelivery?
                if case .built(let built) = ahead {
                    next = built
                } else {
                    next = try await nextDelivery(session)
                }
                guard let next else { return .caughtUp }
                if !options.flush, repeated == nil, let due = dueTime(next.batch) {
                    return .waiting(until: due)
                }
                if options.shouldYield() { return .yielded }
                if case .success = next.queries { try await recordBefore(next) }
                sent = try send(next, from: row, state.parked, announced, over: session)
            }
            // The target works on it meanwhile. What fails here is told once that has ended.
            let following: Result<Following, any Error>
            do {
                following = .success(try await self.following(sent, over: session, options))
            } catch {
                following = .failure(error)
            }
            let isDelivered: Bool
            do {
                isDelivered = try await settle(
                    sent, over: session, attempt: attempt, mayBeStale: mayBeStale)
            } catch {
                if case .success(let following) = following { await following.next?.end() }
                throw error
            }
            let found = try following.get()
            mayBeStale = false
            // After a refusal smaller ones come first.
            if let end = found.announced { announced = isDelivered ? end : nil }
            ahead = isDelivered ? found.next : nil
            guard isDelivered else {
                await found.next?.end()
                continue
            }
            attempt = 1
            await options.delivered(sent.prepared.batch.members.count)
            if found.isAtEnd, isOrdinary { return .caughtUp }
        }
    }

    /// What is known of what follows a delivery that is under way.
    private struct Following {
        var next: Ahead?
        /// Up to where deliveries were announced, if that had to be done.
        var announced: LaneCursor?
        /// Nothing follows.
        var isAtEnd = false
    }

    private func nextDelivery(
        _ session: any LaneSession
    ) async throws -> PreparedDelivery? {
        try await builder.next(
            after: state, size: cutSize, limit: repeated?.end, binds: binding(over: session))
    }

    /// Profiles of the next delivery at most.
    private var cutSize: Int { bisection?.size ?? repeated?.size ?? deliverySize }

    /// What follows a delivery that is under way, if it is ready: one that is not full may grow
    /// meanwhile, and is built anew; and where the projections lag behind, the delivery under way
    /// must not wait for them to have its receipt.
    private func following(
        _ current: SentDelivery, over session: any LaneSession, _ options: RunOptions
    ) async throws -> Following {
        let (batch, after) = (current.prepared.batch, current.prepared.after)
        let rest = bisection?.afterSuccess(of: batch.members.count)
        let repetition = repeated.flatMap { after.cursor < $0.end ? $0 : nil }
        let size = rest?.size ?? repetition?.size ?? deliverySize
        let found = try await builder.nextOrEnd(
            after: after, size: size, limit: repetition?.end, isReady: true,
            binds: binding(over: session), isFollowed: isOrdinary && !options.shouldYield())
        guard case .ready(let built) = found else {
            if case .atEnd = found { return Following(isAtEnd: repetition == nil) }
            return Following()
        }
        // The ledger's sync takes its time: the next announcement is made while there is one
        // announced delivery left to send.
        let isAnnounced = announced.map { built.batch.cursorAfter <= $0 } ?? false
        let isLast = announced.map { built.batch.cursorAfter >= $0 } ?? true
        let announces = absorbsRepeats && isOrdinary && batch.isComplete && isLast
        var end = announces && !isAnnounced ? try await announce(from: after) : nil
        var next = Ahead.built(built)
        let onRecord = isAnnounced ? announced : end ?? announced
        if session.queuesDeliveries, mayFollow(current, built, announced: onRecord),
            !options.shouldYield()
        {
            next = .sent(
                try send(
                    built, from: current.moved, after.parked, onRecord, over: session,
                    follows: current.prepared.id))
        }
        do {
            if announces && isAnnounced { end = try await announce(from: built.after) }
            // Two are with the target: time to have the next one ready when the first is done.
            if case .sent = next {
                try await builder.fillStock(
                    after: built.after, size: size, binds: binding(over: session))
            }
        } catch {
            await next.end()
            throw error
        }
        return Following(next: next, announced: end)
    }

    /// Neither a repetition nor the search for a row that was refused.
    private var isOrdinary: Bool { repeated == nil && bisection == nil }

    /// Whether a delivery may be sent before the one under way is known to be done: nothing of what
    /// comes before it is special, and the ledger holds what it must.
    private func mayFollow(
        _ current: SentDelivery, _ next: PreparedDelivery, announced: LaneCursor?
    ) -> Bool {
        guard isOrdinary, !isTriedAsText, next.batch.held.isEmpty,
            case .success = next.queries, current.isSent,
            !plan.commitsByItself(current.prepared.batch),
            !plan.commitsByItself(next.batch)
        else { return false }
        if isTransactional { return true }
        return absorbsRepeats && (announced.map { next.batch.cursorAfter <= $0 } ?? false)
    }

    /// Gives a delivery to the target: the session has it when this returns, and no thread wakes
    /// only to pass it on. What becomes of it is for `settle`.
    ///
    /// - Parameters:
    ///   - row: as the delivery before leaves it.
    ///   - parked: as it is by then.
    ///   - announced: up to where the ledger says that deliveries are begun.
    private func send(
        _ next: PreparedDelivery, from row: TargetCursor, _ parked: ParkedProfiles,
        _ announced: LaneCursor?, over session: any LaneSession, follows: String? = nil
    ) throws -> SentDelivery {
        guard case .success(let queries) = next.queries else {
            return SentDelivery(prepared: next, moved: row, result: nil)
        }
        precondition(next.batch.cursorAfter >= row.cursor, "the cursor of \(lane) goes back")
        precondition(
            isTransactional || announced.map { next.batch.cursorAfter <= $0 } ?? false,
            "what a target cannot tell later is announced before it is sent")
        precondition(
            parked.isEmpty || !next.batch.members.contains { parked.holds($0.ordinal) },
            "a profile whose changes are set aside is in no batch")
        var moved = row
        moved.cursor = next.batch.cursorAfter
        moved.queryCount += Int64(queries.count)
        moved.fingerprint = try context.ledger.fingerprint()
        var delivery = delivery(next.id, from: row, to: moved, queries, next.batch)
        delivery.follows = follows
        let sent = delivery
        let result = Task.immediate { try await session.deliver(sent) }
        return SentDelivery(prepared: next, moved: moved, result: result)
    }

    /// Has the ledger say that the next deliveries are begun, so that it is not asked before each.
    private func announce(from state: LaneState) async throws -> LaneCursor? {
        let size = deliverySize
        let end = try await builder.fullEnd(
            after: state, size: size, count: Self.announcedDeliveryCountMax)
        guard let end else { return nil }
        let start = DeliveryStart(lane: lane, cursor: end, size: size)
        try await receipts.finish { $0.append(.deliveryStarted, body: start.encode()) }
        return end
    }

    /// As many may be repeated after a crash. Servers that know blocks by name remember a hundred
    /// of a table (`replicated_deduplication_window`).
    private static let announcedDeliveryCountMax = 16

    /// Which kinds of events are sent with their values bound. What was refused is tried as text:
    /// only then is it the target that refuses the values, and not a parameter's type.
    private func binding(over session: any LaneSession) -> Set<EventKind> {
        guard session.bindsValues, bisection == nil, !isTriedAsText else { return [] }
        return plan.bindableKinds.subtracting(unbindable)
    }

    /// When a batch that may still grow is due; nil: now.
    private func dueTime(_ batch: LaneBatch) -> Timestamp? {
        if batch.isComplete { return nil }
        let timeout = Int64(plan.definition.batchTimeoutMilliseconds) * 1000
        let due = batch.firstRecordedAt.advanced(byMicroseconds: timeout)
        return context.clock.now() < due ? due : nil
    }

    /// Waits for a delivery's end. false: it was refused, and is to be cut smaller or without what
    /// was parked.
    private mutating func settle(
        _ sent: SentDelivery, over session: any LaneSession, attempt: Int, mayBeStale: Bool
    ) async throws -> Bool {
        let started = context.time.nanoseconds()
        let (next, moved) = (sent.prepared, sent.moved)
        let queries: [TargetQuery]
        switch next.queries {
        case .success(let rendered): queries = rendered
        case .failure(let refusal):
            let failure = TargetFailure(
                class: .values, targetCode: "", message: refusal.message, hint: refusal.hint)
            try await refused(failure, next, over: session, attempt: attempt, started)
            return false
        }
        do {
            let rowCounts: [Int]
            switch try await sent.end() {
            case .committed(let counts): rowCounts = counts
            case .fenced: throw Self.fenced(lane)
            case .unbindable(let place):
                unbindable.insert(builder.kind(of: place, in: next.batch))
                return false
            case .notBegun, nil: return false
            }
            try await receipts.add(
                deliveredReceipts(next.batch, moved, attempt: attempt, rowCounts, started))
        } catch let refusal as TargetFailure where !refusal.isOutcomeUnknown {
            let failure = plan.told(refusal)
            // Interrupted: the target's complaint about it is no news.
            try Task.checkCancellation()
            if mayBeStale, failure.isConnectionLost { throw StaleSession() }
            if queries.contains(where: \.isBound), next.batch.members.count == 1,
                failure.class != .transient
            {
                isTriedAsText = true
                try await receipts.finish()
                try await context.record([
                    failedReceipt(failure, next.batch, .failed, attempt: attempt, started)
                ])
                return false
            }
            try await refused(failure, next, over: session, attempt: attempt, started)
            return false
        } catch let unshared as UnsharedDelivery {
            unknown = unshared.doubtfulRowCounts.map {
                UnknownDelivery(cursor: moved.cursor, rowCounts: $0)
            }
            throw unshared
        } catch let refusal as TargetFailure {
            let failure = plan.told(refusal)
            unknown = failure.rowCounts.map {
                UnknownDelivery(cursor: moved.cursor, rowCounts: $0)
            }
            try Task.checkCancellation()
            try await recordUnknown(failure, next.batch, attempt: attempt)
            throw failure
        }
        row = moved
        state = next.after
        if let end = repeated?.end, state.cursor >= end { repeated = nil }
        isTriedAsText = false
        bisection = bisection?.afterSuccess(of: next.batch.members.count)
        pace.passed(next.batch.members.count, of: fullSize)
        (unproven, failedQuery) = (nil, nil)
        return true
    }

    func delivery(
        _ id: String, from row: TargetCursor, to moved: TargetCursor, _ queries: [TargetQuery],
        _ batch: LaneBatch
    ) -> TargetDelivery {
        var delivery = TargetDelivery(
            lane: lane, id: id,
            move: support.hasRow ? TargetDelivery.Move(from: row, to: moved) : nil,
            queries: queries, commitsByItself: plan.commitsByItself(batch))
        delivery.writesOnlyRows =
            batch.kind.hasProfiles && !batch.savesSegment && plan.writesOnlyRows
        return delivery
    }

    /// What a receipt says of the row that was written; nil: none was.
    func fingerprint(_ moved: TargetCursor) -> Fingerprint? {
        support.hasRow ? moved.fingerprint : nil
    }

    private func deliveredReceipts(
        _ batch: LaneBatch, _ moved: TargetCursor, attempt: Int, _ rowCounts: [Int],
        _ started: UInt64
    ) -> [Receipt] {
        let counts = batch.parts.count > 1 ? builder.queryCounts(batch) : [rowCounts.count]
        let receipts = makeReceipts(batch, cursor: moved.cursor, attempt: attempt, counts)
        return Self.receipts(receipts, of: rowCounts).map { receipt in
            var receipt = receipt
            receipt.fingerprint = fingerprint(moved)
            receipt.durationMicroseconds = Int64((context.time.nanoseconds() - started) / 1000)
            return receipt
        }
    }

    /// What the ledger must hold before the target is asked: changes that the cursor passes without
    /// delivering them, and, where the target cannot tell later, that the delivery has begun.
    private mutating func recordBefore(_ next: PreparedDelivery) async throws {
        let (lane, batch) = (lane, next.batch)
        let isOnRecord = announced.map { batch.cursorAfter <= $0 } ?? false
        let isStarted = !isTransactional && !isOnRecord
        guard !batch.held.isEmpty || isStarted else { return }
        let start = DeliveryStart(lane: lane, cursor: batch.cursorAfter, size: cutSize)
        try await receipts.finish { events in
            for member in batch.held {
                let change = ParkedChange(
                    lane: lane, profile: ProfileOrdinal(member.ordinal),
                    position: member.position, query: member.query, reason: .held)
                events.append(.changeParked, body: change.encode())
            }
            if isStarted {
                events.append(.deliveryStarted, body: start.encode())
            }
        }
        if isStarted { announced = batch.cursorAfter }
        for member in batch.held { state.parked.insert(member.ordinal, at: member.position) }
    }

    /// What became of the delivery is not known: nothing has failed yet, but the operator sees why
    /// it takes so long.
    private mutating func recordUnknown(
        _ failure: TargetFailure, _ batch: LaneBatch, attempt: Int
    ) async throws {
        try await receipts.finish()
        var receipt = makeReceipt(batch, .failed, cursor: row.cursor, attempt: attempt)
        receipt.query = nil
        receipt.templateSHA256 = nil
        receipt.fill(failure)
        try await context.record([receipt])
    }
}
