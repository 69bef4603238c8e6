internal import Connector
internal import SegmentModel

/// What PostgreSQL wants to read.
enum PostgresDialect {
    static let cursor = CursorSQL { "$\($0)" }

    /// Moves the cursor, or divides by zero: what follows in the pipeline then does not run.
    static let advanceOrFail =
        "WITH moved AS (\(cursor.advance) RETURNING 1) SELECT 1 / count(*) FROM moved"

    static let cursorMigrations = CursorMigrations(
        EmbeddedMigrations.files.map { ($0.name, $0.sql) })

    /// Asked before the table is created: CREATE TABLE IF NOT EXISTS wants the right to create even
    /// where the table is there.
    static let cursorColumns = """
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass('segledger_cursor') AND attnum > 0 AND NOT attisdropped
        """

    /// Whether a statement with this command tag ends, or may have ended, the transaction it ran
    /// in. ROLLBACK TO SAVEPOINT has the same tag as ROLLBACK.
    static func controlsTransaction(commandTag: String) -> Bool {
        [
            "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "PREPARE TRANSACTION",
            "COMMIT PREPARED", "ROLLBACK PREPARED",
        ].contains(commandTag)
    }

    /// Whether the tag's number is of rows that the statement wrote, not of rows it returned.
    static func writesRows(commandTag: String) -> Bool {
        !["SELECT", "FETCH", "MOVE"].contains { commandTag.hasPrefix($0) }
    }
}
