import Foundation
import ServerTesting
import Testing

/// A worker that is killed, suspended, or started twice: no row is lost or doubled.
@Suite(.serialized) struct WorkerChaosTests {
    private let journal: Journal

    init() throws { journal = try Journal() }

    @Test(
        "INV-6: a worker that is killed over and over loses no row and doubles none",
        arguments: ["sqlite", "mysql", "postgresql"])
    func killed(kind: String) throws {
        var random = SeededGenerator()
        let place: Comment = "seed \(SeededGenerator.seed)"
        let target = try Target(kind, in: journal.scratch)
        _ = try target.run(Configurations.keylessTable)
        try journal.apply(target, size: 1)
        var count = 0
        for _ in 0..<6 {
            try journal.append(count..<count + 60)
            let wanted = count + Int.random(in: 1..<50, using: &random)
            count += 60
            let worker = try journal.sync()
            while worker.isRunning, Int(try target.run("SELECT count(*) FROM journal"))! < wanted {
            }
            worker.kill()
            _ = try worker.wait()
        }
        try journal.finish(place)
        try journal.expectExactlyOnce(target, count, place)
    }

    /// Runs a copy of `first`, which is suspended, over its lanes, and wakes it.
    private func expectTakenOver(_ target: Target, _ count: Int, _ first: Program.Running) throws {
        let refused = try journal.sync().wait()
        #expect(refused.status == 1)
        #expect(refused.errors.contains("is held by another segledger process"))
        let copy = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: journal.scratch.path("data"), toPath: copy.path("data"))
        let other = Program(directory: copy.path)
        let second = try other.run("sync", "--until-idle", "--give-up-after", "300")
        #expect(second.status == 0, "\(second.errors)")
        first.send(SIGCONT)
        let woken = try first.wait()
        #expect(woken.status == 5, "\(woken.errors)")
        #expect(
            ["another worker", "another copy of this ledger"].contains {
                woken.errors.contains($0)
            }, "\(woken.errors)")
        try journal.expectExactlyOnce(target, count, "the copy", by: other)
    }

    @Test("INV-6: a worker of MariaDB's that wakes after another took its lanes writes nothing")
    func mariaDBSuspended() throws {
        let server = try MariaDBServer.shared.get()
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        try journal.apply(target, size: 1, settings: "statement_timeout: 10s")
        try journal.append(0..<20)
        try journal.finish()
        try journal.append(20..<60)
        _ = try target.run(
            """
            CREATE TABLE gate (id int PRIMARY KEY); INSERT INTO gate VALUES (1);
            CREATE TRIGGER pass BEFORE INSERT ON journal FOR EACH ROW
                \(Target.passGate)
            """)
        let lock = try server.lock(url: target.url, taking: Target.passGate)
        let first = try journal.sync()
        while first.isRunning, try target.sessionsAtGate() != 4 {}
        first.suspend()
        // The server goes on with what was sent, and what comes next does not come.
        try lock.release()
        try expectTakenOver(target, 60, first)
    }

    /// Nobody holds any lock of the file's.
    private func isFree(_ path: String) -> Bool {
        do {
            _ = try sqlite(path, "BEGIN EXCLUSIVE; COMMIT", waiting: 2000)
            return true
        } catch {
            return false
        }
    }

    @Test(
        "INV-6: a worker of an SQLite file that wakes after another took its lanes writes nothing")
    func sqliteSuspended() throws {
        let target = try Target("sqlite", in: journal.scratch)
        _ = try target.run(Configurations.keylessTable)
        try journal.apply(target, size: 1)
        var count = 0
        // A lock that comes when all is delivered says nothing, and who is stopped while it looks
        // for the lock can hold another one, which nobody but itself gives back: once more, with
        // more to deliver.
        while true {
            try journal.append(count..<count + 500)
            let before = count
            count += 500
            let first = try journal.sync()
            while first.isRunning, try target.run("SELECT count(*) FROM journal") == "\(before)" {}
            let lock = try LockingClient.sqlite(target.url)
            first.suspend()
            try lock.release()
            guard isFree(target.url),
                Int(try target.run("SELECT count(*) FROM journal"))! < count
            else {
                first.send(SIGCONT)
                _ = try first.wait()
                continue
            }
            return try expectTakenOver(target, count, first)
        }
    }
}
