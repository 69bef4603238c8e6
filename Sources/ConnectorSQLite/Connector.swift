package import Connector
package import SQLTemplate
package import SegmentModel
internal import StorageIO

/// Reaches one SQLite database file.
package struct SQLiteConnector: Connector {
    package let definition: ConnectorDefinition
    package var dialect: SQLDialect { .sqlite(definition.sqlSettings) }
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

    package var form: ConnectorForm {
        ConnectorForm(
            .sqlite, title: "SQLite", settings: SQLiteSettings.all, hasLogin: false,
            addressHint: SQLiteAddress.hint
        ) { url throws(ConnectorAddress.Fault) in
            let path = try SQLiteAddress(parsing: url).path
            if path.hasPrefix("/") { return ConnectorAddress(url: url) }
            let whole = try SQLiteAddress(parsing: wholePath(path)).path
            return ConnectorAddress(url: whole.hasPrefix("/") ? "sqlite://" + whole : url)
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .sqlite(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog {
        SQLiteCatalog()
    }

    package var cursorTableSQL: String { SQLiteDialect.cursorMigrations.creation.joined() }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        SQLiteConnector(
            definition: definition, configuration: try SQLiteConfiguration(definition))
    }
}

extension ConnectorKind {
    static let sqlite: ConnectorKind = "sqlite"
}
