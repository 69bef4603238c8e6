internal import SQLTemplate

/// What MySQL and MariaDB have not of the SQL that other databases have.
extension SQLLack {
    static let mysql = [
        SQLLack(
            .top, "TOP is SQL Server's; MySQL has LIMIT",
            hint: "write LIMIT at the end of the query",
            source: "https://dev.mysql.com/doc/refman/8.4/en/select.html"),
        SQLLack(
            .fetchFirst, "MariaDB has FETCH FIRST since version 10.6, and MySQL has not",
            hint: "write LIMIT at the end of the query",
            source: "https://dev.mysql.com/doc/refman/8.4/en/select.html", as: .warning),
        SQLLack(
            .onConflict,
            "ON CONFLICT is PostgreSQL's and SQLite's; MySQL has ON DUPLICATE KEY "
                + "UPDATE",
            hint: "write ON DUPLICATE KEY UPDATE … = VALUES(…); to keep what is there, "
                + "set a column to itself",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert-on-duplicate.html"),
        SQLLack(
            .insertOr, "INSERT OR is SQLite's; MySQL has ON DUPLICATE KEY UPDATE",
            hint: "write INSERT INTO … ON DUPLICATE KEY UPDATE … = VALUES(…)",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert-on-duplicate.html"),
        SQLLack(
            .insertAll, "INSERT ALL is Oracle's",
            hint: "write INSERT INTO … VALUES with a row in parentheses for each",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert.html"),
        SQLLack(
            .rowAlias,
            "MySQL has an alias for the new row since version 8.0.19, and MariaDB "
                + "has not",
            hint: "take AS and the alias away, and write VALUES(…) for a column of the "
                + "new row",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert-on-duplicate.html", as: .warning
        ),
        SQLLack(
            .merge, "MySQL has no MERGE",
            hint: "write INSERT INTO … ON DUPLICATE KEY UPDATE … = VALUES(…)",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert-on-duplicate.html"),
        SQLLack(
            .returning, "MariaDB has RETURNING in INSERT, REPLACE and DELETE, and MySQL has not",
            hint: "take RETURNING away: nothing reads what a query returns",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert.html", as: .warning),
        SQLLack(
            .output, "OUTPUT is SQL Server's",
            hint: "take OUTPUT away: nothing reads what a query returns",
            source: "https://dev.mysql.com/doc/refman/8.4/en/insert.html"),
        SQLLack(
            .updateFrom, "MySQL has no FROM in an UPDATE",
            hint: "write UPDATE … JOIN … ON … SET …",
            source: "https://dev.mysql.com/doc/refman/8.4/en/update.html"),
        SQLLack(
            .deleteUsing, "MySQL deletes by USING only from tables that stand behind USING too",
            hint: "write DELETE m FROM m JOIN … ON … with the table for m",
            source: "https://dev.mysql.com/doc/refman/8.4/en/delete.html"),
        SQLLack(
            .sysdateWord, "this word is Oracle's, and a column's name in MySQL",
            hint: "write {event_time}, the time of the event",
            source: "https://dev.mysql.com/doc/refman/8.4/en/date-and-time-functions.html",
            as: .warning),
        SQLLack(
            .fullJoin, "MySQL has no FULL JOIN",
            hint: "write a LEFT JOIN and a RIGHT JOIN with UNION between them",
            source: "https://dev.mysql.com/doc/refman/8.4/en/join.html"),
        SQLLack(
            .castOperator, "MySQL has no ::",
            hint: "write CAST(… AS …)",
            source: "https://dev.mysql.com/doc/refman/8.4/en/cast-functions.html"),
        SQLLack(
            .ilike, "MySQL has no ILIKE",
            hint: "write LIKE, which does not look at case where the collation ends in "
                + "_ci",
            source: "https://dev.mysql.com/doc/refman/8.4/en/string-comparison-functions.html"),
        SQLLack(
            .bars, "|| is OR in MySQL, unless the server's sql_mode has PIPES_AS_CONCAT",
            hint: "write CONCAT(…, …)",
            source: "https://dev.mysql.com/doc/refman/8.4/en/logical-operators.html", as: .warning),
        SQLLack(
            .bracketName, "[…] quotes a name in SQL Server, and nothing in MySQL",
            hint: "write the name in backticks, or without quotes where it needs none",
            source: "https://dev.mysql.com/doc/refman/8.4/en/identifiers.html"),
        SQLLack(
            .getdateFunction, "this function is SQL Server's",
            hint: "write {event_time}, the time of the event",
            source: "https://dev.mysql.com/doc/refman/8.4/en/date-and-time-functions.html"),
    ]
}
