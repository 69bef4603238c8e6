internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import Synchronization

/// The next events of a lane that go out together: one kind, one segment, ledger order (INV-6).
struct LaneBatch: Sendable {
    struct Member: Hashable, Sendable {
        var ordinal: UInt32
        /// The event that names it: its fields are taken as they stood there.
        var position: Position
    }

    var kind: EventKind
    var firstPosition: Position
    var lastPosition: Position
    /// Ledger time of the last event.
    var lastTime: Timestamp
    /// When the first event was recorded: the batch's timeout counts from here.
    var firstRecordedAt: Timestamp
    var members: [Member] = []
    /// Changes of parked profiles that are to be set aside as well, before the cursor passes them.
    var held: [Member] = []
    /// Where the lane stands once it is delivered.
    var cursorAfter: LaneCursor
    /// Full, or followed by something that ends it: due at once.
    var isComplete: Bool
    /// The body of an event without profiles.
    var body: [UInt8] = []
}

/// Cuts a lane's events into batches. A pure function of the ledger, the cursor, the size and what
/// is parked.
struct LaneBatcher: Sendable {
    let ledger: any Ledger
    let segment: SegmentID
    private let last: LastFrame

    init(ledger: any Ledger, segment: SegmentID) {
        self.ledger = ledger
        self.segment = segment
        last = LastFrame()
    }

    /// The next batch after `cursor`; nil if nothing is there yet. A profile appears at most once
    /// in a batch: its second mention begins the next one. A batch may have no members, where all
    /// of them are parked: then only the cursor moves.
    ///
    /// - Parameter limit: stop here at the latest, if given (used to repeat a delivery, and to
    ///   rebuild a lost receipt).
    /// - Concurrency: blocks on file reads.
    func next(
        after cursor: LaneCursor, size: Int, parked: ParkedProfiles = ParkedProfiles(),
        limit: LaneCursor? = nil
    ) throws -> LaneBatch? {
        var cut = Cut(cursor: cursor, size: size, parked: parked, limit: limit)
        var at = cursor.position
        while let frame = try frame(after: at) {
            for (index, event) in frame.events.enumerated() {
                let position = frame.firstPosition.advanced(by: index)
                if let at, position <= at { continue }
                guard event.kind.hasSegment, event.segment == segment else { continue }
                if let done = cut.take(event, position, frame) { return done }
            }
            at = frame.endPosition.predecessor
        }
        return cut.batch
    }

    /// A frame gives several batches: it is not read and decoded for each of them.
    private func frame(after position: Position?) throws -> Frame? {
        if let frame = last.find(after: position) { return frame }
        guard let frame = try ledger.frame(of: segment, after: position) else { return nil }
        last.keep(frame, after: position)
        return frame
    }
}

/// The frame that a batcher read last, and after which position it was the first of its segment.
private final class LastFrame: Sendable {
    private let kept = Mutex<(frame: Frame, after: Position?)?>(nil)

    func find(after position: Position?) -> Frame? {
        kept.withLock { kept in
            guard let kept else { return nil }
            let isInside =
                position.map { $0.advanced(by: 1) < kept.frame.endPosition } ?? (kept.after == nil)
            let isNotBefore = kept.after.map { after in position.map { $0 >= after } ?? false }
            return isInside && isNotBefore ?? true ? kept.frame : nil
        }
    }

    func keep(_ frame: Frame, after position: Position?) {
        kept.withLock { $0 = (frame, position) }
    }
}

/// A batch while it is cut.
private struct Cut {
    private(set) var batch: LaneBatch?
    private let cursor: LaneCursor
    private let size: Int
    private let parked: ParkedProfiles
    private let limit: LaneCursor?
    private var seen: Set<UInt32> = []
    private var skip: Int

    init(cursor: LaneCursor, size: Int, parked: ParkedProfiles, limit: LaneCursor?) {
        self.cursor = cursor
        self.size = size
        self.parked = parked
        self.limit = limit
        skip = cursor.profileCount
        seen.reserveCapacity(min(size, 1 << 16))
    }

    /// Takes an event in; returns the batch if it ends before the event, with it or in it.
    mutating func take(
        _ event: Frame.Event, _ position: Position, _ frame: Frame
    ) -> LaneBatch? {
        if let batch, batch.kind != event.kind { return Self.completed(batch) }
        guard event.kind.hasProfiles else {
            return LaneBatch(
                kind: event.kind, firstPosition: position, lastPosition: position,
                lastTime: event.time, firstRecordedAt: event.recordedAt,
                cursorAfter: LaneCursor(position: position), isComplete: true,
                body: Array(frame.bytes[event.body.range]))
        }
        var open =
            batch
            ?? LaneBatch(
                kind: event.kind, firstPosition: position, lastPosition: position,
                lastTime: event.time, firstRecordedAt: event.recordedAt, cursorAfter: cursor,
                isComplete: false)
        let isDone = take(event, position, frame.ordinals[event.ordinalRange], into: &open)
        skip = 0
        batch = open
        return isDone ? Self.completed(open) : nil
    }

    private static func completed(_ batch: LaneBatch) -> LaneBatch {
        var batch = batch
        batch.isComplete = true
        return batch
    }

    /// Takes an event's profiles until the batch is full; true: the batch ends here.
    private mutating func take(
        _ event: Frame.Event, _ position: Position, _ ordinals: ArraySlice<UInt32>,
        into batch: inout LaneBatch
    ) -> Bool {
        var done = skip
        for ordinal in ordinals.dropFirst(skip) {
            if isFull(batch) || seen.contains(ordinal) { return true }
            let member = LaneBatch.Member(ordinal: ordinal, position: position)
            if !parked.holds(ordinal) {
                seen.insert(ordinal)
                batch.members.append(member)
            } else if !parked.contains(ordinal, at: position) {
                batch.held.append(member)
            }
            batch.lastPosition = position
            batch.lastTime = event.time
            done += 1
            batch.cursorAfter =
                done == ordinals.count
                ? LaneCursor(position: position)
                : LaneCursor(position: position.predecessor, profileCount: done)
        }
        if ordinals.isEmpty { batch.cursorAfter = LaneCursor(position: position) }
        return isFull(batch)
    }

    /// What is held counts too, so that no batch grows without end.
    private func isFull(_ batch: LaneBatch) -> Bool {
        let isAtLimit = limit.map { batch.cursorAfter >= $0 } ?? false
        return isAtLimit || batch.members.count + batch.held.count >= size
    }
}
