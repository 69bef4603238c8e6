/// What a server's settings are for the connector's user, and what is sent beside a request to make
/// them what a delivery needs.
///
/// A setting goes along only where the server knows it and has another value, so that old servers
/// and users whose settings are fixed take the request.
struct ServerSettings: Sendable {
    /// Name and value, as `system.settings` has them; empty before they were asked for.
    private let values: [String: String]
    /// What goes along with every request, as part of a URL.
    let common: String

    /// What decides how values are read and which rows are kept, whatever the user's profile says.
    /// A moment has its zone written behind it, which only `best_effort` reads everywhere; without
    /// one it is UTC's. Sources: https://clickhouse.com/docs/operations/settings/settings and
    /// https://clickhouse.com/docs/operations/settings/query-complexity
    private static let stated = [
        ("dialect", "clickhouse"), ("session_timezone", "UTC"),
        ("date_time_input_format", "best_effort"),
        ("cast_string_to_date_time_mode", "best_effort"), ("date_time_overflow_behavior", "throw"),
        // A missing value is refused, not made a default.
        ("input_format_null_as_default", "0"), ("insert_null_as_default", "0"),
        ("input_format_allow_errors_num", "0"), ("input_format_allow_errors_ratio", "0"),
        ("limit", "0"), ("offset", "0"),
        // What is too much fails; it is not cut.
        ("timeout_overflow_mode", "throw"), ("read_overflow_mode", "throw"),
        ("read_overflow_mode_leaf", "throw"), ("result_overflow_mode", "throw"),
        ("group_by_overflow_mode", "throw"), ("sort_overflow_mode", "throw"),
        ("distinct_overflow_mode", "throw"), ("set_overflow_mode", "throw"),
        ("join_overflow_mode", "throw"), ("transfer_overflow_mode", "throw"),
        // Success means stored, and in blocks as they were sent.
        ("async_insert", "0"),
        ("output_format_tsv_crlf_end_of_line", "0"), ("format_tsv_null_representation", "\\N"),
        ("log_comment", "segledger"),
    ]

    static let names =
        stated.map(\.0) + [
            "max_query_size", "max_ast_elements", "max_expanded_ast_elements", "max_execution_time",
            "mutations_sync", "insert_deduplicate", "insert_deduplication_token",
            "deduplicate_insert",
            "deduplicate_insert_select",
        ]

    static var question: String {
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        return "SELECT name, value FROM system.settings WHERE name IN (\(list))"
    }

    /// Of a server that was not asked yet.
    static let unknown = ServerSettings([:], statementTimeoutMilliseconds: nil)

    /// The server counts in whole seconds, rounded up here; the client's deadline is the exact one.
    init(_ values: [String: String], statementTimeoutMilliseconds: Int?) {
        self.values = values
        var common: [(String, String)] = []
        func want(_ name: String, _ value: String) {
            if let now = values[name], now != value { common.append((name, value)) }
        }
        if let milliseconds = statementTimeoutMilliseconds {
            let seconds = max(1, (milliseconds + 999) / 1000)
            let current = values["max_execution_time"].flatMap { Double($0) } ?? 0
            if current == 0 || current > Double(seconds) {
                want("max_execution_time", String(seconds))
            }
        }
        for (name, value) in Self.stated { want(name, value) }
        // Success of ALTER … DELETE means done here. A user who waits for all replicas keeps that.
        if values["mutations_sync"] == "0" { want("mutations_sync", "1") }
        self.common = Self.encoded(common)
    }

    /// Whether the server knows a repeated block by the name that it is sent under.
    var knowsTokens: Bool { values["insert_deduplication_token"] != nil }

    /// `Content-Encoding: lz4` is older (21.3) than the setting it is told by (22.2).
    var knowsLZ4: Bool { knowsTokens }

    /// What goes along with one statement; `token` names the block of an INSERT.
    ///
    /// Without a token a server knows a block by its rows alone. It would take the rows of a
    /// rebuild, or of a profile that left and came back, for a repeat, and drop them: so it must
    /// not look.
    func parameters(_ statement: ClickHouseStatement, token: String?) -> String {
        var own: [(String, String)] = []
        func want(_ name: String, _ value: String) {
            if let now = values[name], now != value { own.append((name, value)) }
        }
        let byteCount = statement.range.count
        let limit = values["max_query_size"].flatMap { Int($0) } ?? 262_144
        if !statement.hasData, limit > 0, byteCount >= limit {
            own.append(("max_query_size", String(byteCount + 1)))
        }
        // An element takes a byte and a comma.
        for name in ["max_ast_elements", "max_expanded_ast_elements"] where !statement.hasData {
            guard let limit = values[name].flatMap({ Int($0) }), byteCount / 2 > limit else {
                continue
            }
            own.append((name, String(byteCount)))
        }
        if statement.isInsert, let token, knowsTokens {
            want("insert_deduplicate", "1")
            want("deduplicate_insert", "enable")
            own.append(("insert_deduplication_token", token))
        } else if statement.isInsert {
            want("insert_deduplicate", "0")
            want("deduplicate_insert", "disable")
            want("deduplicate_insert_select", "disable")
        }
        return Self.encoded(own)
    }

    private static func encoded(_ pairs: [(String, String)]) -> String {
        pairs.map { "&\($0.0)=\(percentEncoded($0.1))" }.joined()
    }

    /// A text as a value in a URL.
    static func percentEncoded(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                output.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
