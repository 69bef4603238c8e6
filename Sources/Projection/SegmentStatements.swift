internal import GRDB
internal import SegmentModel

/// The statements with which a transaction loads and stores segments and their members.
struct SegmentStatements {
    /// Columns as `SegmentState.init(id:row:)` reads them.
    let loadSegment: RowStatement
    let loadContainer: RowStatement
    private let upsertSegment: RowStatement
    private let upsertContainer: RowStatement
    private let deleteOne: RowStatement
    private let deleteAll: RowStatement
    private let nearbySegments: RowStatement
    private let database: Database

    init(_ database: Database) throws {
        self.database = database
        loadSegment = try RowStatement(
            database,
            """
            SELECT number, first_position, last_position, created_at, updated_at,
                deleted_position, member_count
            FROM segment WHERE id = ?
            """)
        loadContainer = try RowStatement(
            database, "SELECT container FROM membership WHERE id = ?")
        upsertSegment = try RowStatement(
            database,
            """
            INSERT INTO segment (
                id, number, name, first_position, last_position, created_at, updated_at,
                deleted_position, member_count
            ) VALUES (?, ?, '', ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                last_position = excluded.last_position, updated_at = excluded.updated_at,
                deleted_position = excluded.deleted_position,
                member_count = excluded.member_count
            """)
        upsertContainer = try RowStatement(
            database, "INSERT OR REPLACE INTO membership (id, container) VALUES (?, ?)")
        deleteOne = try RowStatement(database, "DELETE FROM membership WHERE id = ?")
        deleteAll = try RowStatement(
            database, "DELETE FROM membership WHERE id BETWEEN ? AND ?")
        nearbySegments = try RowStatement(
            database,
            """
            SELECT segment.id FROM membership JOIN segment
            ON segment.number = membership.id >> 16 WHERE membership.id & 65535 = ?
            """)
    }

    /// Segments are never removed, so it is also the number of the next one.
    func segmentCount() throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT count(*) FROM segment") ?? 0
    }

    /// The segments that have stored members whose ordinals share these upper 16 bits.
    func segments(near key: UInt16) throws -> Set<SegmentID> {
        nearbySegments.bind(0, Int64(key))
        defer { nearbySegments.reset() }
        var segments: Set<SegmentID> = []
        while try nearbySegments.next() {
            segments.insert(SegmentID(rawValue: nearbySegments.number(0)))
        }
        return segments
    }

    func storeSegment(_ segment: UnsafeMutablePointer<SegmentState>) throws {
        let row = upsertSegment
        row.bind(0, segment.pointee.id.rawValue)
        row.bind(1, segment.pointee.number)
        row.bind(2, Int64(bitPattern: segment.pointee.firstPosition.rawValue))
        row.bind(3, Int64(bitPattern: segment.pointee.lastPosition.rawValue))
        row.bind(4, segment.pointee.createdAt.rawValue)
        row.bind(5, segment.pointee.updatedAt.rawValue)
        row.bind(6, segment.pointee.deletedPosition.map { Int64(bitPattern: $0.rawValue) })
        row.bind(7, Int64(segment.pointee.memberCount))
        try row.run()
        try storeDescription(segment.pointee.description, of: segment.pointee.id)
        segment.pointee.description = SegmentDescription()
    }

    /// `base`: the row of the segment's container 0.
    func deleteContainers(from base: Int64) throws {
        deleteAll.bind(0, base)
        deleteAll.bind(1, base | 0xFFFF)
        try deleteAll.run()
    }

    func deleteContainer(_ row: Int64) throws {
        deleteOne.bind(0, row)
        try deleteOne.run()
    }

    func storeContainer(_ row: Int64, _ bytes: UnsafeRawBufferPointer) throws {
        upsertContainer.bind(0, row)
        upsertContainer.bind(1, bytes)
        try upsertContainer.run()
    }

    /// Takes over what the description says and keeps the rest.
    private func storeDescription(
        _ description: SegmentDescription, of segment: SegmentID
    ) throws {
        if description.name != nil || description.databaseID != nil {
            try execute(
                """
                UPDATE segment SET
                    name = coalesce(?2, name), database_id = coalesce(?3, database_id)
                WHERE id = ?1
                """, [segment.rawValue, description.name, description.databaseID])
        }
        try replaceLabels(of: segment, kind: "tag", description.tagsGiven)
        try replaceLabels(of: segment, kind: "group", description.groupsGiven)
    }

    private func replaceLabels(of segment: SegmentID, kind: String, _ labels: [String]?) throws {
        guard let labels else { return }
        try execute(
            "DELETE FROM segment_label WHERE segment_id = ? AND kind = ?",
            [segment.rawValue, kind])
        for (place, label) in labels.enumerated() {
            try execute(
                "INSERT INTO segment_label (segment_id, kind, place, label) VALUES (?, ?, ?, ?)",
                [segment.rawValue, kind, place, label])
        }
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
