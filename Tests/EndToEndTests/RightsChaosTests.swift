import ServerTesting
import Testing

/// Rights and passwords that are taken from a worker stop its integration with the reason; given
/// back, it goes on where it was.
@Suite(.serialized) struct RightsChaosTests {
    private let journal: Journal

    init() throws { journal = try Journal() }

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
        try journal.expectStop(target, url: user.url, why: "the user may not do this to the table")
        {
            _ = try target.run("REVOKE INSERT ON journal FROM \(user.name)")
        } returns: {
            _ = try target.run("GRANT INSERT ON journal TO \(user.name)")
        }
    }

    @Test("INV-6: a password of MariaDB's that was changed stops the integration")
    func mariaDBPassword() throws {
        let target = try Target("mysql", in: journal.scratch)
        let user = try makeUser(target)
        try journal.expectStop(target, url: user.url, why: "refuses the user or its password") {
            _ = try target.run("ALTER USER \(user.name) IDENTIFIED BY 'another'")
        } returns: {
            _ = try target.run("ALTER USER \(user.name) IDENTIFIED BY ''")
        }
    }
}
