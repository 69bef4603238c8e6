import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Where a value stands decides how it is written (INV-7).
@Suite struct ContextTests {
    private static let values: [(FieldValue?, bare: String, quoted: String)] = [
        (.text("plain"), "'plain'", "'plain'"),
        (.text("O'Neil"), "'O''Neil'", "'O''Neil'"),
        (.text("''"), "''''''", "''''''"),
        (.text("say \"hi\""), "'say \"hi\"'", "'say \"hi\"'"),
        (.text("back\\slash\\"), "'back\\slash\\'", "'back\\slash\\'"),
        (.text("ü–𝄞-日本\n\t"), "'ü–𝄞-日本\n\t'", "'ü–𝄞-日本\n\t'"),
        (.text(""), "''", "''"),
        (.text("{segment_id} {$lead.x}"), "'{segment_id} {$lead.x}'", "'{segment_id} {$lead.x}'"),
        (.text("1); DROP TABLE t; --"), "'1); DROP TABLE t; --'", "'1); DROP TABLE t; --'"),
        (.number("-1.50e3"), "-1.50e3", "'-1.50e3'"),
        (.number("9007199254740993"), "9007199254740993", "'9007199254740993'"),
        (.json(#"{"a":"it's"}"#), #"'{"a":"it''s"}'"#, #"'{"a":"it''s"}'"#),
        (.json("[1,2]"), "'[1,2]'", "'[1,2]'"),
        (.null, "NULL", "''"),
        (nil, "NULL", "''"),
    ]

    @Test(
        "INV-7: unquoted is a complete literal, in quotes is escaped content",
        arguments: [ConnectorKind.postgresql, .sqlite])
    func literals(_ kind: ConnectorKind) throws {
        let rendering = Rendering(kind: kind)
        for (value, bare, quoted) in Self.values {
            let profile: Rendering.Profile = value.map { ["v": $0] } ?? [:]
            #expect(
                try rendering.render("({for $l = $batch}({$l.v}){end})", [profile])
                    == "((\(bare)))")
            #expect(
                try rendering.render("({for $l = $batch}('{$l.v}'){end})", [profile])
                    == "((\(quoted)))")
        }
    }

    @Test("Booleans are the database's words unquoted, and true and false in quotes")
    func booleans() throws {
        for (kind, yes, no) in [(ConnectorKind.postgresql, "TRUE", "FALSE"), (.sqlite, "1", "0")] {
            let rows: [Rendering.Profile] = [["v": .boolean(true)], ["v": .boolean(false)]]
            #expect(
                try Rendering(kind: kind).render(
                    "{for $l = $batch}({$l.v}, '{$l.v}'){autocomma}{end}", rows)
                    == "(\(yes), 'true'),(\(no), 'false')")
        }
    }

    @Test(
        "ClickHouse and MySQL escape as they read", arguments: [ConnectorKind.mysql, .clickhouse])
    func backslashes(_ kind: ConnectorKind) throws {
        let escaped = kind == .mysql ? #"O''Neil\\"# : #"O\'Neil\\"#
        #expect(
            try Rendering(kind: kind).render(
                "{for $l = $batch}('{$l.v}', {$l.v}){end}", [["v": .text(#"O'Neil\"#)]])
                == "('\(escaped)', '\(escaped)')")
    }

    @Test("MySQL's double quotes are strings of their own; the seed page's queries run there")
    func mysqlDoubleQuotes() throws {
        #expect(
            try Rendering(kind: .mysql).render(
                #"{for $l = $batch}("{$l.v}"){end}"#, [["v": .text(#"a"b'c\"#)]])
                == #"("a""b'c\\")"#)
    }

    @Test("E'…' of PostgreSQL has backslashes to escape")
    func escapeString() throws {
        #expect(
            try Rendering().render(
                "{for $l = $batch}(E'{$l.v}'){end}", [["v": .text(#"a\'b"#)]])
                == #"(E'a\\''b')"#)
    }

    @Test("INV-7 INV-10: U+0000 is refused by name of the rule, and the value is not repeated")
    func zero() throws {
        do {
            _ = try Rendering().render(
                "{for $l = $batch}('{$l.v}'){autocomma}{end}",
                [["v": .text("fine")], ["v": .text("sec\u{0}ret")]])
            Issue.record("rendered")
        } catch let failure as RenderFailure {
            #expect(failure.row == 1)
            #expect(failure.message.contains("U+0000"))
            #expect(!failure.message.contains("ret"))
        }
    }

    @Test("A negative number never meets an operator or a comment")
    func negative() throws {
        let rows: [Rendering.Profile] = [["v": .number("-1")]]
        for (source, sql) in [
            ("5 -{$l.v}", "5 -(-1)"), ("a-{$l.v}", "a-(-1)"), ("({$l.v})", "(-1)"),
            ("x = {$l.v}", "x = (-1)"), ("{$l.v}::int", "(-1)::int"), ("f(1,{$l.v})", "f(1,-1)"),
        ] {
            #expect(
                try Rendering().render("{for $l = $batch}\(source){autocomma}{end}", rows) == sql)
        }
    }

    @Test("Names of the query stand everywhere they may: in text, in names, in numbers")
    func scopeValues() throws {
        let source = """
            {segment_id}, '{segment_name}', {segment_name}, '{event_time}', {position}, \
            '{delivery_id}', '{integration_name}', t_{segment_id}, "t{segment_id}"
            """
        var rendering = Rendering(query: .saveSegment)
        rendering.segmentName = "O'Brien's \"spring\" list"
        #expect(
            try rendering.render(source) == """
                42, 'O''Brien''s "spring" list', 'O''Brien''s "spring" list', \
                '2026-03-12T10:00:00.000Z', 7, 'd-1', 'crm', t_42, "t42"
                """)
    }

    @Test("Braces that open no tag are text, doubled ones are one")
    func braces() throws {
        for (source, sql) in [
            (#"'{"a":1}'"#, #"'{"a":1}'"#), ("'{1,2}'", "'{1,2}'"), ("'{{x}}'", "'{x}'"),
            (#"'{"a":{"b":1}}'"#, #"'{"a":{"b":1}}'"#), ("'{ x }'", "'{ x }'"), ("'}'", "'}'"),
        ] {
            #expect(try Rendering(query: .clearSegment).render(source) == sql)
        }
    }
}
