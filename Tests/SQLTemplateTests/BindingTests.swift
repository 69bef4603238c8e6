import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Which values go beside the text, and what the text then is.
@Suite struct BindingTests {
    /// A template and its text for two profiles, or why it has none.
    struct Case: CustomTestStringConvertible, Sendable {
        let source: String
        var kind = ConnectorKind.postgresql
        var mode = TemplateMode.batch
        var query = QueryKind.addProfiles
        /// nil: the values are written into the text.
        let sql: String?

        var testDescription: String { "\(kind): \(source)" }
    }

    static let postgresql: [Case] = [
        Case(
            source: """
                INSERT INTO t (s, c, u) VALUES
                {for $i, $l = $batch}({segment_id}, '{$l.c}', now()){autocomma}
                {end} ON CONFLICT (s, c) DO UPDATE SET u = now()
                """,
            sql: """
                INSERT INTO t (s, c, u) VALUES
                (42, $1, now()),
                (42, $2, now())
                 ON CONFLICT (s, c) DO UPDATE SET u = now()
                """),
        Case(
            source:
                "INSERT INTO t VALUES {for $l = $batch}({$l.c}, "
                + "'<{$l.c} of {$l.d}>'){autocomma}{end}",
            sql: "INSERT INTO t VALUES ($1, $2),($3, $4)"),
        Case(
            source:
                "INSERT INTO t VALUES {for $i, $l = $batch}({$i}, "
                + "'{event_time}', '{$l.c}'){autocomma}{end}",
            sql: "INSERT INTO t VALUES (0, $1, $2),(1, $1, $3)"),
        Case(
            source: "DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in \"c\"})",
            query: .removeProfiles, sql: "DELETE FROM t WHERE s = 42 AND c IN ($1,$2)"),
        Case(
            source: "DELETE FROM t WHERE c IN ({for $l = $batch}'{$l.c}'{autocomma}{end})",
            query: .removeProfiles, sql: "DELETE FROM t WHERE c IN ($1,$2)"),
        Case(
            source: "DELETE FROM t WHERE c IN ({for $l = $batch}{upper($l.c)}{autocomma}{end});",
            query: .removeProfiles, sql: "DELETE FROM t WHERE c IN ($1,$2);"),
        Case(
            source:
                "UPDATE t SET c = '{$lead.c}', d = {$lead.d} WHERE e "
                + ">= '{$lead.e}' AND f <> {lead.f}",
            mode: .individual, sql: "UPDATE t SET c = $1, d = $2 WHERE e >= $3 AND f <> $4"),
        Case(
            source:
                "INSERT INTO t SELECT {segment_id}, '{$lead.c}' FROM u "
                + "WHERE v = lower('{$lead.d}')",
            mode: .individual,
            sql: "INSERT INTO t SELECT 42, $1 FROM u WHERE v = lower($2)"),
        Case(
            source: "WITH x (a) AS (VALUES ('{$lead.c}')) INSERT INTO t SELECT a FROM x",
            mode: .individual, sql: "WITH x (a) AS (VALUES ($1)) INSERT INTO t SELECT a FROM x"),
    ]

    static let mariaDB: [Case] = [
        Case(
            source: """
                INSERT INTO t (s, c, u) VALUES
                {for $i, $l = $batch}({segment_id}, '{$l.c}', now()){autocomma}
                {end} ON DUPLICATE KEY UPDATE u = now()
                """,
            kind: .mysql,
            sql: """
                INSERT INTO t (s, c, u) VALUES
                (42, ?, now())
                 ON DUPLICATE KEY UPDATE u = now()
                """),
        Case(
            source: """
                REPLACE INTO t VALUES {for $i, $l = $batch}({$i}, {$l.c}, 'a, (b)', '{event_time}')\
                {autocomma}{end}
                """,
            kind: .mysql, sql: "REPLACE INTO t VALUES (?, ?, 'a, (b)', ?)"),
        Case(
            source: """
                INSERT INTO t (a) VALUES ('{$lead.c}') ON DUPLICATE KEY UPDATE b = '{event_time}'
                """,
            kind: .mysql, mode: .individual,
            sql: "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE b = ?"),
    ]

    static let sqlite: [Case] = [
        Case(
            source: """
                INSERT INTO t (s, c, u) VALUES
                {for $i, $l = $batch}({segment_id}, '{$l.c}', '{event_time}'){autocomma}
                {end} ON CONFLICT (s, c) DO UPDATE SET u = excluded.u
                """,
            kind: .sqlite,
            sql: """
                INSERT INTO t (s, c, u) VALUES
                (42, ?2, ?1),
                (42, ?3, ?1)
                 ON CONFLICT (s, c) DO UPDATE SET u = excluded.u
                """),
        Case(
            source: "REPLACE INTO t VALUES {for $i, $l = $batch}({$i}, {$l.c}){autocomma}{end}",
            kind: .sqlite, sql: "REPLACE INTO t VALUES (0, ?1),(1, ?2)"),
        Case(
            source: "DELETE FROM t WHERE s = {segment_id} AND c IN ({batch_in \"c\"})",
            kind: .sqlite, query: .removeProfiles,
            sql: "DELETE FROM t WHERE s = 42 AND c IN (?1,?2)"),
        Case(
            source: "INSERT INTO t VALUES {for $l = $batch}('{$l.c}' || 'x'){autocomma}{end}",
            kind: .sqlite, sql: nil),
    ]

