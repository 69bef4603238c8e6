internal import SQLTemplate

extension CodeIndex {
    /// Where MySQL and MariaDB read a string as SQL, or reach outside of the database.
    static let mysql: CodeIndex = {
        let mysql = "https://dev.mysql.com/doc/refman/8.4/en/"
        let mariadb = "https://mariadb.com/kb/en/"
        var rules = CodeRules()
        rules.hint =
            "write the statement itself, or one literal with ? in it and give the value as an"
            + " argument: PREPARE s FROM 'INSERT INTO t VALUES (?)'; SET @v = '{…}';"
            + " EXECUTE s USING @v"
        rules.dynamic = .using
        rules.dynamicSource = mariadb + "execute-immediate/"
        rules.statements = [
            .init("LOAD", hint: "write INSERT instead of LOAD", source: mysql + "load-data.html"),
            .init(
                "INSTALL", hint: "install it outside of the query",
                source: mysql + "install-plugin.html"),
            .init("HELP", hint: "take the statement away", source: mysql + "help.html"),
        ]
        let once = "create it once, outside of the query, and give it the value as an argument"
        rules.definitions = [
            "FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "VIEW", "SERVER", "PACKAGE", "AGGREGATE",
        ].map { .init($0, hint: once, source: mysql + "sql-data-definition-statements.html") }
        rules.functions =
            ["SYS_EXEC", "SYS_EVAL", "SYS_GET", "SYS_SET"].map {
                .init($0, source: "https://github.com/mysqludf/lib_mysqludf_sys")
            }
            + ["SPIDER_DIRECT_SQL", "SPIDER_BG_DIRECT_SQL", "SPIDER_COPY_TABLES"].map {
                .init($0, source: mariadb + "spider-functions/")
            }
            + ["EXECUTE_PREPARED_STMT"].map {
                .init($0, source: mysql + "sys-execute-prepared-stmt.html")
            }
            + ["LOAD_FILE"].map { .init($0, source: mysql + "string-functions.html") }
        return CodeIndex(rules)
    }()
}
