package import SegmentModel

/// One event as the log shows it.
package struct LogEntry: Hashable, Sendable {
    package var position: Position
    /// Ledger time; of a system event, when it was recorded.
    package var time: Timestamp
    package var ownTime: Timestamp?
    package var recordedAt: Timestamp
    package var kind: EventKind
    /// nil: the event has none.
    package var segment: SegmentID?
    package var profileCount: Int
    /// Empty: the event gave none.
    package var eventID: String
    /// JSON text; empty for events with profiles.
    package var body: String
}
