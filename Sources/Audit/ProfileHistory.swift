package import SegmentModel

/// Everything that the ledger says of one profile.
package struct ProfileHistory: Hashable, Sendable {
    /// A field with its value; `.null` in a change: deleted.
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: FieldValue
    }

    package struct Entry: Hashable, Sendable {
        package var position: Position
        /// Ledger time.
        package var time: Timestamp
        package var ownTime: Timestamp?
        package var kind: EventKind
        /// nil: the event has none.
        package var segment: SegmentID?
        /// Empty: the event gave none.
        package var eventID: String
        /// The profile's fields that changed with the event.
        package var changes: [Field]
    }

    package var id: String
    /// In ledger order: events that name the profile, and those that emptied a segment while it was
    /// a member.
    package var entries: [Entry]
    /// Segments that it is in, ascending.
    package var segments: [SegmentID]
    /// Its fields, sorted by the bytes of the name.
    package var fields: [Field]
}
