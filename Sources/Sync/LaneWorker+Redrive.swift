internal import Connector
internal import EventJSON
internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

extension LaneWorker {
    /// Tries again what is due, each change in a delivery of its own and a profile's in the
    /// ledger's order, with the profile's fields as they are by the lane's next event. The cursor
    /// stays.
    ///
    /// - Throws: as `run` does.
    mutating func redrive(
        _ rows: [ParkedRow], over session: any LaneSession,
        delivered: @Sendable (Int) async -> Void
    ) async throws {
        let due = rows.filter { $0.due != nil }
        let members = try await ofMembers(due)
        var refused: Set<ProfileOrdinal> = []
        var written: Set<ProfileOrdinal> = []
        for one in due where !refused.contains(one.change.profile) {
            try Task.checkCancellation()
            let isWritten = written.contains(one.change.profile)
            let isMember = members.contains(one.position)
            if try await redrive(one, isWritten: isWritten, isMember, over: session) {
                written.insert(one.change.profile)
                await delivered(1)
            } else {
                refused.insert(one.change.profile)
            }
        }
    }

    /// false: it is refused again.
    ///
    /// - Parameters:
    ///   - isWritten: an earlier change of the profile was delivered just before.
    ///   - isMember: the profile was a member before the change.
    private mutating func redrive(
        _ one: ParkedRow, isWritten: Bool, _ isMember: Bool, over session: any LaneSession
    ) async throws -> Bool {
        let prepared = try await prepare(one, isWritten: isWritten, isMember)
        let queries: [TargetQuery]
        switch prepared.queries {
        case .success(let rendered): queries = rendered
        case .failure(let refusal):
            let failure = TargetFailure(
                class: .values, targetCode: "", message: refusal.message, hint: refusal.hint)
            try await refused(failure, one, started: context.time.nanoseconds())
            return false
        }
        let lane = lane
        let start = DeliveryStart(lane: lane, cursor: row.cursor, parked: one.position)
        try await context.record([]) { $0.append(.deliveryStarted, body: start.encode()) }
        announced = nil
        let started = context.time.nanoseconds()
        var moved = row
        moved.queryCount += Int64(queries.count)
        moved.fingerprint = try context.ledger.fingerprint()
        do {
            let result = try await session.deliver(
                delivery(
                    prepared.id, from: row, to: moved, queries, prepared.batch))
            guard case .committed(let rowCounts) = result else { throw Self.fenced(lane) }
            var receipt = makeReceipt(redriven: one, .delivered)
            receipt.fingerprint = fingerprint(moved)
            receipt.successfulQueryCount = queries.count
            if queries.isEmpty { receipt.profileCount = 0 }
            receipt.rowCount = rowCounts.reduce(0, +)
            receipt.durationMicroseconds = Int64((context.time.nanoseconds() - started) / 1000)
            try await context.record([receipt])
        } catch let failure as TargetFailure where !failure.isOutcomeUnknown {
            try Task.checkCancellation()
            try await refused(plan.told(failure), one, started: started)
            return false
        } catch let failure as TargetFailure {
            unknown = failure.rowCounts.map {
                UnknownDelivery(cursor: moved.cursor, parked: one.position, rowCounts: $0)
            }
            throw plan.told(failure)
        }
        row = moved
        state.parked.remove(one.change.profile.rawValue, at: one.change.position)
        return true
    }

    private func prepare(
        _ one: ParkedRow, isWritten: Bool, _ isMember: Bool
    ) async throws -> PreparedDelivery {
        let (ledger, position, segment) = (context.ledger, one.change.position, lane.segment)
        let profile = one.change.profile.rawValue
        let found = try await context.pool.run { () -> (event: Frame.Event, isNamed: Bool)? in
            guard let frame = try ledger.frame(containing: position) else { return nil }
            let event = frame.events[Int(position.rawValue - frame.firstPosition.rawValue)]
            let isOwn = event.kind.hasSegment && event.segment == segment
            return (event, isOwn && frame.ordinals[event.ordinalRange].contains(profile))
        }
        guard let (event, isNamed) = found, let last = try await lastPosition() else {
            throw Failure(
                .projectionInvalid,
                "a change is parked at position \(position), which the ledger "
                    + "does not reach", hint: "run 'segledger rebuild-projections'")
        }
        var batch = LaneBatch(
            kind: one.change.query.changeKind, firstPosition: position,
            lastPosition: max(position, last), lastTime: event.time,
            firstRecordedAt: event.recordedAt,
            members: [
                LaneBatch.Member(
                    ordinal: one.change.profile.rawValue, position: position,
                    isRemoved: one.change.query == .removeProfiles)
            ],
            cursorAfter: row.cursor, isComplete: true)
        try await context.projections.foldToEnd()
        let (rows, change, coalesces) = (builder.rows, one.change, builder.coalesces)
        // Coalesced, it may stand for earlier ones as well.
        let isUpdate =
            !coalesces && (!event.kind.hasSegment || event.segment != lane.segment)
        let (now, parked) = (max(position, last), state.parked)
        batch.resolved = try await context.pool.run {
            let parts =
                isWritten
                ? Self.parts(of: change, through: last, isUpdate: isUpdate)
                : try Self.parts(
                    of: change,
                    Self.remains(of: change, isMember, isNamed, coalesced: coalesces, rows),
                    through: now, rows)
            return try rows?.withSharedRows(
                parts, settled: [change.profile.rawValue], through: now, parked: parked) ?? parts
        }
        var prepared = try await builder.prepare(batch, from: state, binds: [])
        prepared.id = builder.deliveryID("parked-\(one.position)")
        return prepared
    }

