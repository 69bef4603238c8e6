internal import SQLTemplate

extension SessionRules {
    /// How a query would change its session on ClickHouse. Source:
    /// https://clickhouse.com/docs/operations/settings/query-level.
    static let clickHouse = SessionRules(
        statements: [["USE"]],
        stated: [
            "ASYNC_INSERT", "CAST_STRING_TO_DATE_TIME_MODE", "DATE_TIME_INPUT_FORMAT",
            "DATE_TIME_OVERFLOW_BEHAVIOR", "DEDUPLICATE_INSERT", "DEDUPLICATE_INSERT_SELECT",
            "DIALECT", "DISTINCT_OVERFLOW_MODE", "GROUP_BY_OVERFLOW_MODE",
            "INPUT_FORMAT_ALLOW_ERRORS_NUM", "INPUT_FORMAT_ALLOW_ERRORS_RATIO",
            "INPUT_FORMAT_NULL_AS_DEFAULT", "INSERT_DEDUPLICATE", "INSERT_DEDUPLICATION_TOKEN",
            "INSERT_NULL_AS_DEFAULT", "JOIN_OVERFLOW_MODE", "LIMIT", "OFFSET",
            "READ_OVERFLOW_MODE", "READ_OVERFLOW_MODE_LEAF", "RESULT_OVERFLOW_MODE",
            "SESSION_TIMEZONE", "SET_OVERFLOW_MODE", "SORT_OVERFLOW_MODE",
            "TIMEOUT_OVERFLOW_MODE", "TRANSFER_OVERFLOW_MODE", "WAIT_END_OF_QUERY",
        ],
        hints: [
            "USE": "write each table with its database",
            "": "take NAME away: what every request needs is sent with it, and other settings "
                + "stand behind the query as SETTINGS name = value",
        ])
}
