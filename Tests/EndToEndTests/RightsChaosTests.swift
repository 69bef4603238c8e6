import ServerTesting
import Testing

/// Rights and passwords that are taken from a worker stop its integration with the reason; given
/// back, it goes on where it was.
@Suite(.serialized) struct RightsChaosTests {
    private let journal: Journal

    init() throws { journal = try Journal() }

    /// `takes` is done between two runs: the second stops and says `why`, and after `returns` and a
    /// resume nothing is missing.
    private func expectStop(
        _ target: Target, url: String, why: String, takes: () throws -> Void,
        returns: () throws -> Void
    ) throws {
        try journal.apply(target, url: url)
        try journal.append(0..<10)
        try journal.finish()
        try takes()
        try journal.append(10..<40)
        let stopped = try journal.sync().wait()
        #expect(stopped.status == 5)
        #expect(stopped.errors.contains(why), "\(stopped.errors)")
        #expect(stopped.errors.contains("hint: "), "\(stopped.errors)")
        try returns()
        // Not by itself: it is the operator's to say that it is mended.
        #expect(try journal.sync().wait().status == 5)
        #expect(try journal.program.run("integrations", "resume", "log").status == 0)
        try journal.finish()
        try journal.expectExactlyOnce(target, 40, "\(why)")
    }

    /// A MariaDB user of the database's name, with rights on two tables, and its URL.
    private func makeUser(_ target: Target) throws -> (name: String, url: String) {
        let database = String(target.url.split(separator: "/").last!)
        _ = try target.run(
            """
            \(Configurations.keylessTable); CREATE USER \(database);
            GRANT CREATE, SELECT, INSERT, UPDATE ON \(database).segledger_cursor TO \(database);
            GRANT INSERT ON \(database).journal TO \(database)
            """)
        return (database, target.url(as: database))
    }

    @Test("INV-6: a right of MariaDB's that is taken away stops the integration")
    func mariaDBRight() throws {
        let target = try Target("mysql", in: journal.scratch)
        let user = try makeUser(target)
        try expectStop(target, url: user.url, why: "(1142)") {
            _ = try target.run("REVOKE INSERT ON journal FROM \(user.name)")
        } returns: {
            _ = try target.run("GRANT INSERT ON journal TO \(user.name)")
        }
    }

    @Test("INV-6: a password of MariaDB's that was changed stops the integration")
    func mariaDBPassword() throws {
        let target = try Target("mysql", in: journal.scratch)
        let user = try makeUser(target)
        try expectStop(target, url: user.url, why: "(1045)") {
            _ = try target.run("ALTER USER \(user.name) IDENTIFIED BY 'another'")
        } returns: {
            _ = try target.run("ALTER USER \(user.name) IDENTIFIED BY ''")
        }
    }
}
