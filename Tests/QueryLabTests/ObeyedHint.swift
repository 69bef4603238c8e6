import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// A query that is found fault with, and the same query as it is once the hint is obeyed.
struct ObeyedHint: Sendable, CustomTestStringConvertible {
    let wrong: String
    let obeyed: String
    var kind = ConnectorKind.postgresql
    var query = QueryKind.saveSegment
    /// Profiles of one query at most, with the fault and without it.
    var batchSizes = (wrong: 1000, obeyed: 1000)

    var testDescription: String { "\(kind): \(wrong)" }

    var wrongUse: QueryUse { QueryUse(query, batch: .batch(size: batchSizes.wrong)) }

    var obeyedUse: QueryUse { QueryUse(query, batch: .batch(size: batchSizes.obeyed)) }

    static let all =
        context + code + values + lexical + tags + blocks + names + types + paths + dates + advice

    private static func question(
        _ wrong: String, _ obeyed: String, _ kind: ConnectorKind = .postgresql
    ) -> ObeyedHint {
        func whole(_ part: String) -> String { "SELECT c FROM m WHERE s = {segment_id} \(part)" }
        return ObeyedHint(
            wrong: whole(wrong), obeyed: whole(obeyed), kind: kind, query: .members)
    }

    private static func change(
        _ wrong: String, _ obeyed: String, _ kind: ConnectorKind = .postgresql
    ) -> ObeyedHint {
        func whole(_ part: String) -> String { "UPDATE m SET n = \(part) WHERE s = {segment_id}" }
        return ObeyedHint(wrong: whole(wrong), obeyed: whole(obeyed), kind: kind)
    }

    /// What stands in a row of an addition.
    private static func row(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        func whole(_ part: String) -> String {
            "INSERT INTO m (s, c) VALUES {for $i, $l = $batch}({segment_id}, \(part)){autocomma}"
                + "{end} ON CONFLICT DO NOTHING"
        }
        return ObeyedHint(wrong: whole(wrong), obeyed: whole(obeyed), query: .addProfiles)
    }

    // MARK: Where a value stands

    private static let context = [
        change("{if segment_id > 3}'{end}x'", "{if segment_id > 3}'x'{else}'y'{end}"),
        ObeyedHint(
            wrong: "DELETE FROM m WHERE s = {segment_id} AND c IN ('{batch_in \"id\"}')",
            obeyed: "DELETE FROM m WHERE s = {segment_id} AND c IN ({batch_in \"id\"})",
            query: .removeProfiles),
        change("_latin1'{segment_name}'", "'{segment_name}'", .mysql),
        change("_latin1 {segment_name}", "{segment_name}", .mysql),
        change("\"{segment_name}\"", "'{segment_name}'"),
        change("`{segment_name}`", "'{segment_name}'", .mysql),
        question(
            "AND c BETWEEN{segment_name} AND 'z'", "AND c BETWEEN {segment_name} AND 'z'"),
        question(
            "AND s = (ARRAY[1, 2])[1:{segment_id}][1]",
            "AND s = ANY ((ARRAY[1, 2])[1: {segment_id}])"),
        change("'Segment ' {segment_name}", "'Segment {segment_name}'"),
        change("'Segment ' {segment_name}", "'Segment ' || {segment_name}"),
        change("'Segment ' {segment_name}", "CONCAT('Segment ', {segment_name})", .mysql),
        change("'Segment ' {segment_name}", "CONCAT('Segment ', {segment_name})", .mssql),
        change("'Segment ' {segment_name}", "'Segment ' || {segment_name}", .sqlite),
        change("{segment_name} {integration_name}", "'{segment_name}{integration_name}'"),
        change("{segment_name} {integration_name}", "{segment_name} || {integration_name}"),
        question("-- of {segment_name}", ""),
        question("-- of {segment_name}", "-- of {{segment_name}}"),
        change("$$ {segment_name} $$", "' {segment_name} '"),
        change("U&'{segment_name}'", "'{segment_name}'"),
        change("q'[{segment_name}]'", "'{segment_name}'", .oracle),
        change("'a\\{segment_name}'", "'a\\\\{segment_name}'", .mysql),
        question("AND n <> '\\xg{segment_name}'", "AND n <> '\\x67{segment_name}'", .clickhouse),
        question(
            "AND n <> {segment_name}::String", "AND n <> CAST({segment_name} AS String)",
            .clickhouse),
        change("{segment_name}COLLATE \"C\"", "{segment_name} COLLATE \"C\""),
        question("AND c LIKE{if segment_id > 0}{end}'x'", "AND c LIKE{if segment_id > 0}{end} 'x'"),
        change("{segment_name} 'x'", "'{segment_name}x'"),
        change("{segment_name} 'x'", "{segment_name} || 'x'"),
        change("{segment_name} 'x'", "CONCAT({segment_name}, 'x')", .mysql),
        change("E'a' 'b'", "E'ab'"),
    ]

