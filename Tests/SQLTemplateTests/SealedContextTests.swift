import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// What may still take characters, or change how the next string is read, is followed to the end:
/// over white space, comments, tags, branches and loops (INV-7).
@Suite struct SealedContextTests {
    private static func faults(_ rules: SQLRules, _ source: String) -> [TemplateDiagnostic] {
        TemplateCompiler(dialect: SQLDialect(rules))
            .compile(source, query: .addProfiles, mode: .individual).diagnostics
            .filter { $0.severity == .error }
    }

    /// `@` in a form stands for the place of the value, `~` for what stands between two tokens.
    private static let betweens = [
        "", " ", "\n", "/* c */", " /* it */ ", "{if lead.c exists}{end}",
        " {if lead.c exists} {end} ",
        "{if lead.c exists}{else} {end}", "{for $x = $lead.l}{end}",
    ]

    private static func everyWay(_ form: String) -> [String] {
        betweens.map { form.replacing("~", with: $0).replacing("@", with: "{$lead.v}") }
    }

    @Test("INV-7: an escape that can take more characters seals at a tag")
    func escapes() {
        let forms: [(SQLRules, [String])] = [
            (
                SQLRules(.clickhouse),
                [
                    #"'\xg@'"#, #"'\x', '@'"#, #"'\x4', '@'"#, #"'\x\', '@'"#, #"'\@'"#, #"'\x@'"#,
                    #"'\x4@'"#, #"'a\x@b'"#, #"'\{if lead.c exists}x{end}41@'"#,
                ]
            ),
            (
                SQLRules(.postgresql),
                [
                    #"E'\@'"#, #"E'\x@'"#, #"E'\x4@'"#, #"E'\1@'"#, #"E'\12@'"#, #"E'\u@'"#,
                    #"E'\u004@'"#, #"E'\U0000004@'"#, #"E'\uD83D@'"#, #"e'\0@'"#,
                ]
            ),
            (SQLRules(.postgresql, .backslashEscapes), [#"'\@'"#, #"'\x@'"#, #"'\01@'"#]),
            (SQLRules(.mysql), [#"'\@'"#, #""\@""#]),
        ]
        for (rules, sources) in forms {
            for form in sources {
                let source = form.replacing("@", with: "{$lead.v}")
                #expect(!Self.faults(rules, "x = \(source)").isEmpty, "\(rules) \(source)")
            }
        }
    }

    @Test("A finished escape takes no more, and the value behind it is as good as any")
    func finishedEscapes() {
        for (rules, form) in [
            (SQLRules(.clickhouse), #"'\x41@'"#), (SQLRules(.clickhouse), #"'\\x@'"#),
            (SQLRules(.clickhouse), #"'\n@'"#), (SQLRules(.clickhouse), #"'\x4f\x41@'"#),
            (SQLRules(.postgresql), #"E'\x41@'"#), (SQLRules(.postgresql), #"E'\101@'"#),
            (SQLRules(.postgresql), #"E'\u0041@'"#), (SQLRules(.postgresql), #"E'\\@'"#),
            (SQLRules(.postgresql), #"E'\19@'"#), (SQLRules(.postgresql), #"'\x@'"#),
            (SQLRules(.mysql), #"'\x@'"#), (SQLRules(.mysql), #"'\1@'"#),
            (SQLRules(.mysql, .noBackslashEscapes), #"'\@'"#), (SQLRules(.sqlite), #"'\x@'"#),
        ] {
            let source = "x = " + form.replacing("@", with: "{$lead.v}")
            #expect(Self.faults(rules, source).isEmpty, "\(rules) \(source)")
        }
    }

    @Test("INV-7: a word that changes the bytes of the string behind it, with anything between")
    func introducers() {
        let forms = [
            "_latin1~'@'", "_latin1~@", "_LATIN1~\"@\"", "_binary~'@'", "_utf8~'@'", "_ucs2~@",
            "{if lead.c exists}_latin1{end} '@'", "_latin1~'a'~ '@'", "N'a' '@'", "n'@'",
            "{for $x = $lead.l}_latin1 {end}'@'", "{if lead.c exists}a,{else}_koi8r{end} @",
        ]
        for source in forms.flatMap(Self.everyWay) {
            #expect(!Self.faults(SQLRules(.mysql), "SELECT \(source)").isEmpty, "\(source)")
        }
        for source in ["U&'a' UESCAPE~'@'", "U&'a' UESCAPE~@", "char~'@'", "name~@"].flatMap(
            Self.everyWay)
        {
            #expect(!Self.faults(SQLRules(.postgresql), "SELECT \(source)").isEmpty, "\(source)")
        }
        for source in [
            "_utf8mb4'{$lead.v}'", "_utf8mb4 '{$lead.v}'", "_latin1'a', '{$lead.v}'",
            "_id = '{$lead.v}'", "n = '{$lead.v}'", "'{$lead.v}' COLLATE utf8mb4_bin",
        ] {
            #expect(Self.faults(SQLRules(.mysql), "SELECT \(source)").isEmpty, "\(source)")
        }
    }

    @Test("INV-7: a single letter before a quote is another form of string, known or not")
    func letters() {
        let takes: [ConnectorKind: String] = [
            .postgresql: "Ee", .mysql: "", .mssql: "Nn", .oracle: "Nn", .sqlite: "",
            .clickhouse: "",
        ]
        for (kind, letters) in takes {
            for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
                let found = Self.faults(SQLRules(kind), "SELECT \(letter)'{$lead.v}'")
                #expect(found.isEmpty == letters.contains(letter), "\(kind) \(letter) \(found)")
            }
        }
    }

    @Test("INV-7: what a string gives to the one behind it is known over white space and branches")
    func neighbours() {
        for source in [
            "E'a'~\n'@'", "E'a\\''~\n'@'", "X'41'~\n'@'", "B'0'~\n'@'", "U&'a'~\n'@'", "'a'~\n@",
            "{if lead.c exists}E'a'{else}'b'{end}\n'@'", "@~\n'a'", "@ @",
        ].flatMap(Self.everyWay) {
            #expect(!Self.faults(SQLRules(.postgresql), "SELECT \(source)").isEmpty, "\(source)")
        }
    }

    @Test("INV-7: delimiters that double, and words, do not meet over a tag")
    func meetings() {
        let cases: [(SQLRules, String)] = [
            (SQLRules(.mssql), "[a]{if lead.c exists}{end}] = '{$lead.v}'"),
            (SQLRules(.mssql), "[a]{for $x = $lead.l}{end}]"),
            (SQLRules(.postgresql), "U{if lead.c exists}{end}&'\\0041'"),
            (SQLRules(.postgresql), "u{for $x = $lead.l}{end}&\"d\""),
            (SQLRules(.postgresql), "'a'{if lead.c exists}{end}'b'"),
            (SQLRules(.postgresql), "\"a\"{if lead.c exists}{end}\"b\""),
            (SQLRules(.mysql), "`a`{if lead.c exists}{end}`b`"),
            (SQLRules(.mysql), "E{if lead.c exists}XEC{end}UTE"),
            (SQLRules(.mssql), "EX{if lead.c exists}{end}EC('{$lead.v}')"),
            (SQLRules(.mysql), "_lat{if lead.c exists}{end}in1 '{$lead.v}'"),
            (SQLRules(.clickhouse), #"`a\{segment_id}`"#),
            (SQLRules(.clickhouse), #""\x{segment_id}""#),
        ]
        for (rules, source) in cases {
            #expect(!Self.faults(rules, "SELECT \(source)").isEmpty, "\(rules) \(source)")
        }
        for (rules, source) in [
            (SQLRules(.mssql), "[a{segment_id}], t_{segment_id}_x, [b]]c] = '{$lead.v}'"),
            (SQLRules(.clickhouse), #"`a{segment_id}`, `\x41{segment_id}`"#),
            (SQLRules(.postgresql), "a{if lead.c exists} {end} b, t{segment_id}{segment_id}_x"),
        ] {
            #expect(Self.faults(rules, "SELECT \(source)").isEmpty, "\(rules) \(source)")
        }
    }

    @Test("INV-7: data behind FORMAT is no SQL, and takes no tag")
    func formats() {
        let rules = SQLRules(.clickhouse)
        for source in [
            "INSERT INTO t FORMAT CSV\n{$lead.v}", "INSERT INTO t (a) FORMAT TSV\n'{$lead.v}'",
            "INSERT INTO t FORMAT JSONEachRow {{\"a\":\"{$lead.v}\"}}",
            "insert into t format{if lead.c exists} {end} CSV\n{$lead.v}",
            "INSERT INTO t FORMAT {if lead.c exists}Values{else}CSV{end} ('{$lead.v}')",
            "INSERT INTO t FORMAT /* x */ CSV {segment_id}",
            "INSERT INTO t SELECT * FROM input('a String') FORMAT CSV\n{$lead.v}",
            "INSERT INTO t SELECT * FROM format(CSV, '{$lead.v}')",
            "INSERT INTO t VALUES ({segment_id}, /* it's */ '{$lead.v}')",
            "INSERT INTO t VALUES ('{$lead.v}') -- done",
        ] {
            #expect(!Self.faults(rules, source).isEmpty, "\(source)")
        }
        for source in [
            "INSERT INTO t VALUES ('{$lead.v}')", "INSERT INTO t FORMAT Values ('{$lead.v}')",
            "/* it's */ INSERT INTO t (format) VALUES ('{$lead.v}')",
            "INSERT INTO t SELECT format('{{}}', '{$lead.v}')",
            "INSERT INTO t SELECT format FROM u WHERE a = '{$lead.v}'",
            "SELECT '{$lead.v}' FORMAT TSV",
        ] {
            #expect(Self.faults(rules, source).isEmpty, "\(source) \(Self.faults(rules, source))")
        }
    }

    @Test("INV-7: a cast that reads the characters of a literal takes no bare value")
    func casts() {
        for source in Self.everyWay("SELECT @~::text") {
            #expect(!Self.faults(SQLRules(.clickhouse), source).isEmpty, "\(source)")
        }
        #expect(Self.faults(SQLRules(.clickhouse), "SELECT CAST({$lead.v} AS text)").isEmpty)
        #expect(Self.faults(SQLRules(.postgresql), "SELECT {$lead.v}::text").isEmpty)
    }
}
