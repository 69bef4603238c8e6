package import Connector
internal import ConnectorClickHouse
internal import ConnectorMySQL
internal import ConnectorODBC
internal import ConnectorPostgres
internal import ConnectorSQLite
package import SQLTemplate
package import SegmentModel

// What the adapters know of their kinds, for tests that ask nothing else of them.

extension ConnectorRegistry {
    /// Every kind that there is.
    package static let all = ConnectorRegistry([
        PostgresConnectorFactory(), MySQLConnectorFactory(), SQLServerConnectorFactory(),
        OracleConnectorFactory(), ClickHouseConnectorFactory(), SQLiteConnectorFactory(),
    ])
}

extension ConnectorKind {
    package static let postgresql: ConnectorKind = "postgresql"
    package static let mysql: ConnectorKind = "mysql"
    package static let mssql: ConnectorKind = "mssql"
    package static let oracle: ConnectorKind = "oracle"
    package static let clickhouse: ConnectorKind = "clickhouse"
    package static let sqlite: ConnectorKind = "sqlite"

    package static var allCases: [ConnectorKind] { ConnectorRegistry.all.kinds }

    /// nil: no adapter has it.
    package init?(known name: String) {
        self.init(rawValue: name)
        guard Self.allCases.contains(self) else { return nil }
    }

    package var factory: any ConnectorFactory {
        guard let factory = ConnectorRegistry.all.find(self) else {
            preconditionFailure("no adapter has the kind \(rawValue)")
        }
        return factory
    }
}

extension SQLSettings {
    package static let ansiQuotes = SQLSettings("sql_mode", "ANSI_QUOTES")
    package static let noBackslashEscapes = SQLSettings("sql_mode", "NO_BACKSLASH_ESCAPES")
    package static let backslashEscapes = SQLSettings("standard_conforming_strings", "off")
    package static let doubleQuotedStrings = SQLSettings("quoted_identifier", "off")
    package static let foreignKeys = SQLSettings("foreign_keys", "on")
}

extension SQLDialect {
    package init(_ kind: ConnectorKind) { self.init(SQLRules(kind)) }

    package init(_ rules: SQLRules) { self = rules.kind.factory.dialect(for: rules.settings) }
}
