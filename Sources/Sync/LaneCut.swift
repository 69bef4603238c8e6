internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel

/// An event as a lane sees it: one of its segment, or a change of its members' fields.
struct LaneEvent {
    let kind: EventKind
    let position: Position
    let time: Timestamp
    let recordedAt: Timestamp
    /// Profiles that it names, ascending.
    let ordinals: ArraySlice<UInt32>
    /// Those of them who were members and of whom fields changed, ascending.
    let replaced: [UInt32]
    /// No event of the segment.
    let isUpdate: Bool
    let body: [UInt8]

    init(_ event: Frame.Event, _ position: Position, _ frame: Frame, _ own: RowChange?) {
        kind = event.kind
        self.position = position
        time = event.time
        recordedAt = event.recordedAt
        ordinals = frame.ordinals[event.ordinalRange]
        replaced = own?.profiles ?? []
        isUpdate = false
        body = event.kind.hasProfiles ? [] : Array(frame.bytes[event.body.range])
    }

    init(_ change: RowChange) {
        kind = .profilesAdded
        position = change.position
        time = change.time
        recordedAt = change.recordedAt
        ordinals = change.profiles[...]
        replaced = change.profiles
        isUpdate = true
        body = []
    }
}

/// A batch while it is cut.
///
/// A batch that is not coalesced ends before the second mention of a profile and before another
/// kind of change. A coalesced one takes both in, and ends when it has `size` profiles or
/// `Limits.coalescedChangeCountMax` changes.
struct Cut {
    private var batch: LaneBatch?
    private let cursor: LaneCursor
    private let size: Int
    private let parked: ParkedProfiles
    private let limit: LaneCursor?
    private let coalesces: Bool
    private var seen: OrdinalSet
    /// Coalesced: the last change of each profile, in the order of their first ones.
    private var last: [LaneBatch.Member] = []
    private var places: [UInt32: Int] = [:]
    private var changeCount = 0

    init(
        cursor: LaneCursor, size: Int, parked: ParkedProfiles, limit: LaneCursor?, coalesces: Bool
    ) {
        self.cursor = cursor
        self.size = size
        self.parked = parked
        self.limit = limit
        self.coalesces = coalesces
        seen = OrdinalSet(capacity: 0)
        if coalesces { places.reserveCapacity(min(size, Self.smallCount)) }
    }

    /// Room for a small batch, as most lanes among many have.
    private static let smallCount = 64

    /// Takes an event in; returns the batch if it ends before the event, with it or in it.
    mutating func take(_ event: LaneEvent) -> LaneBatch? {
        if let batch, !(coalesces ? event.kind.hasProfiles : batch.kind == event.kind) {
            return completed()
        }
        guard event.kind.hasProfiles else {
            return LaneBatch(
                kind: event.kind, firstPosition: event.position, lastPosition: event.position,
                lastTime: event.time, firstRecordedAt: event.recordedAt,
                cursorAfter: LaneCursor(position: event.position), isComplete: true,
                body: event.body)
        }
        var open: LaneBatch
        if let batch {
            open = batch
            // Else what it holds would be copied before it grows.
            self.batch = nil
        } else {
            open = LaneBatch(
                kind: event.kind, firstPosition: event.position, lastPosition: event.position,
                lastTime: event.time, firstRecordedAt: event.recordedAt, cursorAfter: cursor,
                isComplete: false)
            let count = max(event.ordinals.count, Self.smallCount)
            open.members.reserveCapacity(coalesces ? 0 : min(size, count))
            if !coalesces { seen = OrdinalSet(capacity: min(size, count)) }
        }
        let isDone = takeProfiles(of: event, into: &open)
        batch = open
        return isDone ? completed() : nil
    }

    private func completed() -> LaneBatch? {
        var batch = finished()
        batch?.isComplete = true
        return batch
    }

    /// What there is, at the ledger's end.
    func finished() -> LaneBatch? {
        guard coalesces, var batch, batch.kind.hasProfiles else { return batch }
        var added: [LaneBatch.Member] = []
        for member in last {
            if parked.holds(member.ordinal) {
                if !parked.contains(member.ordinal, at: member.position) {
                    batch.held.append(member)
                }
            } else if member.isRemoved {
                batch.members.append(member)
            } else {
                added.append(member)
            }
        }
        batch.kind =
            added.isEmpty && !batch.members.isEmpty ? .profilesRemoved : .profilesAdded
        batch.members += added
        return batch
    }

    /// Takes an event's profiles until the batch is full; true: the batch ends here.
    private mutating func takeProfiles(
        of event: LaneEvent, into batch: inout LaneBatch
    ) -> Bool {
        let ordinals = event.ordinals
        let isBegun = cursor.profileCount > 0 && event.position.predecessor == cursor.position
        let skip = isBegun ? cursor.profileCount : 0
        var done = skip
        func note() {
            guard done > skip else { return }
            (batch.lastPosition, batch.lastTime) = (event.position, event.time)
            batch.cursorAfter =
                done == ordinals.count
                ? LaneCursor(position: event.position)
                : LaneCursor(position: event.position.predecessor, profileCount: done)
        }
        defer { note() }
        var replaced = event.replaced[...]
        for ordinal in ordinals.dropFirst(skip) {
            if isFull(batch) { return true }
            var member = LaneBatch.Member(
                ordinal: ordinal, position: event.position,
                isRemoved: event.kind == .profilesRemoved)
            if !event.replaced.isEmpty {
                replaced = replaced.drop { $0 < ordinal }
                member.replaces = replaced.first == ordinal
                member.isUpdate = event.isUpdate
            }
            guard coalesces ? coalesce(member) : add(member, to: &batch) else { return true }
            done += 1
            if limit != nil { note() }
        }
        if ordinals.isEmpty { batch.cursorAfter = LaneCursor(position: event.position) }
        return isFull(batch)
    }

    /// false: the profile is in the batch already.
    private mutating func add(_ member: LaneBatch.Member, to batch: inout LaneBatch) -> Bool {
        if !parked.holds(member.ordinal) {
            guard seen.insert(member.ordinal) else { return false }
            batch.members.append(member)
        } else if !parked.contains(member.ordinal, at: member.position) {
            batch.held.append(member)
        }
        return true
    }

    /// The row that goes is the one from before the first change.
    private mutating func coalesce(_ member: LaneBatch.Member) -> Bool {
        changeCount += 1
        guard let place = places[member.ordinal] else {
            places[member.ordinal] = last.count
            last.append(member)
            return true
        }
        let earlier = last[place]
        var member = member
        member.since = earlier.since ?? earlier.position
        member.replaces = member.replaces || earlier.replaces || earlier.isRemoved
        member.isUpdate = member.isUpdate && earlier.isUpdate
        last[place] = member
        return true
    }

    /// What is held counts too, so that no batch grows without end.
    private func isFull(_ batch: LaneBatch) -> Bool {
        let isAtLimit = limit.map { batch.cursorAfter >= $0 } ?? false
        let isFull =
            coalesces
            ? last.count >= size || changeCount >= Limits.coalescedChangeCountMax
            : batch.members.count + batch.held.count >= size
        return isAtLimit || isFull
    }
}
