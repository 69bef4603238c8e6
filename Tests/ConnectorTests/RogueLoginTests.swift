import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// What servers that mean harm get to know of a password, in every mode of TLS.
@Suite("INV-10: a rogue server does not learn the password")
struct RogueLoginTests {
    private static let secret = "CANARY-pw-7"
    private static let modes: [ConnectorDefinition.TLSMode?] =
        [nil] + ConnectorDefinition.TLSMode.allCases
    private static let authority = Result { try CertificateFiles() }

    /// Connects, and returns why that failed.
    private func connect(
        _ kind: ConnectorKind, _ port: Int, _ mode: ConnectorDefinition.TLSMode?,
        _ change: (inout ConnectorDefinition) -> Void = { _ in }
    ) async throws -> TargetFailure? {
        let scheme = kind == .postgresql ? "postgresql" : "mysql"
        var definition = ConnectorDefinition(
            name: "c", kind: kind, url: "\(scheme)://sync@127.0.0.1:\(port)/crm")
        definition.tlsMode = mode
        if mode == .verifyCA || mode == .verifyFull {
            definition.tlsAuthorityFile = try Self.authority.get().authority
        }
        definition.connectTimeoutMilliseconds = 60_000
        change(&definition)
        let connector = try Target.registry.makeConnector(definition, secret: Self.secret)
        return try await caught { await (try connector.connect()).close() }
    }

    private static func needsTLS(_ mode: ConnectorDefinition.TLSMode?) -> Bool {
        [.require, .verifyCA, .verifyFull].contains(mode)
    }

    /// Neither the password nor what was computed from it, as far as a test can compute it too.
    private func expectNothingLearnt(_ server: RogueServer, _ place: String) {
        let canary = Array(Self.secret.utf8)
        for bytes in server.received {
            #expect(bytes.firstRange(of: canary) == nil, "\(place)")
        }
    }

    // MARK: PostgreSQL

