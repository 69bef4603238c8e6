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
}
