package import Connector
package import SQLTemplate
package import SegmentModel

/// Reaches one PostgreSQL database through libpq.
package struct PostgresConnector: Connector {
    package let definition: ConnectorDefinition
    package var dialect: SQLDialect { .postgresql(definition.sqlSettings) }
    private let configuration: PostgresConfiguration

    init(definition: ConnectorDefinition, configuration: PostgresConfiguration) {
        self.definition = definition
        self.configuration = configuration
    }

    package func connect() async throws -> any TargetSession {
        try await ThreadSession.open(threadName: "postgres-target") { [configuration] in
            let connection = try Self.open(configuration)
            try connection.applySettings()
            return connection
        }
    }

    /// Where TLS that was offered fails, once more with nothing else: libpq then says why.
    private static func open(
        _ configuration: PostgresConfiguration
    ) throws(TargetFailure) -> PostgresConnection {
        do throws(TargetFailure) {
            return try PostgresConnection(configuration)
        } catch {
            guard error == PostgresFailures.handshake else { throw error }
            return try PostgresConnection(configuration.requiringTLS)
        }
    }
}

package struct PostgresConnectorFactory: ConnectorFactory {
    package init() { PostgresEnvironment.isCleared }

    package var form: ConnectorForm {
        ConnectorForm(
            .postgresql, title: "PostgreSQL", settings: PostgresSettings.all,
            addressHint: PostgresAddress.form.hint
        ) { url throws(ConnectorAddress.Fault) in
            try ServerURL(parsing: url, PostgresAddress.form).address
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .postgresql(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog {
        PostgresCatalog(dialect: .postgresql(settings))
    }

    package var cursorTableSQL: String { PostgresDialect.cursorMigrations.creation.joined() }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        PostgresConnector(
            definition: definition,
            configuration: try PostgresConfiguration(definition, secret: secret))
    }
}

extension ConnectorKind {
    static let postgresql: ConnectorKind = "postgresql"
}
