package import Connector
package import SegmentModel

/// Reaches one ClickHouse database over HTTP.
package struct ClickHouseConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: ClickHouseConfiguration
    private let book = CursorBook()

    init(definition: ConnectorDefinition, configuration: ClickHouseConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        try await ClickHouseSession.open(configuration, book)
    }
}

package struct ClickHouseConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.clickhouse] }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        EmbeddedMigrations.files.map(\.sql).joined()
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        ClickHouseConnector(
            definition: definition,
            configuration: try ClickHouseConfiguration(definition, secret: secret))
    }
}
