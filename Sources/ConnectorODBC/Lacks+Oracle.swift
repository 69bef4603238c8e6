internal import SQLTemplate

private let oracleManual =
    "https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/"

/// What Oracle has not of the SQL that other databases have.
extension SQLLack {
    static let oracle = [
        SQLLack(
            .deleteLimit, "Oracle has no LIMIT",
            hint: "take LIMIT away, or write AND ROWNUM <= 1",
            source:
                oracleManual + "DELETE.html"),
        SQLLack(
            .updateLimit, "Oracle has no LIMIT",
            hint: "take LIMIT away, or write AND ROWNUM <= 1",
            source:
                oracleManual + "UPDATE.html"),
        SQLLack(
            .selectLimit, "Oracle has no LIMIT",
            hint: "write FETCH FIRST 1 ROWS ONLY at the end of the query",
            source:
                oracleManual + "SELECT.html"),
        SQLLack(
            .top, "TOP is SQL Server's",
            hint: "write FETCH FIRST 1 ROWS ONLY at the end of the query",
            source:
                oracleManual + "SELECT.html"),
        SQLLack(
            .onDuplicateKey, "ON DUPLICATE KEY UPDATE is MySQL's; Oracle has MERGE",
            hint: "write MERGE INTO … t USING (SELECT … FROM dual) s ON (…) WHEN MATCHED "
                + "THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…)",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .onConflict, "ON CONFLICT is PostgreSQL's and SQLite's; Oracle has MERGE",
            hint: "write MERGE INTO … t USING (SELECT … FROM dual) s ON (…) WHEN MATCHED "
                + "THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…)",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .insertIgnore, "INSERT IGNORE is MySQL's; Oracle has MERGE",
            hint: "write MERGE INTO … t USING (SELECT … FROM dual) s ON (…) WHEN MATCHED "
                + "THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…)",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .insertOr, "INSERT OR is SQLite's; Oracle has MERGE",
            hint: "write MERGE INTO … t USING (SELECT … FROM dual) s ON (…) WHEN MATCHED "
                + "THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…)",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .insertSet, "INSERT … SET is MySQL's",
            hint: "write INSERT INTO … (columns) VALUES (…)",
            source:
                oracleManual + "INSERT.html"),
        SQLLack(
            .replaceInto, "REPLACE is MySQL's and SQLite's; Oracle has MERGE",
            hint: "write MERGE INTO … t USING (SELECT … FROM dual) s ON (…) WHEN MATCHED "
                + "THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…)",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .valueRows, "Oracle takes several rows behind VALUES since version 23",
            hint: "write INSERT INTO … SELECT … FROM dual UNION ALL SELECT … FROM dual, "
                + "or MERGE INTO, unless all servers are that new",
            source:
                oracleManual + "INSERT.html",
            as: .warning),
        SQLLack(
            .mergeBySource, "Oracle has no WHEN NOT MATCHED BY SOURCE",
            hint: "write a DELETE of its own",
            source: oracleManual + "MERGE.html"
        ),
        SQLLack(
            .returning, "Oracle has RETURNING only with INTO, in PL/SQL",
            hint: "take RETURNING away: nothing reads what a query returns",
            source:
                oracleManual + "DELETE.html"),
        SQLLack(
            .output, "OUTPUT is SQL Server's",
            hint: "take OUTPUT away: nothing reads what a query returns",
            source:
                oracleManual + "INSERT.html"),
        SQLLack(
            .truncateWithoutTable, "Oracle has no TRUNCATE without TABLE",
            hint: "write DELETE FROM …, which does not commit by itself",
            source:
                oracleManual + "TRUNCATE-TABLE.html"
        ),
        SQLLack(
            .updateFrom, "Oracle has FROM in an UPDATE since version 23",
            hint: "write MERGE INTO, unless all servers are that new",
            source:
                oracleManual + "UPDATE.html",
            as: .warning),
        SQLLack(
            .updateJoin, "Oracle has no JOIN before SET",
            hint: "write MERGE INTO … USING … ON (…) WHEN MATCHED THEN UPDATE SET …",
            source:
                oracleManual + "UPDATE.html"),
        SQLLack(
            .deleteUsing, "Oracle has no USING in a DELETE",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source:
                oracleManual + "DELETE.html"),
        SQLLack(
            .deleteJoin, "Oracle deletes from the table behind DELETE FROM",
            hint: "write DELETE FROM … WHERE … IN (SELECT …)",
            source:
                oracleManual + "DELETE.html"),
        SQLLack(
            .tableAlias, "Oracle has no AS before the alias of a table",
            hint: "take AS away",
            source:
                oracleManual + "SELECT.html"),
        SQLLack(
            .castOperator, "Oracle has no ::",
            hint: "write CAST(… AS …)",
            source: oracleManual + "CAST.html"),
        SQLLack(
            .ilike, "Oracle has no ILIKE",
            hint: "write UPPER(…) LIKE UPPER(…)",
            source:
                oracleManual + "Pattern-matching-Conditions.html"
        ),
        SQLLack(
            .booleanWord, "Oracle has TRUE and FALSE since version 23",
            hint: "write 1 and 0, in a column of the type NUMBER(1), unless all servers "
                + "are that new",
            source:
                oracleManual + "Data-Types.html",
            as: .warning),
        SQLLack(
            .emptyText, "an empty text is NULL in Oracle, which nothing is equal or unequal to",
            hint: "write IS NULL or IS NOT NULL",
            source:
                oracleManual + "Nulls.html",
            as: .warning),
        SQLLack(
            .backtickName, "`…` quotes a name in MySQL, and nothing in Oracle",
            hint: "write the name in double quotes, or without quotes where it needs none",
            source:
                oracleManual + "Database-Object-Names-and-Qualifiers.html"
        ),
        SQLLack(
            .bracketName, "[…] quotes a name in SQL Server, and nothing in Oracle",
            hint: "write the name in double quotes, or without quotes where it needs none",
            source:
                oracleManual + "Database-Object-Names-and-Qualifiers.html"
        ),
        SQLLack(
            .nowFunction, "Oracle has no function now()",
            hint: "write {event_time}, the time of the event",
            source:
                oracleManual + "Single-Row-Functions.html",
            as: .warning),
        SQLLack(
            .getdateFunction, "this function is SQL Server's",
            hint: "write {event_time}, the time of the event",
            source:
                oracleManual + "Single-Row-Functions.html",
            as: .warning),
        SQLLack(
            .quotedValue, "\"…\" names a column in Oracle, and there is none to name here",
            hint: "write the text in single quotes: '…'",
            source:
                oracleManual + "Database-Object-Names-and-Qualifiers.html"
        ),
    ]
}
