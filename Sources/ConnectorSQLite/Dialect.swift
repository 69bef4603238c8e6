internal import Connector
internal import SegmentModel

/// What SQLite wants to read.
enum SQLiteDialect {
    static let cursor = CursorSQL { "?\($0)" }

    static let cursorMigrations = CursorMigrations(
        EmbeddedMigrations.files.map { ($0.name, $0.sql) })

    static let cursorColumns = "SELECT name FROM pragma_table_info('segledger_cursor')"

    /// Takes the write lock at once: a transaction that starts as a reader and then writes can meet
    /// SQLITE_BUSY without the busy handler being asked (https://sqlite.org/lang_transaction.html).
    static let begin = "BEGIN IMMEDIATE"

    /// PRAGMAs that every session states. The others are SQLite's own defaults in each connection,
    /// and no query can change them.
    static let settings: [(name: String, setting: SQLSettings)] = [
        ("foreign_keys", .foreignKeys), ("recursive_triggers", .recursiveTriggers),
    ]
}
