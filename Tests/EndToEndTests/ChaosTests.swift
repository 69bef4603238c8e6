import Foundation
import ServerTesting
import Testing

/// Whatever goes wrong at once: no row of a keyless target is lost or doubled, and receipts equal
/// the target.
@Suite(.serialized) struct ChaosTests {
    private let journal: Journal
    private var scratch: TemporaryDirectory { journal.scratch }
    private var program: Program { journal.program }

    init() throws { journal = try Journal() }

    @Test(
        "INV-6: cuts at any byte, lost replies, delays and kills, over and over",
        arguments: ["postgresql", "mysql"])
    func everythingAtOnce(kind: String) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let target = try Target(kind, in: scratch)
        _ = try target.run(Configurations.keylessTable)
        let proxy = try TCPProxy(to: target.port)
        defer { proxy.stop() }
        try journal.apply(target, url: target.url(through: proxy))
        var count = 0
        for _ in 0..<12 {
            try journal.append(count..<count + 40)
            count += 40
            proxy.cut(
                TCPProxy.Side.allCases.randomElement(using: &random)!,
                after: Int.random(in: 0..<6000, using: &random))
            if Bool.random(using: &random) {
                proxy.loseReplies(toCommits: Int.random(in: 1...3, using: &random))
            }
            proxy.setDelay(milliseconds: Int.random(in: 0...1, using: &random))
            let sync = try program.start(["sync", "--until-idle"])
            if Bool.random(using: &random) {
                let wanted = count - Int.random(in: 1..<40, using: &random)
                while sync.isRunning,
                    Int(try target.run("SELECT count(*) FROM journal")) ?? 0 < wanted
                {}
                sync.kill()
            }
            _ = try sync.wait()
        }
        _ = proxy.forgetCut()
        proxy.setDelay(milliseconds: 0)
        let last = try program.run("sync", "--until-idle")
        #expect(last.status == 0, "\(last.errors)")
        try journal.expectExactlyOnce(target, count, place)
    }

    /// What a PostgreSQL server may say at any time, and what it takes to have it say so.
    private static let passing: [(code: String, what: String)] = [
        ("40P01", "a deadlock"), ("40001", "a serialization failure"), ("53100", "a full disk"),
        ("53300", "too many connections"), ("53200", "no memory"), ("55P03", "a lock"),
        ("57014", "an interrupted query"), ("57P03", "a server that starts"),
        ("25006", "a read-only server"),
    ]

    /// Where lanes share a transaction none of them has failed: each goes on alone, and says so.
    @Test(
        "INV-6: what passes by itself is waited out, without a row lost or doubled",
        arguments: [1, 8])
    func passingFailures(poolSize: Int) throws {
        let target = try Target("postgresql", in: scratch)
        let cases = Self.passing.enumerated().map {
            "WHEN \($0.offset) THEN RAISE EXCEPTION 'no' USING ERRCODE = '\($0.element.code)';"
        }
        _ = try target.run(
            """
            \(Configurations.keylessTable);
            CREATE SEQUENCE tries MINVALUE 0 START 0;
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE try bigint := nextval('tries');
            BEGIN
                IF try % 2 = 0 THEN
                    CASE try / 2 \(cases.joined(separator: " ")) ELSE NULL; END CASE;
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER fail AFTER INSERT ON journal
                FOR EACH STATEMENT EXECUTE FUNCTION fail();
            """)
        let yaml = Configurations.keyless(kind: "postgresql", url: target.url, size: 3)
        try program.apply(
            yaml.replacing("\(target.url)\" }", with: "\(target.url)\", pool_size: \(poolSize) }"))
        try journal.append(0..<60)
        let sync = try program.run("sync", "--until-idle")
        #expect(sync.status == 0, "\(sync.errors)")
        try journal.expectExactlyOnce(target, 60, "passing failures")
        let errors = try program.run("errors", "log", "--json").output
        for (code, what) in Self.passing where poolSize > 1 {
            #expect(errors.contains(code), "\(what)")
        }
    }

    @Test("INV-6: rights that are taken away stop the integration; given back, it goes on")
    func revokedRights() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.makeDatabase()
        let role = "working_" + String(url.split(separator: "/").last!)
        _ = try server.run(
            """
            CREATE ROLE \(role) LOGIN; \(Configurations.keylessTable);
            GRANT ALL ON SCHEMA public TO \(role); GRANT ALL ON journal TO \(role)
            """, url: url)
        let own = url.replacing("postgres@", with: "\(role)@")
        try program.apply(Configurations.keyless(kind: "postgresql", url: own, size: 3))
        try journal.append(0..<10)
        #expect(try program.run("sync", "--until-idle").status == 0)
        _ = try server.run("REVOKE ALL ON journal FROM \(role)", url: url)
        try journal.append(10..<20)
        let stopped = try program.run("sync", "--until-idle")
        #expect(stopped.status == 5)
        #expect(stopped.errors.contains("permission denied"))
        #expect(stopped.errors.contains("integrations resume log"))
        // Asked again it says the same, with the target's code.
        let again = try program.run("sync", "--until-idle")
        #expect(again.status == 5 && again.errors.contains("(42501)"))
        _ = try server.run("GRANT ALL ON journal TO \(role)", url: url)
        #expect(try program.run("integrations", "resume", "log").status == 0)
        #expect(try program.run("sync", "--until-idle").status == 0)
        let expected = (0..<20).map { "C-\($0)" }.sorted()
        let found = rows(try server.run("SELECT clientId FROM journal", url: url))
        #expect(difference(found, expected) == [])
    }

    @Test("INV-6: a worker that wakes after another took its lanes over writes nothing")
    func suspended() throws {
        let server = try PostgresServer.shared.get()
        let target = try Target("postgresql", in: scratch)
        // Rows from the twentieth on wait for the test, so that it can stop the worker before them.
        _ = try target.run(
            """
            \(Configurations.keylessTable);
            CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock_shared(1);
                RETURN NEW;
            END $$;
            CREATE TRIGGER pass BEFORE INSERT ON journal FOR EACH ROW
                WHEN (substr(NEW.clientId, 3)::int >= 20) EXECUTE FUNCTION pass();
            """)
        let lock = try server.lock(
            url: target.url, taking: "DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); END $$")
        try program.apply(Configurations.keyless(kind: "postgresql", url: target.url, size: 1))
        try journal.append(0..<60)
        let first = try program.start(["sync", "--until-idle"])
        let waiting =
            "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while first.isRunning, try target.run("SELECT count(*) \(waiting)") != "4" {}
        first.suspend()
        // The server ends what a suspended worker began, or it would hold the lanes' rows.
        while try target.run("SELECT pg_cancel_backend(pid) \(waiting)") != "" {}
        try lock.release()
        #expect(try target.run("SELECT count(*) >= 16 FROM journal") == "t")
        let copy = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: scratch.path("data"), toPath: copy.path("data"))
        let other = Program(directory: copy.path)
        let second = try other.run("sync", "--until-idle")
        first.send(SIGCONT)
        let woken = try first.wait()
        #expect(second.status == 0, "\(second.errors)")
        #expect(woken.status == 5, "\(woken.errors)")
        #expect(
            ["another worker", "another copy of this ledger"].contains {
                woken.errors.contains($0)
            }, "\(woken.errors)")
        try journal.expectExactlyOnce(target, 60, "the copy", by: other)
    }
}
