internal import SQLTemplate

private let sqlServerManual =
    "https://learn.microsoft.com/sql/"

/// What SQL Server has not of the SQL that other databases have.
extension SQLLack {
    static let sqlServer = [
        SQLLack(
            .deleteLimit, "SQL Server has no LIMIT",
            hint: "take LIMIT away, or write DELETE TOP (1) FROM …",
            source: sqlServerManual + "t-sql/statements/delete-transact-sql"),
        SQLLack(
            .updateLimit, "SQL Server has no LIMIT",
            hint: "take LIMIT away, or write UPDATE TOP (1) …",
            source: sqlServerManual + "t-sql/queries/update-transact-sql"),
        SQLLack(
            .selectLimit, "SQL Server has no LIMIT",
            hint: "write SELECT TOP (1) …",
            source: sqlServerManual + "t-sql/queries/top-transact-sql"),
        SQLLack(
            .fetchWithoutOffset, "SQL Server has FETCH only behind OFFSET",
            hint: "write ORDER BY … OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY, or SELECT TOP "
                + "(1) …",
            source:
                sqlServerManual + "t-sql/queries/select-order-by-clause-transact-sql"),
        SQLLack(
            .onDuplicateKey, "ON DUPLICATE KEY UPDATE is MySQL's; SQL Server has MERGE",
            hint: "write MERGE INTO … WITH (HOLDLOCK) AS t USING (…) AS s ON … WHEN "
                + "MATCHED THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…); "
                + "with the semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .onConflict, "ON CONFLICT is PostgreSQL's and SQLite's; SQL Server has MERGE",
            hint: "write MERGE INTO … WITH (HOLDLOCK) AS t USING (…) AS s ON … WHEN "
                + "MATCHED THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…); "
                + "with the semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .insertIgnore, "INSERT IGNORE is MySQL's; SQL Server has MERGE",
            hint: "write MERGE INTO … WITH (HOLDLOCK) AS t USING (…) AS s ON … WHEN "
                + "MATCHED THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…); "
                + "with the semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .insertOr, "INSERT OR is SQLite's; SQL Server has MERGE",
            hint: "write MERGE INTO … WITH (HOLDLOCK) AS t USING (…) AS s ON … WHEN "
                + "MATCHED THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…); "
                + "with the semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .insertSet, "INSERT … SET is MySQL's",
            hint: "write INSERT INTO … (columns) VALUES (…)",
            source: sqlServerManual + "t-sql/statements/insert-transact-sql"),
        SQLLack(
            .insertAll, "INSERT ALL is Oracle's",
            hint: "write INSERT INTO … VALUES with a row in parentheses for each",
            source: sqlServerManual + "t-sql/statements/insert-transact-sql"),
        SQLLack(
            .replaceInto, "REPLACE is MySQL's and SQLite's; SQL Server has MERGE",
            hint: "write MERGE INTO … WITH (HOLDLOCK) AS t USING (…) AS s ON … WHEN "
                + "MATCHED THEN UPDATE SET … WHEN NOT MATCHED THEN INSERT … VALUES (…); "
                + "with the semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .mergeWithoutEnd,
            "SQL Server refuses a MERGE without a semicolon behind it (error 10713)",
            hint: "end it with a semicolon",
            source: sqlServerManual + "t-sql/statements/merge-transact-sql"),
        SQLLack(
            .returning, "RETURNING is PostgreSQL's; SQL Server has OUTPUT",
            hint: "take RETURNING away: nothing reads what a query returns",
            source: sqlServerManual + "t-sql/queries/output-clause-transact-sql"),
        SQLLack(
            .truncateWithoutTable, "SQL Server has no TRUNCATE without TABLE",
            hint: "write TRUNCATE TABLE …",
            source: sqlServerManual + "t-sql/statements/truncate-table-transact-sql"),
        SQLLack(
            .updateJoin, "SQL Server has no JOIN before SET",
            hint: "write UPDATE … SET … FROM … JOIN … ON …",
            source: sqlServerManual + "t-sql/queries/update-transact-sql"),
        SQLLack(
            .deleteUsing, "SQL Server has no USING in a DELETE",
            hint: "write DELETE t FROM … AS t JOIN … ON …",
            source: sqlServerManual + "t-sql/statements/delete-transact-sql"),
        SQLLack(
            .castOperator, "SQL Server has no ::",
            hint: "write CAST(… AS …)",
            source: sqlServerManual + "t-sql/functions/cast-and-convert-transact-sql"),
        SQLLack(
            .ilike, "SQL Server has no ILIKE",
            hint: "write LIKE, which does not look at case where the collation has _CI_ "
                + "in its name",
            source: sqlServerManual + "t-sql/language-elements/like-transact-sql"),
        SQLLack(
            .bars, "SQL Server has || since version 2025",
            hint: "write CONCAT(…, …), unless all servers are that new",
            source:
                sqlServerManual + "t-sql/language-elements/string-concatenation-pipes-transact-sql",
            as: .warning),
        SQLLack(
            .booleanWord, "SQL Server has no TRUE and FALSE",
            hint: "write 1 and 0, in a column of the type bit",
            source: sqlServerManual + "t-sql/data-types/bit-transact-sql"),
        SQLLack(
            .backtickName, "`…` quotes a name in MySQL, and nothing in SQL Server",
            hint: "write the name in brackets, or without quotes where it needs none",
            source: sqlServerManual + "t-sql/functions/quotename-transact-sql"),
        SQLLack(
            .nowFunction, "SQL Server has no function now()",
            hint: "write {event_time}, the time of the event",
            source:
                sqlServerManual
                + "t-sql/functions/date-and-time-data-types-and-functions-transact-sql"
        ),
        SQLLack(
            .sysdateWord, "this word is Oracle's, and a column's name in SQL Server",
            hint: "write {event_time}, the time of the event",
            source:
                sqlServerManual
                + "t-sql/functions/date-and-time-data-types-and-functions-transact-sql",
            as: .warning),
        SQLLack(
            .quotedValue, "\"…\" names a column in SQL Server, and there is none to name here",
            hint: "write the text in single quotes: '…'",
            source:
                sqlServerManual + "relational-databases/databases/database-identifiers"
        ),
    ]
}
