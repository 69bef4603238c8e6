import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// What is too large or takes too long is refused with a sentence; what is within limits is not.
@Suite struct TemplateLimitTests {
    private let batch = Rendering()

    private func failure(
        _ source: String, _ profiles: [Rendering.Profile]
    ) throws -> RenderFailure? {
        do {
            _ = try batch.renderBytes(source, profiles)
            return nil
        } catch let failure as RenderFailure {
            return failure
        }
    }

    private func limits(_ source: String) -> [String] {
        batch.diagnostics(source).filter { $0.rule == "limit" }.map(\.message)
    }

    // MARK: Templates

    @Test("A template over 1 MiB is refused, one of 1 MiB with as many tags as fit is not")
    func length() throws {
        let unit = "({segment_id},'{segment_name}'),"
        let count = Limits.templateByteCountMax / unit.utf8.count
        var source = String(repeating: unit, count: count)
        source += String(repeating: " ", count: Limits.templateByteCountMax - source.utf8.count)
        let rendering = Rendering(query: .saveSegment)
        let rendered = try rendering.renderBytes(source)
        #expect(rendered.count(where: { $0 == UInt8(ascii: "(") }) == count)
        let found = rendering.diagnostics(source + " ")
        #expect(found.map(\.rule) == ["limit"])
        #expect(
            found.first?.message == "a template has 1048576 bytes at most, this has 1048577")
    }

    @Test("A template of nothing but faults is not read to its end")
    func faults() {
        let found = batch.diagnostics(String(repeating: "{x} ", count: 200_000))
        #expect(found.count == 100)
    }

    @Test(
        "64 blocks, parentheses, calls, negations or filters in one another are taken, 65 are not")
    func depth() throws {
        func nested(_ open: String, _ inside: String, _ close: String, _ count: Int) -> String {
            String(repeating: open, count: count) + inside + String(repeating: close, count: count)
        }
        let forms: [(name: String, source: (Int) -> String)] = [
            ("if", { nested("{if segment_id}", "x ", "{end}", $0) }),
            ("for", { nested("{for $l = $batch}", "x ", "{end}", $0) }),
            ("(", { "{if " + nested("(", "segment_id", ")", $0 - 1) + "}x{end}" }),
            ("not", { "{if " + nested("not ", "segment_id", "", $0 - 1) + "}x{end}" }),
            ("upper", { "x {" + nested("upper(", "segment_name", ")", $0) + "}" }),
            ("default", { "x {" + nested("default(", "segment_name", " \"x\")", $0) + "}" }),
            (
                "jsonpath",
                { "x {jsonpath(segment_name \"$" + nested("[?@", "", "]", $0 / 2 - 1) + "\")}" }
            ),
        ]
        for (name, source) in forms {
            let deepest = name == "jsonpath" ? 66 : Limits.templateDepthMax
            #expect(
                batch.diagnostics(source(deepest)).allSatisfy { $0.severity == .warning }, "\(name)"
            )
            #expect(
                batch.diagnostics(source(deepest + 2)).contains { $0.severity == .error }, "\(name)"
            )
        }
        #expect(
            limits(nested("{if segment_id}", "x", "{end}", 65)).first?.contains("64 deep") == true)
    }

    // MARK: Values

    @Test("INV-7: values of 1 MiB render in every dialect, whatever they are made of")
    func largeValues() throws {
        for kind in ConnectorKind.allCases {
            for unit in ["a", "'", "\\", "\\\n", "\\\r\n", "\"", "ü", "𝄞"] {
                let count = Limits.fieldValueByteCountMax / unit.utf8.count
                let value = String(repeating: unit, count: count)
                let profiles: [Rendering.Profile] = [["v": .text(value)], ["v": .text(value)]]
                let source =
                    kind == .oracle
                    ? "VALUES {for $l = $batch}({$l.v}){autocomma}{end}"
                    : "VALUES {for $l = $batch}({$l.v}, '{$l.v}'){autocomma}{end}"
                let bytes = try Rendering(kind: kind).renderBytes(source, profiles)
                #expect(bytes.count > 2 * value.utf8.count, "\(kind) \(unit)")
            }
        }
        let long = String(repeating: "x", count: 4001)
        #expect(throws: RenderFailure.self) {
            _ = try Rendering(kind: .oracle).render(
                "{for $l = $batch}'{$l.v}'{autocomma}{end}", [["v": .text(long)]])
        }
    }

    @Test("Loops in loops end at a number of turns, and say so")
    func loopBomb() throws {
        let source =
            String(repeating: "{for $l = $batch}", count: 3) + "x "
            + String(repeating: "{end}", count: 3)
        let found = try failure(source, Array(repeating: [:], count: 500))
        #expect(found?.message.contains("\(Limits.renderedTurnCountMax) turns") == true)
    }

    @Test("A rendering ends at a number of bytes, and says so")
    func lengthBomb() throws {
        let value = Rendering.Profile(
            uniqueKeysWithValues: [
                ("v", .text(String(repeating: "x", count: Limits.fieldValueByteCountMax)))
            ])
        let source = """
            {for $l = $batch}{for $m = $batch}'{$m.v}'{autocomma}{end}{autocomma}{end}
            """
        let found = try failure(source, Array(repeating: value, count: 20))
        #expect(found?.message.contains("\(Limits.renderedQueryByteCountMax) bytes") == true)
    }

    @Test(
        "Functions of functions end at a number of bytes, and say so",
        arguments: [
            #"{replace($l.v "a" $l.v)}"#,
            "{length(concat(" + String(repeating: concat + " ", count: 6) + "))}",
            "{md5(trim(trim(trim(trim(trim(trim(" + concat + ")))))))}",
        ])
    func functionBombs(_ tag: String) throws {
        let value: Rendering.Profile = [
            "v": .text(String(repeating: "a", count: Limits.fieldValueByteCountMax))
        ]
        let found = try failure("{for $l = $batch}\(tag){autocomma}{end}", [value])
        #expect(
            found?.message
                == "a function makes a text longer than \(Limits.renderedQueryByteCountMax) bytes")
        #expect(found?.row == 0)
    }

    /// A field of 1 MiB, 50 times.
    private static let concat = "concat(" + String(repeating: "$l.v ", count: 50) + ")"

    @Test(
        "A jsonpath ends at a number of values looked at, or of bytes found, and says so",
        arguments: [
            ("$..*..*..*..*", "jsonpath would look at more"),
            ("$..[?@..[?@..x]]", "jsonpath would look at more"),
            ("$[*" + String(repeating: ",*", count: 300) + "]", "makes a text longer than"),
        ])
    func pathBombs(_ path: String, _ says: String) throws {
        let depth = 60
        let filling = String(repeating: "x", count: Limits.fieldValueByteCountMax - 4 * depth)
        let json =
            String(repeating: "[1,", count: depth) + "\"\(filling)\""
            + String(repeating: "]", count: depth)
        let found = try failure(
            "{for $l = $batch}{jsonpath($l.v \"\(path)\" \"array\")}{autocomma}{end}",
            [["v": .json(json)]])
        #expect(found?.message.contains(says) == true, "\(String(describing: found))")
    }

    // MARK: SQL Server's line ends

    @Test("INV-7: no two values, and no value and text, join to a line that SQL Server continues")
    func lineEnds() throws {
        let parts = ["\\", "\r", "\n", "\r\n", "x", ""]
        let rendering = Rendering(kind: .mssql)
        for first in parts {
            for second in parts {
                for third in parts {
                    let profile: Rendering.Profile = [
                        "a": .text(first), "b": .text(second), "c": .text(third),
                    ]
                    let sql = try rendering.render(
                        "{for $l = $batch}'{$l.a}{$l.b}{$l.c}|\\{$l.a}\n{$l.b}'{autocomma}{end}",
                        [profile])
                    let read = String(sql.dropFirst().dropLast())
                        .replacing(/\\(?:\r\n|\n)/.matchingSemantics(.unicodeScalar), with: "")
                    let meant = "\(first)\(second)\(third)|\\\(first)\n\(second)"
                    #expect(
                        Array(read.utf8) == Array(meant.utf8), "\(profile) \(sql.debugDescription)")
                }
            }
        }
    }
}
