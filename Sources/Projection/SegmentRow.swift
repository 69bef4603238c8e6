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

    package init(
        id: SegmentID, name: String, databaseID: Int64? = nil, tags: [String], groups: [String],
        firstPosition: Position, lastPosition: Position, lastRowChange: Position? = nil,
        createdAt: Timestamp, updatedAt: Timestamp, deletedPosition: Position? = nil,
        memberCount: Int
    ) {
        self.id = id
        self.name = name
        self.databaseID = databaseID
        self.tags = tags
        self.groups = groups
        self.firstPosition = firstPosition
        self.lastPosition = lastPosition
        self.lastRowChange = lastRowChange
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.deletedPosition = deletedPosition
        self.memberCount = memberCount
    }

    package var isDeleted: Bool { deletedPosition != nil }
}
