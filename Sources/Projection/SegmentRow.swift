package import SegmentModel

/// A segment of the catalogue.
package struct SegmentRow: Hashable, Sendable {
    package var id: SegmentID
    /// Empty if the platform never said it.
    package var name: String
    package var databaseID: Int64?
    package var tags: [String]
    package var groups: [String]
    /// The first and the last event that spoke of it, and their ledger times.
    package var firstPosition: Position
    package var lastPosition: Position
    /// The last event that changed fields of its members that rows follow.
    package var lastRowChange: Position?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    /// nil unless the last event deleted it.
    package var deletedPosition: Position?
    package var memberCount: Int

    package var isDeleted: Bool { deletedPosition != nil }
}
