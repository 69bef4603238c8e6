import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Values of every kind go through templates into real databases, in every place that takes one,
/// and are read back as bytes (INV-7).
@Suite("What a template writes is what the database holds")
struct StoredValueTests {
    private static let batchSize = 100

    private static func template(_ server: ServerUnderTest, _ table: String) throws
        -> CompiledTemplate
    {
        let columns = server.places.map { "\($0.before){$l.v}\($0.after)" }
            .joined(separator: ", ")
        let names = server.places.indices.map { "c\($0)" }.joined(separator: ", ")
        let compiled = TemplateCompiler(dialect: SQLDialect(server.rules)).compile(
            "INSERT INTO \(table) (n, \(names)) VALUES {for $i, $l = $batch}({$i}, \(columns))"
                + "{autocomma}{end}",
            query: .addProfiles, mode: .batch)
        return try #require(compiled.template, "\(server): \(compiled.diagnostics)")
    }

    private static func render(
        _ template: CompiledTemplate, _ values: [[UInt8]]
    ) throws(RenderFailure) -> [UInt8] {
        var rows = RenderRows(slotCount: 1)
        rows.rowCount = values.count
        for value in values {
            rows.values.append(
                RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(
                        offset: UInt32(rows.bytes.count), count: UInt32(value.count))))
            rows.bytes += value
        }
        let scope = RenderScope(
            segmentID: SegmentID(1), segmentName: "", integrationName: "",
            eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "")
        var output: [UInt8] = []
        try template.render(rows, scope, into: &output)
        return output
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// Writes the values and reads them back: equal bytes, as many rows as values, and the other
    /// table as it was.
    private static func check(
        _ values: [[UInt8]], _ template: CompiledTemplate, _ server: ServerUnderTest,
        _ open: OpenServer
    ) async throws {
        let seed: Comment = "\(server), seed \(SeededGenerator.seed)"
        try await open.empty()
        let count = try await open.execute(try render(template, values))
        #expect(count ?? values.count == values.count, seed)
        let rows = try await open.rows()
        try #require(rows.count == values.count, seed)
        for (index, row) in rows.enumerated() {
            for (place, column) in zip(server.places, row.dropFirst()) {
                let wanted = hexadecimal(server.stored(values[index], place))
                guard column == wanted else {
                    Issue.record("\(seed): \(place): \(wanted) came back as \(column ?? "NULL")")
                    return
                }
            }
        }
        #expect(try await open.isCanaryWhole(), seed)
    }

    @Test(
        "INV-7: every text comes back byte for byte, and is never SQL",
        arguments: ServerUnderTest.all)
    func texts(_ server: ServerUnderTest) async throws {
        let open = try await OpenServer(server)
        let template = try Self.template(server, open.table)
        var hostile = HostileValues(seed: SeededGenerator.seed)
        var caseCount = 0
        while caseCount < server.valueCount * server.places.count {
            let values = (0..<Self.batchSize).map { _ in hostile.next() }
            try await Self.check(values, template, server, open)
            caseCount += values.count * server.places.count
        }
        await open.close()
        print("\(server): \(caseCount) values stored, seed \(SeededGenerator.seed)")
    }

    @Test("INV-7: a text of 1 MiB full of quotes", arguments: ServerUnderTest.all)
    func long(_ server: ServerUnderTest) async throws {
        let open = try await OpenServer(server)
        let piece = Array("a'\\\"é;--\n".utf8)
        let value = Array(repeatElement(piece, count: (1 << 20) / piece.count).joined())
        try await Self.check([value], try Self.template(server, open.table), server, open)
        await open.close()
    }

    @Test("INV-7: U+0000 is refused before anything is sent, with its reason")
    func zero() throws {
        for server in ServerUnderTest.all {
            let template = try Self.template(server, "v")
            do throws(RenderFailure) {
                _ = try Self.render(template, [Array("a".utf8), [0x61, 0, 0x62]])
                Issue.record("\(server) rendered U+0000")
            } catch {
                #expect(error.message.contains("U+0000"))
                #expect(error.row == 1)
            }
        }
    }

    @Test(
        "INV-7: bytes that are no UTF-8 come back or are refused, and are never SQL",
        arguments: ServerUnderTest.all)
    func invalid(_ server: ServerUnderTest) async throws {
        let open = try await OpenServer(server)
        let template = try Self.template(server, open.table)
        var hostile = HostileValues(seed: SeededGenerator.seed)
        for _ in 0..<40 {
            let value = hostile.nextBytes()
            try await open.empty()
            let isStored: Bool
            do {
                _ = try await open.execute(try Self.render(template, [value]))
                isStored = true
            } catch is TargetFailure {
                isStored = false
            }
            let rows = try await open.rows()
            #expect(rows.count == (isStored ? 1 : 0), "seed \(SeededGenerator.seed)")
            if isStored, server.rules.kind != .mysql {
                let wanted = server.places.map { Self.hexadecimal(server.stored(value, $0)) }
                #expect(rows.first.map { Array($0.dropFirst()) } == wanted)
            }
            #expect(try await open.isCanaryWhole(), "seed \(SeededGenerator.seed)")
        }
        await open.close()
    }
}
