package import Connector
package import SegmentModel

/// Reaches one PostgreSQL database through libpq.
package struct PostgresConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: PostgresConfiguration

    init(definition: ConnectorDefinition, configuration: PostgresConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        try await ThreadSession.open(threadName: "postgres-target") { [configuration] in
            let connection = try PostgresConnection(configuration)
            try connection.applySettings()
            return connection
        }
    }
}

package struct PostgresConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.postgresql] }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        EmbeddedMigrations.files.map(\.sql).joined()
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        PostgresConnector(
            definition: definition,
            configuration: try PostgresConfiguration(definition, secret: secret))
    }
}
