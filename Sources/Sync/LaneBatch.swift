internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel
internal import Synchronization

/// The next events of a lane that go out together: one segment, ledger order (INV-6), one kind; or,
/// coalesced, the last change of each profile among added and removed ones.
struct LaneBatch: Sendable {
    /// A profile's change.
    struct Member: Hashable, Sendable {
        var ordinal: UInt32
        /// The event that names it.
        var position: Position
        var isRemoved = false
        /// The row that the member had before `since` goes if its key is another now.
        var replaces = false
        /// No event of the segment: fields of a member changed.
        var isUpdate = false
        /// The first event of several that are sent as one change; nil: there is one.
        var since: Position?

        var query: QueryKind { isRemoved ? .removeProfiles : .addProfiles }

        /// When the row was last written: just before the change.
        var imagePosition: Position? { (since ?? position).predecessor }
    }

    /// A row to write or to remove, with the profile's fields as they stood behind an event.
    struct RowImage: Hashable, Sendable {
        var ordinal: UInt32
        /// nil: before all events.
        var asOf: Position?
        /// Used where no field of the row's key was known by `asOf`: the row was never written, and
        /// the platform says what it would be.
        var otherwise: Position?
    }

    /// Rows that go through the same query, or a query without rows.
    struct Part: Sendable {
        let query: QueryKind
        var rows: [RowImage] = []
        /// Changes that it settles.
        var changeCount = 0
        /// Where rows begin that are not to go through one query with those before.
        var runStarts: [Int] = []

        /// The rows, in parts that go through queries of their own.
        var runs: [ArraySlice<RowImage>] {
            zip([0] + runStarts, runStarts + [rows.count]).map { rows[$0..<$1] }
        }
    }

    /// Coalesced: `profilesAdded`, unless all are removed.
    var kind: EventKind
    var firstPosition: Position
    var lastPosition: Position
    /// Ledger time of the last event.
    var lastTime: Timestamp
    /// When the first event was recorded: the batch's timeout counts from here.
    var firstRecordedAt: Timestamp
    /// Each profile once. Coalesced: those that are removed come first, so that a row that two
    /// profiles share stays with the one that is added.
    var members: [Member] = []
    /// Changes of parked profiles that are to be set aside as well, before the cursor passes them.
    var held: [Member] = []
    /// Where the lane stands once it is delivered.
    var cursorAfter: LaneCursor
    /// Full, or followed by something that ends it: due at once.
    var isComplete: Bool
    /// The body of an event without profiles.
    var body: [UInt8] = []
    /// The segment exists by implication only: it is saved first.
    var savesSegment = false
    /// The rows of `members`, where more than their kind had to be known.
    var resolved: [Part]?
    /// Once it is rendered.
    var queryCounts: [Int]?

    /// What is written, in the order of the queries: removals first, so that a row that two
    /// profiles share stays with the one that is added.
    var parts: [Part] {
        savesSegment && kind.hasProfiles ? [Part(query: .saveSegment)] + changes : changes
    }

    /// What its changes write.
    var changes: [Part] { resolved ?? Self.parts(of: members) }

    /// As the changes say it.
    private static func parts(of members: [Member]) -> [Part] {
        var removed = Part(query: .removeProfiles)
        var added = Part(query: .addProfiles)
        for member in members {
            if member.isRemoved {
                removed.append(RowImage(removedBy: member))
            } else {
                added.append(RowImage(addedBy: member))
            }
        }
        return [removed, added].filter { !$0.rows.isEmpty }
    }
}

extension LaneBatch.Part {
    fileprivate mutating func append(_ row: LaneBatch.RowImage) {
        rows.append(row)
        changeCount += 1
    }
}

extension LaneBatch.RowImage {
    init(addedBy member: LaneBatch.Member) {
        self.init(ordinal: member.ordinal, asOf: member.position)
    }

    init(removedBy member: LaneBatch.Member) {
        self.init(
            ordinal: member.ordinal, asOf: member.imagePosition, otherwise: member.position)
    }
}

/// Cuts a lane's events into batches. A pure function of the ledger, the cursor, the size and what
/// is parked.
struct LaneBatcher: Sendable {
    let ledger: any Ledger
    let segment: SegmentID
    let coalesces: Bool
    /// nil: rows follow no fields.
    private let rows: LaneRows?
    private let last: LastFrame

    init(
        ledger: any Ledger, segment: SegmentID, coalesces: Bool = false, rows: LaneRows? = nil
    ) {
        self.ledger = ledger
        self.segment = segment
        self.coalesces = coalesces
        self.rows = rows
        last = LastFrame()
    }

    /// The next batch after `cursor`; nil if nothing is there yet. A profile appears at most once
    /// in a batch: its second mention begins the next one, or, coalesced, replaces the first. A
    /// batch may have no members, where all of them are parked: then only the cursor moves.
    ///
    /// Where rows follow fields, what is not folded yet is not there.
    ///
    /// - Parameter limit: stop here at the latest, if given (used to repeat a delivery, and to
    ///   rebuild a lost receipt).
    /// - Concurrency: blocks on file reads.
    func next(
        after cursor: LaneCursor, size: Int, parked: ParkedProfiles = ParkedProfiles(),
        limit: LaneCursor? = nil
    ) throws -> LaneBatch? {
        var cut = Cut(
            cursor: cursor, size: size, parked: parked, limit: limit, coalesces: coalesces)
        guard let batch = try cutNext(&cut, after: cursor.position) else { return nil }
        return try rows?.resolve(batch, parked) ?? batch
    }

    private func cutNext(_ cut: inout Cut, after position: Position?) throws -> LaneBatch? {
        // What comes meanwhile would be met by one of the two sources only.
        let end = ledger.end
        var changes = try rows?.changes(after: position)
        var at = position
        while let frame = try frame(after: at) {
            var next = frame.index(behind: at)
            while let index = frame.nextEvent(of: segment, from: next) {
                let (event, position) = (
                    frame.events[index], frame.firstPosition.advanced(by: index)
                )
                next = index + 1
                guard position < end else { return cut.finished() }
                var own: RowChange?
                if changes != nil {
                    while let change = try changes!.next(before: position) {
                        if let done = cut.take(LaneEvent(change)) { return done }
                    }
                    guard changes!.reaches(position) else { return cut.finished() }
                    own = changes!.take(at: position)
                }
                if let done = cut.take(LaneEvent(event, position, frame, own)) { return done }
            }
            at = frame.endPosition.predecessor
        }
        while let change = try changes?.next(before: end) {
            if let done = cut.take(LaneEvent(change)) { return done }
        }
        return cut.finished()
    }

    /// A frame gives several batches: it is not read and decoded for each of them.
    private func frame(after position: Position?) throws -> Frame? {
        if let frame = last.find(after: position) { return frame }
        guard let frame = try ledger.changes(of: segment, after: position) else { return nil }
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
