package import Connector
package import SegmentModel
internal import StorageIO

/// Reaches one PostgreSQL database through libpq.
package struct PostgresConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: PostgresConfiguration

    init(definition: ConnectorDefinition, configuration: PostgresConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        let thread = OwnedThread(name: "postgres-target")
        do {
            let connection = try await thread.run { [configuration] in
                let connection = try PostgresConnection(configuration)
                try connection.applySettings()
                return connection
            }
            return PostgresSession(connection: connection, thread: thread)
        } catch {
            thread.stop()
            throw error
        }
    }
}

package struct PostgresConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.postgresql] }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        PostgresConnector(
            definition: definition,
            configuration: try PostgresConfiguration(definition, secret: secret))
    }
}