    /// Questions whose answer gives the password away, or comes from elsewhere.
    private static let questions: [(name: String, bytes: [UInt8])] = [
        ("cleartext", RoguePostgres.question(3)),
        ("md5", RoguePostgres.question(5, Array("salt".utf8))),
        ("GSS", RoguePostgres.question(7)), ("SSPI", RoguePostgres.question(9)),
        ("Kerberos", RoguePostgres.question(2)),
        ("foreign SASL", RoguePostgres.question(10, RoguePostgres.text("PLAIN") + [0])),
        ("SASL behind the back", RoguePostgres.question(11, Array("r=a,s=YQ==,i=4096".utf8))),
        ("a length of 2 GB", [UInt8(ascii: "R"), 0x7F, 0xFF, 0xFF, 0xF0]),
        ("no message", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
    ]

    @Test(
        "PostgreSQL: outside of TLS no question is answered that gives the password away",
        arguments: modes)
    func postgres(_ mode: ConnectorDefinition.TLSMode?) async throws {
        for (name, bytes) in Self.questions {
            let server = try RogueServer { client in
                try RoguePostgres.greet(client)
                try client.send(bytes)
                try RoguePostgres.read(client)
                try client.send(RoguePostgres.error)
            }
            defer { server.stop() }
            let failure = try await connect(.postgresql, server.port, mode)
            #expect(failure != nil, "\(name)")
            expectNothingLearnt(server, name)
            for bytes in server.received {
                // A message of type p is an answer; before it only startup messages are sent.
                #expect(!Self.holdsAnswer(bytes), "\(name), \(String(describing: mode))")
                // Where TLS is asked for, not even the user is named.
                if Self.needsTLS(mode) { #expect(bytes.count == 8, "\(name)") }
            }
        }
    }

    /// Whether a message follows the startup messages, which have no type.
    private static func holdsAnswer(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while rest.count >= 4, rest.first == 0 {
            rest = rest.dropFirst(rest.prefix(4).reduce(0) { $0 << 8 | Int($1) })
        }
        return !rest.isEmpty
    }

    @Test("PostgreSQL: SCRAM is followed to its end, and no cleartext comes in between")
    func postgresMidway() async throws {
        let more: [(name: String, bytes: [UInt8])] = [
            ("cleartext", RoguePostgres.question(3)), ("accepted", RoguePostgres.question(0)),
            ("few rounds", RoguePostgres.question(11, Array("r=a,s=YQ==,i=1".utf8))),
            ("many rounds", RoguePostgres.question(11, Array("r=a,s=YQ==,i=2147483647".utf8))),
        ]
        for (name, bytes) in more {
            for atOnce in [false, true] {
                let begin = RoguePostgres.question(
                    10, RoguePostgres.text("SCRAM-SHA-256") + [0])
                let server = try RogueServer { client in
                    try RoguePostgres.greet(client)
                    try client.send(begin + (atOnce ? bytes : []))
                    try RoguePostgres.read(client)
                    if !atOnce { try client.send(bytes) }
                    try RoguePostgres.read(client)
                }
                defer { server.stop() }
                let failure = try await connect(.postgresql, server.port, .disable)
                #expect(failure?.targetCode == "28000", "\(name): \(failure?.message ?? "")")
                expectNothingLearnt(server, name)
            }
        }
    }

    @Test("PostgreSQL: an operator who allows a cleartext password has it sent")
    func postgresAllowed() async throws {
        let server = try RogueServer { client in
            try RoguePostgres.greet(client)
            try client.send(RoguePostgres.question(3))
            try RoguePostgres.read(client)
            try client.send(RoguePostgres.error)
        }
        defer { server.stop() }
        _ = try await connect(.postgresql, server.port, .prefer) {
            $0.allowsCleartextPassword = true
        }
        let canary = Array(Self.secret.utf8)
        #expect(server.received.contains { $0.firstRange(of: canary) != nil })
    }

    @Test("PostgreSQL: what follows the server's yes to TLS in the clear is not read")
    func postgresStuffed() async throws {
        for mode in [ConnectorDefinition.TLSMode.prefer, .require] {
            let server = try RogueServer { client in
                _ = try client.read(8)
                try client.send([UInt8(ascii: "S")] + RoguePostgres.question(3))
                _ = try client.read(1)
            }
            defer { server.stop() }
            let failure = try await connect(.postgresql, server.port, mode)
            #expect(failure != nil)
            expectNothingLearnt(server, "\(mode)")
        }
    }

    @Test("PostgreSQL: a handshake that fails is not a reason to go on without TLS")
    func postgresHandshake() async throws {
        let server = try RogueServer { client in
            try RoguePostgres.greet(client, tlsAnswer: "S")
            try client.send(Array("no handshake of TLS's, but something else".utf8))
        }
        defer { server.stop() }
        let failure = try await connect(.postgresql, server.port, .prefer)
        #expect(failure != nil)
        #expect(!server.received.contains { $0.firstRange(of: Array("sync".utf8)) != nil })
    }

    // MARK: MySQL

    private static let plugins = [
        "mysql_clear_password", "sha256_password", "caching_sha2_password", "dialog",
        "mysql_old_password", "auth_gssapi_client", "", "password", "../../tmp/x",
    ]

    @Test(
        "MySQL: where the mode asks for TLS a server without gets nothing, not even the user",
        arguments: [ConnectorDefinition.TLSMode.require, .verifyCA, .verifyFull])
    func mysqlNeedsTLS(_ mode: ConnectorDefinition.TLSMode) async throws {
        let server = try RogueServer { client in
            try client.send(RogueMySQL.greeting(offersTLS: false))
            try RogueMySQL.read(client)
        }
        defer { server.stop() }
        let failure = try await connect(.mysql, server.port, mode)
        #expect(failure?.message == "the server does not offer TLS")
        #expect(server.received == [[]])
    }

    @Test(
        "MySQL: outside of TLS no plug-in is used that sends the password or encrypts it",
        arguments: [nil, .prefer, .disable] as [ConnectorDefinition.TLSMode?])
    func mysql(_ mode: ConnectorDefinition.TLSMode?) async throws {
        for plugin in Self.plugins {
            for isFirst in [false, true] {
                let server = try RogueServer { client in
                    try client.send(
                        RogueMySQL.greeting(
                            offersTLS: false, plugin: isFirst ? plugin : "mysql_native_password"))
                    var (sequence, _) = try RogueMySQL.read(client)
                    if !isFirst {
                        try client.send(RogueMySQL.change(sequence + 1, to: plugin))
                        sequence = try RogueMySQL.read(client).sequence
                    }
                    // Full authentication, then a key.
                    try client.send(RogueMySQL.packet(sequence + 1, [1, 4]))
                    sequence = try RogueMySQL.read(client).sequence
                    try client.send(RogueMySQL.packet(sequence + 1, [1] + rogueKey))
                    sequence = try RogueMySQL.read(client).sequence
                    try client.send(RogueMySQL.refusal(sequence + 1))
                }
                defer { server.stop() }
                let failure = try await connect(.mysql, server.port, mode)
                #expect(failure != nil, "\(plugin)")
                expectNothingLearnt(server, plugin)
                for bytes in server.received {
                    // No packet of an RSA cipher's length, whoever could read it.
                    let lengths = Self.packetLengths(bytes)
                    #expect(!lengths.dropFirst().contains { $0 >= 64 }, "\(plugin): \(lengths)")
                }
            }
        }
    }

    private static func packetLengths(_ bytes: [UInt8]) -> [Int] {
        var rest = bytes[...]
        var lengths: [Int] = []
        while rest.count >= 4 {
            let header = Array(rest.prefix(3))
            lengths.append(Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16)
            rest = rest.dropFirst(4 + lengths.last!)
        }
        return lengths
    }

    @Test("MySQL: a server that drips its greeting is read, and judged, all the same")
    func mysqlDrips() async throws {
        let server = try RogueServer { client in
            for byte in RogueMySQL.greeting(offersTLS: false) { try client.send([byte]) }
            try RogueMySQL.read(client)
        }
        defer { server.stop() }
        let failure = try await connect(.mysql, server.port, .require)
        #expect(failure?.message == "the server does not offer TLS")
        #expect(server.received == [[]])
    }

    // MARK: ClickHouse

    @Test("ClickHouse: no password goes to another machine in clear")
    func clickHouse() async throws {
        var definition = ConnectorDefinition(
            name: "c", kind: .clickhouse, url: "clickhouse://sync@192.0.2.1:8123/crm")
        definition.connectTimeoutMilliseconds = 1
        let connector = try Target.registry.makeConnector(definition, secret: Self.secret)
        let failure = try await caught { _ = try await connector.connect() }
        #expect(failure?.class == .permanent)
        #expect(failure?.hint?.contains("allow_cleartext_password") == true)
        // Without a password there is nothing to learn: the connection is tried.
        let without = try Target.registry.makeConnector(definition, secret: nil)
        #expect(try await caught { _ = try await without.connect() }?.class == .transient)
        definition.allowsCleartextPassword = true
        let allowed = try Target.registry.makeConnector(definition, secret: Self.secret)
        #expect(try await caught { _ = try await allowed.connect() }?.class == .transient)
    }

    @Test("A host is this machine only by its own name or address")
    func localHosts() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"] {
            #expect(LocalHost.isLocal(host), "\(host)")
        }
        let others = [
            "127.evil.example", "localhost.example", "128.0.0.1", "::2", "::ffff:10.0.0.1", "", "1",
            "127.1", "0.0.0.0",
        ]
        for host in others { #expect(!LocalHost.isLocal(host), "\(host)") }
    }
}

/// An RSA key of 2048 bits, of which nobody here has the other half.
private let rogueKey = Array(
    """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkTYoU/H2eYdHJik0vwg2
    0UDpd/1PRcClczGLw7YcEcCu/j2BGD0olLC2XmM5xfeNQd6+QhC1l8/ScieMd9fg
    Uiln/ET+kWnB1qX6kuE0S2qfoSkgJ00euvDP4FJpYwvx5/KOshOG55RoMFT8FKm1
    wDUI7TO40ubLVd+IpBKVS+ILwVnQNH7GMteja6GaiY4qTEY624eHfKfYGtWcgaWL
    hsP4xkhAqUvcj44dYQVM9SRGnllECIcNoxX33xrhHE7RUenNwF56LPLRQWa2/VX6
    Pg+IfopCTrlQFNm3/S/G8SEAyGCQ8JEqO+ZpNjXDNgbAlaxN0hDpzzITJBJkWLj1
    EQIDAQAB
    -----END PUBLIC KEY-----

    """.utf8)
