internal import Crypto
internal import GRDB
internal import SegmentModel

/// One file of migrations/projection: a step of the schema.
struct Migration: Hashable, Sendable {
    let name: String
    let sql: String

    /// Of the file's text, in lower-case hex.
    var sha256: String { hexadecimal(SHA256.hash(data: Array(sql.utf8))) }

    /// In the order in which they apply.
    static var embedded: [Migration] {
        EmbeddedMigrations.files.map { Migration(name: $0.name, sql: $0.sql) }
    }

    /// Applies the ones that are missing, in the caller's transaction.
    ///
    /// - Throws: `formatUnknown` if the database knows a migration that this program does not, or
    ///   knows it otherwise.
    static func apply(_ migrations: [Migration], to database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS applied_migration (
                    name TEXT PRIMARY KEY NOT NULL, sha256 TEXT NOT NULL
                ) STRICT, WITHOUT ROWID
                """)
        let appliedCount = try checkApplied(migrations, in: database)
        for migration in migrations.dropFirst(appliedCount) {
            try database.execute(sql: migration.sql)
            try database.execute(
                sql: "INSERT INTO applied_migration (name, sha256) VALUES (?, ?)",
                arguments: [migration.name, migration.sha256])
        }
    }

    /// Checks that what the database applied is a prefix of `migrations`; returns its length.
    @discardableResult
    static func checkApplied(_ migrations: [Migration], in database: Database) throws -> Int {
        let applied = try Row.fetchAll(
            database, sql: "SELECT name, sha256 FROM applied_migration ORDER BY name")
        for (index, row) in applied.enumerated() {
            let name: String = row[0]
            guard index < migrations.count, migrations[index].name == name else {
                throw Failure(
                    .formatUnknown,
                    "the projections were written by another version, which knew \(name)",
                    hint: Failure.rebuildHint)
            }
            guard migrations[index].sha256 == row[1] else {
                throw Failure(
                    .formatUnknown,
                    "the projections were written by another version, whose \(name) differs",
                    hint: Failure.rebuildHint)
            }
        }
        return applied.count
    }
}

/// Lower-case hex.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
        decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
