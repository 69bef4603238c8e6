import Foundation
import ServerTesting
import Testing

/// A server that stops, turns read-only, fills up or lets nobody in while a worker delivers: the
/// worker says so, waits, and goes on by itself; no row is lost or doubled.
@Suite(.serialized) struct ServerChaosTests {
    /// Seven connections for who is no superuser.
    private static let postgres = Result { try PostgresServer(options: ["max_connections=10"]) }
    /// What it has committed outlives a crash, and `max_user_connections` can be set.
    private static let mariaDB = Result {
        try MariaDBServer(options: [
            "innodb-flush-log-at-trx-commit=2", "max-user-connections=100",
        ])
    }

    private let journal: Journal

    init() throws { journal = try Journal() }

    // MARK: Stopped

    @Test(
        "INV-6: PostgreSQL that stops or crashes amid deliveries, and starts again, misses nothing",
        arguments: ServerEnd.allCases)
    func postgresRestarts(_ how: ServerEnd) throws {
        let server = try Self.postgres.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try journal.expectWaitedOut(
            target, url: target.url, code: "0800", fails: { server.end(how) },
            mends: { try server.startAgain() })
    }

    @Test(
        "INV-6: MariaDB that stops or crashes amid deliveries, and starts again, misses nothing",
        arguments: ServerEnd.allCases)
    func mariaDBRestarts(_ how: ServerEnd) throws {
        let server = try Self.mariaDB.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try journal.expectWaitedOut(
            target, url: target.url, code: #""target_code":"20"#,
            fails: { server.end(how) }, mends: { try server.startAgain() })
    }

    // MARK: Read-only

    @Test("INV-6: PostgreSQL that turns read-only is waited out")
    func postgresReadOnly() throws {
        let target = try Target(Self.postgres.get())
        _ = try target.run(Configurations.keylessTable)
        try journal.expectWaitedOut(target, url: target.url, code: "25006") {
            _ = try target.run("ALTER SYSTEM SET default_transaction_read_only = on")
            _ = try target.run("SELECT pg_reload_conf()")
            while try target.run("SHOW default_transaction_read_only") != "on" {}
        } mends: {
            _ = try target.run("ALTER SYSTEM RESET default_transaction_read_only")
            _ = try target.run("SELECT pg_reload_conf()")
        }
    }

    @Test("INV-6: MariaDB that turns read-only is waited out")
    func mariaDBReadOnly() throws {
        let target = try mariaDBTarget()
        try journal.expectWaitedOut(target, url: target.url(as: "worker"), code: "1290") {
            _ = try target.run("SET GLOBAL read_only = 1")
        } mends: {
            _ = try target.run("SET GLOBAL read_only = 0")
        }
    }

    // MARK: Without room

    private static let disks = ConditionTrait.enabled(
        if: geteuid() == 0, "only root can mount a small disk")

