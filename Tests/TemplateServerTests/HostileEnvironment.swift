import Foundation
import KindTesting
import SegmentModel
import ServerTesting

/// A server, a database or a user with defaults that change how text is read, converted or refused.
struct HostileEnvironment: CustomStringConvertible, Sendable {
    /// What is there for one test.
    struct Place {
        /// Where a connector of a user who is no administrator connects.
        var url: String
        /// What the environment's administrator does.
        var run: (String) throws -> Void
        var end: () -> Void = {}
    }

    let description: String
    let kind: ConnectorKind
    /// The definition of `t (v …)`.
    var table = "CREATE TABLE t (v text)"
    /// What the administrator does while a session is open; `USER` and `DATABASE` stand for names.
    var outside: [String] = []
    let make: @Sendable () throws -> Place

    static let all = ofPostgres + ofMariaDB + ofClickHouse

    // MARK: PostgreSQL

    private static let postgresDefaults = [
        "standard_conforming_strings = off", "backslash_quote = on", "client_encoding = 'LATIN1'",
        "timezone = 'Asia/Tokyo'", "datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'",
        "bytea_output = 'escape'", "quote_all_identifiers = on", "transform_null_equals = on",
        "array_nulls = off", "extra_float_digits = -15", "xmloption = 'document'",
        "default_transaction_isolation = 'serializable'", "synchronous_commit = off",
        "escape_string_warning = off", "lc_messages = 'C'", "search_path = own, public",
        "statement_timeout = '1h'", "default_text_search_config = 'pg_catalog.german'",
    ]

    private static var ofPostgres: [HostileEnvironment] {
        let byRole = postgresDefaults.map { "ALTER ROLE USER SET \($0)" }
        let byDatabase = postgresDefaults.map { "ALTER DATABASE DATABASE SET \($0)" }
        return [
            HostileEnvironment(description: "PostgreSQL, the role's defaults", kind: .postgresql) {
                try postgres(byRole)
            },
            HostileEnvironment(
                description: "PostgreSQL, the database's defaults, changed while it runs",
                kind: .postgresql, outside: byRole
            ) { try postgres(byDatabase) },
        ]
            + ["LATIN1", "EUC_JP", "WIN1251"].map { encoding in
                HostileEnvironment(
                    description: "PostgreSQL, a database in \(encoding)", kind: .postgresql
                ) { try postgres([], encoding: encoding) }
            }
    }

    private static func postgres(
        _ statements: [String], encoding: String = "UTF8"
    ) throws -> Place {
        let server = try PostgresServer.shared.get()
        let name = "e_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        _ = try server.run(
            "CREATE DATABASE \(name) TEMPLATE template0 ENCODING '\(encoding)' LOCALE 'C'")
        let url = server.url(database: name)
        @Sendable func run(_ statement: String) throws {
            _ = try server.run(
                statement.replacing("USER", with: "u_\(name)").replacing(
                    "DATABASE DATABASE", with: "DATABASE \(name)"), url: url)
        }
        try run(
            "CREATE ROLE USER LOGIN; CREATE SCHEMA own; GRANT ALL ON SCHEMA own, public TO USER")
        for statement in statements { try run(statement) }
        return Place(url: url.replacing("postgres@", with: "u_\(name)@"), run: run)
    }

    // MARK: MariaDB

    private static let globals = [
        "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH'",
        "SET GLOBAL character_set_client = 'gbk'", "SET GLOBAL character_set_connection = 'gbk'",
        "SET GLOBAL character_set_results = 'gbk'", "SET GLOBAL time_zone = '+09:00'",
        "SET GLOBAL foreign_key_checks = 0", "SET GLOBAL completion_type = 'CHAIN'",
        "SET GLOBAL old_mode = ''", "SET GLOBAL sql_select_limit = 1",
    ]

    private static var ofMariaDB: [HostileEnvironment] {
        [
            HostileEnvironment(
                description: "MariaDB that sets each session up its own way, changed while it runs",
                kind: .mysql, table: "CREATE TABLE t (v text CHARACTER SET utf8mb4)",
                outside: globals
            ) {
                try mariaDB([
                    "init-connect=SET NAMES gbk, sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES', "
                        + "time_zone = '+09:00', sql_select_limit = 1, foreign_key_checks = 0, "
                        + "timestamp = 1, autocommit = 0, lc_time_names = 'ja_JP'",
                    "character-set-server=sjis", "skip-character-set-client-handshake",
                    "sql-mode=EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH",
                ])
            }
        ]
            + ["latin1", "gbk", "sjis", "big5", "ucs2", "utf16le", "utf8mb3"].map { set in
                HostileEnvironment(
                    description: "MariaDB, a column in \(set)", kind: .mysql,
                    table: "CREATE TABLE t (v text CHARACTER SET \(set))"
                ) { try mariaDB(nil) }
            }
    }

    private static func mariaDB(_ options: [String]?) throws -> Place {
        let server =
            try options.map { try MariaDBServer(options: $0) } ?? MariaDBServer.shared.get()
        let url = try server.makeDatabase()
        let name = String(url.split(separator: "/").last ?? "")
        _ = try server.run(
            "CREATE USER u_\(name)@'%'; GRANT ALL ON \(name).* TO u_\(name)@'%'")
        return Place(
            url: url.replacing("root@", with: "u_\(name)@"),
            run: { _ = try server.run($0) }, end: { if options != nil { server.stop() } })
    }

    // MARK: ClickHouse

    private static var ofClickHouse: [HostileEnvironment] {
        [
            HostileEnvironment(
                description: "ClickHouse 18, a profile of its own", kind: .clickhouse,
                table: "CREATE TABLE t (v String) ENGINE = MergeTree ORDER BY v"
            ) {
                let server = try ClickHouseServer(timeZone: "Asia/Tokyo")
                var worker = ClickHouseServer.Worker()
                worker.settings = """
                    <input_format_allow_errors_num>1000</input_format_allow_errors_num>
                    <input_format_allow_errors_ratio>1</input_format_allow_errors_ratio>
                    <result_overflow_mode>break</result_overflow_mode>
                    <max_query_size>1000</max_query_size>
                    <insert_deduplicate>1</insert_deduplicate>
                    """
                try server.set(worker)
                let name = String(
                    try server.makeDatabase().split(separator: "/").last ?? "")
                return Place(
                    url: server.url(user: "worker", database: name),
                    run: { _ = try server.rows($0) }, end: { server.stop() })
            }
        ]
    }
}
