package import Connector
package import SQLTemplate
package import SegmentModel

/// Reaches one ClickHouse database over HTTP.
package struct ClickHouseConnector: Connector {
    package let definition: ConnectorDefinition
    package var dialect: SQLDialect { .clickHouse(definition.sqlSettings) }
    private let configuration: ClickHouseConfiguration
    private let book = CursorBook()

    init(definition: ConnectorDefinition, configuration: ClickHouseConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        guard !configuration.givesPasswordAway else { throw ClickHouseFailures.cleartext }
        return try await ClickHouseConnection.open(configuration, book)
    }
}

package struct ClickHouseConnectorFactory: ConnectorFactory {
    package init() {}

    package var form: ConnectorForm {
        ConnectorForm(
            .clickhouse, title: "ClickHouse", bestGrade: .effectivelyOnce,
            addressHint: ClickHouseAddress.form.hint
        ) { url throws(ConnectorAddress.Fault) in
            try ServerURL(parsing: url, ClickHouseAddress.form).address
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .clickHouse(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog {
        ClickHouseCatalog()
    }

    package var cursorTableSQL: String { ClickHouseDialect.cursorMigrations.creation.joined() }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        ClickHouseConnector(
            definition: definition,
            configuration: try ClickHouseConfiguration(definition, secret: secret))
    }
}

extension ConnectorKind {
    static let clickhouse: ConnectorKind = "clickhouse"
}
