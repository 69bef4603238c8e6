import CLibPQ
import Connector
import Foundation
import SegmentModel
import ServerTesting
import Testing

@testable import ConnectorPostgres

/// What decides a connection to PostgreSQL is the configuration, and nothing else.
@Suite("Parameters of a connection to PostgreSQL")
struct PostgresParameterTests {
    /// What libpq does where a parameter is not given, once the environment is cleared, and why
    /// that changes nothing.
    private static let harmless: [String: String] = [
        "channel_binding": "SCRAM binds to the channel of TLS where the server can",
        "connect_timeout": "our own deadline holds",
        "dbname": "the URL's, or the user's name",
        "fallback_application_name": "application_name is given",
        "gssdelegation": "no ticket is used: gssencmode is off",
        "gsslib": "Windows only", "host": "the URL's", "hostaddr": "only the URL's",
        "keepalives": "given", "krbsrvname": "no ticket is used",
        "load_balance_hosts": "the URL's order", "max_protocol_version": "the library's",
        "min_protocol_version": "the library's", "options": "only the URL's",
        "oauth_client_id": "no token is asked for", "oauth_client_secret": "no token",
        "oauth_issuer": "no token", "oauth_scope": "no token", "port": "the URL's, or 5432",
        "replication": "no replication", "require_auth": "the gate looks at every question",
        "requirepeer": "only the URL's", "requiressl": "sslmode is given",
        "scram_client_key": "only the URL's", "scram_server_key": "only the URL's",
        "service": "refused in the URL, and no variable names one", "servicefile": "no service",
        "ssl_max_protocol_version": "the library's", "ssl_min_protocol_version": "TLS 1.2",
        "sslcertmode": "a certificate only where the URL names one", "sslcompression": "off",
        "sslcrldir": "none", "sslkeylogfile": "none", "sslnegotiation": "by a request",
        "sslpassword": "only the URL's", "sslsni": "the host's name",
        "tcp_user_timeout": "our own deadline holds",
        "authtype": "no longer used", "user": "the URL's, or the user that runs this",
        "tty": "no longer used",
    ]

    private func configuration(
        _ url: String, _ change: (inout ConnectorDefinition) -> Void = { _ in }
    ) throws(Failure) -> PostgresConfiguration {
        var definition = ConnectorDefinition(name: "c", kind: "postgresql", url: url)
        change(&definition)
        return try PostgresConfiguration(definition, secret: "x")
    }

    @Test("Every parameter that libpq knows is given, or harmless where it is not")
    func everyParameter() throws {
        let given = try configuration("postgresql://u@h/d").parameters
        let options = try #require(PQconndefaults())
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword.map({ String(cString: $0) }) {
            let isKnown = given[keyword].map { !$0.isEmpty } ?? false
            #expect(isKnown || Self.harmless[keyword] != nil, "\(keyword)")
            option += 1
        }
    }

    @Test("A parameter that takes others from elsewhere is refused")
    func refusesServices() {
        for parameter in ["service=x", "passfile=/tmp/x", "hostaddr=192.0.2.1", "sslmode=allow"] {
            #expect(throws: Failure.self) {
                try configuration("postgresql://u@h/d?\(parameter)")
            }
        }
    }

    @Test("A password may be given away only over a socket of this machine's file system")
    func localFiles() throws {
        #expect(try configuration("postgresql://u@%2Frun%2Fpostgresql/d").allowsCleartext)
        for host in ["127.0.0.1", "localhost", "h"] {
            #expect(try !configuration("postgresql://u@\(host)/d").allowsCleartext, "\(host)")
        }
        #expect(
            try configuration("postgresql://u@h/d") { $0.allowsCleartextPassword = true }
                .allowsCleartext)
    }

    @Test("Without an authority verify-full takes the system's, verify-ca is refused")
    func authorities() throws {
        let full = try configuration("postgresql://u@h/d") { $0.tlsMode = .verifyFull }
        #expect(full.parameters["sslrootcert"]?.hasPrefix("/etc/") == true)
        #expect(throws: Failure.self) {
            try configuration("postgresql://u@h/d") { $0.tlsMode = .verifyCA }
        }
    }

    @Test("Each TLS mode checks what it says, and a stated authority counts in all of them")
    func modesOfTLS() async throws {
        let files = try CertificateFiles()
        let keys = try TemporaryDirectory()
        // The server wants its key for itself.
        let key = keys.path("server.key")
        try FileManager.default.copyItem(atPath: files.key, toPath: key)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: keys.path)
        var attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        if geteuid() == 0 { attributes[.ownerAccountName] = "postgres" }
        try FileManager.default.setAttributes(attributes, ofItemAtPath: key)
        let server = try PostgresServer(options: [
            "ssl=on", "ssl_cert_file=\(files.certificate)", "ssl_key_file=\(key)",
        ])
        defer { server.stop() }
        let target = Target("postgresql", url: try server.makeDatabase())
        func hasTLS(
            _ mode: ConnectorDefinition.TLSMode?, _ authority: String?, host: String = "127.0.0.1"
        ) async throws -> Bool {
            let session = try await target.connect {
                $0.tlsMode = mode
                $0.tlsAuthorityFile = authority
                $0.url.replace("127.0.0.1", with: host)
            }
            let rows = try await session.rows(
                "SELECT ssl, repeat('x', 1048576) FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            #expect(rows.first?[1]?.utf8.count == 1 << 20)
            await session.close()
            return rows.first?[0] == "t"
        }
        #expect(try await !hasTLS(.disable, files.authority))
        for (mode, authority) in [
            (nil, nil), (nil, files.authority), (.prefer, files.authority), (.require, nil),
            (.require, files.authority), (.verifyCA, files.authority),
            (.verifyFull, files.authority),
        ] as [(ConnectorDefinition.TLSMode?, String?)] {
            #expect(try await hasTLS(mode, authority), "\(String(describing: mode))")
        }
        #expect(try await hasTLS(.verifyCA, files.authority, host: "localhost"))
        for mode in [nil, .prefer, .require, .verifyCA, .verifyFull]
            as [ConnectorDefinition.TLSMode?]
        {
            for authority in [files.otherAuthority, keys.path("missing.pem")] {
                let failure = try await caught { _ = try await hasTLS(mode, authority) }
                #expect(failure?.class == .permanent, "\(String(describing: mode)), \(authority)")
                #expect(failure?.hint?.contains("authority's file") == true)
            }
        }
        let named = try await caught {
            _ = try await hasTLS(.verifyFull, files.authority, host: "localhost")
        }
        #expect(named?.class == .permanent)
    }
}
