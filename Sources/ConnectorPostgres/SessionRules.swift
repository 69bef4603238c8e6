internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on PostgreSQL. Source:
    /// https://www.postgresql.org/docs/current/sql-set.html.
    static let postgresql = SessionRules(
        statements: [
            ["RESET"], ["DISCARD"], ["ALTER", "SYSTEM"], ["LOAD"],
        ],
        harmless: ["CONSTRAINTS"], scopes: ["SESSION", "LOCAL"], variables: .dotted,
        serverModules: ["PLPGSQL"], names: ["SET_CONFIG", "PG_SETTINGS"],
        hints: [
            "SEARCH_PATH": "write each table with its schema",
            "ROLE": "let the connector's user be that role",
            "SESSION AUTHORIZATION": "let the connector's user be that role",
            "TIME ZONE": "take the statement away: every session's zone is UTC",
            "TIMEZONE": "take the statement away: every session's zone is UTC",
            "": "take the statement away; what no value is read by, work_mem say, is given to the "
                + "connector's user with ALTER ROLE … SET",
        ])
}
