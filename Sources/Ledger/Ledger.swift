package import FrameCodec
package import SegmentModel

/// The port to a ledger: the only truth, appended to by one writer, read by many.
///
/// Invariants of every implementation:
/// - what `append` acknowledged survives a crash (INV-1), at gapless positions (INV-2);
/// - readers see only what is durable;
/// - after any failed write or sync nothing more is appended (INV-4).
package protocol Ledger: Sendable {
    /// Names this ledger and its timeline; a restored ledger has another.
    var identity: LedgerIdentity { get }

    /// Position after the last durable event.
    var end: Position { get }

    /// Appends the events in order and returns once they are durable.
    ///
    /// Events whose `event_id` is known already are counted as duplicates and left out.
    /// - Throws: `storageFull` (nothing written), `ledgerPoisoned` (outcome unknown),
    ///   `ledgerLocked` for a ledger opened to read.
    /// - Concurrency: from anywhere; waits without blocking a thread.
    func append(_ batch: EventBatch) async throws -> AppendResult

    /// Returns when `end` is beyond `position`, or false once the ledger is closed.
    func waitForEvent(at position: Position) async -> Bool

    /// The frame that holds `position`; nil at or beyond `end`.
    ///
    /// - Throws: `ledgerCorrupt` naming file, offset and positions.
    /// - Concurrency: blocks on a file read; call it on an owned thread.
    func frame(containing position: Position) throws -> Frame?

    /// The first frame that ends after `position` and holds an event of `segment`; nil if there is
    /// none yet. Blocks like `frame(containing:)`.
    func frame(of segment: SegmentID, after position: Position?) throws -> Frame?

    /// As `frame(of:after:)`, for who needs events and ordinals alone: field records and new names
    /// may be missing.
    func changes(of segment: SegmentID, after position: Position?) throws -> Frame?

    /// The fingerprint of all events before `end`. Blocks like `frame(containing:)` where the
    /// ledger was opened to read.
    func fingerprint() throws -> Fingerprint

    /// The fingerprints before these positions, none of them beyond `end`, in one pass over the
    /// frames that hold them. Blocks like `frame(containing:)`.
    func fingerprints(before positions: Set<Position>) throws -> [Position: Fingerprint]

    /// The last position that belongs to a moment; nil if nothing had happened yet
    /// (docs/decisions/0002). Throws `notFound` for a position that the ledger has not reached.
    /// Blocks like `frame(containing:)`.
    func position(at moment: Moment) throws -> Position?

    /// The ordinal of a profile id, if the ledger knows it.
    func ordinal(of profileID: String) -> ProfileOrdinal?

    /// The id of a profile. Precondition: the ledger gave out this ordinal.
    func profileID(of ordinal: ProfileOrdinal) -> String

    /// The name of a field. Precondition: the ledger gave out this number.
    func fieldName(_ number: UInt32) -> String

    /// Number of profiles known at `end`.
    var profileCount: Int { get }

    /// Writes what is waiting, marks the end and releases the files.
    func close() async throws
}

extension Ledger {
    package func changes(of segment: SegmentID, after position: Position?) throws -> Frame? {
        try frame(of: segment, after: position)
    }
}

/// 16 random bytes for the ledger and 16 for its timeline, in lower-case hex.
package struct LedgerIdentity: Hashable, Sendable {
    package let ledger: String
    package let timeline: String

    package init(ledger: String, timeline: String) {
        self.ledger = ledger
        self.timeline = timeline
    }
}

/// What an append did.
package struct AppendResult: Hashable, Sendable {
    package var eventCount = 0
    package var changeCount = 0
    package var duplicateCount = 0
    package var firstPosition: Position?
    package var lastPosition: Position?

    package init() {}

    /// Adds the result of a later append.
    package mutating func add(_ other: AppendResult) {
        eventCount += other.eventCount
        changeCount += other.changeCount
        duplicateCount += other.duplicateCount
        firstPosition = firstPosition ?? other.firstPosition
        lastPosition = other.lastPosition ?? lastPosition
    }
}
