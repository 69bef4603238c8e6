import SQLTemplate
import SegmentModel
import Testing

@Suite("Templates that are refused")
struct RefusedTemplateTests {
    @Test(
        "each with its rule and place",
        arguments: [
            ("{segmnt_id}", "unknown_name", 2), ("ä😀 {for $i}", "syntax", 11),
            ("{$lead}", "scope", 2), ("{$batch}", "scope", 2), ("{segment_id.x}", "scope", 2),
            ("{$x.y}", "unknown_name", 2), ("{upper(lead.x", "syntax", 1),
            ("{upper(lead.x, 1)}", "syntax", 14), ("{uper(lead.x)}", "unknown_name", 2),
            ("{upper()}", "arguments", 2), ("{if lead.x = 1}{end}", "syntax", 12),
            ("{if lead.x}", "block", 1), ("a {end}", "block", 3), ("{else}", "block", 1),
            ("{if lead.x}{else}{else}{end}", "block", 18), ("{autocomma}", "scope", 1),
            ("{lead.x y}", "syntax", 9), ("{lead.}", "syntax", 7), ("{a {segment_id}", "syntax", 1),
            ("{concat(\"a)}", "syntax", 9), ("{if }{end}", "syntax", 5),
            ("{if a and}{end}", "syntax", 10), ("{batch_in CustomID}", "syntax", 11),
            ("-- {segment_id}", "context", 4), ("/* {segment_id} */", "context", 4),
            ("$$ {segment_id} $$", "context", 4), ("$a$ {segment_id} $a$", "context", 5),
            ("/* /* */ {segment_id} */", "context", 10), ("\"{lead.x}\"", "context", 2),
            ("U&'{lead.x}'", "context", 4), ("E'\\{lead.x}'", "context", 4),
            ("E{lead.x}", "context", 2), ("a{lead.x}", "context", 2),
            ("1{segment_id}", "context", 2),
            ("a.{segment_id}", "context", 3), ("{lead.x}abc", "context", 9),
            ("{lead.x}5", "context", 9), ("{lead.x}'a'", "context", 9),
            ("'a'{lead.x}", "context", 4),
            ("'a' -- c\n {lead.x}", "context", 2), ("{lead.x} {lead.y}", "context", 10),
            ("{lead.x} 'a'", "context", 10), ("E'a'\n'{lead.x}'", "context", 1),
            ("${segment_id}", "context", 2), ("$a{segment_id}$", "context", 3),
            ("-{if lead.x}-{end} 1", "context", 13), ("'a'{if lead.x}'b'{end}", "context", 15),
            ("E{if lead.x}'{lead.y}'{end}", "context", 13),
            ("{if lead.x}'a{end}", "context", 1), ("{if lead.x}'a{else}'b'{end}'", "context", 1),
            ("{for $x = lead.t}'{end}", "context", 1), ("'abc {segment_id}", "unterminated", 1),
            ("{segment_id} \"a", "unterminated", 14), ("{segment_id} /* a", "unterminated", 14),
            ("{segment_id} $$ a", "unterminated", 14), ("'{batch_in \"x\"}'", "context", 2),
            ("{for $x = lead.t}{$x}{end}", "context", 18), ("a\0b {segment_id}", "syntax", 2),
            (" ", "syntax", 1),
        ])
    func refused(source: String, rule: String, column: Int) {
        let compiled = compile(source, mode: .individual)
        #expect(compiled.template == nil, "\(source)")
        #expect(compiled.errors.first?.rule == rule, "\(source): \(compiled.diagnostics)")
        #expect(compiled.errors.first?.column == column, "\(source): \(compiled.diagnostics)")
    }

    @Test(
        "SQLite's own rules",
        arguments: [
            "[{lead.x}]", "`{lead.x}`", ":{lead.x}", "SELECT :a, {lead.x}", "?, {lead.x}",
            "$a('{lead.x}'", "@{segment_id}", "-- a\r '{lead.x}'",
        ])
    func sqlite(source: String) {
        #expect(compile(source, .sqlite, mode: .individual).template == nil)
    }

