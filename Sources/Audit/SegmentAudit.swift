package import SegmentModel

/// Everything that the ledger says of one segment.
package struct SegmentAudit: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var position: Position
        /// Ledger time.
        package var time: Timestamp
        package var ownTime: Timestamp?
        package var kind: EventKind
        /// Empty: the event gave none.
        package var eventID: String
        /// Profiles that the event names.
        package var profileCount: Int
        /// Members after the event.
        package var memberCount: Int
        /// The name after the event, where the event changed it.
        package var newName: String?
    }

    package var id: SegmentID
    /// In ledger order.
    package var entries: [Entry]
    /// As it was last said; a segment that was never created has an empty name.
    package var description: SegmentDescription
    package var memberCount: Int
    /// Ledger time of the first event that named the segment.
    package var createdAt: Timestamp?
    /// Ledger time of its deletion, unless something named it again after that.
    package var deletedAt: Timestamp?
}
