/// What `segment_created` and `segment_updated` say of a segment. nil: not said.
package struct SegmentDescription: Hashable, Sendable {
    package var name: String?
    package var databaseID: Int64?
    package var tagsGiven: [String]?
    package var groupsGiven: [String]?

    package init(
        name: String? = nil, databaseID: Int64? = nil, tags: [String]? = nil,
        groups: [String]? = nil
    ) {
        self.name = name
        self.databaseID = databaseID
        tagsGiven = tags
        groupsGiven = groups
    }

    package var tags: [String] { tagsGiven ?? [] }
    package var groups: [String] { groupsGiven ?? [] }

    /// Takes over what `change` says and keeps the rest.
    package mutating func merge(_ change: SegmentDescription) {
        name = change.name ?? name
        databaseID = change.databaseID ?? databaseID
        tagsGiven = change.tagsGiven ?? tagsGiven
        groupsGiven = change.groupsGiven ?? groupsGiven
    }
}
