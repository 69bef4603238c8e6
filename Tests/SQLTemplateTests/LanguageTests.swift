import Foundation
import SQLTemplate
import SegmentModel
import Testing

@Suite struct LanguageTests {
    private let batch = Rendering()
    private let people: [Rendering.Profile] = [
        ["id": .text("p1"), "CustomID": .text("C-1"), "age": .number("31"), "vip": .boolean(true)],
        ["id": .text("p2"), "CustomID": .text("C-2"), "age": .number("9"), "vip": .boolean(false)],
        ["id": .text("p3")],
    ]

    @Test("A loop counts from 0, knows its profile, and autocomma leaves the last comma out")
    func loops() throws {
        #expect(
            try batch.render("{for $i, $l = $batch}({$i}, '{$l.id}'){autocomma} {end}", people)
                == "(0, 'p1'), (1, 'p2'), (2, 'p3') ")
        #expect(
            try batch.render("{for $l = $batch}('{$l.id}'){autocomma}{end}", [people[0]])
                == "('p1')")
    }

    @Test("Loops over lists and objects nest; autocomma is the innermost loop's")
    func nested() throws {
        let rows: [Rendering.Profile] = [
            ["id": .text("a"), "tags": .json(#"["x","it's",3,true,null]"#)],
            ["id": .text("b"), "tags": .json(#"{"k":"v"}"#)],
            ["id": .text("c"), "tags": .json("[]")], ["id": .text("d")],
        ]
        #expect(
            try batch.render(
                "{for $l = $batch}'{$l.id}':[{for $n, $t = $l.tags}{$n} {$t}{autocomma}{end}]"
                    .replacingOccurrences(of: "{$n} ", with: "{$n}, ") + "{autocomma}{end}", rows)
                == "'a':[0, 'x',1, 'it''s',2, 3,3, TRUE,4, NULL],'b':[0, 'v'],'c':[],'d':[]")
    }

    @Test("batch_in writes each value once, in first-seen order, and NULL where there is none")
    func batchIn() throws {
        let rows: [Rendering.Profile] = [
            ["c": .text("b")], ["c": .text("a")], [:], ["c": .text("b")], ["c": .text("O'N")],
            ["c": .number("1")], ["c": .text("1")], ["c": .null], ["c": .text("")],
        ]
        #expect(
            try batch.render(#"IN ({batch_in "c"})"#, rows) == "IN ('b','a','O''N','1','')")
        #expect(try batch.render(#"IN ({batch_in "c"})"#, [[:], ["c": .null]]) == "IN (NULL)")
        #expect(try batch.render(#"IN ({batch_in("c")})"#, [["c": .text("x")]]) == "IN ('x')")
        #expect(
            try batch.render(
                #"IN ({batch_in "o.k"})"#,
                [["o": .json(#"{"k":"v"}"#)], ["o": .json(#"{"k":"v"}"#)], ["o": .json("{}")]])
                == "IN ('v')")
    }

    @Test(
        "Conditions: operators, words, binding",
        arguments: [
            (#"$l.age == 31"#, "100"), (#"$l.age equal 31.0"#, "100"), (#"$l.age != 31"#, "011"),
            (#"$l.age < 10"#, "010"), (#"$l.age <= 9"#, "010"), (#"$l.age > 9"#, "100"),
            (#"$l.age >= 9"#, "110"), (#"$l.CustomID equal "C-1""#, "100"),
            (#"$l.CustomID contains "-2""#, "010"), (#""-2" in $l.CustomID"#, "010"),
            (#"$l.age exists"#, "110"), (#"exists $l.age"#, "110"), (#"not exists $l.age"#, "001"),
            (#"$l.vip"#, "100"), (#"not $l.vip"#, "011"), (#"$l.vip == true"#, "100"),
            (#"$l.vip or $l.age < 10 and false"#, "100"),
            (#"($l.vip or $l.age < 10) and $l.age exists"#, "110"),
            (#"not $l.vip and $l.age exists"#, "010"), (#"not ($l.vip or $l.age < 10)"#, "001"),
            (#""text""#, "111"), (#""""#, "000"), ("0", "000"), ("0.0e5", "000"), ("-1", "111"),
            (#"$l.missing == $l.missing"#, "000"), (#"segment_id == 42"#, "111"),
        ])
    func conditions(_ condition: String, _ expected: String) throws {
        #expect(
            try batch.render("'{for $l = $batch}{if \(condition)}1{else}0{end}{end}'", people)
                == "'\(expected)'")
    }

    @Test("Numbers are compared as decimals of any length, text by its bytes")
    func decimals() throws {
        for (left, right) in [
            ("9007199254740993", "9007199254740992"), ("1e3", "999.9999"), ("-1", "-1.0000001"),
            ("0.1", "0.09999999999999999999"), ("1e400", "1e399"),
        ] {
            let row: Rendering.Profile = ["a": .number(left), "b": .number(right)]
            #expect(
                try batch.render(
                    "'{for $l = $batch}{if $l.a > $l.b}1{else}0{end}{if $l.b >= $l.a}1{else}0{end}"
                        + "{end}'", [row]) == "'10'", "\(left) \(right)")
        }
    }

    @Test("elseif takes the first way that is true, and blocks nest")
    func elseif() throws {
        #expect(
            try batch.render(
                """
                '{for $l = $batch}{if $l.age > 30}old{elseif $l.age exists}{if $l.vip}x{else}young\
                {end}{else}unknown{end},{end}'
                """, people) == "'old,young,unknown,'")
    }

    @Test("A comparison with a list is about its items, with an object about its keys")
    func membership() throws {
        let rows: [Rendering.Profile] = [
            ["t": .json(#"["rfm",5]"#)], ["t": .json(#"{"rfm":1}"#)], ["t": .text("xrfmx")], [:],
        ]
        #expect(
            try batch.render(
                #"'{for $l = $batch}{if $l.t contains "rfm"}1{else}0{end}{end}'"#, rows)
                == "'1110'")
        #expect(
            try batch.render("'{for $l = $batch}{if 5 in $l.t}1{else}0{end}{end}'", [rows[0]])
                == "'1'")
    }

    @Test("Dots walk into objects; what is not there is missing")
    func paths() throws {
        let row: Rendering.Profile = [
            "o": .json(#"{"a":{"b-c":"\u0041\"\\\n","n":null},"d":[1]}"#)
        ]
        #expect(
            try batch.render(
                "{for $l = $batch}{$l.o.a.b-c}, {$l.o.a.n}, {$l.o.x.y}, {$l.o.d}, {$l.o.a.n.z}"
                    + "{autocomma}{end}",
                [row]) == "'A\"\\\n', NULL, NULL, '[1]', NULL")
    }

    @Test("Functions")
    func functions() throws {
        let row: Rendering.Profile = [
            "s": .text("  Ünï-42  "), "e": .text("a'b"), "n": .number("1.50"),
        ]
        for (call, sql) in [
            (#"upper($l.s)"#, "'  ÜNÏ-42  '"), (#"lower($l.s)"#, "'  ünï-42  '"),
            (#"trim($l.s)"#, "'Ünï-42'"), (#"length(trim($l.s))"#, "6"),
            (#"substring(trim($l.s) 2 3)"#, "'nï-'"), (#"replace($l.e "'" "''")"#, "'a''''b'"),
            (#"default($l.x "it's")"#, "'it''s'"), (#"default($l.e "x")"#, "'a''b'"),
            (#"concat($l.e "-" $l.n)"#, "'a''b-1.50'"), (#"number("12")"#, "12"),
            (#"number($l.e)"#, "NULL"), (#"json($l.e)"#, #"'"a''b"'"#), (#"upper($l.x)"#, "NULL"),
            (#"md5("a")"#, "'0cc175b9c0f1b6a831c399e269772661'"),
            (
                #"sha256("a")"#,
                "'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'"
            ),
        ] {
            #expect(
                try batch.render("{for $l = $batch}({\(call)}){end}", [row]) == "(\(sql))",
                "\(call)")
        }
    }

    @Test("JSON text that is neither a list nor an object is what stands in it")
    func jsonScalars() throws {
        for (source, sql) in [
            ("{for $x = json($l.s)}({$x}){autocomma}{end}", "('it''s \"so\"\n')"),
            ("{for $x = json($l.list)}({$x}){autocomma}{end}", "('a,b')"),
            ("{for $x = json($l.seconds)}({$x}){autocomma}{end}", "(1773309600.5)"),
            ("{for $x = json($l.none)}({$x}){autocomma}{end}", ""),
            ("({first(json($l.list))})", "('a,b')"),
            ("{if json($l.none)}1{else}0{end}", "0"), ("{if json($l.empty)}1{else}0{end}", "0"),
            ("{if json($l.list)}1{else}0{end}", "1"),
            ("{if json($l.list) contains \"a,b\"}1{else}0{end}", "1"),
            ("{if json($l.list) contains \"\\\"\"}1{else}0{end}", "0"),
        ] {
            let row: Rendering.Profile = [
                "s": .text("it's \"so\"\n"), "list": .text("a,b"), "empty": .text(""),
                "seconds": .number("1773309600.5"),
            ]
            let rendered = try batch.render("{for $l = $batch}\(source){end}", [row])
            #expect(rendered == sql, "\(source)")
        }
    }

    @Test("In individual mode both spellings of the profile work, and there is one row")
    func individual() throws {
        let one = Rendering(mode: .individual)
        #expect(
            try one.render(
                "VALUES ({segment_id}, '{$lead.CustomID}', {lead.age}, '{lead.id}')",
                [people[0]]) == "VALUES (42, 'C-1', 31, 'p1')")
        #expect(try one.render(#"IN ({batch_in "CustomID"})"#, [people[1]]) == "IN ('C-2')")
        #expect(
            try one.render("{for $i, $lead = $batch}({$lead.age}){autocomma}{end}", [people[1]])
                == "(9)")
    }
}
