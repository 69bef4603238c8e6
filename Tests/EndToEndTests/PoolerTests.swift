import Foundation
import ServerTesting
import Testing

/// PgBouncer between the worker and PostgreSQL: what a session prepared is gone in its
/// next transaction.
@Suite struct PoolerTests {
    private let journal: Journal

    init() throws {
        journal = try Journal()
    }

    private static let conditional =
        "{if $lead.CustomID exists}'{$lead.CustomID}'{else}NULL{end}"

    @Test(
        "INV-6: behind a pooler that changes connections, and when these end, all arrives once",
        arguments: [false, true])
    func transactions(asText: Bool) throws {
        let server = try PostgresServer.shared.get()
        let pooler = try PgBouncer(before: server)
        defer { pooler.stop() }
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        let url = target.url.replacing(":\(server.port)/", with: ":\(pooler.port)/")
        let yaml = Configurations.keyless(kind: "postgresql", url: url, size: 5)
        // A query with a condition goes as text.
        try journal.program.apply(
            asText ? yaml.replacing("'{$lead.CustomID}', 1", with: "\(Self.conditional), 1") : yaml)
        try journal.append(0..<200)
        try journal.finish()
        try journal.expectExactlyOnce(target, 200, "as text: \(asText)")
        let errors = try journal.program.run("errors", "log").output
        #expect(errors.contains("no errors"), "\(errors)")

        try journal.append(200..<3000)
        let worker = try journal.sync()
        let database = try #require(target.url.split(separator: "/").last)
        for _ in 0..<5 where worker.isRunning {
            _ = try server.run(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = '\(database)'
                """)
        }
        let result = try worker.wait()
        #expect(result.status == 0, "\(result.errors)")
        try journal.expectExactlyOnce(target, 3000, "as text: \(asText)")
    }

    @Test("INV-7: behind a pooler, what others left in its connections changes no delivery")
    func leftovers() throws {
        let server = try PostgresServer.shared.get()
        let pooler = try PgBouncer(before: server)
        defer { pooler.stop() }
        let target = try Target(server)
        _ = try target.run(Configurations.keylessTable)
        let url = target.url.replacing(":\(server.port)/", with: ":\(pooler.port)/")
        // One client after the other, over connections that take turns.
        for _ in 0..<6 {
            _ = try server.run("SET bytea_output = 'escape'", url: url)
            _ = try server.run("SET extra_float_digits = 0", url: url)
            _ = try server.run("SET transform_null_equals = on", url: url)
        }
        let yaml = Configurations.keyless(kind: "postgresql", url: url, size: 5)
        try journal.program.apply(yaml)
        try journal.append(0..<100)
        try journal.finish()
        try journal.expectExactlyOnce(target, 100, "leftovers")
        let errors = try journal.program.run("errors", "log").output
        #expect(errors.contains("no errors"), "\(errors)")
    }
}
