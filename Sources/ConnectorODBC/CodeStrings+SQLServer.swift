internal import SQLTemplate

extension CodeIndex {
    /// Where SQL Server reads a string as SQL, or reaches outside of the database.
    static let sqlServer: CodeIndex = {
        let manual = "https://learn.microsoft.com/sql/"
        let procedures = manual + "relational-databases/system-stored-procedures/"
        var rules = CodeRules()
        rules.hint =
            "give the value as an argument: EXEC sp_executesql N'INSERT INTO t VALUES (@v)',"
            + " N'@v nvarchar(max)', @v = N'{…}'"
        rules.dynamic = .procedures
        rules.dynamicSource = manual + "t-sql/language-elements/execute-transact-sql"
        rules.statements = [
            .init(
                "BULK", hint: "write INSERT instead of BULK INSERT",
                source: manual + "t-sql/statements/bulk-insert-transact-sql"),
            .init(
                "RESTORE", hint: "run it outside of the query",
                source: manual + "t-sql/statements/restore-statements-transact-sql"),
            .init(
                "BACKUP", hint: "run it outside of the query",
                source: manual + "t-sql/statements/backup-transact-sql"),
        ]
        let once = "create it once, outside of the query, and give it the value as an argument"
        rules.definitions = [
            "FUNCTION", "PROCEDURE", "PROC", "TRIGGER", "VIEW", "ASSEMBLY", "EVENT", "LOGIN",
            "EXTERNAL", "ENDPOINT", "CREDENTIAL", "SERVER",
        ].map { .init($0, hint: once, source: manual + "t-sql/statements/statements") }
        let over = "run that query over there as an integration of its own connector"
        rules.functions = ["OPENROWSET", "OPENQUERY", "OPENDATASOURCE"].map {
            .init($0, hint: over, source: manual + "t-sql/functions/rowset-functions-transact-sql")
        }
        rules.statementProcedures = [
            .init("SP_EXECUTESQL", source: procedures + "sp-executesql-transact-sql")
        ]
        let instead = "call a procedure of your own with the value as its argument"
        rules.procedures = [
            "XP_CMDSHELL", "XP_REGWRITE", "XP_DIRTREE", "XP_FILEEXIST", "SP_EXECUTE_REMOTE",
            "SP_EXECUTE_EXTERNAL_SCRIPT", "SP_PREPARE", "SP_PREPEXEC", "SP_PREPEXECRPC",
            "SP_CURSOROPEN", "SP_CURSORPREPARE", "SP_CURSORPREPEXEC",
            "SP_DESCRIBE_FIRST_RESULT_SET", "SP_DESCRIBE_UNDECLARED_PARAMETERS",
            "SP_ADD_JOBSTEP", "SP_UPDATE_JOBSTEP", "SP_ADD_JOB", "SP_SEND_DBMAIL",
            "SP_MSFOREACHTABLE", "SP_MSFOREACHDB", "SP_OACREATE", "SP_OAMETHOD",
            "SP_CREATE_PLAN_GUIDE", "SP_ADDLINKEDSERVER", "SP_ADDEXTENDEDPROC",
        ].map { .init($0, hint: instead, source: procedures) }
        return CodeIndex(rules)
    }()
}
