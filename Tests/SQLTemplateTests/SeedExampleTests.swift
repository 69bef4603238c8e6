import DocumentationTesting
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

@Suite struct SeedExampleTests {
    @Test("INV-7: the batch insert of the guides compiles for both targets and escapes quotes")
    func insert() throws {
        let source = """
            INSERT INTO mysegment (segId, clientId) VALUES
            {for $index, $lead = $batch}({segment_id}, '{$lead.CustomID}'){autocomma}
            {end} ON CONFLICT DO NOTHING
            """
        for kind in [ConnectorKind.sqlite, .postgresql] {
            let compiled = TemplateCompiler(dialect: SQLDialect(kind))
                .compile(source, query: .addProfiles, mode: .batch)
            let template = try #require(compiled.template)
            var rows = RenderRows(slotCount: template.fieldNames.count)
            rows.bytes = Array("O'Neilx".utf8)
            rows.rowCount = 2
            rows.values = [
                .init(kind: .text, bytes: EventBatch.Slice(offset: 0, count: 6)),
                .init(kind: .text, bytes: EventBatch.Slice(offset: 6, count: 1)),
            ]
            let scope = RenderScope(
                segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
                eventTime: Timestamp(rawValue: 0), position: Position(7), deliveryID: "d")
            var output: [UInt8] = []
            try template.render(rows, scope, into: &output)
            let sql = String(decoding: output, as: UTF8.self)
            #expect(sql.contains("(42, 'O''Neil'),"))
            #expect(sql.contains("(42, 'x')\n"))
        }
    }

    /// The queries that the marketing platform's documentation gives as examples, byte for byte.
    private static let original: [(query: QueryKind, source: String)] = [
        (
            .addProfiles,
            """
            INSERT INTO mysegment (segId, clientId, updated)
            VALUES
            {for $index, $lead = $batch}
            ({segment_id}, "{$lead.CustomID}", NOW()){autocomma}
            {end}
            ON DUPLICATE KEY UPDATE
            updated = NOW();
            """
        ),
        (
            .removeProfiles,
            """
            DELETE FROM mysegment
            WHERE segment_id = {segment_id}
            AND clientId IN ({batch_in "CustomID"})
            """
        ),
        (
            .clearSegment,
            """
            DELETE FROM mysegment
            WHERE segment_id = {segment_id}
            """
        ),
        (
            .saveSegment,
            """
            INSERT INTO segments (segment_id,name,updated)
            VALUES
            ({segment_id}, "{segment_name}", NOW())
            ON DUPLICATE KEY UPDATE
            name = "{segment_name}",
            updated = NOW();
            """
        ),
        (
            .deleteSegment,
            """
            DELETE FROM segments
            WHERE segment_id = {segment_id}
            LIMIT 1
            """
        ),
    ]

    @Test("INV-7: the original example queries run unchanged on MySQL, with hostile values in them")
    func original() throws {
        let value = FieldValue.text(#"C"1\'; -- "#)
        for (query, source) in Self.original {
            var rendering = Rendering(kind: .mysql, query: query)
            rendering.segmentName = #"a"b\"#
            let errors = rendering.diagnostics(source).filter { $0.severity == .error }
            #expect(errors.isEmpty, "\(source): \(errors)")
            let profiles: [Rendering.Profile] =
                query.hasBatch ? [["CustomID": value], ["CustomID": .text("C-2")]] : []
            let rendered = try rendering.render(source, profiles)
            let expected =
                source
                .replacingOccurrences(of: "{segment_id}", with: "42")
                .replacingOccurrences(of: "{segment_name}", with: #"a""b\\"#)
                .replacingOccurrences(
                    of: #"{batch_in "CustomID"}"#, with: #"'C"1\\''; -- ','C-2'"#
                )
                .replacingOccurrences(
                    of: """
                        {for $index, $lead = $batch}
                        (42, "{$lead.CustomID}", NOW()){autocomma}
                        {end}
                        """,
                    with: #"""

                        (42, "C""1\\'; -- ", NOW()),

                        (42, "C-2", NOW())

                        """#)
            #expect(rendered == expected)
        }
    }

    @Test("The guide shows the original queries as they are")
    func guide() throws {
        let shown = try DocumentedExample.examples(of: "docs/guides/mysql-queries.md")
            .filter { $0.name.hasPrefix("original-") }
        #expect(shown.map(\.source) == Self.original.map(\.source))
        #expect(shown.map(\.query) == Self.original.map(\.query))
    }
}
