package import SegmentModel

/// A decoded frame: what one durable write put down, or a block of several writes. Flat, like
/// `EventBatch`.
///
/// Invariants (checked by the decoder):
/// - event `i` has position `firstPosition + i`;
/// - the ordinals of an event are ascending and distinct;
/// - field records stand in event order; each belongs to a profile of its event;
/// - every new profile belongs to an event of the frame;
/// - new profiles have the ordinals `firstOrdinal + i`, new field names `firstFieldName + i`.
package struct Frame: Sendable {
    package typealias Slice = EventBatch.Slice

    package struct Event: Sendable {
        package var kind: EventKind
        package var segment: SegmentID
        /// Platform events: monotone (docs/decisions/0002). System events: `recordedAt`.
        package var time: Timestamp
        /// When the durable write that holds the event was built, by this machine's clock made
        /// monotone.
        package var recordedAt: Timestamp
        /// The event's own time, if it gave one.
        package var ownTime: Timestamp?
        package var eventID: Slice
        package var body: Slice
        package var firstOrdinal: UInt32
        package var ordinalCount: UInt32
        package var firstRecord: UInt32
        package var recordCount: UInt32

        package init(
            kind: EventKind, segment: SegmentID, time: Timestamp, recordedAt: Timestamp,
            ownTime: Timestamp?, eventID: Slice, body: Slice, firstOrdinal: UInt32,
            ordinalCount: UInt32, firstRecord: UInt32, recordCount: UInt32
        ) {
            self.kind = kind
            self.segment = segment
            self.time = time
            self.recordedAt = recordedAt
            self.ownTime = ownTime
            self.eventID = eventID
            self.body = body
            self.firstOrdinal = firstOrdinal
            self.ordinalCount = ordinalCount
            self.firstRecord = firstRecord
            self.recordCount = recordCount
        }

        /// Indexes into `Frame.ordinals`.
        package var ordinalRange: Range<Int> {
            Int(firstOrdinal)..<Int(firstOrdinal) + Int(ordinalCount)
        }

        /// Indexes into `Frame.records`.
        package var recordRange: Range<Int> {
            Int(firstRecord)..<Int(firstRecord) + Int(recordCount)
        }
    }

    /// Fields of one profile that changed with one event.
    package struct FieldRecord: Sendable {
        package var ordinal: UInt32
        package var firstChange: UInt32
        package var changeCount: UInt32

        package init(ordinal: UInt32, firstChange: UInt32, changeCount: UInt32) {
            self.ordinal = ordinal
            self.firstChange = firstChange
            self.changeCount = changeCount
        }

        /// Indexes into `Frame.changes`.
        package var changeRange: Range<Int> {
            Int(firstChange)..<Int(firstChange) + Int(changeCount)
        }
    }

    /// One field that got a value, or lost it (`.null`).
    package struct FieldChange: Sendable {
        /// The field name's number, given out in ledger order from 0.
        package var name: UInt32
        package var kind: FieldKind
        package var value: Slice

        package init(name: UInt32, kind: FieldKind, value: Slice) {
            self.name = name
            self.kind = kind
            self.value = value
        }
    }

    package var firstPosition: Position
    package var firstOrdinal: UInt32
    package var firstFieldName: UInt32
    /// The digest of the ledger's fingerprint before the first event; nil: a frame of an older
    /// version does not say it.
    package var digestBefore: UInt128?
    package var newProfiles: [Slice] = []
    package var newFieldNames: [Slice] = []
    package var events: [Event] = []
    package var ordinals: [UInt32] = []
    package var records: [FieldRecord] = []
    package var changes: [FieldChange] = []
    /// What the slices point into.
    package var bytes: [UInt8] = []
    private let places = EventPlaces()

    package init(firstPosition: Position, firstOrdinal: UInt32, firstFieldName: UInt32) {
        self.firstPosition = firstPosition
        self.firstOrdinal = firstOrdinal
        self.firstFieldName = firstFieldName
    }

    /// When the last event was recorded; the smallest number for a frame without events.
    package var recordedAt: Timestamp {
        events.last?.recordedAt ?? Timestamp(rawValue: Int64.min)
    }

    /// The position after the frame's last event.
    package var endPosition: Position { firstPosition.advanced(by: events.count) }

    /// Changes: profiles of all events.
    package var changeCount: Int { ordinals.count }

    /// The number in the frame of the next event of a segment, from the event `index` on; nil:
    /// there is none. From then on the frame's events stay as they are.
    ///
    /// - Complexity: O(log events) for a lane among many; the first such call sorts them.
    package func nextEvent(of segment: SegmentID, from index: Int) -> Int? {
        let start = max(0, index)
        let near = min(events.count, start + Self.nearCount)
        for index in start..<max(start, near)
        where events[index].segment == segment && events[index].kind.hasSegment {
            return index
        }
        return near < events.count ? places.next(of: segment, from: near, in: events) : nil
    }

    /// Calls `body` with the number of each event of a segment, in their order.
    package func forEachEvent(
        of segment: SegmentID, _ body: (Int, Event) throws -> Void
    ) rethrows {
        var next = 0
        while let index = nextEvent(of: segment, from: next) {
            try body(index, events[index])
            next = index + 1
        }
    }

    /// Events that are looked through before they are sorted.
    private static let nearCount = 64

    /// The number of the first event behind a position (nil: before all), which may be none of the
    /// frame's.
    package func index(behind position: Position?) -> Int {
        guard let position, position >= firstPosition else { return 0 }
        return Int(position.rawValue - firstPosition.rawValue) + 1
    }

    package func string(_ slice: Slice) -> String {
        String(decoding: bytes[slice.range], as: UTF8.self)
    }
}
