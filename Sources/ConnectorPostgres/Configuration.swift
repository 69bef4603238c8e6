internal import CLibPQ
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
        if parameters["password"] != nil {
            throw Failure(
                .configurationInvalid, "the URL of connector \(definition.name) holds a password",
                hint: "take it out of the url and name its source, for example "
                    + "password: { env: CRM_PASSWORD }")
        }
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
        let schemes = ["postgresql://", "postgres://"]
        let isURL = schemes.contains { definition.url.hasPrefix($0) }
        // libpq's own sentence quotes parts of the URL, so it is not passed on.
        guard isURL, let options = PQconninfoParse(definition.url, nil) else {
            throw Failure(
                .configurationInvalid,
                "the URL of connector \(definition.name) is not one of PostgreSQL's",
                hint: "write postgresql://user@host:5432/database")
        }
        defer { PQconninfoFree(options) }
        var parameters: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return parameters
    }
}
