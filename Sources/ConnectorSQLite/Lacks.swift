internal import SQLTemplate

/// What SQLite has not of the SQL that other databases have.
extension SQLLack {
    static let sqlite = [
        SQLLack(
            .deleteLimit, "SQLite has LIMIT in a DELETE only where it was built so",
            hint: "take LIMIT away, or write WHERE rowid IN (SELECT rowid FROM … WHERE … "
                + "LIMIT …)",
            source: "https://www.sqlite.org/lang_delete.html", as: .note),
        SQLLack(
            .updateLimit, "SQLite has LIMIT in an UPDATE only where it was built so",
            hint: "take LIMIT away, or write WHERE rowid IN (SELECT rowid FROM … WHERE … "
                + "LIMIT …)",
            source: "https://www.sqlite.org/lang_update.html", as: .note),
        SQLLack(
            .top, "TOP is SQL Server's; SQLite has LIMIT",
            hint: "write LIMIT at the end of the query",
            source: "https://www.sqlite.org/lang_select.html"),
        SQLLack(
            .fetchFirst, "SQLite has no FETCH FIRST",
            hint: "write LIMIT at the end of the query",
            source: "https://www.sqlite.org/lang_select.html"),
        SQLLack(
            .onDuplicateKey, "ON DUPLICATE KEY UPDATE is MySQL's; SQLite has ON CONFLICT",
            hint: "write ON CONFLICT (…) DO UPDATE SET … = excluded.…, with the columns "
                + "of the unique key in the parentheses",
            source: "https://www.sqlite.org/lang_upsert.html"),
        SQLLack(
            .conflictBehindFrom, "SQLite takes ON behind FROM for the condition of a join",
            hint: "write WHERE true before ON CONFLICT",
            source: "https://www.sqlite.org/lang_upsert.html"),
        SQLLack(
            .insertIgnore, "INSERT IGNORE is MySQL's",
            hint: "write INSERT OR IGNORE INTO, or ON CONFLICT DO NOTHING at the end",
            source: "https://www.sqlite.org/lang_insert.html"),
        SQLLack(
            .insertSet, "INSERT … SET is MySQL's",
            hint: "write INSERT INTO … (columns) VALUES (…)",
            source: "https://www.sqlite.org/lang_insert.html"),
        SQLLack(
            .insertAll, "INSERT ALL is Oracle's",
            hint: "write INSERT INTO … VALUES with a row in parentheses for each",
            source: "https://www.sqlite.org/lang_insert.html"),
        SQLLack(
            .merge, "SQLite has no MERGE",
            hint: "write INSERT INTO … ON CONFLICT (…) DO UPDATE SET … = excluded.…, "
                + "with the columns of the unique key in the parentheses",
            source: "https://www.sqlite.org/lang_upsert.html"),
        SQLLack(
            .output, "OUTPUT is SQL Server's",
            hint: "take OUTPUT away: nothing reads what a query returns",
            source: "https://www.sqlite.org/lang_returning.html"),
        SQLLack(
            .truncate, "SQLite has no TRUNCATE",
            hint: "write DELETE FROM …",
            source: "https://www.sqlite.org/lang_delete.html"),
        SQLLack(
            .updateJoin, "SQLite has no JOIN before SET",
            hint: "write UPDATE … SET … FROM … WHERE …",
            source: "https://www.sqlite.org/lang_update.html"),
        SQLLack(
            .deleteUsing, "SQLite has no USING in a DELETE",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source: "https://www.sqlite.org/lang_delete.html"),
        SQLLack(
            .deleteJoin, "SQLite deletes from the table behind DELETE FROM",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source: "https://www.sqlite.org/lang_delete.html"),
        SQLLack(
            .ilike, "SQLite has no ILIKE",
            hint: "write LIKE, which does not look at the case of a to z",
            source: "https://www.sqlite.org/lang_expr.html"),
        SQLLack(
            .nowFunction, "SQLite has no function now()",
            hint: "write {event_time}, the time of the event",
            source: "https://www.sqlite.org/lang_datefunc.html"),
        SQLLack(
            .getdateFunction, "this function is SQL Server's",
            hint: "write {event_time}, the time of the event",
            source: "https://www.sqlite.org/lang_datefunc.html"),
        SQLLack(
            .sysdateWord, "this word is Oracle's, and a column's name in SQLite",
            hint: "write {event_time}, the time of the event",
            source: "https://www.sqlite.org/lang_datefunc.html", as: .warning),
        SQLLack(
            .quotedValue, "\"…\" names a column in SQLite, and there is none to name here",
            hint: "write the text in single quotes: '…'",
            source: "https://www.sqlite.org/quirks.html", as: .warning),
    ]
}
