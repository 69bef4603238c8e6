internal import GRDB
internal import SegmentModel

/// The statements with which a transaction loads and stores profile fields.
struct FieldStatements {
    private let newest: RowStatement
    private let upsertPage: RowStatement
    private let upsertValue: RowStatement
    private let database: Database

    init(_ database: Database) throws {
        self.database = database
        newest = try RowStatement(
            database,
            """
            SELECT id, position, page FROM field_page WHERE id BETWEEN ? AND ?
            ORDER BY id DESC LIMIT 1
            """)
        upsertPage = try RowStatement(
            database, "INSERT OR REPLACE INTO field_page (id, position, page) VALUES (?, ?, ?)")
        upsertValue = try RowStatement(
            database,
            """
            INSERT OR REPLACE INTO field_value (position, ordinal, name, value)
            VALUES (?, ?, ?, ?)
            """)
    }

    /// -1: there is no page.
    func lastBlock() throws -> Int64 {
        let row = try Int64.fetchOne(database, sql: "SELECT max(id) FROM field_page")
        return row.map { $0 >> 32 } ?? -1
    }

    func newestPage(of block: UInt32) throws -> FieldBlock? {
        let rows = FieldPage.rows(of: block)
        newest.bind(0, rows.lowerBound)
        newest.bind(1, rows.upperBound)
        return try newest.fetch {
            try FieldBlock(
                block: block, pageNumber: UInt32(truncatingIfNeeded: newest.number(0)),
                position: UInt64(bitPattern: newest.number(1)), decoding: newest.bytes(2))
        }
    }

    func storePage(_ block: FieldBlock) throws {
        upsertPage.bind(0, block.row)
        upsertPage.bind(1, Int64(bitPattern: block.position))
        try block.bytes.withUnsafeBytes {
            upsertPage.bind(2, $0)
            try upsertPage.run()
        }
    }

    func storeValue(
        _ value: UnsafeRawBufferPointer, position: UInt64, ordinal: UInt32, name: UInt32
    ) throws {
        upsertValue.bind(0, Int64(bitPattern: position))
        upsertValue.bind(1, Int64(ordinal))
        upsertValue.bind(2, Int64(name))
        upsertValue.bind(3, value)
        try upsertValue.run()
    }
}
