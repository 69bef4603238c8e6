internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// All segments of the ledger, deleted ones too, by id.
    package func segments() throws -> [SegmentRow] {
        try segmentRows(id: nil)
    }

    /// nil: the ledger has never seen it.
    package func segment(_ id: SegmentID) throws -> SegmentRow? {
        try segmentRows(id: id.rawValue).first
    }

    /// Empty for a segment that the ledger has never seen.
    package func members(of segment: SegmentID) throws -> MembershipSet {
        try MembershipSet(of: segment, database: database)
    }

    package func isMember(_ profile: ProfileOrdinal, of segment: SegmentID) throws -> Bool {
        let key = UInt16(profile.rawValue >> 16)
        return try MembershipSet(of: segment, key: key, database: database).contains(profile)
    }

    /// The segments that hold the profile now, ascending.
    package func segments(containing profile: ProfileOrdinal) throws -> [SegmentID] {
        let ids = try Int64.fetchAll(
            database, sql: "SELECT id FROM segment WHERE member_count > 0 ORDER BY id")
        return try ids.map(SegmentID.init(rawValue:)).filter { try isMember(profile, of: $0) }
    }

    private func segmentRows(id: Int64?) throws -> [SegmentRow] {
        let labels = try rows(
            """
            SELECT segment_id, kind, label FROM segment_label
            WHERE ?1 IS NULL OR segment_id = ?1 ORDER BY segment_id, kind, place
            """, [id])
        var tags: [Int64: [String]] = [:]
        var groups: [Int64: [String]] = [:]
        for row in labels {
            let segment: Int64 = row[0]
            let kind: String = row[1]
            if kind == "tag" {
                tags[segment, default: []].append(row[2])
            } else {
                groups[segment, default: []].append(row[2])
            }
        }
        return try rows("SELECT * FROM segment WHERE ?1 IS NULL OR id = ?1 ORDER BY id", [id]).map {
            let id: Int64 = $0["id"]
            return SegmentRow(
                id: SegmentID(id), name: $0["name"], databaseID: $0["database_id"],
                tags: tags[id] ?? [], groups: groups[id] ?? [],
                firstPosition: position($0["first_position"]),
                lastPosition: position($0["last_position"]),
                createdAt: Timestamp(rawValue: $0["created_at"]),
                updatedAt: Timestamp(rawValue: $0["updated_at"]),
                deletedPosition: ($0["deleted_position"] as Int64?).map(position),
                memberCount: $0["member_count"])
        }
    }
}
