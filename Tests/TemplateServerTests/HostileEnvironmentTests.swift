import Connector
import ConnectorClickHouse
import ConnectorMySQL
import ConnectorPostgres
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Whatever a server, a database or a user has as its default, and whatever becomes of it while a
/// session is open: a value arrives byte for byte, or is refused as one that cannot be stored.
@Suite("Hostile environments")
struct HostileEnvironmentTests {
    private static let valueCount = 60

    private static let fixed = [
        "O'Neil", "\\'); DELETE FROM t; -- ", "ÿ¿\\\\'", "你\\'), ('x", "表\\", "ｿ'", "",
        "a\\nb", "\"", "😀", "  ", "\u{7F}", "ü", "я", "Ł",
    ]

    private static func values() -> [[UInt8]] {
        var hostile = HostileValues(seed: SeededGenerator.seed)
        return fixed.map { Array($0.utf8) } + (0..<valueCount).map { _ in hostile.next() }
    }

    private static func connect(_ kind: ConnectorKind, _ url: String) async throws
        -> any TargetSession
    {
        let registry = ConnectorRegistry([
            PostgresConnectorFactory(), MySQLConnectorFactory(), ClickHouseConnectorFactory(),
        ])
        let definition = ConnectorDefinition(name: "values", kind: kind, url: url)
        return try await registry.makeConnector(definition, secret: nil).connect()
    }

    private static func question(_ kind: ConnectorKind) -> String {
        kind == .postgresql
            ? "SELECT encode(convert_to(v, 'UTF8'), 'hex') FROM t"
            : kind == .mysql
                ? "SELECT lower(hex(convert(v USING utf8mb4))) FROM t"
                : "SELECT lower(hex(v)) FROM t"
    }

    private static func render(_ template: CompiledTemplate, _ value: [UInt8]) throws -> [UInt8] {
        var rows = RenderRows(slotCount: 1)
        rows.rowCount = 1
        rows.values = [
            RenderRows.Value(
                kind: .text, bytes: EventBatch.Slice(offset: 0, count: UInt32(value.count)))
        ]
        rows.bytes = value
        let scope = RenderScope(
            segmentID: SegmentID(1), segmentName: "", integrationName: "",
            eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "")
        var output: [UInt8] = []
        try template.render(rows, scope, into: &output)
        return output
    }

    @Test(
        "INV-7: a value arrives byte for byte, or is refused, whatever the defaults are",
        arguments: HostileEnvironment.all)
    func values(_ environment: HostileEnvironment) async throws {
        let place = try environment.make()
        defer { place.end() }
        let (kind, seed) = (environment.kind, "\(environment), seed \(SeededGenerator.seed)")
        let compiled = TemplateCompiler(dialect: SQLDialect(kind)).compile(
            "INSERT INTO t (v) VALUES {for $l = $batch}('{$l.v}'){autocomma}{end}",
            query: .addProfiles, mode: .batch)
        let template = try #require(compiled.template)
        var session = try await Self.connect(kind, place.url)
        _ = try await session.execute(Array(environment.table.utf8))
        let values = Self.values()
        var storedCount = 0
        for (index, value) in values.enumerated() {
            if index == values.count / 3 { try environment.outside.forEach(place.run) }
            if index == values.count / 3 * 2 {
                await session.close()
                session = try await Self.connect(kind, place.url)
            }
            let emptying = kind == .clickhouse ? "TRUNCATE TABLE t" : "DELETE FROM t"
            _ = try await session.execute(Array(emptying.utf8))
            var refusal: TargetFailure?
            do {
                _ = try await session.execute(try Self.render(template, value))
            } catch let failure as TargetFailure {
                refusal = failure
            }
            let rows = try await session.query(Array(Self.question(kind).utf8))
            let note = Comment(rawValue: "\(seed): \(value): \(refusal?.message ?? "stored")")
            if let refusal {
                #expect(refusal.class == .values, note)
                #expect(rows.isEmpty, note)
            } else {
                storedCount += 1
                #expect(rows == [[Self.hexadecimal(value)]], note)
            }
        }
        #expect(storedCount >= 10, "\(seed): \(storedCount) values were stored")
        await session.close()
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
