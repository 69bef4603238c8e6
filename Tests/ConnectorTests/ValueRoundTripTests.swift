import Connector
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Values go through templates into real databases and come back.
@Suite struct ValueRoundTripTests {
    private static let hostile = Array(
        "'\"\\`;-/*{}$()[]%_&|:@#?, \t\n\r\u{1}\u{7F}aE0N\u{E9}\u{2028}\u{FEFF}\u{1D11E}\u{65E5}"
            .unicodeScalars)

    private static func value(_ random: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.append(hostile.randomElement(using: &random)!)
        }
        return String(text)
    }

    private static func render(
        _ source: String, _ kind: ConnectorKind, _ values: [String]
    ) throws -> [UInt8] {
        let compiled = TemplateCompiler(dialect: SQLDialect(kind))
            .compile(source, query: .addProfiles, mode: .batch)
        let template = try #require(compiled.template, "\(compiled.diagnostics)")
        var rows = RenderRows(slotCount: template.fieldNames.count)
        rows.rowCount = values.count
        for value in values {
            let offset = UInt32(rows.bytes.count)
            rows.bytes += value.utf8
            rows.values.append(
                RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(offset: offset, count: UInt32(value.utf8.count))))
        }
        let scope = RenderScope(
            segmentID: SegmentID(1), segmentName: "", integrationName: "crm",
            eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "d")
        var output: [UInt8] = []
        try template.render(rows, scope, into: &output)
        return output
    }

    @Test(
        "INV-7: thousands of hostile values read back as they went in",
        arguments: TargetVariant.all.filter { $0.kind != .clickhouse })
    func roundTrip(_ variant: TargetVariant) async throws {
        var random = SeededGenerator()
        let target = try variant.make()
        let kind = target.sqlKind
        let session = try await target.connect()
        _ = try await session.execute(
            sql("CREATE TABLE v (n integer, quoted text, bare text, joined text)"))
        let escapeString = kind == .postgresql ? "E" : ""
        let insert = """
            INSERT INTO v (n, quoted, bare, joined) VALUES
            {for $i, $l = $batch}
            ({$i}, '{$l.v}', {$l.v}, \(escapeString)'<{$l.v}|{$l.v}>'){autocomma}
            {end}
            """
        let find = #"SELECT n FROM v WHERE quoted IN ({batch_in "v"}) ORDER BY n"#
        for _ in 0..<60 {
            let values = (0..<50).map { _ in Self.value(&random) }
            let seed: Comment = "seed \(SeededGenerator.seed)"
            _ = try await session.execute(sql("DELETE FROM v"))
            let count = try await session.execute(try Self.render(insert, kind, values))
            #expect(count == values.count, seed)
            let rows = try await session.rows("SELECT quoted, bare, joined FROM v ORDER BY n")
            let expected = values.map { [$0, $0, "<\($0)|\($0)>"] as [String?] }
            #expect(rows == expected, seed)
            let wanted = Array(values[..<5])
            let found = try await session.query(try Self.render(find, kind, wanted))
            let indices = values.indices.filter { wanted.contains(values[$0]) }
            #expect(found == indices.map { [String($0)] }, seed)
        }
        await session.close()
        withExtendedLifetime(target) {}
    }
}
