import Connector
import ConnectorODBC
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("Connecting through ODBC")
struct ODBCConnectionTests {
    private func refusal(
        _ url: String, _ kind: ConnectorKind = .mssql, secret: String? = nil,
        _ change: (inout ConnectorDefinition) -> Void = { _ in }
    ) throws -> Failure? {
        var definition = ConnectorDefinition(name: "c", kind: kind, url: url)
        change(&definition)
        do {
            _ = try Target.registry.makeConnector(definition, secret: secret)
            return nil
        } catch let failure as Failure {
            return failure
        }
    }

    private func connectFailure(
        _ server: ODBCServer, secret: String? = nil,
        _ change: (inout ConnectorDefinition) -> Void
    ) async throws -> TargetFailure? {
        var definition = try Target(odbc: server).definition
        change(&definition)
        let connector = try ODBCConnector(definition, secret: secret, dialect: server.dialect)
        return try await caught { _ = try await connector.connect() }
    }

    // MARK: The connection string

    @Test(
        "A connection string that makes no sense is refused without repeating it",
        arguments: [
            "Driver=hunter2", "odbc:", "odbc:hunter2", "odbc:Server=hunter2",
            "odbc:Driver={hunter2", "odbc:Driver={a}hunter2;Server=b", "odbc:Driver=;UID=hunter2",
            "odbc:Driver=a;driver=hunter2", "odbc:Driver=a;PWD=hunter2",
            "odbc:Driver=a; Password = hunter2", "odbc:DSN=a;AccessToken=hunter2",
            "odbc:Driver=a;KeystoreSecret=hunter2", "odbc:FILEDSN=hunter2",
            "odbc:Driver=a;SAVEFILE=hunter2", "odbc:Driver=a;UID=x\0hunter2",
            "odbc:Driver=a;{hunter2}=b", "odbc:Driver=a;UID={hunter2}};Server=b",
        ])
    func refusesString(_ url: String) throws {
        let failure = try #require(try refusal(url))
        #expect(failure.code == .configurationInvalid)
        #expect(!failure.description.contains("hunter2"))
        #expect(failure.hint != nil)
    }

    @Test(
        "A connection string that makes sense is taken",
        arguments: [
            "odbc:DSN=crm", "odbc:driver={ODBC Driver 18 for SQL Server};Server=db,1433;",
            "odbc: Driver = /usr/lib/libtdsodbc.so ; Server=a;; Port=1433",
            "odbc:Driver={FreeTDS};UID={DOMAIN\\\\x}", "odbc:DSN=a;UID=us@er",
        ])
    func takesString(_ url: String) throws {
        #expect(try refusal(url) == nil)
    }

    @Test("A password with a control character is refused")
    func controlCharacter() throws {
        let failure = try refusal("odbc:DSN=a", secret: "hunter2\0")
        #expect(failure?.code == .configurationInvalid)
        #expect(failure?.description.contains("hunter2") == false)
    }

