package import Connector
package import SQLTemplate
package import SegmentModel

/// Reaches one database through an ODBC driver and unixODBC.
package struct ODBCConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: ODBCConfiguration
    private let server: ODBCDialect

    package var dialect: SQLDialect { server.reading(definition.sqlSettings) }

    /// - Throws: `configurationInvalid` for a connection string that makes no sense.
    package init(
        _ definition: ConnectorDefinition, secret: String?, dialect: ODBCDialect
    ) throws(Failure) {
        self.definition = definition
        server = dialect
        configuration = try ODBCConfiguration(definition, secret: secret, dialect.keywords)
    }

    package func connect() async throws -> any TargetSession {
        let watch = ODBCWatch()
        return try await ThreadSession.open(
            threadName: "odbc-target", abandonment: watch.abandonment
        ) { [configuration, server] in
            let connection = try ODBCConnection(configuration, server, watch)
            try ODBCExchange(connection).applySettings()
            return connection
        }
    }
}

/// SQL Server, through a driver of ODBC.
package struct SQLServerConnectorFactory: ConnectorFactory {
    package init() { ODBCEnvironment.isCleared }

    package var form: ConnectorForm {
        ConnectorForm(
            .mssql, title: "SQL Server", settings: SQLServerSettings.all,
            addressHint: ODBCConnectionString.hint
        ) { url throws(ConnectorAddress.Fault) in
            try ODBCConnectionString(parsing: url, keywords: ODBCKeyword.sqlServer).address
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .sqlServer(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog { SQLServerCatalog() }

    package var cursorTableSQL: String {
        ODBCDialect.sqlServer.cursor.migrations.creation.joined(separator: "\n")
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        try ODBCConnector(definition, secret: secret, dialect: .sqlServer)
    }
}

/// Oracle, through its driver of ODBC.
package struct OracleConnectorFactory: ConnectorFactory {
    package init() {}

    package var form: ConnectorForm {
        ConnectorForm(
            .oracle, title: "Oracle", addressHint: ODBCConnectionString.hint
        ) { url throws(ConnectorAddress.Fault) in
            try ODBCConnectionString(parsing: url, keywords: ODBCKeyword.oracle).address
        }
    }

    package func dialect(for settings: SQLSettings) -> SQLDialect { .oracle(settings) }

    package func catalog(for settings: SQLSettings) -> any TableCatalog { OracleCatalog() }

    package var cursorTableSQL: String {
        ODBCDialect.oracle.cursor.migrations.creation.joined(separator: "\n")
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        try ODBCConnector(definition, secret: secret, dialect: .oracle)
    }
}

extension ConnectorKind {
    static let mssql: ConnectorKind = "mssql"
    static let oracle: ConnectorKind = "oracle"
}
