import KindTesting
import SegmentModel

/// Statements as operators write them, to begin mutations with, and some that must be refused.
enum KnownStatements {
    static func all(_ rules: SQLRules) -> [TriedTemplate] {
        common + own(rules)
    }

    private static let common = [
        TriedTemplate(
            source: "INSERT INTO data (n, c, d) VALUES {for $i, $lead = $batch}({$i}, "
                + "'{$lead.v}', '{segment_name}/{$lead.w}'){autocomma}\n{end}",
            frame: .insert),
        TriedTemplate(
            source: "INSERT INTO data (n, c, d) VALUES {for $i, $lead = $batch}({$i}, "
                + "{$lead.v}, {if $lead.k}'a'{elseif $lead.z}'b'{else}NULL{end}){autocomma}{end};",
            frame: .insert),
        TriedTemplate(
            source: "SELECT {for $i, $lead = $batch}{$i}, '{$lead.v}', {$lead.w}, {$lead.n}, "
                + "'<{$lead.n}>'{autocomma}{end} /* it's */",
            frame: .select),
        TriedTemplate(
            source: "SELECT {for $lead = $batch}'{$lead.id}: {for $n, $q = $lead.l}{$n}={$q}"
                + "{autocomma}{end}', {json($lead.l)}{autocomma}{end}",
            frame: .select),
        TriedTemplate(
            source: "SELECT '[{for $lead = $batch}{json($lead.v)}{autocomma}{end}]' AS \"l\"",
            frame: .select),
        TriedTemplate(
            source: "SELECT n FROM pool WHERE v IN ({batch_in \"v\"}) -- it's\n AND n >= 0",
            frame: .condition),
        TriedTemplate(
            source: "SELECT CASE '{$lead.v}' WHEN 'x''' THEN '--' ELSE '{$lead.w}' END, "
                + "1 - {$lead.n}, COALESCE({$lead.z}, '{$lead.v}')",
            frame: .single),
    ]

    private static func own(_ rules: SQLRules) -> [TriedTemplate] {
        switch rules.kind {
        case .postgresql: postgres
        case .mysql:
            mysql.filter { template in
                !rules.settings.contains(.ansiQuotes)
                    || !["\"{$", "\"a\"\""].contains(where: template.source.contains)
            }
        case .clickhouse: clickHouse
        case .sqlite: sqlite
        case .mssql: sqlServer
        default: oracle
        }
    }

    private static func select(_ columns: String) -> TriedTemplate {
        TriedTemplate(
            source: "SELECT {for $i, $lead = $batch}\(columns){autocomma}{end}", frame: .select)
    }

    private static let postgres = [
        select("E'\\\\{$lead.v}\\n', U&'\\0041', $a$it's$a$, '{$lead.w}'::text"),
        select("(ARRAY['{$lead.v}', E'{$lead.w}'])[1], '{\"a\":1}'::json ->> 'a'"),
        TriedTemplate(source: "DO 'BEGIN PERFORM ''{$lead.v}''; END'", frame: .single),
        TriedTemplate(
            source: "DELETE FROM pool WHERE v IN ({batch_in \"v\"}) RETURNING 'x'",
            frame: .change),
        TriedTemplate(
            source: "INSERT INTO data (n, c) SELECT * FROM unnest(ARRAY[{for $i, $lead = "
                + "$batch}{$i}{autocomma}{end}], ARRAY[{for $lead = $batch}'{$lead.v}'"
                + "{autocomma}{end}])",
            frame: .insert),
    ]

    private static let mysql = [
        select("\"{$lead.v}\", 1 AS `a b`, N'x', _utf8mb4'{$lead.w}', 'a' 'b'"),
        TriedTemplate(
            source: "EXECUTE IMMEDIATE 'SELECT ''{$lead.v}'''", frame: .single),
        select("\"a\"\"'{$lead.v}\", 'it''s {$lead.w}\\\\', 1 # it's\n"),
        TriedTemplate(
            source: "DELETE FROM pool WHERE v IN ({batch_in \"v\"}) LIMIT 1000",
            frame: .change),
        TriedTemplate(
            source: "REPLACE INTO data (n, c, d) VALUES {for $i, $lead = $batch}({$i}, "
                + "\"{$lead.v}\", '{$lead.n}'){autocomma}{end}",
            frame: .insert),
    ]

    private static let clickHouse = [
        select("'\\'{$lead.v}\\\\', '\\x41{$lead.w}', `a` AS \"b\""),
        select("concat('{$lead.v}', '''', {$lead.w}), ['{$lead.v}'][1]"),
        TriedTemplate(
            source: "INSERT INTO data (n, c, d) SELECT {segment_id}, '{segment_name}', "
                + "[{batch_in \"v\"}][1]",
            frame: .insert),
        TriedTemplate(
            source: "INSERT INTO data (n, c, d) FORMAT Values {for $i, $lead = $batch}"
                + "({$i}, '{$lead.v}', concat({$lead.w}, '')){autocomma}{end}",
            frame: .insert),
        TriedTemplate(
            source: "INSERT INTO data (n, c, d) FORMAT CSV {for $i, $lead = $batch}{$i},"
                + "'{$lead.v}','x'\n{end}",
            frame: .insert),
    ]

    private static let sqlite = [
        select("'{$lead.v}' || 'it''s', 1 AS [a b], 2 AS `c`"),
        TriedTemplate(
            source: "INSERT INTO data SELECT key, value, '{segment_name}' FROM "
                + "json_each('[{for $lead = $batch}{json($lead.v)}{autocomma}{end}]')",
            frame: .insert),
    ]

    private static let sqlServer = [
        select("N'{$lead.v}', '{$lead.w}', [a]]b].[c], \"d\"\"e\", 'a\\\n{$lead.v}'"),
        TriedTemplate(
            source: "MERGE INTO data WITH (HOLDLOCK) AS t USING (VALUES {for $i, $lead = "
                + "$batch}({$i}, '{$lead.v}', N'{$lead.w}'){autocomma}{end}) AS s (n, c, "
                + "d) ON t.n = s.n WHEN NOT MATCHED THEN INSERT (n, c, d) VALUES (s.n, "
                + "s.c, s.d);",
            frame: .insert),
    ]

    private static let oracle = [
        select("'{$lead.v}', q'[it's]', nq'<it's>', N'{$lead.w}', \"d\""),
        TriedTemplate(
            source: "MERGE INTO data t USING ({for $i, $lead = $batch}{if $i > 0} UNION "
                + "ALL {end}SELECT {$i} n, '{$lead.v}' c, {date($lead.d)} d FROM dual "
                + "{end}) s ON (t.n = s.n) WHEN NOT MATCHED THEN INSERT (n, c, d) VALUES "
                + "(s.n, s.c, s.d)",
            frame: .insert),
    ]
}
