package import Connector
package import SegmentModel

/// Reaches one SQLite database file.
package struct SQLiteConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: SQLiteConfiguration

    init(definition: ConnectorDefinition, configuration: SQLiteConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        try await ThreadSession.open(threadName: "sqlite-target") { [configuration] in
            try SQLiteConnection(configuration)
        }
    }
}

package struct SQLiteConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.sqlite] }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        EmbeddedMigrations.files.map(\.sql).joined()
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        SQLiteConnector(
            definition: definition, configuration: try SQLiteConfiguration(definition))
    }
}
