internal import Connector
internal import SegmentModel

/// libpq's connection parameters, from the definition and its secret. Never printed.
struct PostgresConfiguration: Sendable {
    /// By keyword: https://www.postgresql.org/docs/current/libpq-connect.html
    let parameters: [String: String]
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings

    init(_ definition: ConnectorDefinition, secret: String?) throws(Failure) {
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
        var parameters = try Self.parse(definition)
        parameters["password"] = secret
        parameters["application_name"] = "segledger"
        parameters["client_encoding"] = "UTF8"
        parameters["keepalives"] = "1"
        parameters["keepalives_idle"] = "30"
        parameters["keepalives_interval"] = "10"
        parameters["keepalives_count"] = "3"
        if let mode = definition.tlsMode { parameters["sslmode"] = mode.rawValue }
        if let file = definition.tlsAuthorityFile { parameters["sslrootcert"] = file }
        self.parameters = parameters
    }

    private static func parse(_ definition: ConnectorDefinition) throws(Failure) -> [String: String]
    {
        let url = try definition.serverURL(PostgresAddress.form)
        var parameters = ["host": url.host, "user": url.user, "dbname": url.database]
        parameters["port"] = String(url.port ?? PostgresAddress.port)
        for file in url.files { parameters[file.name] = file.path }
        return parameters
    }
}
