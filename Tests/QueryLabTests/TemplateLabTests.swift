import Connector
import KindTesting
import QueryLab
import SQLTemplate
import SegmentModel
import Testing

/// The lab finds what only a real database can show.
@Suite("The lab sees what a query does to values and to other rows", .serialized)
struct TemplateLabTests {
    private static let add =
        "INSERT INTO t (s, c) VALUES {for $l = $batch}({segment_id}, '{$l.c}'){autocomma}{end} "
        + "ON CONFLICT DO NOTHING"
    private static let remove =
        "DELETE FROM t WHERE s = {segment_id} AND c IN "
        + "({for $l = $batch}'{$l.c}'{autocomma}{end})"
    private static let key = "CREATE TABLE t (s bigint, c varchar(80), PRIMARY KEY (s, c))"

    private static func grades(
        _ kind: ConnectorKind, _ tables: String, _ queries: [QueryKind: String],
        oneSegment: Bool = false, profiles: [SampleProfile] = []
    ) async throws -> [QueryKind: LabGrade] {
        let database = try await FormDatabase(kind, tables: tables)
        var definition = IntegrationDefinition(
            name: "lab",
            scope: .init(databaseID: 1, segments: oneSegment ? .ids([SegmentID(1)]) : .all),
            connector: "forms", queries: queries)
        definition.memberKey = "c"
        let lab = try await TemplateLab(
            try CompiledQueries(definition, database.definition, SQLDialect(kind)),
            database.session, kind.factory.catalog(for: []), profiles: profiles)
        let grades = try await lab.grades()
        await database.close()
        return Dictionary(uniqueKeysWithValues: grades.map { ($0.query, $0) })
    }

    @Test("Sound queries are sound", arguments: [ConnectorKind.sqlite, .postgresql])
    func sound(_ kind: ConnectorKind) async throws {
        let grades = try await Self.grades(
            kind, Self.key.replacing("varchar(80)", with: "text"),
            [
                .addProfiles: Self.add, .removeProfiles: Self.remove,
                .clearSegment: "DELETE FROM t WHERE s = {segment_id}",
                .members: "SELECT c FROM t WHERE s = {segment_id}",
            ])
        for (query, grade) in grades { #expect(!grade.isUnsafe, "\(query): \(grade)") }
        #expect(grades[.addProfiles]?.isValueSafe == .safe)
        #expect(grades[.removeProfiles]?.isValueSafe == .safe)
    }

    @Test("A profile without the key that a removal leaves out is noted")
    func missing() async throws {
        let grades = try await Self.grades(
            .sqlite, Self.key,
            [
                .addProfiles: Self.add,
                .removeProfiles:
                    "DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in \"c\"})",
            ])
        let notes = grades[.removeProfiles]?.notes ?? []
        #expect(notes.contains { $0.contains("no removal takes away") }, "\(notes)")
    }

    @Test(
        "A query that reaches rows of another segment is unsafe",
        arguments: [ConnectorKind.sqlite, .postgresql])
    func reaching(_ kind: ConnectorKind) async throws {
        let queries: [QueryKind: String] = [
            .addProfiles: Self.add,
            .removeProfiles: Self.remove.replacing(
                "s = {segment_id} AND", with: "s > -{segment_id} AND"),
            .clearSegment: "DELETE FROM t WHERE s >= {segment_id}",
            .members: "SELECT c FROM t WHERE s >= {segment_id}",
        ]
        let grades = try await Self.grades(kind, Self.key, queries)
        for query in [QueryKind.removeProfiles, .clearSegment, .members] {
            #expect(grades[query]?.isUnsafe == true, "\(query)")
        }
        #expect(grades[.removeProfiles]?.works.reason?.contains("another segment") == true)
        // A scope of one segment has no other's rows in its tables.
        let alone = try await Self.grades(kind, Self.key, queries, oneSegment: true)
        for query in [QueryKind.removeProfiles, .clearSegment, .members] {
            #expect(alone[query]?.isUnsafe == false, "\(query): \(alone[query]!)")
        }
    }

    @Test("A column that takes 007 and 7 for one is noted, one that changes a number is unsafe")
    func numbers() async throws {
        let integer = try await Self.grades(
            .sqlite, "CREATE TABLE t (s bigint, c INTEGER, PRIMARY KEY (s, c))",
            [.addProfiles: Self.add, .removeProfiles: Self.remove])
        let notes = integer[.addProfiles]?.notes ?? []
        #expect(notes.contains { $0.contains("leading zeros") }, "\(notes)")
        let real = try await Self.grades(
            .sqlite, "CREATE TABLE t (s bigint, c text, a REAL, PRIMARY KEY (s, c))",
            [
                .addProfiles:
                    "INSERT INTO t (s, c, a) VALUES {for $l = $batch}({segment_id}, '{$l.c}', "
                    + "{$l.a}){autocomma}{end} ON CONFLICT (s, c) DO UPDATE SET a = excluded.a",
                .removeProfiles: Self.remove,
            ])
        #expect(
            real[.addProfiles]?.isValueSafe.reason?.contains("stored as something else") == true)
    }

    @Test(
        "A number that a removal takes for its neighbour is unsafe",
        arguments: [
            ("decimal(40,10) NOT NULL", false), ("bigint NOT NULL", true),
            ("varchar(99) NOT NULL", true),
        ])
    func neighbours(_ column: String, isSafe: Bool) async throws {
        // By a key of all columns MariaDB finds the rows themselves; without one it compares.
        let grades = try await Self.grades(
            .mysql, "CREATE TABLE t (s bigint, c \(column), KEY (s))",
            [
                .addProfiles:
                    "INSERT INTO t (s, c) VALUES {for $l = $batch}({segment_id}, '{$l.c}')"
                    + "{autocomma}{end} ON DUPLICATE KEY UPDATE s = {segment_id}",
                .removeProfiles:
                    "DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in \"c\"})",
            ],
            profiles: [SampleProfile(id: "p", fields: ["c": .number("17")])])
        let reason = grades[.removeProfiles]?.isValueSafe.reason ?? ""
        #expect(reason.contains("9007199254740993") == !isSafe, "\(grades)")
    }

    @Test("One moment in two zones that becomes two is unsafe")
    func moments() async throws {
        let add =
            "INSERT INTO t (s, c, seen) VALUES {for $l = $batch}({segment_id}, '{$l.c}', "
            + "VALUE){autocomma}{end} ON CONFLICT (s, c) DO UPDATE SET seen = excluded.seen"
        let table = "CREATE TABLE t (s bigint, c text, seen timestamp, PRIMARY KEY (s, c))"
        for (value, isSafe) in [
            ("CAST('{$l.seen}' AS timestamp)", false), ("{date($l.seen)}", true),
        ] {
            let grades = try await Self.grades(
                .postgresql, table,
                [
                    .addProfiles: add.replacing("VALUE)", with: value + ")"),
                    .removeProfiles: Self.remove,
                ],
                profiles: [
                    SampleProfile(
                        id: "p", fields: ["c": .text("x"), "seen": .text("2026-01-01T00:00:00Z")])
                ])
            let reason = grades[.addProfiles]?.isValueSafe.reason ?? ""
            #expect(reason.contains("two zones") == !isSafe, "\(value): \(grades)")
        }
    }
}