    // MARK: Strings that are code, and data that is no SQL

    private static let code = [
        ObeyedHint(
            wrong: "DO 'BEGIN UPDATE m SET n = ''{segment_name}''; END'",
            obeyed: "UPDATE m SET n = '{segment_name}' WHERE s = {segment_id}"),
        ObeyedHint(
            wrong: "DO $$BEGIN UPDATE m SET n = '{segment_name}'; END$$",
            obeyed: "UPDATE m SET n = '{segment_name}' WHERE s = {segment_id}"),
        ObeyedHint(
            wrong: "PREPARE p FROM 'UPDATE m SET n = {segment_name}'; EXECUTE p",
            obeyed: "PREPARE p FROM 'UPDATE m SET n = ? WHERE s = ?'; SET @v = '{segment_name}', "
                + "@s = {segment_id}; EXECUTE p USING @v, @s", kind: .mysql),
        ObeyedHint(
            wrong: "EXECUTE IMMEDIATE CONCAT('DELETE FROM m WHERE n = ', {segment_name})",
            obeyed: "EXECUTE IMMEDIATE 'DELETE FROM m WHERE n = ?' USING {segment_name}",
            kind: .mysql),
        ObeyedHint(
            wrong: "SET @q = 'SELECT 1'; EXECUTE IMMEDIATE @q; UPDATE m SET n = {segment_name} "
                + "WHERE s = {segment_id}",
            obeyed: "UPDATE m SET n = {segment_name} WHERE s = {segment_id}", kind: .mysql),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c, n) FORMAT CSV {segment_id},'a','b'",
            obeyed: "INSERT INTO m (s, c, n) VALUES ({segment_id},'a','b')", kind: .clickhouse),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c, n) VALUES -- it's\n({segment_id}, 'a', 'b')",
            obeyed: "-- it's\nINSERT INTO m (s, c, n) VALUES ({segment_id}, 'a', 'b')",
            kind: .clickhouse),
    ]

    // MARK: Values in texts that have rules of their own

    private static let values = [
        removal("{batch_in \"id\"}", "{batch_in \"id\"}").replaced(
            wrong: "DELETE FROM m WHERE s = {segment_id} AND c = ANY(ARRAY[{batch_in \"id\"}])",
            obeyed: "DELETE FROM m WHERE s = {segment_id} "
                + "AND c = ANY(ARRAY[{batch_in \"id\"}]::text[])"),
        removal("", "").replaced(
            wrong: "{for $l = $batch}DELETE FROM m WHERE s = {segment_id} AND c = {$l.d};{end}",
            obeyed: "{for $l = $batch}DELETE FROM m WHERE s = {segment_id} AND c = '{$l.d}';{end}"),
        question("AND c LIKE '{segment_name}%'", "AND strpos(c, '{segment_name}') = 1"),
        change(
            #"'{"name":"{segment_name}"}'"#, #"'{"name":{json(text(segment_name))} }'"#),
        change(
            #"'{"name":"x {segment_name}"}'"#,
            #"'{"name":{json(concat("x " segment_name))} }'"#),
        change("'[{segment_name}]'", "'[{json(segment_name)}]'"),
        question(
            "AND c = ANY('{{{segment_name}}}'::text[])",
            "AND c = ANY(ARRAY['{segment_name}']::text[])"),
        change("'{segment_name}'::varchar(9)", "'{segment_name}'::text"),
        row("'{$l.d}'::date::text", "'{date($l.d)}'::date::text"),
        change("'{{if segment_name}}'", "'{if segment_name}1{end}'"),
        ObeyedHint(
            wrong: "DELETE FROM m WHERE s = {segment_id} // all of it",
            obeyed: "DELETE FROM m WHERE s = {segment_id} -- all of it", kind: .mysql,
            query: .clearSegment),
        ObeyedHint(
            wrong: "SET standard_conforming_strings = off; DELETE FROM m WHERE s = {segment_id}",
            obeyed: "DELETE FROM m WHERE s = {segment_id}", query: .clearSegment),
        row("{subscription_field(\"a\")}", "{$l.a}"),
        ObeyedHint(
            wrong: insert.replacing("INSERT", with: "INSERT IGNORE"),
            obeyed: "\(insert) ON DUPLICATE KEY UPDATE s = s", kind: .mysql),
    ]

    private func replaced(wrong: String, obeyed: String) -> ObeyedHint {
        ObeyedHint(wrong: wrong, obeyed: obeyed, kind: kind, query: query)
    }

    private static let lexical = [
        question("AND s IN (1'2')", "AND s IN (1, '2')"),
        question("AND s = $1", "AND s = {segment_id}"),
        question("AND c = :name", "AND c = {segment_name}", .sqlite),
        question("AND s = s::bigint", "AND s = CAST(s AS bigint)", .sqlite),
        question("-- a\rAND s > 0", "-- a\nAND s > 0", .clickhouse),
        question("/*! AND s > 0 */", "AND s > 0", .mysql),
        ObeyedHint(
            wrong: "SELECT /*+ BKA('m') */ c FROM m WHERE s = {segment_id}",
            obeyed: "SELECT /*+ BKA(m) */ c FROM m WHERE s = {segment_id}", kind: .mysql,
            query: .members),
        question("/* a /* b */", "/* a b */", .clickhouse),
        question("AND c = ‘x’", "AND c = 'x'", .clickhouse),
        question("AND c = 'x", "AND c = 'x'"),
        question("AND \"c = 'x'", "AND \"c\" = 'x'"),
        question("/* AND c = 'x'", "/* AND c = 'x' */"),
        question("AND c = $$x", "AND c = $$x$$"),
        question("AND c = U&'x", "AND c = U&'x'"),
        question("AND c = q'[x", "AND c = q'[x]'", .oracle),
    ]

    // MARK: The language

    private static let tags = [
        row("{$l.id", "{$l.id}"),
        question("AND n <> '{segment_id'", "AND n <> '{{segment_id'"),
        row("{concat($l.id \"a\\n\")}", "{concat($l.id \"a\\\\n\")}"),
        row("{concat($l.id \"a)}", "{concat($l.id \"a\")}"),
        row("{$l.id;}", "{$l.id}"),
        row("{concat($l.id, \"a\")}", "{concat($l.id \"a\")}"),
        row("{if $l.a, $l.b}1{end}'x'", "{if $l.a and $l.b}{end}'x'"),
        row("{$l.id $l.id}", "{$l.id}"),
        row("{if $l.a}1{else if $l.b}2{end}", "{if $l.a}1{elseif $l.b}2{else}3{end}"),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c) VALUES {for $l, $l = $batch}({segment_id}, {$l.id})"
                + "{autocomma}{end} ON CONFLICT DO NOTHING",
            obeyed: "INSERT INTO m (s, c) VALUES {for $i, $l = $batch}({segment_id}, {$l.id})"
                + "{autocomma}{end} ON CONFLICT DO NOTHING", query: .addProfiles),
        loop("{for $l in $batch}", "{for $l = $batch}"),
        loop("{for l = $batch}", "{for $l = $batch}"),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c) VALUES {for $batch = $batch}({segment_id}, 'a')"
                + "{autocomma}{end} ON CONFLICT DO NOTHING",
            obeyed: "INSERT INTO m (s, c) VALUES {for $l = $batch}({segment_id}, {$l.id})"
                + "{autocomma}{end} ON CONFLICT DO NOTHING", query: .addProfiles),
        removal("{batch_in id}", "{batch_in \"id\"}"),
        removal("{batch_in \"a..b\"}", "{batch_in \"a.b\"}"),
        removal("{batch_in(\"id\"}", "{batch_in(\"id\")}"),
        row("{if }1{else}2{end}", "{if $l.a}1{else}2{end}"),
        row("{if $l.a = 3}1{else}2{end}", "{if $l.a == 3}1{else}2{end}"),
        row("{if ($l.a == 3}1{else}2{end}", "{if ($l.a == 3)}1{else}2{end}"),
        row("{$}", "{$l.id}"),
        row("{if and $l.a}1{else}2{end}", "{if $l.b and $l.a}1{else}2{end}"),
        row("{concat($l.id 1.)}", "{concat($l.id 1.0)}"),
        row("{if $l.a ==}1{else}2{end}", "{if $l.a == 1}1{else}2{end}"),
        row("{upper($l.id}", "{upper($l.id)}"),
        row("{$l.}", "{$l.id}"),
        ObeyedHint(wrong: "  ", obeyed: "SELECT 1"),
        ObeyedHint(wrong: "SELECT '\u{0}'", obeyed: "SELECT ''"),
    ]

    private static func loop(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        func whole(_ part: String) -> String {
            "INSERT INTO m (s, c) VALUES \(part)({segment_id}, {$l.id}){autocomma}{end} "
                + "ON CONFLICT DO NOTHING"
        }
        return ObeyedHint(wrong: whole(wrong), obeyed: whole(obeyed), query: .addProfiles)
    }

    private static func removal(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        func whole(_ part: String) -> String {
            "DELETE FROM m WHERE s = {segment_id} AND c IN (\(part))"
        }
        return ObeyedHint(wrong: whole(wrong), obeyed: whole(obeyed), query: .removeProfiles)
    }

    private static func nested(_ open: String, _ close: String, _ depth: Int) -> String {
        String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }

    private static let blocks = [
        row("{if $l.a}1{else}2", "{if $l.a}1{else}2{end}"),
        question("{autocomma}", ""),
        question("{else}", "{if segment_id > 1}{else}{end}"),
        question(
            "{if segment_id > 1}{else}{else}{end}", "{if segment_id > 1}{else}{end}"),
        question("{end}", ""),
        question(
            nested("{if segment_id}", "{end}", 65), nested("{if segment_id}", "{end}", 64)),
        question(
            "{if \(nested("(", ")", 65).replacing("()", with: "(segment_id)"))}{end}",
            "{if \(nested("(", ")", 60).replacing("()", with: "(segment_id)"))}{end}"),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c) VALUES {for $l = $batch.id}({segment_id}, {$l.id})"
                + "{autocomma}{end} ON CONFLICT DO NOTHING",
            obeyed: "INSERT INTO m (s, c) VALUES {for $l = $batch}({segment_id}, {$l.id})"
                + "{autocomma}{end} ON CONFLICT DO NOTHING", query: .addProfiles),
        row("{$batch}", "{$l.id}"),
    ]

    private static let names = [
        ObeyedHint(
            wrong: "DELETE FROM m WHERE s = {segment_id} AND c = {$lead.id}",
            obeyed: "DELETE FROM m WHERE s = {segment_id}", query: .clearSegment),
        question("AND s = {segment_ib}", "AND s = {segment_id}"),
        question("AND n <> '{nonsense}'", "AND n <> '{{nonsense}}'"),
        question("AND s = {segment_id.x}", "AND s = {segment_id}"),
        row("{l.id}", "{$l.id}"),
        row("{concat($l.id $i.x)}", "{concat($l.id $i)}"),
        ObeyedHint(
            wrong: "INSERT INTO m (s, c) VALUES ({segment_id}, {$lead.id}) ON CONFLICT DO NOTHING",
            obeyed: "INSERT INTO m (s, c) VALUES {for $index, $lead = $batch}({segment_id}, "
                + "{$lead.id}){autocomma}{end} ON CONFLICT DO NOTHING", query: .addProfiles),
        row("{$lead.id}", "{$l.id}"),
        row("{$l}", "{$l.id}"),
        row("{uper($l.id)}", "{upper($l.id)}"),
        row("{nonsense($l.id)}", "{trim($l.id)}"),
        row("{upper($l.id $l.id)}", "{upper($l.id)}"),
        row("{jsonpath($l.a \"$.b\" \"list\")}", "{jsonpath($l.a \"$.b\" \"item\")}"),
        row("{jsonpath($l.a $l.b)}", "{jsonpath($l.a \"$.b\")}"),
        row("{$m.id}", "{$l.id}"),
        row("{date($l.id $l.id)}", "{date($l.id \"yyyy-MM-dd\")}"),
    ]

    private static let types = [
        row("{substring($l.id \"a\")}", "{substring($l.id 1 3)}"),
        row("{date(true)}", "{date($l.id)}"),
        question("AND n <> {date(\"soon\")}", "AND n <> {date(\"2026-03-12\")}"),
        row("{first(segment_id)}", "{first($l.a)}"),
        question("{if position == \"first\"}{end}", "{if position == 1}{end}"),
        question("{if \"4\" in segment_id}{end}", "{if \"4\" in segment_name}{end}"),
        row(
            "{if $l.a}{for $x = segment_name}{end}{end}'x'",
            "{if $l.a}{for $x = $l.tags}{end}{end}'x'"),
    ]

    private static func path(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        row("{jsonpath($l.a \"\(wrong)\")}", "{jsonpath($l.a \"\(obeyed)\")}")
    }

    private static let paths = [
        path("$.a$", "$.orders[0].id"), path("$[0", "$[0]"), path("$.[", "$.a"),
        path("$.", "$['a']"), path("$[a]", "$['a']"),
        path("$[99999999999999999999]", "$[1]"), path("$['a]", "$['a']"),
        path("$[?@.a == {}]", "$[?@.a == 'x']"),
        path(
            "$[?\(String(repeating: "(", count: 70))@.a\(String(repeating: ")", count: 70))]",
            "$[?(@.a)]"),
    ]

    private static func date(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        question("AND n <> {date(event_time \(wrong))}", "AND n <> {date(event_time \(obeyed))}")
    }

    private static let dates = [
        date("\"yyyy\" \"Berlin\"", "\"yyyy\" \"+03:00\""), date("\"yyyy 'a\"", "\"yyyy 'a'\""),
        date("\"yyyy b\"", "\"yyyy 'b'\""), date("\"%Q\"", "\"%Y\""),
    ]

    // MARK: What is unwise

    private static let insert = "INSERT INTO m (s, c) VALUES ({segment_id}, 'a')"

    private static let advice = [
        ObeyedHint(
            wrong: "DELETE FROM m WHERE s = {segment_id}; COMMIT",
            obeyed: "DELETE FROM m WHERE s = {segment_id}", query: .clearSegment),
        ObeyedHint(
            wrong: "SET NAMES utf8mb4; \(insert.replacing("INSERT", with: "REPLACE"))",
            obeyed: insert.replacing("INSERT", with: "REPLACE"), kind: .mysql),
        ObeyedHint(
            wrong: "SET sql_mode = ''; DELETE FROM m WHERE s = {segment_id}",
            obeyed: "DELETE FROM m WHERE s = {segment_id}", kind: .sqlite, query: .clearSegment),
        ObeyedHint(
            wrong: "TRUNCATE TABLE m{if segment_id}{end}",
            obeyed: "DELETE FROM m{if segment_id}{end}",
            kind: .mysql, query: .clearSegment),
        ObeyedHint(
            wrong: "CREATE TABLE IF NOT EXISTS v (s int); DELETE FROM m WHERE s = {segment_id}",
            obeyed: "DELETE FROM m WHERE s = {segment_id}", kind: .mysql, query: .clearSegment),
        change("now()", "{event_time}"),
        ObeyedHint(wrong: insert, obeyed: "\(insert) ON CONFLICT (s, c) DO UPDATE SET n = 'x'"),
        ObeyedHint(
            wrong: insert, obeyed: "\(insert) ON DUPLICATE KEY UPDATE n = 'x'", kind: .mysql),
        ObeyedHint(
            wrong: insert,
            obeyed: "MERGE INTO m AS t USING (SELECT {segment_id} AS s) AS x ON t.s = x.s "
                + "WHEN NOT MATCHED THEN INSERT (s, c) VALUES (x.s, 'a');", kind: .mssql),
        loopOnly("({segment_id}, {$l.id})", "({segment_id}, {$l.id}){autocomma}"),
        loopOnly("({segment_id}, {$l.id}),", "({segment_id}, {$l.id}){autocomma}"),
        ObeyedHint(
            wrong: "DELETE FROM m WHERE s = {segment_id}",
            obeyed: "DELETE FROM m WHERE s = {segment_id} AND c IN ({batch_in \"id\"})",
            query: .removeProfiles),
        ObeyedHint(
            wrong: "INSERT INTO m (s) VALUES {for $l = $batch}({$l.a}){autocomma}{end}",
            obeyed: "INSERT INTO m (s) VALUES {for $l = $batch}({$l.a}){autocomma}{end}",
            kind: .mssql, query: .addProfiles, batchSizes: (wrong: 1001, obeyed: 1000)),
        ObeyedHint(
            wrong: "DELETE FROM m", obeyed: "DELETE FROM m WHERE s = {segment_id}",
            query: .clearSegment),
    ]

    private static func loopOnly(_ wrong: String, _ obeyed: String) -> ObeyedHint {
        func whole(_ part: String) -> String {
            "INSERT INTO m (s, c) VALUES {for $l = $batch}\(part){end} ON CONFLICT DO NOTHING"
        }
        return ObeyedHint(wrong: whole(wrong), obeyed: whole(obeyed), query: .addProfiles)
    }
}
