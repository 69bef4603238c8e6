internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on SQLite. Source:
    /// https://sqlite.org/pragma.html.
    static let sqlite = SessionRules(
        statements: [["PRAGMA"], ["ATTACH"], ["DETACH"]],
        hints: [
            "": "take the statement away: every session has SQLite's own defaults"
        ])
}
