import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("Connecting to ClickHouse")
struct ClickHouseConnectionTests {
    private func connectFailure(
        _ change: (inout ConnectorDefinition) -> Void
    ) async throws -> TargetFailure? {
        let target = try TargetVariant.clickHouseServer.make()
        return try await caught { _ = try await target.connect(change) }
    }

    @Test(
        "A URL that makes no sense is refused without repeating it",
        arguments: [
            "postgresql://u@h/hunter2", "clickhouse:hunter2", "clickhouse://u@/hunter2",
            "clickhouse://h/hunter2", "clickhouse://hunter2@h", "clickhouse://u@h:0/hunter2",
            "clickhouse://u@h:port/hunter2", "clickhouse://u@h/hunter2?async_insert=1",
            "clickhouse://u%zz@h/hunter2", "clickhouse://u%00@h/hunter2",
            "clickhouse://u%0A@h/hunter2", "clickhouse://u:hunter2@h/d",
            "clickhouse://u@hunter2%20/d",
        ])
    func refusesURL(_ url: String) throws {
        let definition = ConnectorDefinition(name: "c", kind: .clickhouse, url: url)
        let failure = #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
        #expect(failure?.description.contains("hunter2") == false)
    }

    @Test("A TLS mode that HTTP does not have, or that the URL contradicts, is refused")
    func refusesModes() throws {
        for (url, mode) in [
            ("clickhouse://u@h/d", ConnectorDefinition.TLSMode.prefer),
            ("https://u@h/d", .prefer), ("clickhouses://u@h/d", .disable),
        ] {
            var definition = ConnectorDefinition(name: "c", kind: .clickhouse, url: url)
            definition.tlsMode = mode
            #expect(throws: Failure.self, "\(url) \(mode)") {
                try Target.registry.makeConnector(definition, secret: nil)
            }
        }
    }

    @Test("User, password and database may hold what a URL escapes; a wrong password is permanent")
    func credentials() async throws {
        let server = try ClickHouseServer.shared.get()
        let database = "d $#é"
        _ = try server.rows("CREATE DATABASE IF NOT EXISTS `\(database)`")
        for scheme in ["clickhouse", "http"] {
            let definition = ConnectorDefinition(
                name: "c", kind: .clickhouse,
                url: "\(scheme)://keye%64@localhost:\(server.port)/d%20%24%23%C3%A9")
            let connector = try Target.registry.makeConnector(definition, secret: "hunter2é")
            let session = try await connector.connect()
            #expect(try await session.rows("SELECT currentDatabase()") == [[database]])
            await session.close()
            for wrong in ["hunter3", nil] {
                let connector = try Target.registry.makeConnector(definition, secret: wrong)
                let failure = try await caught { _ = try await connector.connect() }
                #expect(failure?.class == .permanent)
                #expect(failure?.targetCode == (wrong == nil ? "194" : "193"))
                #expect(failure?.isConnectionLost == true)
                #expect(failure?.message.contains("hunter") == false)
            }
        }
        let nobody = try await connectFailure { $0.url.replace("default@", with: "nobody@") }
        #expect(nobody?.class == .permanent)
    }

    @Test("A database that does not exist is permanent, and named")
    func wrongDatabase() async throws {
        for house in [
            try ClickHouseServer.shared.get(), try ClickHouseEngine.shared.get(),
        ] as [any ClickHouse] {
            let failure = try await connectFailure { $0.url = house.url(database: "nowhere") }
            #expect(failure?.class == .permanent)
            #expect(failure?.targetCode == "81")
            #expect(failure?.message == "there is no such database: nowhere")
        }
    }

    @Test("A port where nobody listens is transient, and its outcome known")
    func deadPort() async throws {
        let port = try LoopbackPort.free()
        let failure = try await connectFailure { $0.url = "clickhouse://u@127.0.0.1:\(port)/d" }
        #expect(failure?.class == .transient)
        #expect(failure?.isOutcomeUnknown == false)
        #expect(failure?.message == "the server cannot be reached")
    }

    @Test("A server that accepts and says nothing is given up after the connect timeout")
    func silentServer() async throws {
        let silent = try SilentServer()
        for scheme in ["http", "https"] {
            let failure = try await connectFailure {
                $0.url = "\(scheme)://u@127.0.0.1:\(silent.port)/d"
                $0.connectTimeoutMilliseconds = 50
            }
            #expect(failure?.class == .transient)
            #expect(failure?.message.contains("connect timeout") == true, "\(failure as Any)")
        }
    }

    @Test("A server that is none of HTTP is refused")
    func otherServer() async throws {
        let server = try MariaDBServer.shared.get()
        let failure = try await connectFailure {
            $0.url = "clickhouse://u@127.0.0.1:\(server.port)/d"
        }
        #expect(failure != nil)
        #expect(failure?.message.contains("MariaDB") == false)
    }

    @Test("A session that nobody closes takes its client with it")
    func dropped() async throws {
        let target = try TargetVariant.clickHouseServer.make()
        for _ in 0..<3 {
            let session = try await target.connect()
            #expect(try await session.rows("SELECT 1") == [["1"]])
        }
    }

    // MARK: TLS

    @Test("TLS that the port does not have is permanent, with the way out")
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
        let server = try ClickHouseServer.shared.get()
        let files = try CertificateFiles()
        let front = try TLSFront(to: server.port, files)
        defer { front.stop() }
        let target = try TargetVariant.clickHouseServer.make()
        func use(
            _ mode: ConnectorDefinition.TLSMode?, authority: String? = nil,
            host: String = "127.0.0.1", scheme: String = "clickhouses"
        ) async throws {
            let session = try await target.connect {
                $0.tlsMode = mode
                $0.tlsAuthorityFile = authority
                $0.url.replace("clickhouse:", with: "\(scheme):")
                $0.url.replace("127.0.0.1:\(server.port)", with: "\(host):\(front.port)")
            }
            let long = String(repeating: "x", count: 1 << 20)
            #expect(try await session.rows("SELECT '\(long)'") == [[long]])
            await session.close()
        }
        try await use(.require)
        try await use(.require, scheme: "clickhouse")
        try await use(.verifyCA, authority: files.authority, host: "localhost")
        try await use(.verifyFull, authority: files.authority)
        try await use(nil, authority: files.authority, scheme: "https")
        for (mode, authority, host) in [
            (ConnectorDefinition.TLSMode.verifyCA, files.otherAuthority, "127.0.0.1"),
            (.verifyFull, files.otherAuthority, "127.0.0.1"), (.verifyFull, nil, "127.0.0.1"),
            (nil, nil, "127.0.0.1"),
        ] {
            let failure = try await caught { try await use(mode, authority: authority, host: host) }
            #expect(failure?.class == .permanent, "\(mode as Any) \(failure as Any)")
            #expect(failure?.message.contains("certificate") == true, "\(failure?.message ?? "")")
        }
    }

    @Test("A certificate of the right authority for another host passes all modes but verify-full")
    func otherHost() async throws {
        let server = try ClickHouseServer.shared.get()
        let files = try CertificateFiles(name: "DNS:elsewhere.example")
        let front = try TLSFront(to: server.port, files)
        defer { front.stop() }
        let target = try TargetVariant.clickHouseServer.make()
        func use(_ mode: ConnectorDefinition.TLSMode) async throws {
            let session = try await target.connect {
                $0.tlsMode = mode
                $0.tlsAuthorityFile = files.authority
                $0.url.replace(":\(server.port)", with: ":\(front.port)")
            }
            await session.close()
        }
        try await use(.require)
        try await use(.verifyCA)
        let failure = try await caught { try await use(.verifyFull) }
        #expect(failure?.class == .permanent)
        #expect(failure?.message.contains("certificate") == true, "\(failure?.message ?? "")")
    }
}
