internal import FrameCodec
internal import Ledger
internal import SegmentModel

/// The next events of a lane that go out together: one kind, one segment, ledger order (INV-6).
struct LaneBatch: Sendable {
    struct Member: Sendable {
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
    /// Where the lane stands once it is delivered.
    var cursorAfter: LaneCursor
    /// Full, or followed by something that ends it: due at once.
    var isComplete: Bool
    /// The body of an event without profiles.
    var body: [UInt8] = []
}

/// Cuts a lane's events into batches. A pure function of the ledger, the cursor and the size.
struct LaneBatcher: Sendable {
    let ledger: any Ledger
    let segment: SegmentID

    /// The next batch after `cursor`; nil if nothing is there yet. A profile appears at most once
    /// in a batch: its second mention begins the next one.
    ///
    /// - Parameter limit: stop here at the latest, if given (used to rebuild a lost receipt).
    /// - Concurrency: blocks on file reads.
    func next(after cursor: LaneCursor, size: Int, limit: LaneCursor? = nil) throws -> LaneBatch? {
        var batch: LaneBatch?
        var seen: Set<UInt32> = []
        var at = cursor.position
        var skip = cursor.profileCount
        while let frame = try ledger.frame(of: segment, after: at) {
            for (index, event) in frame.events.enumerated() {
                let position = frame.firstPosition.advanced(by: index)
                if let at, position <= at { continue }
                guard event.kind.hasSegment, event.segment == segment else { continue }
                if let open = batch, open.kind != event.kind { return Self.completed(open) }
                guard event.kind.hasProfiles else {
                    return Self.single(event, position, frame)
                }
                var open =
                    batch
                    ?? LaneBatch(
                        kind: event.kind, firstPosition: position, lastPosition: position,
                        lastTime: event.time, firstRecordedAt: event.recordedAt,
                        cursorAfter: cursor, isComplete: false)
                let isDone = Self.take(
                    event, position, frame, skip: skip, size: size, limit: limit, &open, &seen)
                skip = 0
                batch = open
                if isDone { return Self.completed(open) }
            }
            at = frame.endPosition.predecessor
        }
        return batch
    }

    private static func completed(_ batch: LaneBatch) -> LaneBatch {
        var batch = batch
        batch.isComplete = true
        return batch
    }

    private static func single(
        _ event: Frame.Event, _ position: Position, _ frame: Frame
    ) -> LaneBatch {
        LaneBatch(
            kind: event.kind, firstPosition: position, lastPosition: position,
            lastTime: event.time, firstRecordedAt: event.recordedAt,
            cursorAfter: LaneCursor(position: position), isComplete: true,
            body: Array(frame.bytes[event.body.range]))
    }

    /// Takes an event's profiles until the batch is full; true: the batch ends here.
    private static func take(
        _ event: Frame.Event, _ position: Position, _ frame: Frame, skip: Int, size: Int,
        limit: LaneCursor?, _ batch: inout LaneBatch, _ seen: inout Set<UInt32>
    ) -> Bool {
        let ordinals = frame.ordinals[event.ordinalRange]
        var done = skip
        for ordinal in ordinals.dropFirst(skip) {
            let isAtLimit = limit.map { batch.cursorAfter >= $0 } ?? false
            if batch.members.count == size || seen.contains(ordinal) || isAtLimit { return true }
            seen.insert(ordinal)
            batch.members.append(LaneBatch.Member(ordinal: ordinal, position: position))
            batch.lastPosition = position
            batch.lastTime = event.time
            done += 1
            let before = position.predecessor
            batch.cursorAfter =
                done == ordinals.count
                ? LaneCursor(position: position)
                : LaneCursor(position: before, profileCount: done)
        }
        if ordinals.isEmpty { batch.cursorAfter = LaneCursor(position: position) }
        return batch.members.count == size || (limit.map { batch.cursorAfter >= $0 } ?? false)
    }
}
