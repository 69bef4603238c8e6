internal import GRDB
package import SegmentModel

extension ProjectionReader {
    /// Those of the profiles for whom another one was found that had the same row key at any time.
    /// Some may be among them for whom there is none.
    ///
    /// Complexity: a look for each profile, unless nobody shares anything.
    package func profilesSharingRowKeys(among profiles: [UInt32]) throws -> Set<UInt32> {
        let any = try RowStatement(database, "SELECT 1 FROM shared_row_key LIMIT 1")
        guard try any.fetch({}) != nil else { return [] }
        let one = try RowStatement(database, "SELECT 1 FROM shared_row_key WHERE ordinal = ?")
        var found: Set<UInt32> = []
        for profile in profiles {
            one.bind(0, Int64(profile))
            if try one.fetch({}) != nil { found.insert(profile) }
        }
        return found
    }

    /// The profiles that had the key at any time since it is in force, ascending. Some may be among
    /// them that never had it.
    package func profiles(withRowKey key: RowKey) throws -> [UInt32] {
        let row = try RowStatement(
            database, "SELECT ordinal FROM row_key WHERE hash = ? ORDER BY ordinal")
        defer { row.reset() }
        row.bind(0, key.hash)
        var profiles: [UInt32] = []
        while try row.next() { profiles.append(UInt32(truncatingIfNeeded: row.number(0))) }
        return profiles
    }

    /// Those of the profiles, which ascend, that are members of the segment now.
    package func members(among profiles: [UInt32], of segment: SegmentID) throws -> [UInt32] {
        let row = try RowStatement(
            database,
            """
            SELECT container FROM segment JOIN membership
            ON membership.id = segment.number << 16 | ?2 WHERE segment.id = ?1
            """)
        row.bind(0, segment.rawValue)
        var members: [UInt32] = []
        var rest = profiles[...]
        while let first = rest.first {
            let key = UInt16(first >> 16)
            let neighbours = rest.prefix { $0 >> 16 == first >> 16 }
            rest = rest[neighbours.endIndex...]
            row.bind(1, Int64(key))
            _ = try row.fetch {
                let container = try MemberContainer(decoding: row.bytes(0), key: key)
                for profile in neighbours
                where container.contains(UInt16(truncatingIfNeeded: profile)) {
                    members.append(profile)
                }
            }
        }
        return members
    }

    /// From which event on `row_change` tells of all fields that the rows of an integration follow;
    /// nil: they follow none.
    package func rowFieldsStart(of integration: String) throws -> Position? {
        try rows("SELECT max(since) FROM row_field WHERE integration = ?", [integration])
            .first.flatMap { ($0[0] as Int64?).map(position) }
    }
}
