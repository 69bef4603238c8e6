import SQLTemplate
import SegmentModel
import Testing

@Suite("The five examples of the original")
struct SeedExampleTests {
    static let profiles: [Profile] = [
        ("p1", ["CustomID": .text("C-1")]), ("p2", ["CustomID": .text("O'Neil")]),
    ]

    @Test("a batch is added", arguments: [ConnectorKind.sqlite, .postgresql])
    func add(kind: ConnectorKind) throws {
        let source = """
            INSERT INTO mysegment (segId, clientId, updated) VALUES
            {for $index, $lead = $batch}({segment_id}, '{$lead.CustomID}', now()){autocomma}
            {end} ON CONFLICT (segId, clientId) DO UPDATE SET updated = now();
            """
        let compiled = compile(source, kind)
        #expect(compiled.diagnostics == [])
        let template = try #require(compiled.template)
        #expect(template.fieldNames == ["CustomID"])
        #expect(
            try render(template, Self.profiles) == """
                INSERT INTO mysegment (segId, clientId, updated) VALUES
                (42, 'C-1', now()),
                (42, 'O''Neil', now())
                 ON CONFLICT (segId, clientId) DO UPDATE SET updated = now();
                """)
    }

    @Test("a batch is removed")
    func remove() throws {
        let compiled = compile(
            "DELETE FROM mysegment\nWHERE segment_id = {segment_id}\n"
                + "AND clientId IN ({batch_in \"CustomID\"})", .sqlite, query: .removeProfiles)
        #expect(compiled.diagnostics == [])
        let template = try #require(compiled.template)
        #expect(
            try render(template, Self.profiles + Self.profiles)
                == "DELETE FROM mysegment\nWHERE segment_id = 42\nAND clientId IN ('C-1','O''Neil')"
        )
        #expect(try render(template, [("p", [:])]).hasSuffix("IN (NULL)"))
    }

    @Test(
        "segments are cleared, saved and deleted",
        arguments: [
            (
                QueryKind.clearSegment, "DELETE FROM s WHERE segment_id = {segment_id}",
                "DELETE FROM s WHERE segment_id = 42"
            ),
            (
                .saveSegment,
                "INSERT INTO s (a,b) VALUES\n({segment_id}, '{segment_name}') ON CONFLICT (a)\n"
                    + "DO UPDATE SET b = '{segment_name}';",
                "INSERT INTO s (a,b) VALUES\n(42, 'VIP''s') ON CONFLICT (a)\n"
                    + "DO UPDATE SET b = 'VIP''s';"
            ),
            (
                .deleteSegment, "DELETE FROM s WHERE segment_id = {segment_id}",
                "DELETE FROM s WHERE segment_id = 42"
            ),
        ])
    func segments(query: QueryKind, source: String, expected: String) throws {
        for kind in [ConnectorKind.sqlite, .postgresql] {
            let compiled = compile(source, kind, query: query)
            #expect(compiled.diagnostics == [])
            #expect(try render(try #require(compiled.template), []) == expected)
        }
    }

    @Test(
        "the original's double quotes are refused with the fix, where they name a column",
        arguments: [ConnectorKind.sqlite, .postgresql])
    func doubleQuotes(kind: ConnectorKind) {
        let add = compile(
            "INSERT INTO m VALUES\n{for $index, $lead = $batch}\n"
                + "({segment_id}, \"{$lead.CustomID}\", NOW()){autocomma}\n{end}", kind)
        let save = compile(
            "INSERT INTO s VALUES ({segment_id}, \"{segment_name}\", NOW())", kind,
            query: .saveSegment)
        for (compiled, line, column) in [(add, 3, 17), (save, 1, 38)] {
            #expect(compiled.template == nil)
            #expect(compiled.errors.map(\.line) == [line])
            #expect(compiled.errors.map(\.column) == [column])
            #expect(compiled.errors.first?.hint?.contains("single quotes") == true)
        }
    }

    @Test("the originals run on MySQL as they are")
    func mysql() throws {
        let compiled = compile(
            "INSERT INTO m VALUES\n{for $index, $lead = $batch}\n"
                + "({segment_id}, \"{$lead.CustomID}\", NOW()){autocomma}\n{end}\n"
                + "ON DUPLICATE KEY UPDATE updated = NOW();", .mysql)
        #expect(compiled.diagnostics == [])
        let text = try render(
            try #require(compiled.template), [("p", ["CustomID": .text("a\"b\\'")])])
        #expect(text.contains("(42, \"a\"\"b\\\\'\", NOW())\n"))
    }
}
