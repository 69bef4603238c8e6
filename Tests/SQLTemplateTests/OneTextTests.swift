import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// A value is one text, whichever query writes it and whatever JSON type it came as.
@Suite struct OneTextTests {
    private static let numbers = [
        "0", "-0", "1", "120", "1.10", "1e5", "1E400", "-1e-7", "12345678901234567890",
        "9223372036854775808", "0.1", "-12.50", "1.0", "1e0",
    ]

    private static func value(_ random: inout SeededGenerator) -> FieldValue {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .number(numbers.randomElement(using: &random)!)
        case 1: .number(String(Int.random(in: -1000...1000, using: &random)))
        case 2: .boolean(Bool.random(using: &random))
        case 3: .json([#"["a","it's"]"#, #"{"k":1.10}"#, "[]"].randomElement(using: &random)!)
        case 4: .text(numbers.randomElement(using: &random)!)
        default:
            .text(
                ["", "true", "O'Neil", "\\", "é", "e\u{301}", "a\\'b"]
                    .randomElement(using: &random)!)
        }
    }

    @Test(
        "INV-7: batch_in writes what the tag in quotes writes, each text once, of every JSON type",
        arguments: ConnectorKind.allCases)
    func listed(_ kind: ConnectorKind) throws {
        var random = SeededGenerator()
        let rendering = Rendering(kind: kind)
        let one = Rendering(kind: kind, mode: .individual)
        for _ in 0..<200 {
            let rows: [Rendering.Profile] = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Int.random(in: 0..<8, using: &random) == 0 ? [:] : ["v": Self.value(&random)]
            }
            var texts: [String] = []
            for row in rows where !row.isEmpty {
                let text = try one.render("'{$lead.v}'", [row])
                if !texts.contains(where: { $0.utf8.elementsEqual(text.utf8) }) {
                    texts.append(text)
                }
            }
            let list = try rendering.renderBytes(#"IN ({batch_in "v"})"#, rows)
            let wanted = texts.isEmpty ? "NULL" : texts.joined(separator: ",")
            #expect(
                list == Array("IN (\(wanted))".utf8),
                "\(kind), seed \(SeededGenerator.seed): \(rows)")
        }
    }

    @Test("INV-7: a bound list has the texts that the written one has")
    func bound() throws {
        let rows: [Rendering.Profile] =
            Self.numbers.map { ["v": .number($0)] } + Self.numbers.map { ["v": .text($0)] }
            + [["v": .boolean(true)], ["v": .text("true")], [:], ["v": .json("[1.10]")]]
        let wanted = Self.numbers + ["true", "[1.10]"]
        for kind in [ConnectorKind.postgresql, .sqlite] {
            var shapes = BoundShapes()
            let template = try Rendering(kind: kind, query: .removeProfiles)
                .compile(#"DELETE FROM t WHERE v IN ({batch_in "v"})"#)
            let bound = try #require(
                try template.renderBound(
                    RenderRows(rows, for: template), Rendering.scope, &shapes))
            #expect(bound.shape.listType == .text)
            let texts = bound.values.map { value in
                let start = Int(value.offset)
                return String(
                    decoding: bound.bytes[start..<start + Int(value.count)], as: UTF8.self)
            }
            #expect(texts == wanted)
        }
    }

