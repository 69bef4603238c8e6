import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// What targets say of their tables and settings, for the grade (INV-6).
@Suite("What tables and settings are worth")
struct GradeFactsTests {
    private static func facts(
        _ session: any TargetSession, _ kind: ConnectorKind, _ tables: String...
    ) async throws -> GradeFacts {
        let queries = tables.map { "INSERT INTO \($0) (id) VALUES (1)" }.joined(separator: "; ")
        let compiled = TemplateCompiler(dialect: SQLDialect(kind)).compile(
            queries, for: QueryUse(.saveSegment, batch: .batch(size: 10)))
        return try await session.gradeFacts(
            of: GradeFacts.Tables(try #require(compiled.template).statements))
    }

    @Test(
        "INV-6: every target answers, of tables that are sound and of none",
        arguments: TargetVariant.all)
    func sound(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        try await target.withSession { session in
            let facts = try await Self.facts(session, target.sqlKind, "people", "nowhere")
            #expect(facts.flaws.filter { !$0.isSetting }.isEmpty, "\(facts)")
            #expect(facts.repeats.count == (variant.kind == .clickhouse ? 2 : 0))
        }
    }

    @Test("INV-6: MariaDB's engines without transactions are found, also behind views")
    func engines() async throws {
        try await Target(.mysql).withSession { session in
            func flaws(_ definition: String, _ name: String) async throws -> [GradeFacts.Flaw] {
                _ = try await session.execute(sql(definition))
                return try await Self.facts(session, .mysql, name).flaws.filter { !$0.isSetting }
            }
            for engine in ["MyISAM", "Aria", "MEMORY", "CSV"] {
                let name = "t_\(engine.lowercased())"
                let found = try await flaws(
                    "CREATE TABLE \(name) (id int NOT NULL) ENGINE = \(engine)", name)
                #expect(found.map(\.effect) == [.outsideTransaction], "\(engine)")
                #expect(found.first?.reason.contains(engine) == true, "\(found)")
                #expect(found.first?.reason.contains(name) == true, "\(found)")
            }
            #expect(
                try await flaws("CREATE TABLE sound (id int) ENGINE = InnoDB", "sound").isEmpty)
            #expect(
                try await flaws("CREATE VIEW v AS SELECT * FROM t_myisam AS x", "v").count == 1)
            #expect(
                try await flaws(
                    "CREATE VIEW w AS SELECT v.id FROM v WHERE v.id > 0", "w"
                ).count == 1)
            #expect(try await flaws("CREATE VIEW u AS SELECT id FROM sound", "u").isEmpty)
            // The hint is what it takes.
            let hint = try #require(
                try await Self.facts(session, .mysql, "t_aria").flaws.first?.hint)
            _ = try await session.execute(sql(hint))
            #expect(try await flaws("DO 0", "t_aria").isEmpty)
        }
    }

    @Test("INV-6: what MariaDB does not flush is told")
    func flushing() async throws {
        let server = try MariaDBServer.shared.get()
        let value = try server.run("SELECT @@innodb_flush_log_at_trx_commit")
        try await Target(.mysql).withSession { session in
            let flaws = try await Self.facts(session, .mysql, "people").flaws
            let found = flaws.contains { $0.effect == .lostInCrash && $0.isSetting }
            #expect(found == (value != "1"), "\(value): \(flaws)")
        }
    }

    @Test("INV-6: PostgreSQL's tables that a crash empties, or that commit elsewhere, are found")
    func postgres() async throws {
        try await Target(.postgresql).withSession { session in
            for statement in [
                "CREATE UNLOGGED TABLE fast (id int)", "CREATE TABLE sound (id int)",
                "CREATE VIEW v AS SELECT * FROM fast", "CREATE VIEW w AS SELECT * FROM v",
                "CREATE TEMPORARY TABLE mine (id int)",
                "CREATE TABLE parts (id int) PARTITION BY LIST (id)",
                "CREATE UNLOGGED TABLE part PARTITION OF parts FOR VALUES IN (1)",
                "CREATE EXTENSION postgres_fdw",
                "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw",
                "CREATE FOREIGN TABLE far (id int) SERVER other",
            ] {
                _ = try await session.execute(sql(statement))
            }
            let expected: [(String, [GradeFacts.Effect])] = [
                ("sound", []), ("fast", [.lostInCrash]), ("w", [.lostInCrash]),
                ("mine", [.lostInCrash]), ("parts", [.lostInCrash]), ("far", [.outsideTransaction]),
            ]
            for (name, effects) in expected {
                let found = try await Self.facts(session, .postgresql, name).flaws
                    .filter { !$0.isSetting }
                #expect(found.map(\.effect) == effects, "\(name): \(found)")
            }
            let flaw = try await Self.facts(session, .postgresql, "fast").flaws
                .first { !$0.isSetting }
            _ = try await session.execute(sql(try #require(flaw?.hint)))
            let after = try await Self.facts(session, .postgresql, "fast").flaws
            #expect(after.filter { !$0.isSetting }.isEmpty, "\(after)")
        }
    }

    @Test("INV-6: SQLite's temporary tables are found, and every session syncs in full")
    func sqlite() async throws {
        try await Target(.sqlite).withSession { session in
            _ = try await session.execute(sql("CREATE TEMPORARY TABLE mine (id int)"))
            let flaws = try await Self.facts(session, .sqlite, "Mine").flaws
            #expect(flaws.map(\.effect) == [.lostInCrash])
        }
    }
}
