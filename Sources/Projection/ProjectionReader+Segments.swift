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

    /// Those of them that the ledger has seen, in no order.
    package func segments(_ ids: Set<SegmentID>) throws -> [SegmentRow] {
        try ids.compactMap { try segment($0) }
    }

    /// Empty for a segment that the ledger has never seen.
    package func members(of segment: SegmentID) throws -> MembershipSet {
        var members = MembershipSet()
        let containers = try RowStatement(
            database,
            """
            SELECT membership.id, container FROM segment JOIN membership
            ON membership.id BETWEEN segment.number << 16 AND segment.number << 16 | 65535
            WHERE segment.id = ? ORDER BY membership.id
            """)
        defer { containers.reset() }
        containers.bind(0, segment.rawValue)
        while try containers.next() {
            try members.formUnion(
                containerBytes: containers.bytes(1),
                key: UInt16(truncatingIfNeeded: containers.number(0)))
        }
        return members
    }

    package func isMember(_ profile: ProfileOrdinal, of segment: SegmentID) throws -> Bool {
        try segments(containing: profile, only: segment).isEmpty == false
    }

    /// The segments that hold the profile now, ascending.
    package func segments(containing profile: ProfileOrdinal) throws -> [SegmentID] {
        try segments(containing: profile, only: nil)
    }

    private func segments(
        containing profile: ProfileOrdinal, only segment: SegmentID?
    ) throws -> [SegmentID] {
        let key = UInt16(profile.rawValue >> 16)
        let containers = try RowStatement(
            database,
            """
            SELECT segment.id, container FROM segment JOIN membership
            ON membership.id = segment.number << 16 | ?1
            WHERE member_count > 0 AND (?2 IS NULL OR segment.id = ?2) ORDER BY segment.id
            """)
        defer { containers.reset() }
        containers.bind(0, Int64(key))
        containers.bind(1, segment?.rawValue)
        var found: [SegmentID] = []
        while try containers.next() {
            let container = try MemberContainer(decoding: containers.bytes(1), key: key)
            if container.contains(UInt16(truncatingIfNeeded: profile.rawValue)) {
                found.append(SegmentID(rawValue: containers.number(0)))
            }
        }
        return found
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
        return try values(
            """
            SELECT *, (
                SELECT max(position) FROM row_change WHERE segment_id = segment.id
            ) AS last_row_change FROM segment WHERE ?1 IS NULL OR id = ?1 ORDER BY id
            """, [id]
        ) {
            let id: Int64 = $0["id"]
            return SegmentRow(
                id: SegmentID(id), name: $0["name"], databaseID: $0["database_id"],
                tags: tags[id] ?? [], groups: groups[id] ?? [],
                firstPosition: position($0["first_position"]),
                lastPosition: position($0["last_position"]),
                lastRowChange: ($0["last_row_change"] as Int64?).map(position),
                createdAt: Timestamp(rawValue: $0["created_at"]),
                updatedAt: Timestamp(rawValue: $0["updated_at"]),
                deletedPosition: ($0["deleted_position"] as Int64?).map(position),
                memberCount: $0["member_count"])
        }
    }
}
