internal import Connector
internal import Glibc
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
    /// The password may be sent so that it can be learnt on the way.
    let allowsCleartext: Bool
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
        allowsCleartext = definition.allowsCleartextPassword
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }

    /// Nothing is sent without TLS.
    var needsTLS: Bool { [.require, .verifyCA, .verifyFull].contains(tls) }

    /// Whether the stated file of authorities can be read.
    func requireAuthority() throws(TargetFailure) {
        guard tls != .disable, let file = tlsAuthorityFile else { return }
        guard access(file, R_OK) == 0 else { throw MySQLFailures.authorityUnreadable }
    }
}