    @Test(
        "TLS modes that a driver does not have are refused, with the way out",
        arguments: [
            ("ODBC Driver 18 for SQL Server", [.disable, .require, .verifyFull]),
            ("FreeTDS", [.disable, .prefer, .require]), ("Oracle 21 ODBC driver", []),
            ("other", []),
        ] as [(String, [ConnectorDefinition.TLSMode])])
    func modesOfTLS(_ driver: String, _ known: [ConnectorDefinition.TLSMode]) throws {
        for mode in ConnectorDefinition.TLSMode.allCases {
            let failure = try refusal("odbc:Driver={\(driver)};Server=a") { $0.tlsMode = mode }
            #expect((failure == nil) == known.contains(mode), "\(driver), \(mode)")
            if let failure { #expect(failure.hint != nil) }
        }
        let withFile = try refusal("odbc:Driver={\(driver)};Server=a") {
            $0.tlsMode = .require
            $0.tlsAuthorityFile = "/etc/ca.pem"
        }
        #expect(withFile?.hint != nil)
    }

    @Test(
        "INV-10: a login that another machine could read is refused, unless the operator allows it")
    func guardsLogin() throws {
        let microsoft = "ODBC Driver 18 for SQL Server"
        func isRefused(
            _ driver: String, _ more: String, _ mode: ConnectorDefinition.TLSMode? = nil,
            allows: Bool = false, secret: String? = "hunter2"
        ) throws -> Bool {
            let url = "odbc:Driver={\(driver)};\(more)"
            let failure = try refusal(url, secret: secret) {
                $0.tlsMode = mode
                $0.allowsCleartextPassword = allows
            }
            if let failure { #expect(failure.hint?.contains("allow_cleartext_password") == true) }
            return failure != nil
        }
        for (driver, off) in [
            (microsoft, "Encrypt=no"), (microsoft, "encrypt=Optional"),
            ("FreeTDS", "Encryption=off"),
            ("FreeTDS", "Encryption=request"),
        ] {
            for server in ["Server=db.example.com", "Server=tcp:192.0.2.1,1433", "Servername=x"] {
                #expect(try isRefused(driver, "\(server);\(off)"), "\(server);\(off)")
                #expect(try !isRefused(driver, "\(server);\(off)", allows: true))
                #expect(try !isRefused(driver, "\(server);\(off)", secret: nil))
                #expect(try isRefused(driver, server, .disable))
                #expect(try !isRefused(driver, server, .require))
                #expect(try !isRefused(driver, server))
            }
            for server in ["Server=127.0.0.1,1433", "Server=tcp:localhost\\SQLEXPRESS", "Server=."]
            {
                #expect(try !isRefused(driver, "\(server);\(off)"), "\(server);\(off)")
            }
        }
        #expect(try isRefused("FreeTDS", "Server=db", .prefer))
        #expect(try !isRefused(microsoft, "Server=db;Encrypt=strict"))
    }

    @Test("TLS is set in one place")
    func setsTLSOnce() throws {
        let url = "odbc:Driver={ODBC Driver 18 for SQL Server};encrypt=yes"
        #expect(try refusal(url) { $0.tlsMode = .require }?.message.contains("TLS") == true)
    }

    @Test("A password may hold any character that the driver's own syntax has")
    func quotesPassword() async throws {
        let server = try PostgresServer(options: ["password_encryption=scram-sha-256"])
        defer { server.stop() }
        let secret = "p;w}d{ =é'\\@!😀"
        _ = try server.run("CREATE ROLE sync LOGIN PASSWORD 'p;w}d{ =é''\\@!😀'")
        let directory = try server.run("SHOW data_directory")
        _ = try server.run(
            "COPY (VALUES ('host all sync 127.0.0.1/32 scram-sha-256'), "
                + "('host all all 127.0.0.1/32 trust')) TO '\(directory)/pg_hba.conf'")
        _ = try server.run("SELECT pg_reload_conf()")
        let definition = ConnectorDefinition(
            name: "c", kind: .mssql,
            url: "odbc:Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=\(server.port);"
                + "Database=postgres;UID=sync")
        let connector = try ODBCConnector(definition, secret: secret, dialect: .postgresForTests)
        let session = try await connector.connect()
        #expect(try await session.rows("SELECT current_user") == [["sync"]])
        await session.close()
        let wrong = try ODBCConnector(definition, secret: "hunter2", dialect: .postgresForTests)
        let failure = try await caught { _ = try await wrong.connect() }
        #expect(failure?.message.contains("hunter2") == false)
    }

    // MARK: No connection

    @Test("A driver and a DSN that are not there are permanent, with the way out")
    func missingDriver() async throws {
        for url in [
            "odbc:Driver={No such driver};Server=a", "odbc:DSN=nowhere",
            "odbc:Driver=/nowhere/libx.so",
        ] {
            let failure = try await connectFailure(.postgres) { $0.url = url }
            #expect(failure?.class == .permanent, "\(url)")
            #expect(failure?.message.contains("driver") == true, "\(failure?.message ?? "")")
            #expect(failure?.hint != nil)
        }
    }

    @Test("A database of another kind is permanent, and named")
    func otherDatabase() async throws {
        let target = try Target(odbc: .postgres)
        for var dialect in [ODBCDialect.sqlServer, .oracle] {
            dialect.keywords = ODBCKeyword.common
            let connector = try ODBCConnector(target.definition, secret: nil, dialect: dialect)
            let failure = try await caught { _ = try await connector.connect() }
            #expect(failure?.class == .permanent)
            #expect(failure?.message.contains("(PostgreSQL)") == true, "\(failure?.message ?? "")")
            #expect(failure?.isConnectionLost == true)
        }
    }

    @Test("A port where nobody listens is transient", arguments: [ODBCServer.postgres, .mariaDB])
    func deadPort(_ server: ODBCServer) async throws {
        let port = try LoopbackPort.free()
        let failure = try await connectFailure(server) {
            $0.url = server.url(database: "d", port: port)
        }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
    }

    @Test("A database that does not exist is permanent")
    func wrongDatabase() async throws {
        let port = try MariaDBServer.shared.get().port
        let failure = try await connectFailure(.mariaDB) {
            $0.url = ODBCServer.mariaDB.url(database: "nowhere", port: port)
        }
        #expect(failure?.class == .permanent)
        #expect(failure?.targetCode == "1049")
    }

    @Test(
        "A server that accepts and says nothing is given up after the connect timeout",
        arguments: ["PostgreSQL Unicode", "MariaDB Unicode", "FreeTDS"])
    func silentServer(_ driver: String) async throws {
        let silent = try SilentServer()
        let failure = try await connectFailure(.postgres) {
            $0.url =
                "odbc:Driver={\(driver)};Server=127.0.0.1;Port=\(silent.port);Database=d;UID=u"
            $0.connectTimeoutMilliseconds = 50
        }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.message.contains("connect timeout") == true, "\(failure?.message ?? "")")
    }
}
