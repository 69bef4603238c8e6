internal import Connector

/// What SQLite wants to read.
enum SQLiteDialect {
    static let cursor = CursorSQL { "?\($0)" }

    /// Takes the write lock at once: a transaction that starts as a reader and then writes can meet
    /// SQLITE_BUSY without the busy handler being asked (https://sqlite.org/lang_transaction.html).
    static let begin = "BEGIN IMMEDIATE"
}
