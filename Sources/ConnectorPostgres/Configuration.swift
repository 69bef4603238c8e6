internal import Connector
internal import Glibc
internal import SegmentModel

/// libpq's connection parameters, from the definition and its secret. Never printed.
struct PostgresConfiguration: Sendable {
    /// By keyword: https://www.postgresql.org/docs/current/libpq-connect.html
    private(set) var parameters: [String: String]
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings
    /// The first message asks for TLS.
    let asksForTLS: Bool
    /// The password may be given away: there is none, the operator said so, or the connection does
    /// not leave the machine's own files.
    let allowsCleartext: Bool

    /// No file has this name: libpq takes none in its place.
    private static let noFile = "/dev/null/none"
    /// What libpq would take from files of the user, or do because of what it finds on the machine,
    /// where the URL says nothing.
    private static let stated = [
        "passfile": noFile, "sslcert": noFile, "sslkey": noFile, "sslcrl": noFile,
        "sslrootcert": noFile, "gssencmode": "disable", "target_session_attrs": "any",
    ]
    /// The system's authorities, where distributions keep them; libpq 15 does not know.
    private static var systemAuthorities: String {
        let files = [
            "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
        ]
        return files.first { access($0, R_OK) == 0 } ?? files[0]
    }

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
        let mode = definition.tlsMode ?? .prefer
        parameters["sslmode"] = mode.rawValue
        if let file = definition.tlsAuthorityFile { parameters["sslrootcert"] = file }
        guard mode != .verifyCA || parameters["sslrootcert"] != nil else {
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) verifies the authority of the server's certificate "
                    + "and does not name the authority",
                hint: "give tls.ca_file, or use verify-full with the system's authorities")
        }
        if mode == .verifyFull, parameters["sslrootcert"] == nil {
            parameters["sslrootcert"] = Self.systemAuthorities
        }
        parameters.merge(Self.stated) { given, _ in given }
        asksForTLS = mode != .disable
        allowsCleartext =
            secret == nil || definition.allowsCleartextPassword || Self.isLocalFile(parameters)
        self.parameters = parameters
    }

    /// The same, but for a server that has said yes to TLS.
    var requiringTLS: PostgresConfiguration {
        var other = self
        other.parameters["sslmode"] = ConnectorDefinition.TLSMode.require.rawValue
        return other
    }

    /// Whether the server is a socket in the file system, which crosses no network; of several
    /// hosts one may be anywhere.
    private static func isLocalFile(_ parameters: [String: String]) -> Bool {
        let host = parameters["host"] ?? ""
        return (host.hasPrefix("/") || host.hasPrefix("@")) && !host.contains(",")
    }

    /// Whether the stated file of authorities can be read: libpq goes on without one that is not
    /// there.
    func requireAuthority() throws(TargetFailure) {
        guard asksForTLS, let file = parameters["sslrootcert"], file != Self.noFile else { return }
        guard access(file, R_OK) == 0 else { throw PostgresFailures.authorityUnreadable }
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
