internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on MySQL and MariaDB. Source:
    /// https://dev.mysql.com/doc/refman/8.4/en/set-variable.html and
    /// https://mariadb.com/kb/en/set-statement/.
    static let mysql = SessionRules(
        statements: [["USE"], ["RESET"], ["PURGE"]], variables: .atSign,
        hints: [
            "TIME_ZONE": "take the statement away: every session's zone is UTC",
            "USE": "write each table with its database",
            "ROLE": "give the connector's user the role as its default",
            "": "take the statement away; what no value is read by is set at the server",
        ])
}
