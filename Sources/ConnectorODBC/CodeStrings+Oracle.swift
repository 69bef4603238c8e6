internal import SQLTemplate

extension CodeIndex {
    /// Where Oracle reads a string as SQL, or reaches outside of the database.
    static let oracle: CodeIndex = {
        let manual = "https://docs.oracle.com/en/database/oracle/oracle-database/23/"
        let packages = manual + "arpls/"
        var rules = CodeRules()
        rules.hint =
            "write the statement itself, or one literal with :v in it and give the value as an"
            + " argument: EXECUTE IMMEDIATE 'INSERT INTO t VALUES (:v)' USING '{…}'"
        rules.functionsTakeExpressions = true
        rules.dynamic = .using
        rules.dynamicSource = manual + "lnpls/EXECUTE-IMMEDIATE-statement.html"
        let once = "create it once, outside of the query, and give it the value as an argument"
        rules.definitions = [
            "FUNCTION", "PROCEDURE", "TRIGGER", "VIEW", "PACKAGE", "TYPE", "LIBRARY", "JAVA",
            "DIRECTORY", "LINK", "CONTEXT", "OPERATOR", "SYSTEM", "SESSION",
        ].map { .init($0, hint: once, source: manual + "sqlrf/SQL-Statements.html") }
        rules.functions =
            ["DBMS_SQL.PARSE"].map { .init($0, source: packages + "DBMS_SQL.html") }
            + ["DBMS_UTILITY.EXEC_DDL_STATEMENT"].map {
                .init($0, source: packages + "DBMS_UTILITY.html")
            }
            + ["CREATE_JOB", "CREATE_PROGRAM", "SET_ATTRIBUTE"].map {
                .init("DBMS_SCHEDULER.\($0)", source: packages + "DBMS_SCHEDULER.html")
            }
            + ["SUBMIT", "ISUBMIT", "CHANGE", "WHAT"].map {
                .init("DBMS_JOB.\($0)", source: packages + "DBMS_JOB.html")
            }
            + ["GETXML", "GETXMLTYPE", "NEWCONTEXT"].map {
                .init("DBMS_XMLGEN.\($0)", source: packages + "DBMS_XMLGEN.html")
            }
            + ["EXECUTE_IMMEDIATE", "PARSE"].map {
                .init("DBMS_HS_PASSTHROUGH.\($0)", source: packages + "DBMS_HS_PASSTHROUGH.html")
            }
            + ["HTTPURITYPE", "DBURITYPE"].map {
                .init($0, source: manual + "adxdb/accessing-data-through-URIs.html")
            }
        return CodeIndex(rules)
    }()
}
