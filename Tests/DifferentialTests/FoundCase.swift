/// What the regime or an attack has found, cut down: each is refused now, or harmless.
struct FoundCase: Sendable {
    /// The databases whose names begin with one of these.
    let databases: [String]
    let template: TriedTemplate
    /// Hostile values of the first member by field; the others' are harmless.
    let values: [String: String]

    init(
        _ databases: String..., columns: String, frame: TriedTemplate.Frame = .select,
        values: [String: String]
    ) {
        self.databases = databases
        template = TriedTemplate(
            source: frame == .select
                ? "SELECT {for $i, $lead = $batch}\(columns){autocomma}{end}" : columns,
            frame: frame)
        self.values = values
    }

    static let all: [FoundCase] =
        unfinished + strings + structures + numbers + [
            FoundCase(
                "PostgreSQL", "MariaDB", "SQLite", "ClickHouse", "SQL Server", "Oracle",
                columns: "'{$lead.\"\u{E9}\"}', '{$lead.\"e\u{301}\"}'",
                values: ["composed": "it's"])
        ]

    private static let strings: [FoundCase] = [
        FoundCase("MariaDB", columns: "_latin1 {$lead.v}", values: ["v": "é"]),
        FoundCase(
            "MariaDB", columns: "_latin1 {if $lead.k}'{$lead.v}'{end}", values: ["v": "é"]),
        FoundCase("MariaDB", columns: "_latin1'a' '{$lead.v}'", values: ["v": "é"]),
        FoundCase(
            "MariaDB", columns: "_lat{for $q = $lead.z}{end}in1\n'{$lead.v}'",
            values: ["v": "‘"]),
        FoundCase("MariaDB", columns: "n'{$lead.v}'", values: ["v": "😀"]),
        FoundCase("PostgreSQL", columns: "b'{$lead.v}'", values: ["v": "'"]),
        FoundCase(
            "PostgreSQL", columns: "INSERT INTO data (n, c) VALUES (0, N'{segment_name}')",
            frame: .insert, values: ["segment_name": "a "]),
        FoundCase(
            "PostgreSQL", columns: "E'a'\n'{$lead.v}'", values: ["v": "\\"]),
        FoundCase(
            "PostgreSQL", columns: "U{if $lead.k}{end}&'{$lead.v}'", values: ["v": "\\0041"]),
    ]

    private static let structures: [FoundCase] = [
        FoundCase(
            "PostgreSQL", columns: "DO 'BEGIN PERFORM ''{$lead.v}''; END'", frame: .single,
            values: ["v": "'"]),
        FoundCase(
            "MariaDB", columns: "EXECUTE IMMEDIATE 'SELECT ''{$lead.v}'''", frame: .single,
            values: ["v": "'"]),
        FoundCase(
            "MariaDB", columns: "EXECUTE IMM{if $lead.k}{end}EDIATE 'SELECT ''{$lead.v}'''",
            frame: .single, values: ["v": "'"]),
        FoundCase(
            "SQL Server", columns: "[a]{if $lead.k}{end}] {$lead.v} [b]",
            values: ["v": "] ["]),
        FoundCase(
            "SQL Server", columns: "'{$lead.v}\n', '{$lead.w}'",
            values: ["v": "\\", "w": "é"]),
        FoundCase("ClickHouse", columns: "{$lead.n}::text", values: ["n": "-5"]),
        FoundCase("ClickHouse", columns: "1 //'{$lead.v}'\n", values: ["v": "\n, version()"]),
        FoundCase(
            "ClickHouse",
            columns: "INSERT INTO data (n, c, d) FORMAT CSV {for $i, $lead = $batch}{$i},"
                + "'{$lead.v}','x'\n{end}",
            frame: .insert, values: ["v": "a','b'\n7,'c"]),
        FoundCase(
            "ClickHouse",
            columns: "INSERT INTO data (n, c, d) VALUES {for $i, $lead = $batch}({$i}, "
                + "'{$lead.v}' /* it's */, '{$lead.w}'){autocomma}{end}",
            frame: .insert, values: ["v": "'", "w": ", '"]),
    ]

    private static let unfinished: [FoundCase] =
        ["\\x", "\\x4"].map {
            FoundCase(
                "PostgreSQL, standard", "ClickHouse", columns: "'\($0){$lead.v}', {$lead.w}",
                values: ["v": "1'", "w": ", version(), '"])
        }
        + ["\\x?", "\\xg"].map {
            FoundCase("ClickHouse", columns: "'\($0){$lead.v}'", values: ["v": "', version(), '"])
        }
        + ["\\1", "\\12", "\\u00", "\\U0000", "\\x", "\\"].map {
            FoundCase("PostgreSQL", columns: "E'\($0){$lead.v}'", values: ["v": "412"])
        }

    private static let numbers: [FoundCase] = ["0", "1e5", "1.10", "12345678901234567890123"].map {
        FoundCase(
            "PostgreSQL", "MariaDB", "SQLite", "ClickHouse",
            columns: "SELECT n FROM pool WHERE v IN ({batch_in \"n\"})", frame: .condition,
            values: ["n": $0])
    }

    func isFor(_ database: TestedDatabase) -> Bool {
        databases.contains { database.description.hasPrefix($0) }
    }

    /// The pool's hostile values replaced by the markers, but for those of the case.
    func trialValues(_ pool: ValuePool, _ any: TrialValues) -> TrialValues {
        var chosen = any
        chosen.hostile = pool.markers
        chosen.segmentName = values["segment_name"] ?? pool.segmentName
        for (field, value) in values where field != "segment_name" {
            chosen.hostile[field]![0] = value
        }
        return chosen
    }
}
