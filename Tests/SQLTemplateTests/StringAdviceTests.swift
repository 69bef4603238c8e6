import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// What is legal, and stores or finds something else than the value: each is warned of, and what
/// the hint says compiles without the warning.
@Suite struct StringAdviceTests {
    struct Case: CustomStringConvertible, Sendable {
        let kind: ConnectorKind
        let query: QueryKind
        let source: String
        let rule: String
        /// What the hint says, and the query that follows it.
        let hint: String
        let obeyed: String

        var description: String { "\(kind): \(source)" }
    }

    private static func rows(_ place: String) -> String {
        "INSERT INTO t (a) VALUES {for $l = $batch}(\(place)){autocomma}{end}"
    }

    private static func each(_ condition: String) -> String {
        "{for $l = $batch}DELETE FROM t WHERE s = {segment_id} AND \(condition);{end}"
    }

    private static func added(
        _ kind: ConnectorKind, _ place: String, _ rule: String, _ hint: String, _ obeyed: String
    ) -> Case {
        Case(
            kind: kind, query: .addProfiles, source: rows(place), rule: rule, hint: hint,
            obeyed: rows(obeyed))
    }

    private static func removed(
        _ kind: ConnectorKind, _ place: String, _ rule: String, _ hint: String, _ obeyed: String
    ) -> Case {
        Case(
            kind: kind, query: .removeProfiles, source: each(place), rule: rule, hint: hint,
            obeyed: each(obeyed))
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for kind in ConnectorKind.allCases {
            cases += [
                removed(kind, "a = {$l.x}", "bare_comparison", "'{$l.x}'", "a = '{$l.x}'"),
                removed(kind, "a IN ({$l.x})", "bare_comparison", "'{$l.x}'", "a IN ('{$l.x}')"),
                removed(
                    kind, "a <> {default($l.x \"y\")}", "bare_comparison",
                    "'{default($l.x \"y\")}'", "a <> '{default($l.x \"y\")}'"),
                added(
                    kind, #"'{"k":"{$l.x}"}'"#, "json_text", "{json(text($l.x))}",
                    #"'{"k":{json(text($l.x))}}'"#),
                added(
                    kind, #"'{"k": "Mr {$l.x}"}'"#, "json_text", "concat(",
                    #"'{"k": {json(concat("Mr " $l.x))}}'"#),
                added(
                    kind, #"'{"k":{$l.x}}'"#, "json_text", "{json($l.x)}",
                    #"'{"k":{json($l.x)}}'"#),
                added(kind, "'[{$l.x}]'", "json_text", "{json($l.x)}", "'[{json($l.x)}]'"),
            ]
        }
        cases += [
            added(
                .postgresql, "'{{{$l.x}}}'", "array_text", "ARRAY['{$l.x}']::text[]",
                "ARRAY['{$l.x}']::text[]"),
            removed(
                .postgresql, "a LIKE '{$l.x}%'", "pattern", "strpos(column, '{$l.x}') = 1",
                "strpos(a, '{$l.x}') = 1"),
            removed(
                .mysql, "a LIKE '%{$l.x}%'", "pattern", "instr(column, '{$l.x}') > 0",
                "instr(a, '{$l.x}') > 0"),
            removed(
                .mysql, "a LIKE \"{$l.x}%\"", "pattern", "instr(column, '{$l.x}') = 1",
                "instr(a, '{$l.x}') = 1"),
            removed(
                .sqlite, "a LIKE '%{$l.x}'", "pattern", "instr(column, '{$l.x}') > 0",
                "instr(a, '{$l.x}') > 0"),
            removed(
                .oracle, "a LIKE '{$l.x}%'", "pattern", "INSTR(column, '{$l.x}') = 1",
                "INSTR(a, '{$l.x}') = 1"),
            removed(
                .mssql, "a LIKE N'{$l.x}%'", "pattern", "CHARINDEX('{$l.x}', column) = 1",
                "CHARINDEX('{$l.x}', a) = 1"),
            removed(
                .clickhouse, "a LIKE '{$l.x}%'", "pattern", "position(column, '{$l.x}') = 1",
                "position(a, '{$l.x}') = 1"),
            added(
                .postgresql, "'{$l.x}'::timestamptz", "moment", "'{date($l.x)}'",
                "'{date($l.x)}'::timestamptz"),
            added(
                .postgresql, "CAST('{$l.x}' AS date)", "moment", "'{date($l.x)}'",
                "CAST('{date($l.x)}' AS date)"),
            added(.postgresql, "'{$l.x}'::varchar(9)", "cut", "text", "'{$l.x}'::text"),
            added(.postgresql, "{$l.x}::char", "cut", "text", "{$l.x}::text"),
            added(
                .postgresql, "CAST('{$l.x}' AS character varying (9))", "cut", "text",
                "CAST('{$l.x}' AS character varying)"),
            added(
                .mssql, "CAST({$l.x} AS nvarchar(9))", "cut", "nvarchar(max)",
                "CAST({$l.x} AS nvarchar(max))"),
            added(
                .mssql, "CAST(N'{$l.x}' AS varchar)", "cut", "nvarchar(max)",
                "CAST(N'{$l.x}' AS nvarchar(max))"),
            added(
                .oracle, "CAST('{$l.x}' AS VARCHAR2(9))", "cut", "VARCHAR2(4000)",
                "CAST('{$l.x}' AS VARCHAR2(4000))"),
            added(
                .sqlite, "datetime('{$l.x}')", "moment", "'{date($l.x)}'",
                "datetime('{date($l.x)}')"),
            Case(
                kind: .postgresql, query: .removeProfiles,
                source: #"DELETE FROM t WHERE a = ANY (ARRAY[{batch_in "x"}])"#,
                rule: "untyped_array", hint: #"ARRAY[{batch_in "x"}]::bigint[]"#,
                obeyed: #"DELETE FROM t WHERE a = ANY (ARRAY[{batch_in "x"}]::bigint[])"#),
            Case(
                kind: .mysql, query: .addProfiles,
                source:
                    "INSERT IGNORE INTO t (a) VALUES {for $l = $batch}('{$l.x}'){autocomma}{end}",
                rule: "ignore", hint: "ON DUPLICATE KEY UPDATE a = a",
                obeyed: rows("'{$l.x}'") + " ON DUPLICATE KEY UPDATE a = a"),
            Case(
                kind: .sqlite, query: .addProfiles,
                source: "INSERT OR IGNORE INTO t (a) VALUES "
                    + "{for $l = $batch}('{$l.x}'){autocomma}{end}",
                rule: "ignore", hint: "ON CONFLICT DO NOTHING",
                obeyed: rows("'{$l.x}'") + " ON CONFLICT DO NOTHING"),
        ]
        for tag in ["if $l.x", "for $y = $l.x", "$l.x", "lead.x"] {
            let isBlock = tag.hasPrefix("if") || tag.hasPrefix("for")
            cases.append(
                Case(
                    kind: .mysql, query: .addProfiles, source: rows("'{{\(tag)}}'"),
                    rule: "doubled_braces", hint: "with one brace",
                    obeyed: rows(isBlock ? "'{\(tag)}1{end}'" : "'{\(tag)}'")))
        }
        return cases
    }()

    /// What is said of these queries besides, and is not about strings.
    private static let others: Set<String> = ["repeat", "dialect", "segment"]

    private func rules(_ source: String, _ one: Case) -> [TemplateDiagnostic] {
        Rendering(kind: one.kind, query: one.query).diagnostics(source)
            .filter { !Self.others.contains($0.rule) }
    }

    @Test("INV-7: it is warned of, and the hint obeyed leaves nothing to warn of", arguments: cases)
    func warned(_ one: Case) throws {
        let found = rules(one.source, one)
        #expect(found.map(\.rule) == [one.rule], "\(found)")
        #expect(found.allSatisfy { $0.severity == .warning })
        #expect(found.first?.hint?.contains(one.hint) == true, "\(found)")
        let after = rules(one.obeyed, one)
        #expect(after.isEmpty, "\(one.obeyed): \(after)")
        let hostile: Rendering.Profile = ["id": .text("p"), "x": .text("a'\"b\\")]
        _ = try Rendering(kind: one.kind, query: one.query).render(one.obeyed, [hostile])
    }

    @Test(
        "What is no such string, comparison or tag is not warned of",
        arguments: [
            "'[{json($l.x)},{segment_id}]'", "'<{$l.x}>'", "'{segment_id}'",
            #"'{"a":{segment_id}}'"#,
            #"'{"a":{json($l.x)}}'"#, "'{{segment_id}}'", "'{date($l.x)}'", "{$l.x}",
            "'{{text}}'", "'a [b] {$l.x}'", "'it''s {$l.x}'",
            #"'{"a":[{for $y = $l.x}{json($y)}{autocomma}{end}]}'"#,
        ])
    func quiet(_ place: String) {
        for kind in [ConnectorKind.postgresql, .mysql, .sqlite] {
            let found = Rendering(kind: kind).diagnostics(Self.rows(place))
                .filter { !Self.others.contains($0.rule) }
            #expect(found.isEmpty, "\(kind): \(place): \(found)")
        }
    }

    @Test("An assignment is no comparison")
    func assignments() {
        for (source, kind) in [
            (
                "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = {$lead.x}",
                ConnectorKind.mysql
            ),
            ("UPDATE t SET a = {$lead.x}, b = {$lead.x} WHERE c = '{$lead.x}'", .postgresql),
            ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = {$lead.x}", .sqlite),
        ] {
            let found = Rendering(kind: kind, mode: .individual).diagnostics(source)
                .filter { !Self.others.contains($0.rule) }
            #expect(found.isEmpty, "\(source): \(found)")
        }
    }

    @Test("A comment behind // is none, and the hint is obeyed")
    func slashes() {
        for kind in ConnectorKind.allCases {
            let one = Rendering(kind: kind, query: .clearSegment)
            let found = one.diagnostics(
                "DELETE FROM t // Here fields are specified\nWHERE a = {segment_id}"
            ).filter { $0.severity != .note }
            // There it is a comment.
            #expect(found.map(\.rule) == (kind == .clickhouse ? [] : ["comment"]))
            let severity: TemplateDiagnostic.Severity = kind == .postgresql ? .warning : .error
            #expect(found.allSatisfy { $0.severity == severity })
            #expect(
                one.diagnostics("DELETE FROM t -- Here fields\nWHERE a = {segment_id}")
                    .allSatisfy { $0.severity == .note })
            let text = "DELETE FROM t WHERE a = 'http://x' AND b = 4 / {segment_id}"
            #expect(one.diagnostics(text).allSatisfy { $0.severity == .note })
        }
    }

    @Test("A function of the original says what to do instead")
    func elsewhere() {
        for tag in [#"{subscription_field("sms" "phone")}"#, "{subscription.email}", "{json.x}"] {
            let found = Rendering(kind: .mysql, mode: .individual).diagnostics("SELECT \(tag)")
            #expect(found.first?.hint?.contains("{$lead.Field}") == true, "\(tag): \(found)")
        }
    }
}