    /// Just before the lane's next event: what its rows are made of so far.
    private func lastPosition() async throws -> Position? {
        let next = try await builder.cut(after: state, size: 1)
        return next.map(\.firstPosition.predecessor) ?? context.ledger.end.predecessor
    }

    /// The row is as it is by now.
    ///
    /// - Parameter isUpdate: the change is no more than that.
    private static func parts(
        of change: ParkedChange, through last: Position, isUpdate: Bool
    ) -> [LaneBatch.Part] {
        if isUpdate { return [] }
        let row = LaneBatch.RowImage(ordinal: change.profile.rawValue, asOf: last)
        return [LaneBatch.Part(query: change.query, rows: [row], changeCount: 1)]
    }

    /// Which rows a parked change may meet in the tables.
    private enum Remains: Sendable {
        /// None: its profile was no member before.
        case none
        /// That from just before the change.
        case last
        /// Any that the profile ever had: a rebuild set the change aside.
        case any
    }

    /// - Parameter isCoalesced: others may have been sent with the change, from before it.
    private static func remains(
        of change: ParkedChange, _ isMember: Bool, _ isNamed: Bool, coalesced isCoalesced: Bool,
        _ rows: LaneRows?
    ) throws -> Remains {
        let isOwn =
            try isNamed || rows?.isReplaced(change.profile, at: change.position) ?? false
        if isCoalesced || !isOwn { return .any }
        return isMember ? .last : .none
    }

    /// What is left of a member's row goes; one that is added has its fields of now.
    private static func parts(
        of change: ParkedChange, _ remains: Remains, through last: Position, _ rows: LaneRows?
    ) throws -> [LaneBatch.Part] {
        let profile = change.profile.rawValue
        let isRemoved = change.query == .removeProfiles
        let row = LaneBatch.RowImage(ordinal: profile, asOf: last)
        var removed = LaneBatch.Part(query: .removeProfiles)
        let isMet = if case .none = remains { isRemoved } else { true }
        if let rows, isMet {
            let isAny = if case .any = remains { true } else { false }
            removed.rows = try rows.images(
                of: [profile], from: isAny ? nil : change.position.predecessor, through: last,
                withLast: isRemoved)
        }
        if isRemoved {
            if removed.rows.isEmpty { removed.rows = [row] }
            removed.changeCount = 1
            return [removed]
        }
        let added = LaneBatch.Part(query: .addProfiles, rows: [row], changeCount: 1)
        return removed.rows.isEmpty ? [added] : [removed, added]
    }

    /// Which of these changes are of profiles that were members just before.
    ///
    /// - Complexity: one pass over the segment's events.
    private func ofMembers(_ rows: [ParkedRow]) async throws -> Set<Position> {
        let (ledger, segment) = (context.ledger, lane.segment)
        guard let last = rows.map(\.change.position).max() else { return [] }
        return try await context.pool.run {
            var asked = rows.sorted { $0.change.position < $1.change.position }[...]
            let profiles = Set(rows.map(\.change.profile.rawValue))
            var (members, found, at) = (Set<UInt32>(), Set<Position>(), Position?.none)
            func settle(before position: Position) {
                while let first = asked.first, first.change.position < position {
                    if members.contains(first.change.profile.rawValue) {
                        found.insert(first.position)
                    }
                    asked.removeFirst()
                }
            }
            while let frame = try ledger.changes(of: segment, after: at),
                frame.firstPosition < last
            {
                frame.forEachEvent(of: segment) { index, event in
                    settle(before: frame.firstPosition.advanced(by: index + 1))
                    let named = frame.ordinals[event.ordinalRange].filter(profiles.contains)
                    switch event.kind {
                    case .profilesAdded: members.formUnion(named)
                    case .profilesRemoved: members.subtract(named)
                    case .segmentCleared, .segmentDeleted: members.removeAll()
                    default: break
                    }
                }
                at = frame.endPosition.predecessor
            }
            settle(before: last.advanced(by: 1))
            return found
        }
    }

    /// Refused again: it stays set aside. Any other failure is for the lane to wait out.
    private func refused(
        _ refusal: TargetFailure, _ one: ParkedRow, started: UInt64
    ) async throws {
        var failure = refusal
        // One row's refusal stops nothing: if it is about the query, the next delivery finds out.
        if failure.class == .permanent, failure.isTargetsWord, !failure.isConnectionLost {
            failure.class = .values
        }
        let isAboutRows = failure.class.isAboutRows
        let willStop = failure.class == .permanent
        var receipt = makeReceipt(redriven: one, willStop ? .stopped : .failed)
        receipt.failedQueryCount =
            failure.isConnectionLost || failure.targetCode.isEmpty ? 0 : 1
        receipt.durationMicroseconds = Int64((context.time.nanoseconds() - started) / 1000)
        receipt.fill(failure)
        guard isAboutRows else {
            try await context.record([receipt])
            throw failure
        }
        var change = one.change
        change.reason = .refused
        change.attempt = receipt.attempt
        change.errorCode = receipt.errorCode
        change.targetCode = receipt.targetCode
        change.errorMessage = receipt.errorMessage
        change.errorHint = receipt.errorHint
        try await context.record([receipt]) {
            $0.append(.changeParked, body: change.encode())
        }
    }
}
