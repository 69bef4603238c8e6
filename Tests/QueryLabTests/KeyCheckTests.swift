import Connector
import KindTesting
import QueryLab
import SQLTemplate
import SegmentModel
import Testing

/// The check of keys never advises a key that lets rows double, and its advice, once taken, is
/// enough.
@Suite("The key of an upsert is what the upsert does not update", .serialized)
struct KeyCheckTests {
    private static let kinds: [ConnectorKind] = [.postgresql, .mysql, .sqlite]

    private static func found(
        _ sql: String, _ query: QueryKind, _ database: FormDatabase, oneSegment: Bool = false
    ) async throws -> [TemplateDiagnostic] {
        let use = QueryUse(query, batch: .batch(size: 10), coversOneSegment: oneSegment)
        let rules = database.definition.sqlRules
        let compiled = TemplateCompiler(dialect: SQLDialect(rules)).compile(sql, for: use)
        let template = try #require(compiled.template, "\(sql): \(compiled.diagnostics)")
        let factory = rules.kind.factory
        let check = TableCheck(
            factory.dialect(for: []), factory.catalog(for: []), database.session)
        return try await check.diagnostics(template, for: use, source: sql)
    }

    private static func upsert(_ kind: ConnectorKind, on columns: String, _ set: String) -> String {
        kind == .mysql
            ? "ON DUPLICATE KEY UPDATE \(set)" : "ON CONFLICT (\(columns)) DO UPDATE SET \(set)"
    }

    private static func save(_ database: FormDatabase, _ sql: String, _ name: String) async throws {
        let compiled = TemplateCompiler(dialect: SQLDialect(database.definition.kind))
            .compile(sql, query: .saveSegment, mode: .batch)
        let scope = RenderScope(
            segmentID: SegmentID(42), segmentName: name, integrationName: "crm",
            eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
            deliveryID: "d-1")
        _ = try await database.session.execute(try #require(compiled.template).render([], scope))
    }

    @Test(
        "The hint names a key without an updated column; obeyed, a renamed segment has one row",
        arguments: kinds)
    func renamed(_ kind: ConnectorKind) async throws {
        let tables = "CREATE TABLE segments (name varchar(99), segment_id bigint, v varchar(9))"
        let database = try await FormDatabase(kind, tables: tables)
        let sql =
            "INSERT INTO segments (segment_id, name) VALUES ({segment_id}, '{segment_name}') "
            + Self.upsert(kind, on: "segment_id", "name = '{segment_name}'")
        let fault = try #require(try await Self.found(sql, .saveSegment, database).first)
        #expect(fault.rule == "key" && fault.severity == .error)
        let hint = try #require(fault.hint)
        #expect(hint.hasSuffix("(segment_id)"), "\(hint)")
        try await database.run(hint)
        #expect(try await Self.found(sql, .saveSegment, database).isEmpty)
        for name in ["VIP", "Renamed"] { try await Self.save(database, sql, name) }
        let names = try await database.session.query(Array("SELECT name FROM segments".utf8))
        #expect(names == [["Renamed"]])
        await database.close()
    }

    @Test(
        "A key that holds an updated column, is not inserted or is of all profiles does not count",
        arguments: kinds)
    func wrongKeys(_ kind: ConnectorKind) async throws {
        let database = try await FormDatabase(
            kind,
            tables: """
                CREATE TABLE a (s bigint, n varchar(99), UNIQUE (s, n));
                CREATE TABLE b (id integer PRIMARY KEY, s bigint, n varchar(99));
                CREATE TABLE d (s bigint UNIQUE, c varchar(99), n varchar(99));
                CREATE TABLE e (s bigint, c varchar(99), n varchar(99), UNIQUE (s, c));
                CREATE TABLE f (s bigint, c varchar(99) UNIQUE, n varchar(99));
                """)
        func save(_ table: String, on columns: String) -> String {
            "INSERT INTO \(table) (s, n) VALUES ({segment_id}, '{segment_name}') "
                + Self.upsert(kind, on: columns, "n = '{segment_name}'")
        }
        func add(_ table: String, on columns: String, _ set: String) -> String {
            "INSERT INTO \(table) (s, c, n) VALUES {for $l = $batch}({segment_id}, '{$l.c}', 'n')"
                + "{autocomma}{end} " + Self.upsert(kind, on: columns, set)
        }
        for (query, sql, says) in [
            (QueryKind.saveSegment, save("a", on: "s, n"), "updates: a new value of it"),
            (.saveSegment, save("b", on: "s"), "key"),
            (.addProfiles, add("d", on: "s", "n = 'x'"), "key"),
            (.addProfiles, add("e", on: "s, c", "n = 'x'"), ""),
            (.addProfiles, add("e", on: "s, c", "c = e.c"), ""),
            (.addProfiles, add("f", on: "c", "n = 'x'"), "two segments has one row"),
        ] {
            let found = try await Self.found(
                kind == .mysql ? sql.replacing("c = e.c", with: "c = c") : sql, query, database)
            if says.isEmpty {
                #expect(found.isEmpty, "\(sql): \(found)")
            } else {
                #expect(found.contains { $0.message.contains(says) }, "\(sql): \(found)")
            }
            for hint in found.compactMap(\.hint) where hint.contains("UNIQUE") {
                #expect(!hint.contains("n)"), "\(hint)")
            }
        }
        let one = try await Self.found(
            add("f", on: "c", "n = 'x'"), .addProfiles, database, oneSegment: true)
        #expect(one.isEmpty, "\(one)")
        await database.close()
    }
}
