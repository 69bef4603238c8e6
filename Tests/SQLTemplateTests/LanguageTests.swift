import SQLTemplate
import SegmentModel
import Testing

@Suite("The template language")
struct LanguageTests {
    static let fields: [String: FieldValue] = [
        "t": .text("x"), "empty": .text(""), "n": .number("1.10"), "minus": .number("-5"),
        "zero": .number("0"), "yes": .boolean(true), "no": .boolean(false), "null": .null,
        "tags": .json(#"["a","b\u0041\"",3,null,[1,2]]"#),
        "o": .json(#"{"city":"Pa'ris","geo":{"lat":1.5},"k\u0061":true,"list":[10,20]}"#),
        "none": .json("[]"), "o'x": .text("quoted"),
    ]

    @Test(
        "values are written by their kind and place",
        arguments: [
            ("{$lead.t}", "'x'"), ("{lead.t}", "'x'"), ("{lead.n}", "1.10"),
            ("{lead.yes} {{}}", "TRUE {}"), ("f({lead.no})", "f(FALSE)"), ("{lead.null}", "NULL"),
            ("{lead.gone}", "NULL"), ("'{lead.gone}{lead.null}'", "''"), ("'{lead.n}'", "'1.10'"),
            ("'{lead.yes}'", "'true'"), ("({lead.minus},1)", "(-5,1)"),
            ("x = {lead.minus} or y", "x = (-5) or y"), ("1-{lead.minus}", "1-(-5)"),
            ("{lead.minus}::text", "(-5)::text"), ("{lead.id}", "'p1'"), ("{$lead.id}", "'p1'"),
            ("{lead.none}", "'[]'"), ("{lead.o.city}", "'Pa''ris'"), ("{lead.o.geo.lat}", "1.5"),
            ("{lead.o.geo}", #"'{"lat":1.5}'"#), ("{lead.o.ka}", "TRUE"), ("{lead.o.zz}", "NULL"),
            ("{lead.tags.1}", "'bA\"'"), ("{lead.tags.4.1}", "2"), ("{lead.tags.9}", "NULL"),
            ("{lead.t.more}", "NULL"), ("{lead.\"o'x\"}", "'quoted'"),
            ("{segment_id} , {segment_name}", "42 , 'VIP''s'"),
            ("{event_time}", "'2026-03-12T10:00:00.000Z'"), ("{position}", "7"),
            ("{delivery_id}", "'d-1'"), ("{integration_name}", "'crm'"),
            ("t_{segment_id}_x", "t_42_x"), ("\"t {segment_id}\"", "\"t 42\""),
            ("E'{lead.o.city}\\''", "E'Pa''ris\\''"),
        ])
    func values(source: String, expected: String) throws {
        #expect(try renderOne(source, Self.fields) == expected)
    }

    @Test(
        "other braces are text",
        arguments: [
            ("'{\"a\":1}' {segment_id}", "'{\"a\":1}' 42"),
            ("'{1,2}', {segment_id}", "'{1,2}', 42"),
            ("'{{a}}', {segment_id}", "'{a}', 42"),
            ("'{\"a\":{\"b\":{segment_id}}}'", "'{\"a\":{\"b\":42}}'"),
            ("'{{{segment_id}}}'", "'{42}'"), ("'}} { }', {segment_id}", "'} { }', 42"),
        ])
    func braces(source: String, expected: String) throws {
        #expect(try renderOne(source) == expected)
    }

    @Test("SQLite has no TRUE")
    func sqliteBooleans() throws {
        #expect(try renderOne("({lead.yes},{lead.no})", Self.fields, .sqlite) == "(1,0)")
    }

    @Test(
        "conditions",
        arguments: [
            ("lead.t", true), ("lead.gone", false), ("lead.empty", false), ("lead.zero", false),
            ("lead.none", false), ("lead.tags", true), ("lead.no", false), ("\"par1\"", true),
            ("not lead.gone", true), ("not not lead.t", true), ("exists lead.empty", true),
            ("lead.null exists", false), ("exists(lead.no)", true), ("lead.t equal \"x\"", true),
            ("lead.t == \"y\"", false), ("lead.t != \"y\"", true), ("lead.gone != 1", true),
            ("lead.n == 1.1", true), ("lead.n < 2", true), ("lead.minus > -4.9", false),
            ("lead.minus >= -50e-1", true), ("lead.n <= 1.0", false), ("lead.n < 11", true),
            ("lead.t < 5", false), ("12345678901234567890 < 12345678901234567891", true),
            ("lead.t contains \"x\"", true), ("lead.tags contains \"a\"", true),
            ("lead.tags contains 3", true), ("\"zz\" in lead.tags", false),
            ("\"city\" in lead.o", true), ("lead.yes == true", true),
            ("false and false or true", true), ("true or false and false", true),
            ("(true or true) and false", false), ("not false and true", true),
            ("true and true and true", true), ("1 == 2 or 2 == 2", true),
        ])
    func conditions(condition: String, expected: Bool) throws {
        let text = try renderOne("f({if \(condition)}1{else}0{end})", Self.fields)
        #expect(text == (expected ? "f(1)" : "f(0)"))
    }

    @Test("elseif takes the first that holds")
    func elseIf() throws {
        let source = "{if lead.n == 1} a {elseif lead.n == 2} b {elseif lead.n}c{else} d {end}"
        for (value, expected) in [("1", " a "), ("2.0", " b "), ("3", "c"), ("0", " d ")] {
            #expect(try renderOne(source, ["n": .number(value)]) == expected)
        }
    }

    @Test("loops nest, count from 0 and put commas inside")
    func loops() throws {
        let source = """
            {for $i, $p = $batch}[{$i}:{for $j, $x = $p.tags}({$j}, {$x}){autocomma}{end}]\
            {autocomma}{end}
            """
        let compiled = compile(source.replacing(":", with: ","))
        let template = try #require(compiled.template, "\(compiled.diagnostics)")
        let profiles: [Profile] = [
            ("a", ["tags": .json(#"["x",{"y":[1]},-1]"#)]), ("b", [:]), ("c", ["tags": .text("s")]),
        ]
        #expect(
            try render(template, profiles)
                == #"[0,(0, 'x'),(1, '{"y":[1]}'),(2, -1)],[1,],[2,(0, 's')]"#)
        #expect(try render(template, []) == "")
    }

    @Test("a loop over items of items")
    func itemsOfItems() throws {
        let source = "{for $o = lead.os}{for $v = $o.list}{$v},{end}{$o.n},{end} x"
        let fields = ["os": FieldValue.json(#"[{"n":"\u0041","list":["\n",2]},{"list":[]}]"#)]
        #expect(try renderOne(source, fields) == "'\n',2,'A',NULL, x")
    }

    @Test("lead is the profile of the innermost loop over the batch")
    func leadInLoop() throws {
        let compiled = compile("{for $x = $batch}{lead.id}{autocomma}{end}")
        #expect(try render(try #require(compiled.template), [("a", [:]), ("b", [:])]) == "'a','b'")
    }

    @Test("batch_in writes each value once, by kind")
    func batchIn() throws {
        let template = try #require(compile("x IN ({batch_in \"f.g\"})").template)
        let values = ["1", "\"1\"", "1", "null", "true", "[1]", "\"a\\u0027\"", "\"a'\"", "-2"]
        let profiles = values.map { ("p", ["f": FieldValue.json("{\"g\":\($0)}")]) }
        #expect(
            try render(template, profiles) == "x IN (1,'1',TRUE,'[1]','a''',(-2))")
        let ids = try #require(compile("x IN ({batch_in \"id\"})").template)
        #expect(try render(ids, [("a", [:]), ("b", [:]), ("a", [:])]) == "x IN ('a','b')")
    }

    @Test(
        "functions",
        arguments: [
            ("default(lead.gone \"d\")", "'d'"), ("default(lead.t \"d\")", "'x'"),
            ("upper(\"straße\")", "'STRASSE'"), ("lower(\"ÄB\")", "'äb'"),
            ("trim(\" a b \")", "'a b'"), ("length(\"añ😀\")", "3"),
            ("substring(\"añ😀b\" 2 2)", "'ñ😀'"), ("substring(\"abc\" 3)", "'c'"),
            ("replace(\"aXbX\" \"X\" \"'\")", "'a''b'''"), ("concat(lead.t 1 lead.gone)", "'x1'"),
            ("md5(\"abc\")", "'900150983cd24fb0d6963f7d28e17f72'"),
            (
                "sha256(\"\")",
                "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"
            ),
            ("json(lead.empty)", "'\"\"'"), ("json(\"a\\\"b\")", #"'"a\"b"'"#),
            ("json(lead.n)", "'1.10'"), ("first(lead.tags)", "'a'"), ("first(lead.none)", "NULL"),
            ("first(lead.t)", "'x'"), ("number(\" 12 \")", "12"), ("number(\"1;--\")", "NULL"),
            ("upper(lead.gone)", "NULL"), ("upper(concat(lead.t \"y\"))", "'XY'"),
        ])
    func functions(call: String, expected: String) throws {
        #expect(try renderOne("({\(call)})", Self.fields) == "(\(expected))")
    }

    @Test("a value that no target stores is refused without showing it")
    func null() throws {
        let template = try #require(
            compile("{for $x = $batch}('{$x.t}'){autocomma}{end}").template)
        let profiles: [Profile] = [("a", [:]), ("b", ["t": .text("se\0cret")])]
        let failure = #expect(throws: RenderFailure.self) { try render(template, profiles) }
        #expect(failure?.row == 1)
        #expect(failure?.message.contains("cret") == false)
    }

    @Test("a negative number is refused in a name without quotes")
    func negativeName() throws {
        var scope = sampleScope
        scope.segmentID = SegmentID(-1)
        #expect(throws: RenderFailure.self) { try renderOne("t_{segment_id}", [:], .sqlite, scope) }
        #expect(try renderOne("\"t{segment_id}\"", [:], .sqlite, scope) == "\"t-1\"")
    }
}
