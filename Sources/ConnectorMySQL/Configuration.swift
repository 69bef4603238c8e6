internal import Connector
internal import SegmentModel

/// Where the server is and how it is reached, from the URL and the secret. Never printed.
struct MySQLConfiguration: Sendable {
    let host: String
    let port: UInt16
    let user: String
    let database: String
    let password: String?
    let tls: ConnectorDefinition.TLSMode
    let tlsAuthorityFile: String?
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings

    init(_ definition: ConnectorDefinition, secret: String?) throws(Failure) {
        let url = try definition.serverURL(MySQLAddress.form)
        guard definition.tlsMode != .verifyCA || definition.tlsAuthorityFile != nil else {
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) verifies the authority of the server's certificate "
                    + "and does not name the authority",
                hint: "give tls.ca_file, or use verify-full with the system's authorities")
        }
        guard secret?.contains("\0") != true else {
            throw Failure(
                .configurationInvalid, "the password of connector \(definition.name) holds U+0000")
        }
        host = url.host
        port = url.port ?? MySQLAddress.port
        user = url.user
        database = url.database
        password = secret
        tls = definition.tlsMode ?? .prefer
        tlsAuthorityFile = definition.tlsAuthorityFile
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }
}
