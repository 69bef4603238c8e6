import Connector
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// The same values through both forms of a query, into two tables.
@Suite("What is bound is what would have been written")
struct BoundValueTests {
    private static let lane = LaneKey(integration: "bound", segment: SegmentID(1))
    private static let rowCounts = [1, 2, 999, 1000, 3, 1000, 17, 1000]

    static let servers = ServerUnderTest.all.filter {
        [.postgresql, .mysql, .sqlite].contains($0.rules.kind)
    }

    /// As columns of one insert: text before the tag, and behind it.
    private static func places(_ server: ServerUnderTest) -> [(before: String, after: String)] {
        let everywhere = [("'", "'"), ("", ""), ("'<", ">'")]
        return server.rules.kind != .mysql
            ? everywhere + [("replace(", ", '', '')"), ("('", "')")] : everywhere
    }

    /// For the table's columns from the third on.
    private static func template(
        _ server: ServerUnderTest, _ table: String
    ) throws -> CompiledTemplate {
        let columns = places(server).map { "\($0.before){$l.v}\($0.after)" }
        let names = columns.indices.map { ", c\($0)" }.joined()
        let compiled = TemplateCompiler(dialect: SQLDialect(server.rules)).compile(
            "INSERT INTO \(table) (n\(names)) VALUES "
                + "{for $i, $l = $batch}({$i}, \(columns.joined(separator: ", "))){autocomma}{end}",
            query: .addProfiles, mode: .batch)
        return try #require(compiled.template, "\(server): \(compiled.diagnostics)")
    }

    private static func rows(_ values: [[UInt8]?]) -> RenderRows {
        var rows = RenderRows(slotCount: 1)
        rows.rowCount = values.count
        for value in values {
            guard let value else {
                rows.values.append(RenderRows.Value())
                continue
            }
            rows.values.append(
                RenderRows.Value(
                    kind: .text,
                    bytes: EventBatch.Slice(
                        offset: UInt32(rows.bytes.count), count: UInt32(value.count))))
            rows.bytes += value
        }
        return rows
    }

    private static let scope = RenderScope(
        segmentID: SegmentID(1), segmentName: "", integrationName: "",
        eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "")

    private static func question(_ server: ServerUnderTest, _ table: String) -> [UInt8] {
        let columns = places(server).indices.map { index in
            switch server.rules.kind {
            case .postgresql: "encode(convert_to(c\(index), 'UTF8'), 'hex')"
            case .sqlite: "iif(c\(index) IS NULL, NULL, lower(hex(c\(index))))"
            default: "lower(hex(c\(index)))"
            }
        }
        return Array(
            "SELECT n, \(columns.joined(separator: ", ")) FROM \(table) ORDER BY n".utf8)
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// What `question` answers for a value.
    private static func wanted(_ value: [UInt8]?, _ server: ServerUnderTest) -> [String?] {
        places(server).map { place in
            guard let value else {
                let isQuoted = place.before.hasSuffix("'") || place.before.hasSuffix("<")
                return isQuoted ? (place.before == "'<" ? "3c3e" : "") : nil
            }
            let isBetween = place.before == "'<"
            return hexadecimal(
                isBetween ? Array("<".utf8) + value + Array(">".utf8) : value)
        }
    }

    @Test(
        "INV-7: both forms leave equal tables, byte for byte the values that went in",
        arguments: servers)
    func texts(_ server: ServerUnderTest) async throws {
        let open = try await OpenServer(server)
        let session = open.session
        _ = try await session.openCursors()
        #expect(session.bindsValues)
        let tables = (text: open.table, bound: open.table + "_b")
        _ = try await open.execute(Array(server.tableDefinition(tables.bound).utf8))
        let text = try Self.template(server, tables.text)
        let bound = try Self.template(server, tables.bound)
        var cursor = try await session.claimCursor(
            Self.lane,
            initial: TargetCursor(
                ledger: "l", epoch: 0, cursor: LaneCursor(position: nil), resync: -1,
                queryCount: 0))
        var hostile = HostileValues(seed: SeededGenerator.seed)
        var shapes = BoundShapes()
        var valueCount = 0
        for rowCount in Self.rowCounts {
            let seed: Comment = "\(server), seed \(SeededGenerator.seed)"
            var values: [[UInt8]?] = (0..<rowCount).map { $0 % 50 == 49 ? nil : hostile.next() }
            if rowCount == 17 {
                values[3] = Array(repeating: UInt8(ascii: "'"), count: 255)
                values[5] = Array(repeatElement(Array("a'\\é\n".utf8), count: 20_000).joined())
            }
            let rows = Self.rows(values)
            var written: [UInt8] = []
            try text.render(rows, Self.scope, into: &written)
            let query = try #require(try bound.renderBound(rows, Self.scope, &shapes))
            var counts: [TargetDeliveryResult] = []
            for query in [TargetQuery.text(written), .bound(query)] {
                var next = cursor
                next.queryCount += 1
                let delivery = TargetDelivery(
                    lane: Self.lane, id: "d", move: .init(from: cursor, to: next),
                    queries: [query])
                counts.append(try await session.deliver(delivery))
                cursor = next
            }
            let committed = TargetDeliveryResult.committed(rowCounts: [rowCount])
            #expect(counts == [committed, committed], seed)
            let stored = try await session.query(Self.question(server, tables.bound))
            #expect(stored == (try await session.query(Self.question(server, tables.text))), seed)
            try #require(stored.count == rowCount, seed)
            for (index, row) in stored.enumerated() {
                #expect(Array(row.dropFirst()) == Self.wanted(values[index], server), seed)
            }
            for table in [tables.text, tables.bound] {
                _ = try await open.execute(Array("DELETE FROM \(table)".utf8))
            }
            valueCount += rowCount * Self.places(server).count
        }
        #expect(try await open.isCanaryWhole())
        await open.close()
        print("\(server): \(valueCount) values in both forms, seed \(SeededGenerator.seed)")
    }
}
