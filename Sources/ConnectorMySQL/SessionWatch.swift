internal import Connector

/// The settings of a session as they were when it opened, and the statement that compares them.
///
/// The statement goes in front of whatever follows a query, COMMIT above all, in the same text: it
/// costs no round trip. It raises ER_SUBQUERY_NO_1_ROW where a setting has another value. The
/// server's own session tracking would tell as much for nothing, but a function can turn it off.
///
/// Invariants:
/// - the statement holds nothing that `sql_mode` or a character set could make another of: strings
///   of ASCII without quotes and backslashes, no operator but `<=>` and NOT before parentheses;
/// - every variable that the server has of `variables` is compared.
package struct MySQLSessionWatch: Sendable {
    /// Of the comparison, where a setting has changed: ER_SUBQUERY_NO_1_ROW.
    static let code = "1242"

    /// https://mariadb.com/kb/en/server-system-variables/ and
    /// https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html
    static let variables = [
        WatchedSetting("auto_increment_increment", "decides the numbers of rows"),
        WatchedSetting("auto_increment_offset", "decides the numbers of rows"),
        WatchedSetting("autocommit", "decides when rows are committed"),
        WatchedSetting("block_encryption_mode", "decides what AES_ENCRYPT writes"),
        WatchedSetting("character_set_client", "decides how a query is read"),
        WatchedSetting("character_set_collations", "decides how values are compared"),
        WatchedSetting("character_set_connection", "decides what a value is converted to"),
        WatchedSetting("character_set_database", "decides what JSON_TABLE makes of a value"),
        WatchedSetting("character_set_filesystem", "decides how names of files are read"),
        WatchedSetting("character_set_results", "decides how answers are written"),
        WatchedSetting("check_constraint_checks", "decides which values are refused"),
        WatchedSetting("collation_connection", "decides how values are compared"),
        WatchedSetting("completion_type", "decides what COMMIT does"),
        WatchedSetting("default_collation_for_utf8mb4", "decides how values are compared"),
        WatchedSetting("default_regex_flags", "decides what REGEXP finds"),
        WatchedSetting("default_week_format", "decides what WEEK says"),
        WatchedSetting("div_precision_increment", "decides the digits of a division"),
        WatchedSetting("explicit_defaults_for_timestamp", "decides what NULL means in a TIMESTAMP"),
        WatchedSetting("foreign_key_checks", "decides which values are refused"),
        WatchedSetting("group_concat_max_len", "decides where GROUP_CONCAT is cut"),
        WatchedSetting("innodb_strict_mode", "decides which definitions are refused"),
        WatchedSetting("lc_time_names", "decides the names of days and months"),
        WatchedSetting("max_error_count", "decides which warnings are heard"),
        WatchedSetting("max_sort_length", "decides by how much of a value rows are ordered"),
        WatchedSetting("old_mode", "decides what a character set is"),
        WatchedSetting("sql_auto_is_null", "decides what IS NULL finds"),
        WatchedSetting("sql_if_exists", "decides what a missing table does"),
        WatchedSetting("sql_log_bin", "decides whether replicas get the rows"),
        WatchedSetting("sql_mode", "decides how a query is read and which values are refused"),
        WatchedSetting("sql_safe_updates", "decides which statements are refused"),
        WatchedSetting("sql_select_limit", "decides how many rows are returned"),
        WatchedSetting("system_versioning_asof", "decides which rows are seen"),
        WatchedSetting("system_versioning_insert_history", "decides which rows are seen"),
        WatchedSetting("time_zone", "decides which moment a value is"),
        WatchedSetting("transaction_isolation", "decides which rows are seen"),
        WatchedSetting("transaction_read_only", "decides whether rows are written"),
        WatchedSetting("tx_isolation", "decides which rows are seen"),
        WatchedSetting("tx_read_only", "decides whether rows are written"),
        WatchedSetting("unique_checks", "decides which values are refused"),
        WatchedSetting("wsrep_on", "decides whether other nodes get the rows"),
    ]

    /// Of every variable, for tests that change one after the other.
    package static var names: [String] { variables.map(\.name) }

    /// The database, and whose rights hold.
    private static let surroundings = [
        (WatchedSetting("the database", "decides which tables are meant"), "DATABASE()"),
        (WatchedSetting("the role", "decides what may be done"), "CURRENT_ROLE()"),
    ]

    /// Asks which of them the server has; one row each, with its value. A server can be told to
    /// return fewer.
    static let question =
        "SET SESSION sql_select_limit = 18446744073709551615; "
        + "SHOW SESSION VARIABLES WHERE Variable_name IN ("
        + (variables.map(\.name) + ["max_allowed_packet"]).map { "'\($0)'" }
        .joined(separator: ", ") + ")"

    private let compared: [(setting: WatchedSetting, expression: String)]
    /// Returns one row with every value, in order.
    let valueQuestion: String
    private var values: [String?] = []
    /// Fails with `code` where a value is another than it was.
    private(set) var comparison = ""
    /// The same of what decides how a statement is read.
    private(set) var readingComparison = ""

    /// - Parameter names: the variables that the server has.
    init(names: Set<String>, hasRoles: Bool) {
        compared =
            Self.variables.filter { names.contains($0.name) }.map { ($0, "@@\($0.name)") }
            + Self.surroundings.filter { hasRoles || $0.1 != "CURRENT_ROLE()" }
        valueQuestion =
            "SELECT \(Self.digest(compared.map(\.expression))), "
            + compared.map(\.expression).joined(separator: ", ")
    }

    private static func digest(_ expressions: [String]) -> String {
        "SHA2(CONCAT_WS(CHAR(10), \(expressions.joined(separator: ", "))), 256)"
    }

    /// Notes the row that `valueQuestion` returned as what has to stay; false: it is none.
    mutating func note(_ row: [String?]) -> Bool {
        guard row.count == compared.count + 1, let digest = row[0], digest.utf8.count == 64,
            digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return false }
        values = Array(row.dropFirst())
        comparison = Self.comparison(of: Self.digest(compared.map(\.expression)), digest)
        let reading = ["sql_mode", "character_set_client"]
        let isPlain = reading.compactMap(value).joined().utf8.allSatisfy {
            $0 < 0x80 && $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: "\\")
        }
        guard isPlain else { return false }
        readingComparison = Self.comparison(
            of: "CONCAT(\(reading.map { "@@\($0)" }.joined(separator: ", ")))",
            reading.compactMap(value).joined())
        return true
    }

    private static func comparison(of expression: String, _ value: String) -> String {
        "SET @segledger = (SELECT 1 UNION ALL SELECT 2 FROM DUAL WHERE NOT "
            + "(\(expression) <=> '\(value)'))"
    }

    /// The value of a variable as it was noted.
    func value(_ name: String) -> String? {
        compared.firstIndex { $0.setting.name == name }.flatMap { values[$0] }
    }

    /// The settings that are others in a row of `valueQuestion`.
    func changes(_ row: [String?]) -> [WatchedSetting] {
        guard row.count == compared.count + 1 else { return [] }
        return zip(compared, zip(values, row.dropFirst())).compactMap { known, values in
            values.0 == values.1 ? nil : known.setting
        }
    }
}

extension MySQLConnection {
    /// A statement of the operator's with the settings compared in front of it where something ran
    /// since. Between the statements of one query those that decide how SQL is read are enough: the
    /// server reads a statement when the one before is done, and COMMIT asks for the others.
    func comparing(_ sql: [UInt8], isFirst: Bool) -> [UInt8] {
        guard let watch else { return sql }
        let comparison =
            isFirst ? (isCompared ? nil : watch.comparison) : watch.readingComparison
        guard let comparison else { return sql }
        return Array("\(comparison);\n".utf8) + sql
    }
}
