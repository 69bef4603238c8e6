import KindTesting
import SegmentModel

/// A real database, and how one reads back from it what a column holds, byte for byte.
struct ServerUnderTest: CustomStringConvertible, Sendable {
    enum Link: Sendable {
        case session(ConnectorKind)
        case clickHouse(isCurrentEngine: Bool)
    }

    let description: String
    let rules: SQLRules
    let link: Link
    /// Values that are tried in each place.
    let valueCount: Int
    /// Options of a server of its own; empty: the shared one.
    var options: [String] = []

    /// Where a value can stand, as columns of one insert: text before the tag, and behind it.
    var places: [(before: String, after: String)] {
        var places = [("", ""), ("'", "'"), ("'<", ">'"), ("'it''s ", "'")]
        switch rules.kind {
        case .postgresql: places += [("E'\\\\", "'"), ("(", ")"), ("concat(", ", '')")]
        case .mysql:
            if !rules.settings.contains(.ansiQuotes) {
                places += [("\"", "\""), ("\"a\"\"b", "'\"")]
            }
            places += [("concat(", ", '')"), ("_utf8mb4'", "'")]
        case .sqlite: places += [("(", ")"), ("'a' || (", ")")]
        default: break
        }
        return places
    }

    /// What a column holds for a value that stood in a place.
    func stored(_ value: [UInt8], _ place: (before: String, after: String)) -> [UInt8] {
        let before: String =
            switch place.before {
            case "'<": "<"
            case "'it''s ": "it's "
            case "E'\\\\": "\\"
            case "\"a\"\"b": "a\"b"
            case "'a' || (": "a"
            default: ""
            }
        let after = place.after == ">'" ? ">" : place.after == "'\"" ? "'" : ""
        return Array(before.utf8) + value + Array(after.utf8)
    }

    func tableDefinition(_ table: String) -> String {
        let columns = places.indices.map { "c\($0) \(textType)" }.joined(separator: ", ")
        let engine =
            rules.kind == .clickhouse
            ? " ENGINE = MergeTree ORDER BY n"
            : rules.kind == .mysql ? " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" : ""
        let number = rules.kind == .clickhouse ? "Int64" : "bigint"
        return "CREATE TABLE \(table) (n \(number), \(columns))" + engine
    }

    private var textType: String {
        switch rules.kind {
        case .mysql: "longtext"
        case .clickhouse: "String"
        default: "text"
        }
    }

    /// Rows as lower-case hexadecimal text of each column.
    func question(_ table: String) -> String {
        let columns = places.indices.map { index in
            switch rules.kind {
            case .postgresql: "encode(convert_to(c\(index), 'UTF8'), 'hex')"
            default: "lower(hex(c\(index)))"
            }
        }
        return "SELECT n, \(columns.joined(separator: ", ")) FROM \(table) ORDER BY n"
    }

    static let all: [ServerUnderTest] = [
        ServerUnderTest(
            description: "PostgreSQL", rules: SQLRules(.postgresql), link: .session(.postgresql),
            valueCount: 3000),
        ServerUnderTest(
            description: "PostgreSQL, standard_conforming_strings off",
            rules: SQLRules(.postgresql, .backslashEscapes), link: .session(.postgresql),
            valueCount: 1500),
        ServerUnderTest(
            description: "MariaDB", rules: SQLRules(.mysql), link: .session(.mysql),
            valueCount: 2000),
        ServerUnderTest(
            description: "MariaDB, ANSI_QUOTES", rules: SQLRules(.mysql, .ansiQuotes),
            link: .session(.mysql), valueCount: 1500),
        ServerUnderTest(
            description: "MariaDB, NO_BACKSLASH_ESCAPES",
            rules: SQLRules(.mysql, .noBackslashEscapes), link: .session(.mysql),
            valueCount: 1500),
        ServerUnderTest(
            description: "MariaDB that would speak GBK", rules: SQLRules(.mysql),
            link: .session(.mysql), valueCount: 1000,
            options: ["character-set-server=gbk", "skip-character-set-client-handshake"]),
        ServerUnderTest(
            description: "SQLite", rules: SQLRules(.sqlite), link: .session(.sqlite),
            valueCount: 3000),
        ServerUnderTest(
            description: "ClickHouse 18", rules: SQLRules(.clickhouse),
            link: .clickHouse(isCurrentEngine: false), valueCount: 2500),
        ServerUnderTest(
            description: "ClickHouse's current engine", rules: SQLRules(.clickhouse),
            link: .clickHouse(isCurrentEngine: true), valueCount: 2500),
    ]
}
