internal import SQLTemplate

private let clickHouseManual =
    "https://clickhouse.com/docs/"

/// What ClickHouse has not of the SQL that other databases have.
extension SQLLack {
    static let clickHouse = [
        SQLLack(
            .deleteLimit, "ClickHouse has no LIMIT in a DELETE",
            hint: "take LIMIT away",
            source: clickHouseManual + "sql-reference/statements/delete"),
        SQLLack(
            .updateLimit, "ClickHouse has no LIMIT in an UPDATE",
            hint: "write ALTER TABLE … UPDATE … WHERE …, without LIMIT",
            source: clickHouseManual + "sql-reference/statements/update"),
        SQLLack(
            .onDuplicateKey, "ON DUPLICATE KEY UPDATE is MySQL's; ClickHouse has no unique keys",
            hint: "take the clause away, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .onConflict,
            "ON CONFLICT is PostgreSQL's and SQLite's; ClickHouse has no unique "
                + "keys",
            hint: "take the clause away, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .insertIgnore, "INSERT IGNORE is MySQL's; ClickHouse has no unique keys",
            hint: "write INSERT INTO, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .insertOr, "INSERT OR is SQLite's; ClickHouse has no unique keys",
            hint: "write INSERT INTO, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .insertSet, "INSERT … SET is MySQL's",
            hint: "write INSERT INTO … (columns) VALUES (…)",
            source: clickHouseManual + "sql-reference/statements/insert-into"),
        SQLLack(
            .insertAll, "INSERT ALL is Oracle's",
            hint: "write INSERT INTO … VALUES with a row in parentheses for each",
            source: clickHouseManual + "sql-reference/statements/insert-into"),
        SQLLack(
            .replaceInto, "REPLACE is MySQL's and SQLite's; ClickHouse has no unique keys",
            hint: "write INSERT INTO, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .merge, "ClickHouse has no MERGE",
            hint: "write INSERT INTO, and give the table the engine ReplacingMergeTree",
            source:
                clickHouseManual + "engines/table-engines/mergetree-family/replacingmergetree"
        ),
        SQLLack(
            .returning, "ClickHouse has no RETURNING",
            hint: "take RETURNING away: nothing reads what a query returns",
            source: clickHouseManual + "sql-reference/statements/insert-into"),
        SQLLack(
            .output, "OUTPUT is SQL Server's",
            hint: "take OUTPUT away: nothing reads what a query returns",
            source: clickHouseManual + "sql-reference/statements/insert-into"),
        SQLLack(
            .update,
            "ClickHouse has UPDATE since version 25.7, and only for tables with "
                + "settings of their own",
            hint: "write ALTER TABLE … UPDATE … WHERE …",
            source: clickHouseManual + "sql-reference/statements/update", as: .warning),
        SQLLack(
            .updateFrom, "ClickHouse has no FROM in an UPDATE",
            hint: "write ALTER TABLE … UPDATE … WHERE … IN (SELECT …)",
            source: clickHouseManual + "sql-reference/statements/alter/update"),
        SQLLack(
            .updateJoin, "ClickHouse has no JOIN before SET",
            hint: "write ALTER TABLE … UPDATE … WHERE … IN (SELECT …)",
            source: clickHouseManual + "sql-reference/statements/alter/update"),
        SQLLack(
            .delete, "ClickHouse has DELETE FROM since version 23.3",
            hint: "write ALTER TABLE … DELETE WHERE … for older ones",
            source: clickHouseManual + "sql-reference/statements/delete", as: .note),
        SQLLack(
            .deleteUsing, "ClickHouse has no USING in a DELETE",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source: clickHouseManual + "sql-reference/statements/delete"),
        SQLLack(
            .deleteJoin, "ClickHouse deletes from the table behind DELETE FROM",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source: clickHouseManual + "sql-reference/statements/delete"),
        SQLLack(
            .sysdateWord, "this word is Oracle's, and a column's name in ClickHouse",
            hint: "write {event_time}, the time of the event",
            source: clickHouseManual + "sql-reference/functions/date-time-functions",
            as: .warning),
        SQLLack(
            .bracketName, "[…] quotes a name in SQL Server, and is a list in ClickHouse",
            hint: "write the name in double quotes, or without quotes where it needs none",
            source: clickHouseManual + "sql-reference/syntax"),
        SQLLack(
            .getdateFunction, "this function is SQL Server's",
            hint: "write {event_time}, the time of the event",
            source: clickHouseManual + "sql-reference/functions/date-time-functions"),
        SQLLack(
            .quotedValue, "\"…\" names a column in ClickHouse, and there is none to name here",
            hint: "write the text in single quotes: '…'",
            source: clickHouseManual + "sql-reference/syntax"),
    ]
}
