internal import CLibPQ
internal import Connector
internal import SegmentModel

/// The settings that decide how a session reads, converts and compares values: those that every
/// session states, those that stay what the role and the database say, and the question that goes
/// in front of COMMIT.
///
/// The server reports some of them by itself when they change (ParameterStatus), for nothing; all
/// are compared before COMMIT, in its own round trip: a cast fails with the names of those that
/// have another value. Where a pooler stands between, each transaction states them for itself.
///
/// Invariants:
/// - the comparison names schemas, so that no `search_path` gives its functions another meaning;
/// - it holds values in hexadecimal digits only, whatever `standard_conforming_strings` is.
package struct PostgresSessionWatch: Sendable {
    /// invalid_text_representation: what the comparison raises.
    static let code = "22P02"

    private struct Setting {
        let watched: WatchedSetting
        /// nil: as the role and the database say.
        let stated: String?

        init(_ name: String, _ stated: String?, _ effect: String) {
            watched = WatchedSetting(name, effect)
            self.stated = stated
        }
    }

    /// https://www.postgresql.org/docs/current/runtime-config-client.html and …-compatible.html
    private static let settings = [
        Setting("array_nulls", "on", "decides what NULL in an array is"),
        Setting("backslash_quote", "safe_encoding", "decides how a query is read"),
        Setting("bytea_output", "hex", "decides what bytes are as a text"),
        Setting("client_encoding", "UTF8", "decides how a query is read"),
        Setting("DateStyle", "ISO, MDY", "decides which day a value is"),
        Setting("default_text_search_config", nil, "decides what words a text has"),
        Setting("extra_float_digits", "3", "decides the digits of a number as a text"),
        Setting("IntervalStyle", "postgres", "decides which interval a value is"),
        Setting("lc_monetary", nil, "decides which amount a value is"),
        Setting("lc_numeric", nil, "decides what numbers are as texts"),
        Setting("lc_time", nil, "decides the names of days and months"),
        Setting("quote_all_identifiers", "off", "decides what a name is as a text"),
        Setting("role", nil, "decides what may be done"),
        Setting("row_security", nil, "decides which rows are seen"),
        Setting("search_path", nil, "decides which tables are meant"),
        Setting("session_authorization", nil, "decides what may be done"),
        Setting("session_replication_role", nil, "decides which triggers run"),
        Setting("standard_conforming_strings", "on", "decides how a query is read"),
        Setting("TimeZone", "UTC", "decides which moment a value is"),
        Setting("timezone_abbreviations", nil, "decides which moment a value is"),
        Setting("transform_null_equals", "off", "decides what = NULL finds"),
        Setting("xmlbinary", "base64", "decides what bytes are in XML"),
        Setting("xmloption", "content", "decides which XML is refused"),
    ]

    /// Every setting, for tests that change one after the other.
    package static var names: [String] { settings.map(\.watched.name) }

    private let stated: [(name: String, value: String)]
    /// Sets what is stated, for the session or for the transaction that is open.
    let statement: String
    let localStatement: String
    /// Returns one row with every value, in order, and at its end the server's process.
    static let question =
        "SELECT "
        + (settings.map { current($0.watched.name) } + ["pg_catalog.pg_backend_pid()"])
        .joined(separator: ", ")
    /// Fails with `code`, and with the names, where a value is another than was noted.
    private(set) var comparison = ""
    /// A pooler between here and the server gives a number of its own.
    private(set) var isPooled = false

    init(_ sqlSettings: SQLSettings, statementTimeoutMilliseconds: Int) {
        stated = Self.settings.compactMap { setting in
            let name = setting.watched.name
            let value =
                name == "standard_conforming_strings" && sqlSettings.contains(.backslashEscapes)
                ? "off" : setting.stated
            return value.map { (name, $0) }
        }
        let limits = [
            ("statement_timeout", String(statementTimeoutMilliseconds)),
            // A worker that is suspended in a delivery must not hold its locks for ever.
            (
                "idle_in_transaction_session_timeout",
                String(max(Self.idleMillisecondsMin, statementTimeoutMilliseconds))
            ),
        ]
        let all = stated + limits
        func statement(isLocal: Bool) -> String {
            // Acknowledged is durable at the target too; what waits for more than that, stays.
            let synchronous =
                "pg_catalog.set_config('synchronous_commit', CASE "
                + "\(Self.current("synchronous_commit")) WHEN 'off' THEN 'on' ELSE "
                + "\(Self.current("synchronous_commit")) END, \(isLocal))"
            return "SELECT "
                + (all.map { "pg_catalog.set_config('\($0.0)', '\($0.1)', \(isLocal))" }
                + [synchronous]).joined(separator: ", ")
        }
        self.statement = statement(isLocal: false)
        localStatement = statement(isLocal: true)
    }

    /// A rebuild renders its next batch between two statements of one transaction.
    private static let idleMillisecondsMin = 10_000

    private static func current(_ name: String) -> String {
        "pg_catalog.current_setting('\(name)', true)"
    }

    /// Notes the row that `question` returned as what has to stay.
    ///
    /// - Returns: a setting that is not as it was stated; nil: all are.
    mutating func note(_ row: [String?], processID: Int32) -> String? {
        guard row.count == Self.settings.count + 1 else { return "search_path" }
        isPooled = row.last != String(processID)
        var cases: [String] = []
        for (setting, value) in zip(Self.settings, row) {
            let name = setting.watched.name
            if let stated = stated.first(where: { $0.name == name }), value != stated.value {
                return name
            }
            let wanted = value.map { value in
                let digits = value.utf8.map { Self.hexadecimal($0) }.joined()
                return "pg_catalog.convert_from(pg_catalog.decode('\(digits)', 'hex'), 'UTF8')"
            }
            cases.append(
                "CASE WHEN \(Self.current(name)) IS DISTINCT FROM \(wanted ?? "NULL") "
                    + "THEN ' \(name)' END")
        }
        comparison =
            "SELECT pg_catalog.concat('0', \(cases.joined(separator: ", ")))::pg_catalog.int4"
        return nil
    }

    mutating func noticePooler() { isPooled = true }

    /// What begins a transaction.
    var beginning: String { isPooled ? "BEGIN; \(localStatement)" : "BEGIN" }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// The failure that the comparison's error stands for; nil: it is another error.
    func failure(of result: OpaquePointer) -> TargetFailure? {
        func field(_ code: Int) -> String? {
            PQresultErrorField(result, CInt(code)).map { String(cString: $0) }
        }
        guard field(PostgresField.sqlState) == Self.code else { return nil }
        let words = (field(PostgresField.primaryMessage) ?? "")
            .split { !($0.isLetter || $0.isNumber || $0 == "_") }
        return .settingsChanged(
            Self.settings.map(\.watched).filter { words.contains(Substring($0.name)) },
            isPooled: isPooled)
    }

    /// Settings that the server reports by itself, and that are not as they were stated.
    func reportedChanges(on handle: OpaquePointer) -> [WatchedSetting] {
        stated.compactMap { name, value in
            guard let reported = PQparameterStatus(handle, name),
                String(cString: reported) != value
            else { return nil }
            return Self.settings.first { $0.watched.name == name }?.watched
        }
    }
}
