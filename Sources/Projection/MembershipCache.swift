internal import GRDB
internal import SegmentModel

/// The memberships that the writer has loaded, and which of their containers are not stored yet.
///
/// Invariant: between transactions nothing is dirty, and what is loaded equals what is stored.
/// After a transaction that failed the owner calls `forget()`, and the next one loads afresh.
struct MembershipCache {
    private struct Entry {
        var members: MembershipSet
        var dirtyKeys: Set<UInt16> = []
        /// Everything stored is void; what is there now is all dirty.
        var wasCleared = false
    }

    private var entries: [SegmentID: Entry] = [:]
    private var dirtySegments: Set<SegmentID> = []

    mutating func forget() {
        entries.removeAll()
        dirtySegments.removeAll()
    }

    mutating func insert(
        _ ordinals: ArraySlice<UInt32>, into segment: SegmentID, _ database: Database
    ) throws {
        try load(segment, database)
        entries[segment]?.members.insert(ordinals)
        markDirty(ordinals, of: segment)
    }

    mutating func remove(
        _ ordinals: ArraySlice<UInt32>, from segment: SegmentID, _ database: Database
    ) throws {
        try load(segment, database)
        entries[segment]?.members.remove(ordinals)
        markDirty(ordinals, of: segment)
    }

    mutating func clear(_ segment: SegmentID) {
        entries[segment] = Entry(members: MembershipSet(), wasCleared: true)
        dirtySegments.insert(segment)
    }

    /// Writes what is dirty, and the segments' member counts.
    mutating func store(_ database: Database) throws {
        for segment in dirtySegments.sorted() {
            guard var entry = entries[segment] else {
                preconditionFailure("a dirty segment is a loaded one")
            }
            try Self.store(entry, of: segment, database)
            entry.dirtyKeys.removeAll()
            entry.wasCleared = false
            entries[segment] = entry
        }
        dirtySegments.removeAll()
    }

    private static func store(
        _ entry: Entry, of segment: SegmentID, _ database: Database
    ) throws {
        if entry.wasCleared {
            try database.cachedStatement(sql: "DELETE FROM membership WHERE segment_id = ?")
                .execute(arguments: [segment.rawValue])
        }
        let write = try database.cachedStatement(
            sql: """
                INSERT INTO membership (segment_id, container_key, container) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET container = excluded.container
                """)
        let delete = try database.cachedStatement(
            sql: "DELETE FROM membership WHERE segment_id = ? AND container_key = ?")
        for key in entry.dirtyKeys.sorted() {
            if let bytes = entry.members.containerBytes(key: key) {
                try write.execute(
                    arguments: [segment.rawValue, Int64(key), blob(bytes)])
            } else {
                try delete.execute(arguments: [segment.rawValue, Int64(key)])
            }
        }
        try database.cachedStatement(sql: "UPDATE segment SET member_count = ? WHERE id = ?")
            .execute(arguments: [entry.members.count, segment.rawValue])
    }

    private mutating func load(_ segment: SegmentID, _ database: Database) throws {
        if entries[segment] != nil { return }
        entries[segment] = Entry(
            members: try MembershipSet(of: segment, database: database))
    }

    /// `ordinals` ascend, so each container's key comes up once.
    private mutating func markDirty(_ ordinals: ArraySlice<UInt32>, of segment: SegmentID) {
        guard !ordinals.isEmpty else { return }
        dirtySegments.insert(segment)
        var lastKey: UInt16?
        for ordinal in ordinals {
            let key = UInt16(ordinal >> 16)
            if key != lastKey {
                entries[segment]?.dirtyKeys.insert(key)
                lastKey = key
            }
        }
    }
}

extension MembershipSet {
    /// Reads the stored members of a segment, all or those of one container.
    init(of segment: SegmentID, key onlyKey: UInt16? = nil, database: Database) throws {
        self.init()
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT container_key, container FROM membership
                    WHERE segment_id = ?1 AND (?2 IS NULL OR container_key = ?2)
                    ORDER BY container_key
                    """),
            arguments: [segment.rawValue, onlyKey.map { Int64($0) }])
        while let row = try rows.next() {
            let key: Int = row[0]
            try row.withBlob(atIndex: 1) {
                try formUnion(containerBytes: $0, key: UInt16(truncatingIfNeeded: key))
            }
        }
    }
}