    /// By what would be another value, another meaning, or no SQL.
    static let text: [Case] = [
        "INSERT INTO t VALUES {for $l = $batch}(E'{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(DATE '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(now() + INTERVAL '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('it''s {$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}''s'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'::varchar(3)){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}' COLLATE \"C\"){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(a || '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(a->'{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(a @> '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(f(a => '{$l.c}')){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(1 + {$l.c}){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}({if $l.c}'{$l.c}'{else}NULL{end}){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}({for $x = "
            + "$l.c}'{$x}'{autocomma}{end}){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end} RETURNING c LIMIT 1",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}' /* a */){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}( -- (\n'{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}; DELETE FROM u",
        "INSERT INTO t SELECT c FROM u WHERE c IN ({batch_in \"c\"}) ORDER BY c",
        "INSERT INTO t SELECT c FROM u WHERE c IN ({batch_in \"c\"}) GROUP BY c",
        "INSERT INTO t SELECT c FROM u WHERE c LIKE '{segment_name}' AND d IN ({batch_in \"c\"})",
        "INSERT INTO t SELECT DISTINCT c FROM u WHERE c IN ({batch_in \"c\"})",
        "CREATE TABLE u AS SELECT c FROM t WHERE c IN ({batch_in \"c\"})",
        "CALL f({batch_in \"c\"})",
        "SELECT f({batch_in \"c\"})",
        "DELETE FROM t WHERE s = {segment_id}",
        "INSERT INTO t VALUES ({segment_id}, '{segment_name}')",
    ].map { Case(source: $0, sql: nil) }

    static let mariaDBText: [Case] = [
        "DELETE FROM t WHERE c IN ({batch_in \"c\"})",
        "INSERT INTO t VALUES {for $l = $batch}(lower('{$l.c}')){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(\"{$l.c}\"){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('a', \"{$l.c}\"){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(\"a\", '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(_utf8mb4'{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}((SELECT 1), '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}(last_insert_id(), '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES (0, ''), {for $l = $batch}(1, '{$l.c}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}, ('z')",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'), ('{$l.d}'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}', '?'){autocomma}{end}",
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}"
            + "{for $l = $batch}('{$l.c}'){autocomma}{end}",
        "INSERT IGNORE INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}",
        "INSERT INTO t SET a = '{$lead.c}'",
    ].map { source in
        Case(
            source: source, kind: .mysql, mode: source.contains("$lead") ? .individual : .batch,
            sql: nil)
    }

    private static let scope = RenderScope(
        segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
        eventTime: Timestamp(rfc3339: "2026-03-12T10:00:00Z")!, position: Position(7),
        deliveryID: "d-1")

    private static func bind(
        _ template: CompiledTemplate, _ profiles: [Rendering.Profile],
        _ shapes: inout BoundShapes
    ) throws(RenderFailure) -> BoundQuery? {
        try template.renderBound(RenderRows(profiles, for: template), scope, &shapes)
    }

    private static func values(_ query: BoundQuery) -> [String?] {
        query.values.map { value in
            guard !value.isNull else { return nil }
            let start = Int(value.offset)
            #expect(query.bytes[start + Int(value.count)] == 0)
            return String(
                decoding: query.bytes[start..<(start + Int(value.count))], as: UTF8.self)
        }
    }

    @Test(
        "A template binds what is a whole literal, and nothing else",
        arguments: postgresql + mariaDB + sqlite + text + mariaDBText)
    func shape(_ test: Case) throws {
        let template = try Rendering(kind: test.kind, query: test.query, mode: test.mode)
            .compile(test.source)
        #expect(template.bindsValues == (test.sql != nil))
        var shapes = BoundShapes()
        let profiles: [Rendering.Profile] = [
            ["c": .text("a"), "d": .text("b")], ["c": .text("c")],
        ]
        let query = try Self.bind(
            template, test.mode == .individual ? [profiles[0]] : profiles, &shapes)
        let shape = query?.shape
        #expect(
            shape.map { String(decoding: test.kind == .mysql ? $0.rowSQL : $0.sql, as: UTF8.self) }
                == test.sql)
        #expect(query?.values.count == shape?.valueCount)
    }

    @Test("No other kind of database binds values")
    func otherKinds() throws {
        for kind in ConnectorKind.allCases where ![.postgresql, .mysql, .sqlite].contains(kind) {
            let template = try Rendering(kind: kind).compile(
                "INSERT INTO t (s, c) VALUES {for $l = $batch}({segment_id}, '{$l.c}')"
                    + "{autocomma}{end}"
            )
            #expect(!template.bindsValues, "\(kind)")
        }
    }

    @Test("INV-7: values are bound as they are, in the order of their placeholders")
    func values() throws {
        let template = try Rendering().compile(
            "INSERT INTO t VALUES {for $l = $batch}('{$l.c}', {$l.c}, "
                + "'<{$l.c}>', {date(event_time)})"
                + "{autocomma}{end}")
        var shapes = BoundShapes()
        let hostile = ["O'Neil", "", "\\", "\u{10FFFF}{x}", "'); --"]
        let query = try #require(
            try Self.bind(template, hostile.map { ["c": .text($0)] } + [[:]], &shapes))
        #expect(
            Self.values(query) == ["2026-03-12T10:00:00.000Z"]
                + hostile.flatMap { [$0, $0, "<\($0)>"] } + ["", nil, "<>"])
    }

    @Test("A literal without quotes is bound where all of a batch have one type")
    func types() throws {
        let template = try Rendering().compile(
            "INSERT INTO t VALUES {for $l = $batch}({$l.c}, '{$l.d}'){autocomma}{end}")
        func type(_ values: [FieldValue?]) throws -> BoundShape.ValueType? {
            var shapes = BoundShapes()
            return try Self.bind(template, values.map { $0.map { ["c": $0] } ?? [:] }, &shapes)?
                .shape.columnTypes[0]
        }
        #expect(try type([.text("1"), nil, .text("")]) == .text)
        #expect(try type([nil, nil]) == .text)
        #expect(try type([.number("1"), nil, .number("-2147483648")]) == .int32)
        #expect(try type([.number("2147483648"), .number("-2147483649")]) == .int64)
        #expect(try type([.boolean(true), .boolean(false), nil]) == .boolean)
        for mixed: [FieldValue] in [
            [.number("1"), .text("1")], [.number("1"), .number("2147483648")], [.number("1.5")],
            [.number("1e3")], [.number("1"), .boolean(true)], [.number("1234567890123456789")],
        ] {
            #expect(try type(mixed) == nil, "\(mixed)")
        }
    }

    @Test("The text is written once for each number of rows, and only a few are kept")
    func cached() throws {
        let template = try Rendering().compile(Self.postgresql[0].source)
        var shapes = BoundShapes()
        func shape(_ count: Int) throws -> ObjectIdentifier {
            let rows = Array<Rendering.Profile>(repeating: ["c": .text("a")], count: count)
            return ObjectIdentifier(try #require(try Self.bind(template, rows, &shapes)).shape)
        }
        let first = try shape(3)
        #expect(try shape(3) == first)
        #expect(try shape(2) != first)
        // Another template's is never taken for it.
        let other = try Rendering().compile(Self.postgresql[0].source + " ")
        let rows = Array<Rendering.Profile>(repeating: ["c": .text("a")], count: 3)
        let foreign = try #require(try Self.bind(other, rows, &shapes))
        #expect(ObjectIdentifier(foreign.shape) != first)
        #expect(try shape(3) == first)
        for count in 10..<30 { _ = try shape(count) }
        #expect(shapes.count == BoundShapes.countMax)
        #expect(try shape(4) != first)
    }

    @Test(
        "INV-7: U+0000 is refused with its row, and more values than a protocol counts go as text")
    func refused() throws {
        let template = try Rendering().compile(Self.postgresql[0].source)
        var shapes = BoundShapes()
        do throws(RenderFailure) {
            _ = try Self.bind(template, [["c": .text("a")], ["c": .text("a\0b")]], &shapes)
            Issue.record("U+0000 was bound")
        } catch {
            #expect(error.row == 1)
            #expect(error.message.contains("U+0000"))
        }
        let rows = Array<Rendering.Profile>(repeating: ["c": .text("a")], count: 65_536)
        #expect(try Self.bind(template, rows, &shapes) == nil)
        #expect(try Self.bind(template, Array(rows.dropLast()), &shapes) != nil)
    }

    @Test("More bytes than a query may have go as text, which is refused")
    func tooLong() throws {
        let part = "$l.c $l.c $l.c $l.c $l.c $l.c $l.c $l.c"
        let template = try Rendering().compile(
            "INSERT INTO t VALUES {for $l = $batch}('{concat(\(part))}'){autocomma}{end}")
        let value = FieldValue.text(String(repeating: "x", count: 1 << 20))
        var shapes = BoundShapes()
        #expect(
            try Self.bind(template, Array(repeating: ["c": value], count: 20), &shapes) != nil)
        #expect(
            try Self.bind(template, Array(repeating: ["c": value], count: 60), &shapes) == nil)
    }
}
