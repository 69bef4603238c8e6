internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on SQL Server. Source:
    /// https://learn.microsoft.com/sql/t-sql/statements/set-statements-transact-sql.
    static let sqlServer = SessionRules(
        statements: [
            ["USE"], ["REVERT"], ["SETUSER"], ["EXECUTE", "AS"], ["EXEC", "AS"],
            ["ALTER", "DATABASE"], ["ALTER", "LOGIN"],
        ],
        variables: .atSign, isSetAnywhere: true, names: ["SP_CONFIGURE", "SP_SETAPPROLE"],
        hints: [
            "NOCOUNT": "take the statement away: the rows that a query writes are counted",
            "XACT_ABORT": "take the statement away: it is on in every session",
            "IDENTITY_INSERT": "create the column without IDENTITY",
            "USE": "write each table with its database and schema",
            "": "take the statement away; the guide for SQL Server says how a session is set",
        ])
}
