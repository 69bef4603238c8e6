import SQLTemplate
import SegmentModel

// The kinds of database as the adapters read their SQL: their files with these facts are compiled
// into the fuzzer (run.sh).

extension ConnectorKind {
    static let postgresql: ConnectorKind = "postgresql"
    static let mysql: ConnectorKind = "mysql"
    static let mssql: ConnectorKind = "mssql"
    static let oracle: ConnectorKind = "oracle"
    static let clickhouse: ConnectorKind = "clickhouse"
    static let sqlite: ConnectorKind = "sqlite"

    static let allCases = [postgresql, mysql, mssql, oracle, clickhouse, sqlite]

    /// What a connector of the kind may state, a bit of the input each.
    var settings: [SQLSettings] {
        switch self {
        case .postgresql: [.backslashEscapes]
        case .mysql: [.ansiQuotes, .noBackslashEscapes]
        case .mssql: [.doubleQuotedStrings]
        default: []
        }
    }

    func dialect(_ settings: SQLSettings) -> SQLDialect {
        switch self {
        case .postgresql: .postgresql(settings)
        case .mysql: .mysql(settings)
        case .mssql: .sqlServer(settings)
        case .oracle: .oracle(settings)
        case .clickhouse: .clickHouse(settings)
        default: .sqlite(settings)
        }
    }
}
