import SQLTemplate
import SegmentModel
import Testing

/// `date`, `json` and `jsonpath`.
@Suite struct FunctionTests {
    private let row: Rendering.Profile = [
        "born": .text("2001-12-31T00:30+03:00"), "day": .text("1999-01-05"),
        "seconds": .number("1773309600.5"), "odd": .text("yesterday"), "flag": .boolean(true),
        "text": .text(#"{"a":[1,2,{"b":"x'y"}]}"#), "s": .text("it's \"so\"\n"),
        "shop": .json(
            #"{"orders":[{"id":7,"price":9.5,"tags":["a","b"]},"#
                + #"{"id":8,"price":20,"name":"q\u0041"},{"id":9}],"x y":null,"n":-1.50}"#
        ),
    ]

    private func value(_ call: String) throws -> String {
        let sql = try Rendering().render("{for $l = $batch}({\(call)}){end}", [row])
        return String(sql.dropFirst().dropLast())
    }

    @Test(
        "date reads RFC 3339, dates and seconds, and writes what its format says",
        arguments: [
            ("date($l.born)", "'2001-12-30T21:30:00.000Z'"), ("date($l.day)", "'1999-01-05'"),
            ("date($l.seconds)", "'2026-03-12T10:00:00.500Z'"), ("date($l.odd)", "NULL"),
            ("date($l.flag)", "NULL"), ("date($l.none)", "NULL"),
            (#"date($l.born "yyyy-MM-dd")"#, "'2001-12-30'"),
            (#"date($l.born "yyyy-MM-dd HH:mm" "+03:00")"#, "'2001-12-31 00:30'"),
            (#"date($l.born "%Y-%m-%d %H:%M:%S")"#, "'2001-12-30 21:30:00'"),
            (#"date($l.born "d.M.yy 'at' hh:mm a")"#, "'30.12.01 at 09:30 PM'"),
            (#"date($l.seconds "yyyy-MM-dd'T'HH:mm:ss.SSSXXX")"#, "'2026-03-12T10:00:00.500Z'"),
            (#"date($l.seconds "%F %T.%f %z" "-02:30")"#, "'2026-03-12 07:30:00.500000 -0230'"),
            (#"date($l.day "DDD e")"#, "'005 2'"),
            (#"date($l.seconds "%s %j %u")"#, "'1773309600 071 4'"),
            (#"date(event_time "yyyyMMdd")"#, "'20260312'"), (#"date("2024-02-29" "%d")"#, "'29'"),
        ])
    func date(_ call: String, _ sql: String) throws {
        #expect(try value(call) == sql)
    }

    @Test(
        "jsonpath gives the first hit or all of them",
        arguments: [
            (#"jsonpath($l.shop "$.orders[0].id")"#, "7"),
            (#"jsonpath($l.shop "$.orders[-1].id" "item")"#, "9"),
            (#"jsonpath($l.shop "orders[*].id" "array")"#, "'[7,8,9]'"),
            (#"jsonpath($l.shop "$..price" "array")"#, "'[9.5,20]'"),
            (#"jsonpath($l.shop "$.orders[1:].id" "array")"#, "'[8,9]'"),
            (#"jsonpath($l.shop "$.orders[::-1].id" "array")"#, "'[9,8,7]'"),
            (#"jsonpath($l.shop "$.orders[?@.price < 10].id" "array")"#, "'[7]'"),
            (
                #"jsonpath($l.shop "$.orders[?(@.price >= 9.50 && !(@.name == 'q'))].id" "array")"#,
                "'[7,8]'"
            ),
            (#"jsonpath($l.shop "$.orders[?@.name].name")"#, "'qA'"),
            (#"jsonpath($l.shop "$.orders[?@.name == 'qA'].id")"#, "8"),
            (#"jsonpath($l.shop "$['x y']")"#, "NULL"), (#"jsonpath($l.shop "$.n")"#, "-1.50"),
            (#"jsonpath($l.shop "$.orders[0].tags[0,1]" "array")"#, #"'["a","b"]'"#),
            (#"jsonpath($l.shop "$.none")"#, "NULL"),
            (#"jsonpath($l.shop "$.none" "array")"#, "'[]'"),
            (#"jsonpath($l.none "$.a" "array")"#, "NULL"),
            (#"jsonpath($l.text "$.a[2].b")"#, "'x''y'"),
            (#"jsonpath($l.odd "$.a")"#, "NULL"),
            (#"jsonpath($l.shop "$.orders.*.id" "array")"#, "'[7,8,9]'"),
        ])
    func jsonpath(_ call: String, _ sql: String) throws {
        #expect(try value(call) == sql)
    }

    @Test("INV-7: a text that is no JSON gives no bare SQL through jsonpath")
    func noBareText() throws {
        for text in [
            "{\"a\": 1;DROP TABLE t}", "{\"a\": x}", "[1) OR (1]", "{\"a\":-}", "{\"a\":1--2}",
        ] {
            for path in ["$.a", "$[0]", "$..*"] {
                let sql = try Rendering().render(
                    "{for $l = $batch}({jsonpath($l.t \"\(path)\")}){end}", [["t": .text(text)]])
                #expect(["(NULL)", "(1)", "(-1)"].contains(sql), "\(text) \(path): \(sql)")
            }
        }
    }

    @Test("json writes any value as JSON, a missing one as null")
    func json() throws {
        #expect(try value("json($l.s)") == #"'"it''s \"so\"\u000a"'"#)
        #expect(try value("json($l.none)") == "'null'")
        #expect(try value("json($l.flag)") == "'true'")
        #expect(
            try Rendering().render(
                "'[{for $l = $batch}{json($l.v)}{autocomma}{end}]'",
                [["v": .text("a'b")], [:], ["v": .number("1.0")]]) == #"'["a''b",null,1.0]'"#)
    }

    @Test(
        "What can never give anything is refused when it is saved",
        arguments: [
            ("{substring($lead.a \"x\")}", "substring counts with numbers"),
            ("{date($lead.a $lead.b)}", "texts in double quotes"),
            ("{date($lead.a \"yyyy-QQ\")}", "QQ is no part"), ("{date($lead.a \"%Q\")}", "no part"),
            ("{date($lead.a \"yyyy\" \"Europe/Paris\")}", "offset from UTC"),
            ("{date(\"soon\")}", "no date"), ("{jsonpath($lead.a \"$.[\")}", "JSONPath"),
            ("{jsonpath($lead.a \"$.a\" \"all\")}", "\"item\" or an \"array\""),
            ("{jsonpath(segment_id \"$.a\")}", "looks into JSON"),
            ("{for $x = segment_id}{$x}{end}", "cannot be looped over"),
            ("{for $x = \"abc\"}{$x}{end}", "cannot be looped over"),
            ("{if segment_id > \"many\"}x{end}", "never equal to, less or more"),
            ("{if segment_id contains 1}x{end}", "contains nothing"),
            ("{jsonpath($lead.a \"$[?length(@) > 1]\")}", "compares paths, texts and numbers"),
        ])
    func refused(_ source: String, _ says: String) {
        let found = Rendering(mode: .individual).diagnostics("x = \(source)")
            .filter { $0.severity == .error }
        #expect(found.contains { $0.message.contains(says) }, "\(source): \(found)")
    }
}
