import Foundation
import ServerTesting
import Testing

/// A target that is slow, gone, wrong or cut off: one clear sentence, the right exit code, and no
/// row lost or doubled.
@Suite(.serialized) struct TargetFailureTests {
    private let scratch: TemporaryDirectory
    private let program: Program
    private let server: PostgresServer
    private let url: String

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
        server = try PostgresServer.shared.get()
        url = try server.makeDatabase()
        _ = try server.run(Configurations.keylessTable, url: url)
    }

    private var database: String { String(url.split(separator: "/").last!) }

    /// Events of 60 profiles, each added to one of three segments.
    private func append() throws {
        let lines = (0..<60).map {
            #"{"type":"profiles_added","segment_id":\#($0 % 3 + 1),"profiles":"#
                + #"[{"id":"p\#($0)","fields":{"CustomID":"C-\#($0)"}}]}"#
        }
        let result = try program.run(
            "append", input: Data(lines.joined(separator: "\n").utf8))
        #expect(result.status == 0, "\(result.errors)")
    }

    private func expectOneRowEach() throws {
        try expectOneRowEach(
            try server.run("SELECT segId || '|' || clientId FROM journal", url: url))
    }

    private func expectOneRowEach(_ found: String) throws {
        let expected = (0..<60).map { "\($0 % 3 + 1)|C-\($0)" }.sorted()
        #expect(difference(rows(found), expected) == [])
        let stats = try program.run("stats", "log", "--json").json
        #expect(stats["profiles"] as? Int == 60)
    }

    private func apply(_ change: (String) -> String) throws {
        try program.apply(change(Configurations.keyless(kind: "postgresql", url: url, size: 2)))
    }

    private func throughProxy(_ proxy: TCPProxy) throws {
        try apply {
            $0.replacingOccurrences(of: ":\(server.port)/", with: ":\(proxy.port)/")
        }
    }

    @Test(
        "INV-6: the reply to COMMIT is lost many times, and every row is there once",
        arguments: ["postgresql", "mysql"])
    func lostReplies(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keylessTable)
        let port =
            kind == "mysql" ? try MariaDBServer.shared.get().port : server.port
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        let url = target.url.replacingOccurrences(of: ":\(port)/", with: ":\(proxy.port)/")
        try program.apply(Configurations.keyless(kind: kind, url: url, size: 2))
        try append()
        proxy.loseReplies(toCommits: 6)
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 0, "\(sync.errors)")
        #expect(proxy.lostCommitCount == 6)
        try expectOneRowEach(try target.run("SELECT segId, clientId FROM journal"))
        let queries = try target.run("SELECT sum(queries) FROM segledger_cursor")
        let stats = try program.run("stats", "log", "--json").json
        #expect(stats["successful_queries"] as? Int == Int(queries))
        #expect(stats["failed_queries"] as? Int == 0)
    }

    @Test(
        "What a delivery's queries said before its COMMIT is not lost with the reply to that",
        arguments: ["postgresql", "mysql"])
    func rowsOfLostReplies(kind: String) throws {
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keylessTable)
        let proxy = try TCPProxy(to: target.port)
        defer { proxy.stop() }
        let journal = try Journal()
        try journal.apply(target, url: target.url(through: proxy))
        try journal.append(0..<90, segments: 1)
        // MySQL commits as well where a worker takes its lane over.
        proxy.loseReplies(toCommits: 3, sparing: 1)
        let sync = try journal.sync().wait()
        #expect(sync.status == 0, "\(sync.errors)")
        #expect(sync.output.contains("90 changes delivered"), "\(sync.output)")
        #expect(proxy.lostCommitCount == 3)
        try journal.expectExactlyOnce(target, 90, "3 lost replies")
        #expect(try journal.program.run("stats", "log", "--json").json["rows"] as? Int == 90)
    }

    @Test("INV-6: a target that goes away in the middle and comes back misses nothing")
    func outage() throws {
        let proxy = try TCPProxy(to: server.port)
        defer { proxy.stop() }
        try throughProxy(proxy)
        try append()
        proxy.setDown(true)
        let sync = try program.start(["sync", "--until-idle"])
        while sync.isRunning, try program.run("errors", "log").output.contains("no errors") {}
        proxy.setDown(false)
        let result = try sync.wait()
        #expect(result.status == 0, "\(result.errors)")
        try expectOneRowEach()
    }

    @Test("INV-6: connections that the server ends again and again cost no row")
    func terminated() throws {
        try apply { $0 }
        try append()
        let sync = try program.start(["sync", "--until-idle"])
        while sync.isRunning {
            _ = try server.run(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'segledger' AND datname = current_database()
                    AND random() < 0.2
                """, url: url)
        }
        let result = try sync.wait()
        #expect(result.status == 0, "\(result.errors)")
        try expectOneRowEach()
    }

    @Test("INV-10: a wrong password stops the integration, and no message repeats it")
    func wrongPassword() throws {
        let role = "guarded_\(database)"
        let file = try server.run("SHOW hba_file")
        _ = try server.run(
            """
            CREATE ROLE \(role) LOGIN PASSWORD 'right-secret';
            ALTER DATABASE \(database) OWNER TO \(role);
            COPY (VALUES ('host all \(role) 127.0.0.1/32 scram-sha-256'),
                ('host all all 127.0.0.1/32 trust')) TO '\(file)';
            SELECT pg_reload_conf();
            """)
        _ = try server.run("ALTER TABLE journal OWNER TO \(role)", url: url)
        _ = try server.run("GRANT ALL ON SCHEMA public TO \(role)", url: url)
        try apply {
            $0.replacingOccurrences(of: "postgres@", with: "\(role)@")
                .replacingOccurrences(of: "\" }", with: "\", password: { env: TEST_SECRET } }")
        }
        try append()
        var given = program
        let unset = try given.run("sync", "--until-idle")
        #expect(unset.status == 5)
        #expect(unset.errors.contains("TEST_SECRET is not set"))
        given.environment = ["TEST_SECRET": "wrong-secret"]
        let wrong = try given.run("sync", "--until-idle", "--give-up-after", "5")
        #expect(wrong.status == 5)
        #expect(wrong.errors.contains("password authentication failed"))
        #expect(wrong.errors.contains("hint: "))
        #expect(!wrong.errors.contains("wrong-secret"))
        #expect(!(try given.run("errors", "log", "--json").output.contains("secret")))
        given.environment = ["TEST_SECRET": "right-secret"]
        #expect(try given.run("integrations", "resume", "log").status == 0)
        let right = try given.run("sync", "--until-idle")
        #expect(right.status == 0, "\(right.errors)")
        try expectOneRowEach()
    }

    @Test("verify-full against a server without TLS is refused, with the way out")
    func noTLS() throws {
        try apply {
            $0.replacingOccurrences(of: "\" }", with: "\", tls: { mode: verify-full } }")
        }
        try append()
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("server does not support SSL"))
        #expect(sync.errors.contains("hint: turn TLS on"))
        #expect(try server.run("SELECT count(*) FROM journal", url: url) == "0")
    }

    /// Holds the journal's lock, until it is stopped, in a session of its own.
    private func lockJournal() throws -> LockingClient {
        try server.lock(url: url, taking: "LOCK TABLE journal IN ACCESS EXCLUSIVE MODE")
    }

    @Test("A statement timeout is waited out, and named where it lasts")
    func statementTimeout() throws {
        try apply {
            $0.replacingOccurrences(of: "\" }", with: "\", statement_timeout: 200ms }")
        }
        try append()
        let lock = try lockJournal()
        let blocked = try program.run("sync", "--until-idle", "--give-up-after", "1")
        #expect(blocked.status == 5)
        #expect(blocked.errors.contains("statement timeout"))
        #expect(try program.run("errors", "log").output.contains("57014"))
        try lock.release()
        #expect(try program.run("sync", "--until-idle").status == 0)
        try expectOneRowEach()
    }

    @Test("What keeps a lane from being taken over is shown, and waited out")
    func lockedCursor() throws {
        try apply {
            $0.replacingOccurrences(of: "\" }", with: "\", statement_timeout: 200ms }")
        }
        try append()
        #expect(try program.run("sync", "--until-idle").status == 0)
        let profiles = #"[{"id":"x","fields":{"CustomID":"C-x"}}]"#
        let event = #"{"type":"profiles_added","segment_id":1,"profiles":\#(profiles)}"#
        #expect(try program.run("append", input: Data(event.utf8)).status == 0)
        let lock = try server.lock(
            url: url, taking: "LOCK TABLE segledger_cursor IN ACCESS EXCLUSIVE MODE")
        let blocked = try program.run("sync", "--until-idle", "--give-up-after", "1")
        #expect(blocked.status == 5)
        #expect(blocked.errors.contains("statement timeout"))
        #expect(try program.run("errors", "log").output.contains("57014"))
        try lock.release()
        #expect(try program.run("sync", "--until-idle").status == 0)
        #expect(
            try server.run("SELECT count(*) FROM journal WHERE clientId = 'C-x'", url: url) == "1")
    }

    @Test(
        "Ctrl-C and SIGTERM end a blocked delivery; nothing is half done; a second copy is refused")
    func interrupted() throws {
        try apply { $0 }
        try append()
        for signal in [SIGINT, SIGTERM] {
            let lock = try lockJournal()
            let sync = try program.start(["sync", "--until-idle"])
            while sync.isRunning,
                try server.run(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                        + "AND datname = current_database()", url: url) == "0"
            {}
            let second = try program.run("append", input: Data())
            #expect(second.status == 1)
            #expect(second.errors.contains("is held by another segledger process"))
            #expect(second.errors.contains("hint: "))
            #expect(try program.run("status").status == 0)
            sync.send(signal)
            let result = try sync.wait()
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.errors.contains("interrupted"))
            try lock.release()
            #expect(try program.run("errors", "log").output == "no errors\n")
        }
        #expect(try server.run("SELECT count(*) FROM journal", url: url) == "0")
        #expect(try program.run("sync", "--until-idle").status == 0)
        try expectOneRowEach()
    }

    @Test("One locked segment delays its own lane and no other")
    func oneLane() throws {
        _ = try server.run(
            """
            CREATE TABLE gate (segment int PRIMARY KEY); INSERT INTO gate VALUES (2);
            CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM 1 FROM gate WHERE segment = NEW.segId FOR UPDATE NOWAIT;
                RETURN NEW;
            END $$;
            CREATE TRIGGER pass BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION pass();
            """, url: url)
        try apply { $0 }
        try append()
        let lock = try server.lock(url: url, taking: "DELETE FROM gate")
        let sync = try program.run("sync", "--until-idle", "--give-up-after", "1")
        #expect(sync.status == 5)
        let found = try server.run(
            "SELECT segId, count(*) FROM journal GROUP BY segId ORDER BY segId", url: url)
        #expect(found == "1|20\n3|20")
        try lock.release()
        #expect(try program.run("sync", "--until-idle").status == 0)
        try expectOneRowEach()
    }

    @Test("Another database under the same name is noticed; a resync fills it and goes on")
    func otherDatabase() throws {
        try apply { $0 }
        try append()
        #expect(try program.run("sync", "--until-idle").status == 0)
        _ = try server.run("DROP TABLE segledger_cursor; DELETE FROM journal", url: url)
        let more = #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"p0"}]}"#
        #expect(try program.run("append", input: Data(more.utf8)).status == 0)
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 5)
        #expect(sync.errors.contains("another database"))
        #expect(sync.errors.contains("segledger resync log"))
        #expect(try program.run("resync", "log").status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let found = try server.run("SELECT count(*) FROM journal WHERE sign = 1", url: url)
        #expect(found == "60")
    }
}
