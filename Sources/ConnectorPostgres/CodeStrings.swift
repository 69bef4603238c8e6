internal import SQLTemplate

extension CodeIndex {
    /// Where PostgreSQL and the extensions of its distribution, and some that are common, read a
    /// string as SQL, or reach outside of the database.
    static let postgresql: CodeIndex = {
        let manual = "https://www.postgresql.org/docs/current/"
        let call =
            "write the statement itself, or make a function of the code once and call it with the"
            + " value: SELECT my_function('{…}')"
        let join = "run that query over there as an integration of its own connector"
        var rules = CodeRules()
        rules.hint = call
        rules.functionsTakeExpressions = true
        rules.statements = [
            .init("DO", source: manual + "sql-do.html"),
            .init("COPY", hint: "write INSERT instead of COPY", source: manual + "sql-copy.html"),
            .init(
                "LOAD", hint: "load the library outside of the query",
                source: manual + "sql-load.html"),
            .init(
                "SECURITY", hint: "label the object outside of the query",
                source: manual + "sql-security-label.html"),
        ]
        let once = "create it once, outside of the query, and give it the value as an argument"
        rules.definitions = [
            "FUNCTION", "PROCEDURE", "ROUTINE", "TRIGGER", "VIEW", "RULE", "AGGREGATE", "SERVER",
            "SUBSCRIPTION", "SYSTEM", "LANGUAGE",
        ].map { .init($0, hint: once, source: manual + "sql-commands.html") }
        rules.functions =
            [
                "DBLINK", "DBLINK_EXEC", "DBLINK_OPEN", "DBLINK_CONNECT", "DBLINK_CONNECT_U",
                "DBLINK_SEND_QUERY", "DBLINK_BUILD_SQL_INSERT", "DBLINK_BUILD_SQL_DELETE",
                "DBLINK_BUILD_SQL_UPDATE",
            ].map { .init($0, hint: join, source: manual + "dblink.html") }
            + [
                "QUERY_TO_XML", "QUERY_TO_XMLSCHEMA", "QUERY_TO_XML_AND_XMLSCHEMA",
                "CURSOR_TO_XML", "CURSOR_TO_XMLSCHEMA",
            ].map { .init($0, source: manual + "functions-xml.html") }
            + ["TS_STAT", "TS_REWRITE"].map {
                .init($0, source: manual + "functions-textsearch.html")
            }
            + ["CROSSTAB", "CROSSTAB2", "CROSSTAB3", "CROSSTAB4", "CROSSTABN", "CONNECTBY"].map {
                .init($0, source: manual + "tablefunc.html")
            }
            + ["XPATH_TABLE"].map { .init($0, source: manual + "xml2.html") }
            + ["LO_IMPORT", "LO_EXPORT"].map { .init($0, source: manual + "lo-funcs.html") }
            + [
                "PG_READ_FILE", "PG_READ_BINARY_FILE", "PG_LS_DIR", "PG_STAT_FILE",
                "PG_FILE_WRITE", "PG_FILE_RENAME", "PG_FILE_UNLINK",
            ].map { .init($0, source: manual + "functions-admin.html") }
            + ["CRON.SCHEDULE", "CRON.SCHEDULE_IN_DATABASE", "CRON.ALTER_JOB"].map {
                .init($0, source: "https://github.com/citusdata/pg_cron")
            }
            + [
                "RUN_COMMAND_ON_WORKERS", "RUN_COMMAND_ON_SHARDS", "RUN_COMMAND_ON_PLACEMENTS",
                "RUN_COMMAND_ON_COLOCATED_PLACEMENTS", "RUN_COMMAND_ON_COORDINATOR",
                "RUN_COMMAND_ON_ALL_NODES",
            ].map { .init($0, source: "https://docs.citusdata.com/") }
            + ["PG_BACKGROUND_LAUNCH"].map {
                .init($0, source: "https://github.com/vibhorkum/pg_background")
            }
            + ["PGLOGICAL.REPLICATE_DDL_COMMAND"].map {
                .init($0, source: "https://github.com/2ndQuadrant/pglogical")
            }
        return CodeIndex(rules)
    }()
}
