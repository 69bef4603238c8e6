internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import Synchronization

/// The next events of a lane that go out together: one segment, ledger order (INV-6), one kind; or,
/// coalesced, the last change of each profile among added and removed ones.
struct LaneBatch: Sendable {
    struct Member: Hashable, Sendable {
        var ordinal: UInt32
        /// The event that names it: its fields are taken as they stood there.
        var position: Position
        var isRemoved = false

        var query: QueryKind { isRemoved ? .removeProfiles : .addProfiles }
    }

    /// Members that go through the same query.
    struct Part: Sendable {
        let query: QueryKind
        let members: ArraySlice<Member>
    }

    /// Coalesced: `profilesAdded`, unless all are removed.
    var kind: EventKind
    var firstPosition: Position
    var lastPosition: Position
    /// Ledger time of the last event.
    var lastTime: Timestamp
    /// When the first event was recorded: the batch's timeout counts from here.
    var firstRecordedAt: Timestamp
    /// Coalesced: those that are removed come first, so that a row that two profiles share stays
    /// with the one that is added.
    var members: [Member] = []
    /// Changes of parked profiles that are to be set aside as well, before the cursor passes them.
    var held: [Member] = []
    /// Where the lane stands once it is delivered.
    var cursorAfter: LaneCursor
    /// Full, or followed by something that ends it: due at once.
    var isComplete: Bool
    /// The body of an event without profiles.
    var body: [UInt8] = []

    /// Members by query, in the order of the queries.
    var parts: [Part] {
        let start = members.firstIndex { !$0.isRemoved } ?? members.endIndex
        return [
            Part(query: .removeProfiles, members: members[..<start]),
            Part(query: .addProfiles, members: members[start...]),
        ].filter { !$0.members.isEmpty }
    }
}

/// Cuts a lane's events into batches. A pure function of the ledger, the cursor, the size and what
/// is parked.
struct LaneBatcher: Sendable {
    let ledger: any Ledger
    let segment: SegmentID
    let coalesces: Bool
    private let last: LastFrame

    init(ledger: any Ledger, segment: SegmentID, coalesces: Bool = false) {
        self.ledger = ledger
        self.segment = segment
        self.coalesces = coalesces
        last = LastFrame()
    }

    /// The next batch after `cursor`; nil if nothing is there yet. A profile appears at most once
    /// in a batch: its second mention begins the next one, or, coalesced, replaces the first. A
    /// batch may have no members, where all of them are parked: then only the cursor moves.
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
