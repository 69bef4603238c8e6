internal import Connector
internal import SegmentModel

/// Where the server is and how it is reached, from a URL `mysql://user@host:port/database` (or
/// `mariadb://`) and the secret. `%40` and the like stand for bytes. Never printed.
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
        func refuse(_ problem: String, _ hint: String) -> Failure {
            Failure(
                .configurationInvalid, "the URL of connector \(definition.name) \(problem)",
                hint: hint)
        }
        let form = "write mysql://user@host:3306/database"
        let schemes = ["mysql://", "mariadb://"]
        guard let scheme = schemes.first(where: { definition.url.hasPrefix($0) }),
            let parts = TargetURL(definition.url.dropFirst(scheme.count), defaultPort: 3306)
        else { throw refuse("is not one of MySQL's", form) }
        guard !parts.hasPassword else {
            throw refuse(
                "holds a password",
                "take it out of the url and name its source, for example "
                    + "password: { env: CRM_PASSWORD }")
        }
        guard !parts.hasParameters else {
            throw refuse(
                "has parameters, which MySQL's does not take",
                "take out the ? and what follows; TLS and timeouts are keys of the connector")
        }
        guard let user = parts.user else { throw refuse("names no user", form) }
        guard let database = parts.database else { throw refuse("names no database", form) }
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
        host = parts.host
        port = parts.port
        self.user = user
        self.database = database
        password = secret
        tls = definition.tlsMode ?? .prefer
        tlsAuthorityFile = definition.tlsAuthorityFile
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }
}
