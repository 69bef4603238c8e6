package import Connector
package import SegmentModel

/// Reaches one database through an ODBC driver and unixODBC.
package struct ODBCConnector: Connector {
    package let definition: ConnectorDefinition
    private let configuration: ODBCConfiguration
    private let dialect: ODBCDialect

    /// - Throws: `configurationInvalid` for a connection string that makes no sense.
    package init(
        _ definition: ConnectorDefinition, secret: String?, dialect: ODBCDialect
    ) throws(Failure) {
        self.definition = definition
        self.dialect = dialect
        configuration = try ODBCConfiguration(definition, secret: secret)
    }

    package func connect() async throws -> any TargetSession {
        let watch = ODBCWatch()
        return try await ThreadSession.open(
            threadName: "odbc-target", abandonment: watch.abandonment
        ) { [configuration, dialect] in
            let connection = try ODBCConnection(configuration, dialect, watch)
            try ODBCExchange(connection).applySettings()
            return connection
        }
    }
}

package struct ODBCConnectorFactory: ConnectorFactory {
    package init() {}

    package var kinds: [ConnectorKind] { [.mssql, .oracle] }

    package func cursorTableSQL(for kind: ConnectorKind) -> String? {
        let dialect = kind == .oracle ? ODBCDialect.oracle : .sqlServer
        return dialect.cursor.create.joined(separator: "\n")
    }

    package func makeConnector(
        _ definition: ConnectorDefinition, secret: String?
    ) throws -> any Connector {
        try ODBCConnector(
            definition, secret: secret,
            dialect: definition.kind == .oracle ? .oracle : .sqlServer)
    }
}
