import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("Connecting to MySQL")
struct MySQLConnectionTests {
    private func connectFailure(
        _ change: (inout ConnectorDefinition) -> Void
    ) async throws -> TargetFailure? {
        let target = try Target(.mysql)
        return try await caught { _ = try await target.connect(change) }
    }

    // MARK: The URL

    @Test(
        "A URL that makes no sense is refused without repeating it",
        arguments: [
            "postgresql://u@h/hunter2", "mysql:hunter2", "mysql://u@/hunter2", "mysql://h/hunter2",
            "mysql://hunter2@h", "mysql://u@h:0/hunter2", "mysql://u@h:port/hunter2",
            "mysql://u@h/hunter2?ssl=1", "mysql://u%zz@h/hunter2", "mysql://u%00@h/hunter2",
            "mysql://u:hunter2@h/d",
        ])
    func refusesURL(_ url: String) throws {
        let definition = ConnectorDefinition(name: "c", kind: .mysql, url: url)
        let failure = #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
        #expect(failure?.description.contains("hunter2") == false)
    }

    @Test("verify-ca without an authority is refused: the library would check nothing")
    func authorityIsNeeded() throws {
        var definition = ConnectorDefinition(name: "c", kind: .mysql, url: "mysql://u@h/d")
        definition.tlsMode = .verifyCA
        #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
    }

    @Test("User, password and database may hold what a URL escapes; both schemes name the same")
    func escapes() async throws {
        let server = try MariaDBServer.shared.get()
        let names = "u@+ é", database = "d #~"
        _ = try server.run(
            "CREATE DATABASE `\(database)`; CREATE USER `\(names)`@`%` IDENTIFIED BY 'p''@\\\\é'; "
                + "GRANT ALL ON *.* TO `\(names)`@`%`")
        for scheme in ["mysql", "mariadb"] {
            let url =
                "\(scheme)://u%40%2b%20%C3%A9@localhost:\(server.port)/d%20%23~"
            let definition = ConnectorDefinition(name: "c", kind: .mysql, url: url)
            let connector = try Target.registry.makeConnector(definition, secret: "p'@\\é")
            let session = try await connector.connect()
            #expect(try await session.rows("SELECT DATABASE()") == [[database]])
            await session.close()
            let wrong = try Target.registry.makeConnector(definition, secret: "hunter2")
            let failure = try await caught { _ = try await wrong.connect() }
            #expect(failure?.class == .permanent)
            #expect(failure?.targetCode == "1045")
            #expect(failure?.message.contains("hunter2") == false)
        }
    }

    // MARK: No connection

    @Test("A port where nobody listens is transient")
    func deadPort() async throws {
        let port = try LoopbackPort.free()
        let failure = try await connectFailure { $0.url = "mysql://u@127.0.0.1:\(port)/d" }
        #expect(failure?.class == .transient)
        #expect(failure?.message.contains("127.0.0.1") == true)
    }

    @Test("A database that does not exist is permanent, and named")
    func wrongDatabase() async throws {
        let url = try MariaDBServer.shared.get().url(database: "nowhere")
        let failure = try await connectFailure { $0.url = url }
        #expect(failure?.class == .permanent)
        #expect(failure?.targetCode == "1049")
        #expect(failure?.message == "there is no such database: nowhere")
    }

    @Test("A server that accepts and says nothing is given up after the connect timeout")
    func silentServer() async throws {
        let silent = try SilentServer()
        let failure = try await connectFailure {
            $0.url = "mysql://u@127.0.0.1:\(silent.port)/d"
            $0.connectTimeoutMilliseconds = 50
        }
        #expect(failure?.class == .transient)
        #expect(failure?.message.contains("connect timeout") == true)
    }

    // MARK: How the server reads

