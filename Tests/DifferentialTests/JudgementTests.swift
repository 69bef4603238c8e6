import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// What the regime would say of databases that go wrong.
@Suite("A difference between harmless and hostile values is found")
struct JudgementTests {
    private struct Prepared {
        let pool: ValuePool
        var values: TrialValues
        var judgement: Judgement

        init(_ source: String, _ frame: TriedTemplate.Frame = .select) {
            var random = SeededGenerator(seed: 7)
            pool = ValuePool(random: &random)
            values = TrialValues(pool, random: &random)
            values.hostile["v"]![0] = "it's"
            values.hostile["n"]![0] = "-1.50"
            judgement = Judgement(
                TestedDatabase.all[0], TriedTemplate(source: source, frame: frame),
                Substitution(source, pool, values))
        }

        var marker: String { pool.markers["v"]![0] }
        var number: String { pool.markers["n"]![0] }
    }

    @Test("Equal but for the values: no problem")
    func equal() {
        var prepared = Prepared("SELECT '{$lead.v}', {$lead.n}, '{upper($lead.v)}'")
        let marker = prepared.marker
        let harmless: [String?] = ["<\(marker)>", prepared.number, marker.uppercased(), nil, "x"]
        for hostile: [String?] in [
            ["<it's>", "-1.50", "IT'S", nil, "x"], ["<it's>", "-1.5", "IT'S", nil, "x"],
        ] {
            #expect(prepared.judgement.problem(.rows([harmless]), .rows([hostile])) == nil)
        }
        #expect(prepared.judgement.valueCount == 6)
    }

    @Test("INV-7: other bytes, rows, columns, constants and failures are problems")
    func different() {
        var prepared = Prepared("SELECT '{$lead.v}', {$lead.n}, 'x'")
        let marker = prepared.marker
        let harmless = Outcome.rows([[marker, prepared.number, "x"]])
        for hostile: [[String?]] in [
            [["its", "-1.50", "x"]], [["it's", "1.50", "x"]], [["it's", "-1.50", "y"]],
            [["it's", "-1.50", nil]], [["it's", "-1.50"]], [], [["it's", "-1.50", "x"], ["a"]],
            [[marker, "-1.50", "x"]], [["it's ", "-1.50", "x"]], [["it's", "-1.50", "e\u{301}"]],
        ] {
            #expect(prepared.judgement.problem(harmless, .rows(hostile)) != nil, "\(hostile)")
        }
        let syntax = Outcome.failure(code: "42601", class: .permanent, message: "")
        let missing = Outcome.failure(code: "42703", class: .permanent, message: "")
        #expect(prepared.judgement.problem(harmless, syntax) != nil)
        #expect(prepared.judgement.problem(syntax, harmless) != nil)
        #expect(prepared.judgement.problem(missing, missing) == nil)
        var texts = Prepared("SELECT '{$lead.v}'")
        #expect(texts.judgement.problem(missing, syntax) != nil)
    }

    @Test("INV-7: a marker that lost its beginning or its end is a problem by itself")
    func fragments() {
        var prepared = Prepared("SELECT '{$lead.v}'")
        let marker = prepared.marker
        for cell in [
            String(marker.dropFirst(3)), String(marker.dropLast(3)), "J" + marker.suffix(8),
        ] {
            let outcome = Outcome.rows([[cell]])
            #expect(prepared.judgement.problem(outcome, outcome) != nil, "\(cell)")
        }
    }

    @Test("INV-6: other rows than those of the values are a problem")
    func choices() {
        var prepared = Prepared("DELETE FROM pool WHERE v IN ({batch_in \"v\"})", .change)
        let harmless = Outcome.rows([[prepared.marker]])
        #expect(prepared.judgement.problem(harmless, .rows([["it's"]])) == nil)
        #expect(prepared.judgement.problem(harmless, .rows([["it's"], ["00"]])) != nil)
        #expect(prepared.judgement.problem(harmless, .rows([])) != nil)
        // What such a condition means is not known.
        let all = Outcome.rows([[prepared.marker], ["00"]])
        #expect(prepared.judgement.problem(all, .rows([])) == nil)
    }

    @Test("The tokens of SQL Server and Oracle are those of their manuals")
    func tokens() {
        func cells(_ sql: String, _ kind: ConnectorKind) -> [String?]? {
            var scan = TokenScan(Array(sql.utf8), SQLRules(kind))
            return scan.run() ? TokenScan.joined(scan.cells) : nil
        }
        #expect(cells("N'ü''' 'ü' --'", .mssql) == ["string:ü'", "string:??"])
        #expect(cells("[a]]b] /* /* ' */ ' */ \"c\"\"d\"", .mssql) == ["name:a]b", "name:c\"d"])
        #expect(cells("'a\\\nb' (-1.5e-3)", .mssql) == ["string:ab", "number:-1.5e-3"])
        #expect(
            cells("q'[it's]' nq'{a}' 'b''c'", .oracle) == ["string:it's", "string:a", "string:b'c"])
        #expect(cells("a.b /* /* */ - 2", .oracle) == ["word:A", ".", "word:B", "number:-2"])
        for open in ["'a", "[a", "/* /* */", "\"a"] {
            #expect(cells(open, .mssql) == nil, "\(open)")
        }
    }

    @Test("Pieces of a template's source are its tags and characters")
    func pieces() {
        let source = "a{{{$l.\"x}\"}{b \"\\\"}\"} { }"
        let pieces = SourcePiece.pieces(of: source)
        #expect(pieces == ["a", "{{", "{$l.\"x}\"}", "{b \"\\\"}\"}", " ", "{", " ", "}"])
    }

    @Test(
        "Statements that mutations begin with compile, all of them", arguments: TestedDatabase.all)
    func known(_ database: TestedDatabase) {
        let refused = ["DO '", "EXECUTE IMMEDIATE", "FORMAT CSV"]
        for template in KnownStatements.all(database.rules)
        where !refused.contains(where: template.source.contains) {
            #expect(template.compiled(for: database.rules) != nil, "\(template.source)")
        }
    }
}
