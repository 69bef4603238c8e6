internal import Crypto
internal import GRDB

extension ProjectionReader {
    /// SHA-256, in lower-case hex, of everything that was folded: every table in the order of its
    /// primary key. Equal for equal ledgers (INV-5), also for one restored under another name.
    package func digest() throws -> String {
        let tables = try String.fetchAll(
            database,
            sql: """
                SELECT name FROM sqlite_schema
                WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                AND name NOT IN ('applied_migration', 'origin') ORDER BY name
                """)
        var hash = SHA256()
        for table in tables {
            Self.update(&hash, tag: "t", Array(table.utf8))
            let key = try database.primaryKey(table).columns.joined(separator: ", ")
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM \(table) ORDER BY \(key)")
            while let row = try rows.next() {
                for value in row.databaseValues {
                    Self.update(&hash, value)
                }
            }
        }
        return hexadecimal(hash.finalize())
    }

    private static func update(_ hash: inout SHA256, _ value: DatabaseValue) {
        switch value.storage {
        case .null: update(&hash, tag: "n", [])
        case .int64(let number): update(&hash, tag: "i", Array(String(number).utf8))
        case .double(let number): update(&hash, tag: "d", Array(String(number).utf8))
        case .string(let text): update(&hash, tag: "s", Array(text.utf8))
        case .blob(let bytes): update(&hash, tag: "b", bytes)
        }
    }

    /// Type, length and bytes, so that no two contents read the same.
    private static func update(
        _ hash: inout SHA256, tag: Character, _ bytes: some Collection<UInt8>
    ) {
        hash.update(data: Array("\(tag)\(bytes.count):".utf8))
        bytes.withContiguousStorageIfAvailable {
            hash.update(bufferPointer: UnsafeRawBufferPointer($0))
        }
    }
}
