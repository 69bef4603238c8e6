import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Each database reads quotes, comments and backslashes in its own way, and by its settings.
@Suite struct DialectTests {
    private func rendered(
        _ rules: SQLRules, _ source: String, _ value: FieldValue
    ) throws -> String {
        let compiled = TemplateCompiler(dialect: SQLDialect(rules)).compile(
            "{for $l = $batch}\(source){end}", query: .addProfiles, mode: .batch)
        let template = try #require(compiled.template, "\(compiled.diagnostics)")
        let bytes = try template.render(
            [SampleProfile(id: "p", fields: ["v": value])], Rendering.scope)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func errors(_ rules: SQLRules, _ source: String) -> [TemplateDiagnostic] {
        TemplateCompiler(dialect: SQLDialect(rules))
            .compile(source, query: .addProfiles, mode: .individual).diagnostics
            .filter { $0.severity == .error }
    }

    @Test("INV-7: the settings of the connection decide what a backslash and a double quote are")
    func settings() throws {
        let value = FieldValue.text(#"a'b"c\"#)
        for (rules, source, sql) in [
            (SQLRules(.mysql), #"("{$l.v}")"#, #"("a'b""c\\")"#),
            (SQLRules(.mysql), "('{$l.v}')", #"('a''b"c\\')"#),
            (SQLRules(.mysql, .noBackslashEscapes), "('{$l.v}')", #"('a''b"c\')"#),
            (SQLRules(.mysql, .noBackslashEscapes), #"("{$l.v}")"#, #"("a'b""c\")"#),
            (SQLRules(.mysql, .ansiQuotes), "({$l.v})", #"('a''b"c\\')"#),
            (SQLRules(.postgresql), "('{$l.v}')", #"('a''b"c\')"#),
            (SQLRules(.postgresql, .backslashEscapes), "('{$l.v}')", #"('a''b"c\\')"#),
            (SQLRules(.clickhouse), "('{$l.v}')", #"('a\'b"c\\')"#),
            (SQLRules(.mssql), "('{$l.v}')", #"('a''b"c\')"#),
            (SQLRules(.oracle), "('{$l.v}')", #"('a''b"c\')"#),
            (SQLRules(.sqlite), "('{$l.v}')", #"('a''b"c\')"#),
        ] {
            #expect(try rendered(rules, source, value) == sql, "\(rules)")
        }
        for rules in [
            SQLRules(.mysql, .ansiQuotes), SQLRules(.postgresql), SQLRules(.mssql),
            SQLRules(.mssql, .doubleQuotedStrings), SQLRules(.oracle), SQLRules(.sqlite),
            SQLRules(.clickhouse),
        ] {
            let found = errors(rules, #"x = "{$lead.v}""#)
            #expect(found.count == 1, "\(rules)")
            #expect(found.first?.hint?.contains("'{$lead.v}'") == true, "\(rules) \(found)")
        }
    }

    @Test("INV-7: SQL Server keeps what is beyond ASCII, and a backslash before a line's end")
    func sqlServer() throws {
        let rules = SQLRules(.mssql)
        for (source, value, sql) in [
            ("('{$l.v}')", "C-1", "('C-1')"), ("('{$l.v}')", "é", "(N'é')"),
            ("({$l.v})", "é", "(N'é')"), ("({$l.v})", "C-1", "('C-1')"),
            ("(N'{$l.v}')", "é", "(N'é')"), ("('a', '{$l.v}')", "é", "('a', N'é')"),
            ("('-{$l.v}-{$l.v}', '{$l.v}')", "é", "(N'-é-é', N'é')"),
            ("SELECT'{$l.v}'", "é", "SELECT N'é'"),
            ("('{$l.v}')", "a\\\nb", "('a\\\\\n\nb')"),
            ("('{$l.v}')", "a\\\r\nb", "('a\\\\\n\r\nb')"),
            ("('{$l.v}\nx')", "a\\", "('a\\\\\n\nx')"), ("('{$l.v}x')", "a\\", "('a\\x')"),
            ("('{$l.v}{$l.v}')", "\n\\", "('\n\\\\\n\n\\')"),
            ("({$l.v})", "a\\\nb", "('a\\\\\n\nb')"),
            ("('{$l.v}\n', '{$l.v}é{$l.v}')", "\\", "('\\\\\n\n', '\\é\\')"),
            ("('{$l.v}\n', '{$l.v}')", "é\\", "(N'é\\\\\n\n', N'é\\')"),
            ("('{substring($l.v 2)}\n', '{$l.v}')", "é\\", "('\\\\\n\n', N'é\\')"),
        ] {
            #expect(try rendered(rules, source, .text(value)) == sql, "\(source)")
        }
    }

    @Test("INV-7: a text too long for a literal of Oracle comes in pieces between characters")
    func oracleLength() throws {
        let rules = SQLRules(.oracle)
        let long = String(repeating: "é'", count: 3000)
        let sql = try rendered(rules, "({$l.v})", .text(long))
        let pieces = sql.dropFirst(2).dropLast(2).components(separatedBy: "||").map {
            $0.dropFirst("TO_CLOB('".count).dropLast(2).replacing("''", with: "'")
        }
        #expect(pieces.joined() == long)
        #expect(pieces.allSatisfy { $0.utf8.count <= 4000 && !$0.isEmpty })
        #expect(throws: RenderFailure.self) { try rendered(rules, "('{$l.v}')", .text(long)) }
        #expect(
            try rendered(rules, "('{$l.v}')", .text(String(repeating: "x", count: 4000))).count
                == 4004)
    }

    @Test(
        "INV-7: no tag in what a database reads as a comment, or as quotes of another kind",
        arguments: [
            (SQLRules(.mysql), "/*! {segment_id} */", "executed"),
            (SQLRules(.mysql), "/*!50000 ' */ '{$lead.v}'", "runs what stands"),
            (SQLRules(.mysql), "/*M! x */ {$lead.v}", "runs what stands"),
            (SQLRules(.mysql), "/*+ QB(`a`) */ {$lead.v}", "quote"),
            (SQLRules(.mysql), "# {segment_id}", "comment"),
            (SQLRules(.mysql), "-- {segment_id}", "comment"),
            (SQLRules(.mysql), "--\u{7F}{segment_id}", "comment"),
            (SQLRules(.clickhouse), "‘ {$lead.v} ’", "quotes"),
            (SQLRules(.clickhouse), "x‘{$lead.v}’", "quotes"),
            (SQLRules(.clickhouse), "/* /* */ {$lead.v}", "comment in a comment"),
            (SQLRules(.clickhouse), "# {segment_id}", "comment"),
            (SQLRules(.mssql), "-- it's\r{segment_id}\nx", "comment"),
            (SQLRules(.oracle), "-- it's\r'\n{segment_id}", "carriage return"),
            (SQLRules(.oracle), "q'[ {segment_id} ]'", "q'…'"),
            (SQLRules(.oracle), "nq'!{segment_id}!'", "q'…'"),
            (SQLRules(.postgresql), "$a$ {segment_id} $a$", "$$"),
            (SQLRules(.postgresql), "/* /* */ {segment_id} */", "comment"),
            (SQLRules(.mssql), "/* /* */ {segment_id} */", "comment"),
            (SQLRules(.mssql), "[{$lead.v}]", "quoted name"),
            (SQLRules(.sqlite), "[{$lead.v}]", "quoted name"),
            (SQLRules(.mysql), "`{$lead.v}`", "quoted name"),
            (SQLRules(.sqlite), "?1 = {$lead.v}", "parameter"),
            (SQLRules(.mysql), "N'{$lead.v}'", "only some characters"),
            (SQLRules(.mysql), "_latin1'{$lead.v}'", "only some characters"),
            (SQLRules(.mysql), "_gbk \"{$lead.v}\"", "only some characters"),
        ])
    func refused(_ rules: SQLRules, _ source: String, _ says: String) {
        let found = errors(rules, source)
        #expect(!found.isEmpty, "\(source)")
        let isSaid = found.contains { $0.message.contains(says) || says == "executed" }
        #expect(isSaid, "\(source): \(found)")
    }

    @Test("What ends where it should leaves the tags behind it alone")
    func closed() throws {
        for (rules, source, sql) in [
            (SQLRules(.oracle), "q'[it's]' || {$l.v}", "q'[it's]' || 'x'"),
            (SQLRules(.oracle), "Q'!a'!', {$l.v}", "Q'!a'!', 'x'"),
            (SQLRules(.oracle), "nq'<a>', {$l.v}", "nq'<a>', 'x'"),
            (SQLRules(.clickhouse), "/* c */ {$l.v}", "/* c */ 'x'"),
            (SQLRules(.mysql), "/* ' */ {$l.v} -- it's\n", "/* ' */ 'x' -- it's\n"),
            (SQLRules(.postgresql), "$q$ it's $q$, {$l.v}", "$q$ it's $q$, 'x'"),
            (SQLRules(.mssql), "[a]]b] = {$l.v}", "[a]]b] = 'x'"),
            (SQLRules(.mssql), "/* /* */ ' */ {$l.v}", "/* /* */ ' */ 'x'"),
        ] {
            let compiled = TemplateCompiler(dialect: SQLDialect(rules)).compile(
                "{for $l = $batch}(\(source)){end}", query: .addProfiles, mode: .batch)
            let template = try #require(compiled.template, "\(source) \(compiled.diagnostics)")
            let bytes = try template.render(
                [SampleProfile(id: "p", fields: ["v": .text("x"), "n": .number("-1")])],
                Rendering.scope)
            #expect(String(decoding: bytes, as: UTF8.self) == "(\(sql))")
        }
    }

    @Test("A moment is written as each database reads one")
    func moments() throws {
        for (kind, bare, quoted) in [
            (ConnectorKind.postgresql, "'2026-03-12T10:00:00.000Z'", "2026-03-12T10:00:00.000Z"),
            (.sqlite, "'2026-03-12T10:00:00.000Z'", "2026-03-12T10:00:00.000Z"),
            (.mysql, "'2026-03-12 10:00:00.000'", "2026-03-12 10:00:00.000"),
            (.clickhouse, "'2026-03-12T10:00:00.000Z'", "2026-03-12T10:00:00.000Z"),
            (.mssql, "'2026-03-12T10:00:00.000'", "2026-03-12T10:00:00.000"),
            (.oracle, "TIMESTAMP '2026-03-12 10:00:00.000'", "2026-03-12 10:00:00.000"),
        ] {
            let rendering = Rendering(kind: kind, query: .saveSegment)
            #expect(try rendering.render("({event_time})") == "(\(bare))")
            #expect(try rendering.render("('{event_time}')") == "('\(quoted)')")
        }
        #expect(
            try rendered(SQLRules(.oracle), "({date($l.v)})", .text("2001-12-31"))
                == "(DATE '2001-12-31')")
    }
}