    /// Gives `body` a disk of so many bytes, or prints why there is none.
    private func withSmallDisk(
        owner: String, byteCount: Int, _ body: (SmallDisk) throws -> Void
    ) throws {
        let disk: SmallDisk
        do {
            disk = try SmallDisk(
                in: journal.scratch, owner: owner, byteCount: byteCount)
        } catch {
            print("no disk could be mounted, so nothing was tested: \(error)")
            return
        }
        defer { #expect(throws: Never.self) { try disk.unmount() } }
        try body(disk)
    }

    @Test("INV-6: PostgreSQL's disk that is full is waited out, until there is room", disks)
    func postgresDiskFull() throws {
        let server = try Self.postgres.get()
        try withSmallDisk(owner: "postgres", byteCount: 65_536) { disk in
            let target = try Target(server)
            // Eight pages of seven rows each.
            _ = try server.run("CREATE TABLESPACE small LOCATION '\(disk.path)'")
            _ = try target.run(Configurations.keylessTable + " TABLESPACE small")
            _ = try target.run("ALTER TABLE journal ADD filler char(1000) DEFAULT 'x'")
            try journal.expectWaitedOut(
                target, url: target.url, code: "53100", fails: {},
                mends: { try disk.grow(to: 10_000_000) })
            let database = target.url.split(separator: "/").last!
            _ = try server.run("DROP DATABASE \(database)")
            _ = try server.run("DROP TABLESPACE small")
        }
    }

    @Test("INV-6: MariaDB's disk that is full is waited out, until there is room", disks)
    func mariaDBDiskFull() throws {
        try withSmallDisk(owner: "mysql", byteCount: 131_072) { disk in
            let target = try Target(Self.mariaDB.get())
            _ = try target.run(
                Configurations.keylessTable + " DATA DIRECTORY='\(disk.path)'")
            _ = try target.run("ALTER TABLE journal ADD filler text DEFAULT (repeat('x', 2000))")
            try journal.expectWaitedOut(
                target, url: target.url, code: "1114", fails: {},
                mends: { try disk.grow(to: 50_000_000) })
            _ = try target.run("DROP TABLE journal")
        }
    }

    // MARK: Locked

    @Test("INV-6: rows that another session of MariaDB's keeps locked are waited for")
    func mariaDBLockWait() throws {
        let server = try Self.mariaDB.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try journal.apply(target)
        try journal.append(0..<10)
        try journal.finish()
        try journal.append(10..<40)
        _ = try target.run("SET GLOBAL innodb_lock_wait_timeout = 0")
        let lock = try server.lock(
            url: target.url, taking: "UPDATE segledger_cursor SET queries = queries + 1")
        let worker = try journal.sync()
        try journal.waitForError("1205", worker)
        #expect(worker.isRunning)
        try lock.release()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        _ = try target.run("SET GLOBAL innodb_lock_wait_timeout = 50")
        try journal.expectExactlyOnce(target, 40, "a lock wait")
    }

    // MARK: Full of others

    @Test("INV-6: PostgreSQL whose connections others have taken is waited out")
    func postgresConnections() throws {
        let server = try Self.postgres.get()
        let target = try Target(server)
        let database = String(target.url.split(separator: "/").last!)
        _ = try target.run(
            """
            \(Configurations.keylessTable); CREATE ROLE \(database) LOGIN;
            GRANT ALL ON journal TO \(database); GRANT ALL ON SCHEMA public TO \(database)
            """)
        let url = target.url(as: database)
        try expectLetIn(target, url: url, code: "53300", count: 7) {
            try server.lock(url: url, taking: "SET LOCAL work_mem = 64")
        }
    }

    /// What MariaDB says of too many sessions: of all, of one user's by its own limit, and of one
    /// user's by the server's.
    private static let limits: [(code: String, set: String, reset: String, count: Int)] = [
        ("1040", "SET GLOBAL max_connections = 10", "SET GLOBAL max_connections = 200", 10),
        (
            "1226", "ALTER USER worker WITH MAX_USER_CONNECTIONS 1",
            "ALTER USER worker WITH MAX_USER_CONNECTIONS 0", 1
        ),
        (
            "1203", "SET GLOBAL max_user_connections = 1",
            "SET GLOBAL max_user_connections = 100", 1
        ),
    ]

    @Test("INV-6: MariaDB whose connections others have taken is waited out", arguments: limits)
    func mariaDBConnections(_ limit: (code: String, set: String, reset: String, count: Int)) throws
    {
        let server = try Self.mariaDB.get()
        let target = try mariaDBTarget()
        _ = try target.run(limit.set)
        try expectLetIn(target, url: target.url(as: "worker"), code: limit.code, count: limit.count)
        {
            try server.lock(url: target.url, user: "worker", taking: "DO 0")
        }
        _ = try target.run(limit.reset)
    }

    /// Limits of `max_prepared_stmt_count`: none at all, and one, so that one lane has one and the
    /// next none.
    @Test("MariaDB that takes no more prepared statements gets text", arguments: [0, 1])
    func mariaDBPreparedStatements(_ limit: Int) throws {
        let target = try mariaDBTarget()
        _ = try target.run("SET GLOBAL max_prepared_stmt_count = \(limit)")
        try journal.apply(target)
        try journal.append(0..<50)
        try journal.finish()
        _ = try target.run("SET GLOBAL max_prepared_stmt_count = DEFAULT")
        try journal.expectExactlyOnce(target, 50, "limit \(limit)")
    }

    /// A worker that starts while `count` sessions are there waits until they have gone.
    private func expectLetIn(
        _ target: Target, url: String, code: String, count: Int,
        _ session: () throws -> LockingClient
    ) throws {
        try journal.apply(target, url: url, settings: "pool_size: 1")
        try journal.append(0..<20)
        let sessions = try (0..<count).map { _ in try session() }
        let worker = try journal.sync()
        try journal.waitForError(code, worker)
        #expect(worker.isRunning)
        for one in sessions { try one.release() }
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        try journal.expectExactlyOnce(target, 20, "\(code)")
    }

    /// A database of which the user `worker` has all rights, and none beyond.
    private func mariaDBTarget() throws -> Target {
        let target = try Target(Self.mariaDB.get())
        let database = target.url.split(separator: "/").last!
        _ = try target.run(
            """
            \(Configurations.keylessTable); CREATE OR REPLACE USER worker;
            GRANT ALL ON \(database).* TO worker
            """)
        return target
    }
}
