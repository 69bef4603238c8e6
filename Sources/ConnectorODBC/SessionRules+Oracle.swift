internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on Oracle. Source:
    /// https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/ALTER-SESSION.html.
    static let oracle = SessionRules(
        statements: [["ALTER", "SESSION"], ["ALTER", "SYSTEM"]],
        harmless: ["CONSTRAINT", "CONSTRAINTS"], names: ["DBMS_SESSION"],
        hints: [
            "ROLE": "give the connector's user the role as its default",
            "": "take the statement away; write TO_DATE and TO_CHAR with a format instead",
        ])
}
