import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// A query that cannot work is refused when it is saved: with its place, the rule and a way out.
@Suite struct RefusalTests {
    struct Case: Sendable {
        var source: String
        var line: Int
        var column: Int
        var says: String
        var hint: String
        var kind = ConnectorKind.postgresql
        var query = QueryKind.addProfiles
        var mode = TemplateMode.batch
    }

    private static let cases: [Case] = [
        Case(source: "X {segment_ib}", line: 1, column: 4, says: "segment_ib", hint: "segment_id"),
        Case(
            source: "A\nB {for $l = $batch}({$l.x}){autocoma}{end}", line: 2, column: 29,
            says: "autocoma", hint: "autocomma"),
        Case(
            source: #"VALUES {for $l = $batch}("{$l.x}"){end}"#, line: 1, column: 27,
            says: "names a column in PostgreSQL", hint: "'{$l.x}'"),
        Case(
            source: #"VALUES {for $l = $batch}("{$l.x}"){end}"#, line: 1, column: 27,
            says: "names a column in SQLite", hint: "'{$l.x}'", kind: .sqlite),
        Case(
            source: "-- {segment_id}\nSELECT 1", line: 1, column: 4, says: "comment",
            hint: "take it out"),
        Case(source: "/* {segment_id} */", line: 1, column: 4, says: "comment", hint: "{{"),
        Case(source: "SELECT $$ {segment_id} $$", line: 1, column: 11, says: "$$", hint: "'…'"),
        Case(
            source: "{for $l = $batch}x", line: 1, column: 1, says: "not closed", hint: "{end}"),
        Case(source: "x {end}", line: 1, column: 3, says: "closes nothing", hint: ""),
        Case(
            source: "x {else}", line: 1, column: 3, says: "outside", hint: ""),
        Case(source: "x {autocomma}", line: 1, column: 3, says: "outside of a loop", hint: "{for"),
        Case(
            source: "IN ('{batch_in \"c\"}')", line: 1, column: 6, says: "batch_in",
            hint: "take the quotes away"),
        Case(source: "x = 'abc", line: 1, column: 5, says: "not closed", hint: ""),
        Case(source: "x {segment_id", line: 1, column: 3, says: "not closed", hint: "{{"),
        Case(
            source: "DELETE FROM s WHERE id = {$lead.x}", line: 1, column: 27,
            says: "is not known in delete_segment", hint: "only add_profiles",
            query: .deleteSegment),
        Case(
            source: "x {$lead.x}", line: 1, column: 4, says: "outside of a loop",
            hint: "{for $index, $lead = $batch}"),
        Case(source: "{for $a = $b.x}{end}", line: 1, column: 11, says: "$b", hint: ""),
        Case(
            source: "{if segment_id = 3}x{end}", line: 1, column: 16, says: "two signs",
            hint: "=="),
        Case(source: "x {uper(segment_name)}", line: 1, column: 4, says: "uper", hint: "upper"),
        Case(
            source: "x {upper(segment_name segment_name)}", line: 1, column: 4,
            says: "takes 1 arguments", hint: "spaces"),
        Case(
            source: "{if segment_id}'{end}x'", line: 1, column: 1,
            says: "leave the SQL in different places", hint: "quote"),
        Case(source: "x\u{0}", line: 1, column: 2, says: "U+0000", hint: ""),
        Case(source: "   ", line: 1, column: 1, says: "empty", hint: ""),
        Case(
            source: "a '{segment_name}' {segment_name}", line: 1, column: 20,
            says: "cannot follow a string", hint: "||"),
    ]

    @Test("A fault has its line, its column and a hint", arguments: cases.indices)
    func place(_ index: Int) throws {
        let one = Self.cases[index]
        let rendering = Rendering(kind: one.kind, query: one.query, mode: one.mode)
        let found = rendering.diagnostics(one.source).filter { $0.severity == .error }
        let fault = try #require(found.first, "\(one.source)")
        #expect(fault.line == one.line, "\(one.source): \(fault)")
        #expect(fault.column == one.column, "\(one.source): \(fault)")
        #expect(fault.message.contains(one.says), "\(one.source): \(fault)")
        #expect(one.hint.isEmpty || fault.hint?.contains(one.hint) == true, "\(fault)")
    }

    @Test("Every fault is reported at once")
    func all() {
        let found = Rendering().diagnostics(
            "{for $l = $batch}{$x.a}, {$l.b}, {foo}{autocomma}{end}, {bar}")
        #expect(found.filter { $0.severity == .error }.count == 3)
    }

    @Test("A query that never uses its batch is warned of, not refused")
    func warning() throws {
        let found = Rendering().diagnostics("DELETE FROM t_{segment_id}")
        #expect(found.map(\.severity) == [.warning])
        #expect(found[0].rule == "batch_unused")
    }

    @Test("INV-7: no cut of a valid query and no noise traps the compiler or the renderer")
    func noise() throws {
        let source = """
            INSERT INTO t VALUES {for $i, $l = $batch}({segment_id}, '{$l.a}', {upper($l.b)}, \
            {if $l.c exists and not ($l.d == 1)}E'{$l.e}'{elseif $l.f in $l.g}{$i}{else}NULL{end})\
            {autocomma}{end} ON CONFLICT (a, "b") DO UPDATE SET x = $$y$$ -- IN ({{
            """
        var random = SeededGenerator()
        let scalars = Array(source.unicodeScalars)
        let rows: [Rendering.Profile] = [["a": .text("'\\"), "e": .text("\\'")], [:]]
        for kind in ConnectorKind.allCases {
            for round in 0..<600 {
                var text = String.UnicodeScalarView()
                if round < scalars.count {
                    text.append(contentsOf: scalars[..<round])
                } else {
                    var copy = scalars
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        let place = copy.indices.randomElement(using: &random)!
                        let other: Unicode.Scalar = Array("{}'\"$()\\;-/*\u{0}ü ".unicodeScalars)
                            .randomElement(using: &random)!
                        copy[place] = other
                    }
                    text.append(contentsOf: copy)
                }
                let rendering = Rendering(kind: kind)
                let compiled = TemplateCompiler(dialect: SQLDialect(kind))
                    .compile(String(text), query: .addProfiles, mode: .batch)
                guard compiled.template != nil else {
                    #expect(compiled.diagnostics.contains { $0.severity == .error })
                    continue
                }
                _ = try rendering.render(String(text), rows)
            }
        }
    }
}
