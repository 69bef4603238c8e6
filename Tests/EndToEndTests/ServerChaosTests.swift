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

    /// A worker is stopped in the middle of its deliveries, `fails` is done to the server, and
    /// `mends` once the worker has told of `code`.
    private func expectWaitedOut(
        _ target: Target, url: String, code: String, fails: () throws -> Void,
        mends: () throws -> Void
    ) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let proxy = try TCPProxy(to: target.port)
        defer { proxy.stop() }
        try journal.apply(
            target, url: url.replacing(":\(target.port)/", with: ":\(proxy.port)/"))
        try journal.append(0..<10)
        try journal.finish(place)
        try journal.append(10..<100)
        proxy.hold(after: Int.random(in: 2500..<5000, using: &random))
        let worker = try journal.sync()
        while worker.isRunning, !proxy.isHeld {}
        #expect(proxy.isHeld, place)
        try fails()
        proxy.letGo()
        try journal.waitForError(code, worker)
        #expect(worker.isRunning, place)
        try mends()
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors), \(place)")
        try journal.expectExactlyOnce(target, 100, place)
    }

    // MARK: Stopped

    @Test(
        "INV-6: PostgreSQL that stops or crashes amid deliveries, and starts again, misses nothing",
        arguments: ServerEnd.allCases)
    func postgresRestarts(_ how: ServerEnd) throws {
        let server = try Self.postgres.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try expectWaitedOut(
            target, url: target.url, code: "0800", fails: { try server.end(how) },
            mends: { try server.startAgain() })
    }

    @Test(
        "INV-6: MariaDB that stops or crashes amid deliveries, and starts again, misses nothing",
        arguments: ServerEnd.allCases)
    func mariaDBRestarts(_ how: ServerEnd) throws {
        let server = try Self.mariaDB.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try expectWaitedOut(
            target, url: target.url, code: #""target_code":"20"#,
            fails: { try server.end(how) }, mends: { try server.startAgain() })
    }

    // MARK: Read-only

    @Test("INV-6: PostgreSQL that turns read-only is waited out")
    func postgresReadOnly() throws {
        let target = try Target(Self.postgres.get())
        _ = try target.run(Configurations.keylessTable)
        try expectWaitedOut(target, url: target.url, code: "25006") {
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
        try expectWaitedOut(target, url: target.url(as: "worker"), code: "1290") {
            _ = try target.run("SET GLOBAL read_only = 1")
        } mends: {
            _ = try target.run("SET GLOBAL read_only = 0")
        }
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
