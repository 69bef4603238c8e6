import Connector
import Glibc
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("PostgreSQL")
struct PostgresTests {
    private func connectFailure(
        _ change: (inout ConnectorDefinition) -> Void
    ) async throws -> TargetFailure? {
        let target = try Target(.postgresql)
        return try await caught { _ = try await target.connect(change) }
    }

    @Test(
        "INV-7: a query that changes how SQL is read, by whatever way, fails its delivery",
        arguments: [
            ("standard_conforming_strings", "SET standard_conforming_strings = off"),
            ("client_encoding", "SET client_encoding = 'SJIS'"),
        ])
    func changedSetting(_ name: String, _ statement: String) async throws {
        let target = try Target(.postgresql)
        let session = try await target.prepare()
        try await session.begin()
        _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'x')"))
        let quoted = statement.replacing("'", with: "''")
        let failure = try await caught {
            _ = try await session.execute(sql("DO $$ BEGIN EXECUTE '\(quoted)'; END $$"))
        }
        #expect(failure?.class == .permanent)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.message.contains("changed \(name), which") == true)
        await session.close()
        let next = try await target.connect()
        #expect(try await next.rows("SELECT count(*) FROM people") == [["0"]])
        #expect(try await next.execute(sql("INSERT INTO people VALUES (1, 'x')")) == 1)
        await next.close()
    }

    @Test("A port where nobody listens is transient")
    func deadPort() async throws {
        let port = try LoopbackPort.free()
        let failure = try await connectFailure { $0.url = "postgresql://u@127.0.0.1:\(port)/d" }
        #expect(failure?.class == .transient)
        #expect(failure?.targetCode == "08001")
        #expect(failure?.message.contains("refused") == true)
    }

    @Test("A database that does not exist is permanent")
    func wrongDatabase() async throws {
        let url = try PostgresServer.shared.get().url(database: "nowhere")
        let failure = try await connectFailure { $0.url = url }
        #expect(failure?.class == .permanent)
        #expect(failure?.targetCode == "3D000")
        #expect(failure?.message.contains("database \"nowhere\" does not exist") == true)
    }

    @Test("TLS that the server does not have is permanent, with the way out")
    func requiresTLS() async throws {
        let failure = try await connectFailure { $0.tlsMode = .require }
        #expect(failure?.class == .permanent)
        #expect(failure?.message.contains("does not support SSL") == true)
        #expect(failure?.hint != nil)
    }

    @Test("A server that accepts and says nothing is given up after the connect timeout")
    func silentServer() async throws {
        let silent = try SilentServer()
        let failure = try await connectFailure {
            $0.url = "postgresql://u@127.0.0.1:\(silent.port)/d"
            $0.connectTimeoutMilliseconds = 50
        }
        #expect(failure?.class == .transient)
        #expect(failure?.message.contains("connect timeout") == true)
    }

    @Test("INV-10: a URL with a password is refused and not repeated")
    func passwordInURL() throws {
        let definition = ConnectorDefinition(
            name: "c", kind: .postgresql, url: "postgresql://u:hunter2@host/d")
        let failure = #expect(throws: Failure.self) {
            try Target.registry.makeConnector(definition, secret: nil)
        }
        #expect(failure?.description.contains("hunter2") == false)
    }

    @Test(
        "INV-10: no value of a row stands in a message",
        arguments: [
            ("SELECT 'secret'::integer", "22P02"),
            (#"SELECT 'se"cret"x'::integer"#, "22P02"),
            ("SELECT '{secret'::integer[]", "22P02"),
            ("SELECT 'secret'::date", "22007"),
            ("DO $$ BEGIN RAISE 'value secret is bad'; END $$", "P0001"),
        ])
    func hidesValues(_ example: (text: String, code: String)) async throws {
        try await Target(.postgresql).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql(example.text)) }
            #expect(failure?.targetCode == example.code)
            #expect(failure?.class == .values)
            for piece in ["secret", "cret"] {
                #expect(failure?.message.contains(piece) == false, "\(failure?.message ?? "")")
            }
        }
    }

    @Test("One key twice in a statement is its own class")
    func repeatedKey() async throws {
        try await Target(.postgresql).withSession { session in
            let failure = try await caught {
                _ = try await session.execute(
                    sql(
                        """
                        INSERT INTO people VALUES (1, 'a'), (2, 'a')
                        ON CONFLICT (name) DO UPDATE SET id = 3
                        """))
            }
            #expect(failure?.class == .repeatedKey)
        }
    }

    @Test("Cancel reaches a statement that the server is running")
    func cancelsRunning() async throws {
        let target = try Target(.postgresql)
        let session = try await target.connect()
        let watcher = try await target.connect()
        let pid = try #require(
            try await session.rows("SELECT pg_backend_pid()").first?.first ?? nil)
        let running = Task { try await caught { _ = try await session.query(target.longQuery) } }
        let question =
            "SELECT 1 FROM pg_stat_activity WHERE pid = \(pid) AND wait_event = 'PgSleep'"
        while try await watcher.rows(question).isEmpty { await Task.yield() }
        session.cancel()
        let failure = try await running.value
        #expect(failure?.class == .transient)
        #expect(failure?.targetCode == "57014")
        #expect(failure?.isConnectionLost == false)
        #expect(try await session.rows("SELECT 1") == [["1"]])
        await session.close()
        await watcher.close()
    }

    @Test("A server that stops answering is given up, and the connection with it")
    func stoppedServer() async throws {
        let target = try Target(.postgresql)
        let session = try await target.connect { $0.statementTimeoutMilliseconds = 1000 }
        let text = try await session.rows("SELECT pg_backend_pid()").first?.first ?? nil
        let pid = try #require(text.flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        let failure = try await caught { try await session.begin() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        let next = try await caught { try await session.begin() }
        #expect(next?.isConnectionLost == true)
        await session.close()
    }

    @Test("A terminated connection is lost and transient")
    func terminated() async throws {
        let target = try Target(.postgresql)
        let victim = try await target.connect()
        let killer = try await target.connect()
        let pid = try #require(try await victim.rows("SELECT pg_backend_pid()").first?.first ?? nil)
        _ = try await killer.rows("SELECT pg_terminate_backend(\(pid), 5000)")
        let failure = try await caught { try await victim.begin() }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == true)
        #expect(failure?.isOutcomeUnknown == false)
        await victim.close()
        await killer.close()
    }

    @Test("INV-6: a connection lost at COMMIT leaves the outcome open")
    func lostCommit() async throws {
        let target = try Target(.postgresql)
        let victim = try await target.prepare()
        let killer = try await target.connect()
        let pid = try #require(try await victim.rows("SELECT pg_backend_pid()").first?.first ?? nil)
        try await victim.begin()
        _ = try await killer.rows("SELECT pg_terminate_backend(\(pid), 5000)")
        let failure = try await caught { try await victim.commit() }
        #expect(failure?.isOutcomeUnknown == true)
        #expect(failure?.isConnectionLost == true)
        await victim.close()
        await killer.close()
    }

    @Test("INV-6: a commit is durable at the target before it is told, whatever the database says")
    func synchronousCommit() async throws {
        for (setting, expected) in [("off", "on"), ("local", "local"), ("on", "on")] {
            let target = try Target(.postgresql)
            let session = try await target.prepare()
            let database = try #require(try await session.rows("SELECT current_database()")[0][0])
            _ = try await session.execute(
                sql("ALTER DATABASE \"\(database)\" SET synchronous_commit = \(setting)"))
            let later = try await target.connect()
            #expect(try await later.rows("SHOW synchronous_commit") == [[expected]])
            await session.close()
            await later.close()
        }
    }

    @Test("COMMIT of a failed transaction is a failure")
    func commitOfFailed() async throws {
        try await Target(.postgresql).withSession { session in
            try await session.begin()
            _ = try await caught { _ = try await session.execute(sql("SELECT nonsense")) }
            let failure = try await caught { try await session.commit() }
            #expect(failure?.class == .permanent)
        }
    }

    @Test("COPY without a stream is refused")
    func copy() async throws {
        try await Target(.postgresql).withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("COPY people FROM STDIN"))
            }
            #expect(failure?.class == .permanent)
            #expect(failure?.isConnectionLost == true)
        }
    }
}