    @Test(
        "The server reads the queries by the settings that the connector states",
        arguments: [
            [], .ansiQuotes, .noBackslashEscapes, [.ansiQuotes, .noBackslashEscapes],
        ] as [SQLSettings])
    func readsAsStated(_ settings: SQLSettings) async throws {
        let target = try Target(.mysql)
        let session = try await target.connect { $0.sqlSettings = settings }
        let rows = try await session.rows(#"SELECT "a", LENGTH('\n') FROM (SELECT 1 AS a) AS t"#)
        let quoted = settings.contains(.ansiQuotes) ? "1" : "a"
        let length = settings.contains(.noBackslashEscapes) ? "2" : "1"
        #expect(rows == [[quoted, length]])
        await session.close()
    }

    @Test("INV-7: whatever the server's own settings, values arrive whole and in utf8mb4")
    func strangeServer() async throws {
        let server = try MariaDBServer(options: [
            "sql-mode=ANSI,NO_BACKSLASH_ESCAPES,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH",
            "character-set-server=gbk", "skip-character-set-client-handshake", "autocommit=0",
            "completion-type=CHAIN", "max-allowed-packet=1M", "performance-schema=ON",
        ])
        defer { server.stop() }
        let target = Target(.mysql, url: try server.makeDatabase())
        let session = try await target.prepare()
        let mode = try await session.rows("SELECT @@sql_mode").first?.first ?? nil
        let modes = Set((mode ?? "").split(separator: ","))
        #expect(
            modes.isSuperset(of: [
                "STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "PIPES_AS_CONCAT",
                "PAD_CHAR_TO_FULL_LENGTH",
            ]))
        #expect(
            modes.isDisjoint(with: [
                "ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "EMPTY_STRING_IS_NULL",
            ]))
        // In GBK the last byte of the first character takes the backslash with it.
        let count = try await session.execute(
            sql(#"INSERT INTO people VALUES (1, "ÿ¿\\'😀"), (2, '')"#))
        #expect(count == 2)
        #expect(
            try await session.rows("SELECT name FROM people ORDER BY id") == [[#"ÿ¿\'😀"#], [""]])
        #expect(try await session.rows("SELECT @@autocommit, @@completion_type").first?[0] == "1")
        let program = """
            SELECT attr_value FROM performance_schema.session_connect_attrs
            WHERE attr_name = 'program_name' AND processlist_id = CONNECTION_ID()
            """
        #expect(try await session.rows(program) == [["segledger"]])
        let long = try await caught {
            _ = try await session.query(sql("SELECT '\(String(repeating: "x", count: 1 << 20))'"))
        }
        #expect(long?.class == .tooLarge)
        #expect(long?.isConnectionLost == false)
        await session.close()

        // Its mode ORACLE brings ANSI_QUOTES with it.
        _ = try server.run("SET GLOBAL sql_mode = 'ORACLE'")
        let refused = try await caught { _ = try await target.connect() }
        #expect(refused?.class == .permanent)
        #expect(refused?.message.contains("ANSI_QUOTES on") == true, "\(refused?.message ?? "")")
        let stated = try await target.connect { $0.sqlSettings = .ansiQuotes }
        await stated.close()
    }

    @Test("A server cannot ask for a file of this machine")
    func localFile() async throws {
        try await Target(.mysql).withSession { session in
            let failure = try await caught {
                _ = try await session.execute(
                    sql("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE people"))
            }
            #expect(failure?.class == .permanent)
            #expect(try await session.rows("SELECT id FROM people").isEmpty)
        }
    }

    // MARK: TLS

    @Test("TLS that the server does not have is permanent, with the way out")
    func requiresTLS() async throws {
        for mode in [ConnectorDefinition.TLSMode.require, .verifyFull] {
            let failure = try await connectFailure { $0.tlsMode = mode }
            #expect(failure?.class == .permanent)
            #expect(failure?.message.contains("TLS") == true, "\(failure?.message ?? "")")
            #expect(failure?.hint != nil)
        }
    }

    @Test("Each TLS mode checks what it says")
    func modesOfTLS() async throws {
        let files = try CertificateFiles()
        let server = try MariaDBServer(options: [
            "ssl-cert=\(files.certificate)", "ssl-key=\(files.key)",
        ])
        defer { server.stop() }
        let target = Target(.mysql, url: try server.makeDatabase())
        func cipher(
            _ mode: ConnectorDefinition.TLSMode, authority: String? = nil,
            host: String = "127.0.0.1"
        ) async throws -> String {
            func connect() async throws -> any TargetSession {
                try await target.connect {
                    $0.tlsMode = mode
                    $0.tlsAuthorityFile = authority
                    $0.url.replace("127.0.0.1", with: host)
                }
            }
            let session: any TargetSession
            do {
                session = try await connect()
            } catch let failure as TargetFailure where failure.class == .transient {
                // As delivery would: what is transient is tried again, and what it was is shown.
                print("\(mode), \(host): \(failure)")
                session = try await connect()
            }
            let status = try await session.rows("SHOW STATUS LIKE 'Ssl_cipher'")
            // More than one read and write of the library, through TLS.
            let long = String(repeating: "x", count: 1 << 20)
            let echo = try await session.rows("SELECT '\(long)'")
            #expect(echo == [[long]])
            await session.close()
            return status.first?[1] ?? ""
        }
        let plain = try await cipher(.disable)
        #expect(plain.isEmpty)
        let ciphers = [
            try await cipher(.prefer), try await cipher(.require),
            try await cipher(.verifyCA, authority: files.authority, host: "localhost"),
            try await cipher(.verifyFull, authority: files.authority),
        ]
        #expect(!ciphers.contains(""))
        for (mode, authority, host) in [
            (ConnectorDefinition.TLSMode.verifyCA, files.otherAuthority, "127.0.0.1"),
            (.verifyFull, files.otherAuthority, "127.0.0.1"), (.verifyFull, nil, "127.0.0.1"),
            (.verifyFull, files.authority, "localhost"),
        ] {
            let failure = try await caught {
                _ = try await cipher(mode, authority: authority, host: host)
            }
            #expect(failure?.class == .permanent, "\(mode)")
            #expect(failure?.message.contains("TLS") == true, "\(failure?.message ?? "")")
        }
    }
}
