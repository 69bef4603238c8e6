package import Connector
package import SegmentModel

/// Reaches one database of a MySQL or MariaDB server through libmariadb.
package struct MySQLConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: MySQLConfiguration

    init(definition: ConnectorDefinition, configuration: MySQLConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        try await ThreadSession.open(threadName: "mysql-target") { [configuration] in
            let connection = try MySQLConnection(configuration)
            try MySQLExchange(connection).applySettings(configuration)
            return connection
        }
    }
}

package struct MySQLConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.mysql] }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        EmbeddedMigrations.files.map(\.sql).joined()
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        MySQLConnector(
            definition: definition,
            configuration: try MySQLConfiguration(definition, secret: secret))
    }
}
