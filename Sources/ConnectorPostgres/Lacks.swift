internal import SQLTemplate

private let postgresManual =
    "https://www.postgresql.org/docs/current/"

/// What PostgreSQL has not of the SQL that other databases have.
extension SQLLack {
    static let postgresql = [
        SQLLack(
            .deleteLimit, "PostgreSQL has no LIMIT in a DELETE",
            hint: "take LIMIT away, or write WHERE ctid IN (SELECT ctid FROM … WHERE … "
                + "LIMIT …)",
            source: postgresManual + "sql-delete.html"),
        SQLLack(
            .updateLimit, "PostgreSQL has no LIMIT in an UPDATE",
            hint: "take LIMIT away, or write WHERE ctid IN (SELECT ctid FROM … WHERE … "
                + "LIMIT …)",
            source: postgresManual + "sql-update.html"),
        SQLLack(
            .top, "TOP is SQL Server's; PostgreSQL has LIMIT",
            hint: "write LIMIT at the end of the query",
            source: postgresManual + "sql-select.html"),
        SQLLack(
            .onDuplicateKey, "ON DUPLICATE KEY UPDATE is MySQL's; PostgreSQL has ON CONFLICT",
            hint: "write ON CONFLICT (…) DO UPDATE SET … = excluded.…, with the columns "
                + "of the unique key in the parentheses",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .conflictWithoutTarget,
            "PostgreSQL's ON CONFLICT DO UPDATE needs the columns of the key",
            hint: "write ON CONFLICT (…) DO UPDATE, with the columns of the unique key "
                + "in the parentheses",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .insertIgnore, "INSERT IGNORE is MySQL's; PostgreSQL has ON CONFLICT",
            hint: "write INSERT INTO … ON CONFLICT DO NOTHING",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .insertOr, "INSERT OR is SQLite's; PostgreSQL has ON CONFLICT",
            hint: "write INSERT INTO … ON CONFLICT DO NOTHING, or ON CONFLICT (…) DO "
                + "UPDATE SET … = excluded.…",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .insertSet, "INSERT … SET is MySQL's",
            hint: "write INSERT INTO … (columns) VALUES (…)",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .insertAll, "INSERT ALL is Oracle's",
            hint: "write INSERT INTO … VALUES with a row in parentheses for each",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .replaceInto, "REPLACE is MySQL's and SQLite's; PostgreSQL has ON CONFLICT",
            hint: "write INSERT INTO … ON CONFLICT (…) DO UPDATE SET … = excluded.…, "
                + "with the columns of the unique key in the parentheses",
            source: postgresManual + "sql-insert.html"),
        SQLLack(
            .mergeBySource, "PostgreSQL has WHEN NOT MATCHED BY SOURCE since version 17",
            hint: "write a DELETE of its own, unless all servers are that new",
            source: postgresManual + "sql-merge.html", as: .warning),
        SQLLack(
            .output, "OUTPUT is SQL Server's",
            hint: "take OUTPUT away: nothing reads what a query returns",
            source: postgresManual + "dml-returning.html"),
        SQLLack(
            .updateJoin, "PostgreSQL has no JOIN before SET",
            hint: "write UPDATE … SET … FROM … WHERE …",
            source: postgresManual + "sql-update.html"),
        SQLLack(
            .deleteJoin, "PostgreSQL deletes from the table behind DELETE FROM",
            hint: "write DELETE FROM … USING … WHERE …",
            source: postgresManual + "sql-delete.html"),
        SQLLack(
            .backtickName, "`…` quotes a name in MySQL, and is an operator in PostgreSQL",
            hint: "write the name in double quotes, or without quotes where it needs none",
            source: postgresManual + "sql-syntax-lexical.html"),
        SQLLack(
            .bracketName, "[…] quotes a name in SQL Server, and is a subscript in PostgreSQL",
            hint: "write the name in double quotes, or without quotes where it needs none",
            source: postgresManual + "sql-syntax-lexical.html"),
        SQLLack(
            .getdateFunction, "this function is SQL Server's",
            hint: "write {event_time}, the time of the event",
            source: postgresManual + "functions-datetime.html"),
        SQLLack(
            .sysdateWord, "this word is Oracle's, and a column's name in PostgreSQL",
            hint: "write {event_time}, the time of the event",
            source: postgresManual + "functions-datetime.html", as: .warning),
        SQLLack(
            .quotedValue, "\"…\" names a column in PostgreSQL, and there is none to name here",
            hint: "write the text in single quotes: '…'",
            source: postgresManual + "sql-syntax-lexical.html"),
    ]
}
