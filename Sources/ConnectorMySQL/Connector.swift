package import Connector
package import SQLTemplate
package import SegmentModel

/// Reaches one database of a MySQL or MariaDB server through libmariadb.
package struct MySQLConnector: Connector {
    package let definition: ConnectorDefinition
    package var dialect: SQLDialect { .mysql(definition.sqlSettings) }
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
    package init() { MySQLEnvironment.isCleared }

    package var form: ConnectorForm {
        ConnectorForm(
            .mysql, title: "MySQL", settings: MySQLSettings.all,
            addressHint: MySQLAddress.form.hint
        ) { url throws(ConnectorAddress.Fault) in
            try ServerURL(parsing: url, MySQLAddress.form).address
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .mysql(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog {
        MySQLCatalog(dialect: .mysql(settings))
    }

    package var cursorTableSQL: String { MySQLDialect.cursorMigrations.creation.joined() }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        MySQLConnector(
            definition: definition,
            configuration: try MySQLConfiguration(definition, secret: secret))
    }
}

extension ConnectorKind {
    static let mysql: ConnectorKind = "mysql"
}