    @Test("INV-7: text gives what quotes give, and nothing where there is none")
    func text() throws {
        let rendering = Rendering(mode: .individual)
        for (value, text) in [
            (FieldValue.number("1.10"), "1.10"), (.number("1e400"), "1e400"),
            (.boolean(false), "false"), (.json("[1]"), "[1]"), (.text(""), ""), (.text("é"), "é"),
        ] {
            let made = try rendering.render(
                "{text($lead.v)}, {json(text($lead.v))}", [["v": value]])
            #expect(made == "'\(text)', '\"\(text)\"'")
        }
        let missing = try rendering.render(
            "{text($lead.v)}, '{text($lead.v)}', {json(text($lead.v))}", [[:]])
        #expect(missing == "NULL, '', 'null'")
        #expect(
            try Rendering(kind: .mysql, mode: .individual).render(
                "SELECT {text(event_time)}", [[:]])
                == "SELECT '2026-03-12 10:00:00.000'")
    }

    // MARK: Names

    /// Names that look the same and differ in bytes.
    private static let twins = [
        ("caf\u{E9}", "cafe\u{301}"), ("\u{C5}", "\u{212B}"), ("K", "\u{212A}"),
        ("\u{1E69}", "s\u{323}\u{307}"), ("s\u{323}\u{307}", "s\u{307}\u{323}"),
        ("\u{AC00}", "\u{1100}\u{1161}"), ("\u{3A9}", "\u{2126}"), ("i\u{301}", "\u{ED}"),
    ]

    @Test("INV-7: two names that differ in bytes are two fields, in every place of a template")
    func names() throws {
        for (first, second) in Self.twins {
            let profile: Rendering.Profile = [
                ExactText(first): .text("one"), ExactText(second): .text("two"),
                "o": .json("{\"\(first)\":1,\"\(second)\":2}"),
            ]
            let one = Rendering(mode: .individual)
            let fields = "{$lead.\"\(first)\"}, {lead.\"\(second)\"}"
            #expect(try one.render(fields, [profile]) == "'one', 'two'")
            let lists = "{batch_in \"\(first)\"}, {batch_in \"\(second)\"}"
            #expect(try Rendering().render(lists, [profile]) == "'one', 'two'")
            let paths = "{$lead.o.\"\(first)\"}, {$lead.o.\"\(second)\"}"
            #expect(try one.render(paths, [profile]) == "1, 2")
            let template = try one.compile(fields)
            #expect(template.fieldKeys == [ExactText(first), ExactText(second)])
            let isThere = try one.render(
                "{if $lead.o contains \"\(second)\"}1{else}0{end}",
                [["o": .json("{\"\(first)\":1}")]])
            #expect(isThere == "0")
        }
        let variables =
            "{for $caf\u{E9}, $cafe\u{301} = $batch}{$caf\u{E9}}, {$cafe\u{301}.id}"
            + "{autocomma}{end}"
        #expect(try Rendering().render(variables, [["id": .text("p")]]) == "0, 'p'")
    }

    @Test("INV-7: values that only look the same are not equal, and not part of each other")
    func values() throws {
        for (first, second) in Self.twins {
            for condition in [
                "$lead.v == \"\(second)\"", "$lead.v contains \"\(second)\"",
                "\"\(second)\" in $lead.v",
                "$lead.v in $lead.list",
            ] {
                let shown = try Rendering(mode: .individual).render(
                    "{if \(condition)}1{else}0{end}",
                    [["v": .text(first), "list": .json("[\"\(second)\"]")]])
                #expect(shown == "0", "\(first) \(condition)")
            }
            let replaced = try Rendering(mode: .individual).renderBytes(
                "SELECT {replace($lead.v \"\(second)\" \"x\")}", [["v": .text(first)]])
            #expect(replaced == Array("SELECT '\(first)'".utf8))
        }
    }

    @Test("_id is the profile's id wherever a field's name can stand")
    func platformName() throws {
        let rows: [Rendering.Profile] = [["id": .text("p1"), "_id": .text("no")]]
        #expect(
            try Rendering().render(
                #"{batch_in "_id"}, {for $l = $batch}{$l._id}{autocomma}{end}"#, rows)
                == "'p1', 'p1'")
        let one = Rendering(mode: .individual)
        let three = "{lead._id}, '{$lead._id}', {$lead.\"_id\"}"
        #expect(try one.render(three, rows) == "'p1', 'p1', 'p1'")
        #expect(try one.compile("{lead._id}, {lead.id}").fieldNames == ["id"])
    }
}