    @Test(
        "what looks alike and is allowed",
        arguments: [
            "{lead.x}::int", "DATE {lead.x}", "a={lead.x}", "a-{lead.x}", "'a' || {lead.x}",
            "ARRAY[{lead.x}]", "a -- c\n, {lead.x}", "'--', {lead.x}", "/* ' */ {lead.x}",
            "-- it's\n{lead.x}", "'a''{lead.x}'", "$$ ' $$, {lead.x}", "$q$ $$ ' $q$, {lead.x}",
            "{if lead.x}'{lead.x}'{else}NULL{end}, 1", "'{if lead.x}a{else}b{end}'",
            "{for $x = lead.t}{$x}{autocomma}{end}", "E'\\\\{lead.x}'", "a$b, {lead.x}",
            "{lead.x} -- end", "(E'a\\'{lead.x}')", "a @> {lead.x}", "'{{', {lead.x}",
        ])
    func allowed(source: String) {
        let compiled = compile(source, mode: .individual)
        #expect(compiled.template != nil, "\(source): \(compiled.diagnostics)")
    }

    @Test("profiles are known only where there are some, with a hint")
    func scopes() {
        let outside = compile("SELECT {lead.x}, {batch_in \"x\"}")
        #expect(outside.errors.map(\.rule) == ["scope"])
        #expect(outside.errors.first?.hint?.contains("{for $index, $lead = $batch}") == true)
        for source in ["{lead.x}", "{for $x = $batch}{end}", "{batch_in \"x\"}"] {
            let compiled = compile("SELECT \(source)", query: .clearSegment)
            #expect(compiled.errors.map(\.rule) == ["scope"], "\(source)")
        }
    }

    @Test("a batch that is never used is a warning")
    func unused() {
        let compiled = compile("SELECT {segment_id}")
        #expect(compiled.template != nil)
        #expect(compiled.diagnostics.map(\.rule) == ["batch_unused"])
        #expect(compile("SELECT 1", query: .clearSegment).diagnostics == [])
    }

    @Test("a wrong name gets the nearest one")
    func suggestions() {
        #expect(compile("{segmet_id}").errors.first?.hint == "did you mean segment_id?")
        #expect(
            compile("{for $i, $person = $batch}{$persn.x}{end}").errors.first?.hint
                == "did you mean $person?")
    }

    @Test("every fault is reported, in order")
    func several() {
        let compiled = compile("{a}\n '{b}'\n \"{segment_name}\"", query: .saveSegment)
        #expect(compiled.errors.map(\.line) == [1, 2, 3])
    }

    @Test("an excerpt points at the place")
    func excerpt() {
        let source = "SELECT 1,\n\t'ä' || {nme}"
        let diagnostic = compile(source, mode: .individual).errors.first
        #expect(diagnostic?.line == 2)
        #expect(
            diagnostic?.sourceExcerpt(in: source) == "2 |  'ä' || {nme}\n  |          ^")
    }

    @Test("sizes have limits")
    func limits() {
        let long = String(repeating: " ", count: Limits.templateByteCountMax + 1)
        #expect(compile(long).errors.map(\.rule) == ["limit"])
        let open = String(repeating: "{if lead.x}", count: Limits.templateDepthMax + 1)
        let close = String(repeating: "{end}", count: Limits.templateDepthMax + 1)
        #expect(compile(open + close, mode: .individual).errors.first?.rule == "limit")
        let deep = String(repeating: "(", count: 100_000)
        #expect(compile("{if \(deep)}{end}").errors.first?.rule == "limit")
        let nots = String(repeating: "not ", count: 100_000)
        #expect(compile("{if \(nots) true}{end}").errors.first?.rule == "limit")
        let chain = String(repeating: "true and ", count: 100_000)
        #expect(compile("{if \(chain) true} 1 {end}", query: .clearSegment).template != nil)
    }
}
