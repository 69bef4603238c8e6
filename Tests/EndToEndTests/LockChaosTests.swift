import Foundation
import ServerTesting
import Testing

/// Somebody else's session locks what a worker needs, in the other order or for long: no row is
/// lost or doubled, whoever has to give way.
@Suite(.serialized) struct LockChaosTests {
    private let journal: Journal

    init() throws { journal = try Journal() }

    /// Who a deadlock is resolved against.
    enum Victim: CaseIterable {
        case worker, other
    }

    /// One lane, so that the other session can wait for its row of `segledger_cursor`.
    private func deliverSome(_ target: Target) throws {
        try journal.apply(target, settings: "pool_size: 1")
        try journal.append(0..<3, segments: 1)
        try journal.finish()
        try journal.append(3..<30, segments: 1)
    }

    private static let lockRow = "UPDATE segledger_cursor SET queries = queries + 0"

    /// Expects that the worker tried again where it was the victim, and did not have to else.
    private func expectResolved(
        _ victim: Victim, code: String, _ worker: Program.Running, _ other: LockingClient,
        _ target: Target
    ) throws {
        if victim == .worker {
            try journal.waitForError(code, worker)
            #expect(worker.isRunning)
        }
        try other.release()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        let errors = try journal.program.run("errors", "log", "--json").output
        #expect(errors.contains(code) == (victim == .worker), "\(errors)")
        try journal.expectExactlyOnce(target, 30, "victim: \(victim)")
    }

    /// Sessions of this database that wait for a lock.
    private static let postgresWaiting =
        "SELECT count(*) FROM pg_stat_activity "
        + "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    @Test(
        "INV-6: a deadlock of PostgreSQL's costs no row, whoever is its victim",
        arguments: Victim.allCases)
    func postgresDeadlock(_ victim: Victim) throws {
        let server = try PostgresServer.shared.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try deliverSome(target)
        // Who waits longest for something looks whether it is a deadlock, and ends itself.
        let database = target.url.split(separator: "/").last!
        let (workers, others) = victim == .worker ? ("10ms", "1h") : ("1h", "10ms")
        _ = try target.run(
            """
            ALTER DATABASE \(database) SET deadlock_timeout = '\(workers)';
            CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock(1);
                PERFORM pg_advisory_xact_lock(2);
                RETURN NEW;
            END $$;
            CREATE TRIGGER pass BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION pass();
            """)
        func take(_ number: Int) -> String {
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(\(number)); END $$"
        }
        let gate = try server.lock(
            url: target.url, taking: victim == .worker ? take(1) : "SET LOCAL work_mem = 64")
        let other = try server.lock(
            url: target.url, taking: "SET LOCAL deadlock_timeout = '\(others)'; \(take(2))")
        let worker = try journal.sync()
        while worker.isRunning, try target.run(Self.postgresWaiting) != "1" {}
        other.send(Self.lockRow)
        if victim == .worker {
            while worker.isRunning, try target.run(Self.postgresWaiting) != "2" {}
        }
        try gate.release()
        try expectResolved(victim, code: "40P01", worker, other, target)
    }

    @Test(
        "INV-6: a deadlock of MariaDB's costs no row, whoever is its victim",
        arguments: Victim.allCases)
    func mariaDBDeadlock(_ victim: Victim) throws {
        let server = try MariaDBServer.shared.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try deliverSome(target)
        // The victim is who has written less.
        _ = try target.run(
            """
            CREATE TABLE gate (id int PRIMARY KEY); INSERT INTO gate VALUES (1);
            CREATE TABLE ballast (id int);
            CREATE TRIGGER weigh BEFORE INSERT ON journal FOR EACH ROW
                INSERT INTO ballast SELECT seq FROM seq_1_to_100;
            CREATE TRIGGER wait BEFORE INSERT ON journal FOR EACH ROW FOLLOWS weigh
                \(Target.passGate)
            """)
        let weight = victim == .worker ? "INSERT INTO ballast SELECT seq FROM seq_1_to_9999; " : ""
        let other = try server.lock(
            url: target.url,
            taking: weight + Target.passGate)
        let worker = try journal.sync()
        while worker.isRunning, try target.sessionsAtGate() != 1 {}
        other.send(Self.lockRow)
        try expectResolved(victim, code: "1213", worker, other, target)
    }

    @Test("INV-6: an SQLite file that another process writes to is waited for")
    func sqliteBusy() throws {
        let target = try Target("sqlite", in: journal.scratch)
        _ = try target.run(Configurations.keylessTable)
        try journal.apply(target, settings: "statement_timeout: 50ms")
        try journal.append(0..<30)
        let lock = try LockingClient.sqlite(target.url)
        let worker = try journal.sync()
        try journal.waitForError("SQLITE_BUSY", worker)
        #expect(worker.isRunning)
        try lock.release()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        try journal.expectExactlyOnce(target, 30, "busy")
    }
}
