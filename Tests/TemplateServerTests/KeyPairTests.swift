import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// What one query stored, another one finds: `'{$lead.v}'` goes in, `batch_in` looks for it.
@Suite("One value is one text in every query")
struct KeyPairTests {
    private static let values: [FieldValue] = {
        let digits = [
            "0", "-1", "120", "0120", "1.10", "1.1", "1e5", "100000", "1e400", "0.1", "1e-3",
            "9007199254740992", "9007199254740993", "12345678901234567890", "12345678901234567891",
            "9223372036854775808", "-12.50",
        ]
        var values: [FieldValue] = digits.map { .text($0) }
        // What is no number of JSON's comes as a text only.
        values += digits.filter { $0 != "0120" }.map { .number($0) }
        values += [
            .boolean(true), .boolean(false), .json(#"["a",1.10]"#), .json(#"{"k":"it's"}"#),
            .text("c-1"), .text(""), .text("O'Neil\\"), .text("caf\u{E9}"), .text("cafe\u{301}"),
            .text("true"),
        ]
        return values
    }()

    private static func columns(_ kind: ConnectorKind) -> [String] {
        switch kind {
        case .postgresql: ["text", "varchar(300)", "bigint", "numeric", "double precision"]
        case .mysql: ["longtext", "varchar(300)", "bigint", "decimal(12,4)", "double"]
        case .sqlite: ["TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", ""]
        case .clickhouse: ["String", "Int64", "Float64"]
        default: []
        }
    }

    private static func isText(_ column: String) -> Bool {
        ["text", "varchar(300)", "longtext", "TEXT", "BLOB", "", "String"].contains(column)
    }

    private static let scope = RenderScope(
        segmentID: SegmentID(1), segmentName: "", integrationName: "",
        eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "")

    private static func compile(
        _ source: String, _ query: QueryKind, _ server: ServerUnderTest
    ) throws -> CompiledTemplate {
        let compiled = TemplateCompiler(dialect: SQLDialect(server.rules))
            .compile(source, query: query, mode: .batch)
        return try #require(compiled.template, "\(server): \(compiled.diagnostics)")
    }

    private static func text(
        _ template: CompiledTemplate, _ values: [FieldValue]
    ) throws -> [UInt8] {
        var output: [UInt8] = []
        try template.render(rows(template, values), scope, into: &output)
        return output
    }

    private static func rows(_ template: CompiledTemplate, _ values: [FieldValue]) -> RenderRows {
        let profiles: [[ExactText: FieldValue]] = values.map { ["v": $0] }
        return RenderRows(profiles, for: template)
    }

    /// Whether a column takes two texts for one value.
    private static func isSame(_ left: String, _ right: String, _ column: String) -> Bool {
        if left.utf8.elementsEqual(right.utf8) { return true }
        guard !isText(column) else { return false }
        if let first = Int64(left), let second = Int64(right) { return first == second }
        if column == "numeric" { return trimmed(left) == trimmed(right) }
        guard let first = Double(left), let second = Double(right) else { return false }
        return first == second
    }

    private static func trimmed(_ digits: String) -> String {
        guard digits.contains(".") else { return digits }
        var kept = digits[...]
        while kept.last == "0" { kept = kept.dropLast() }
        return String(kept.last == "." ? kept.dropLast() : kept)
    }

    private static func text(of value: FieldValue) -> String {
        if case .boolean(let flag) = value { return "\(flag)" }
        return String(decoding: value.bytes, as: UTF8.self)
    }

    /// Whether the column holds the value: MySQL rounds a fraction, and ClickHouse lets a number of
    /// too many bits wrap, both with success.
    private static func isWhole(
        _ value: FieldValue, _ stored: String, _ column: String, _ server: ServerUnderTest
    ) -> Bool {
        if server.rules.kind == .sqlite, column == "REAL", let number = Int64(text(of: value)) {
            // Stored as a binary fraction, and compared as the integer that it is.
            return Double(exactly: number) != nil
        }
        guard !isText(column), server.rules.kind == .mysql || server.rules.kind == .clickhouse
        else { return true }
        return Double(text(of: value)) == Double(stored)
    }

    @Test(
        "INV-7: batch_in finds exactly the rows that the tag in quotes stored, of every JSON type",
        arguments: ServerUnderTest.all)
    func pairs(_ server: ServerUnderTest) async throws {
        let open = try await OpenServer(server)
        _ = try await open.session.openCursors()
        var random = SeededGenerator()
        var pairCount = 0
        for (number, column) in Self.columns(server.rules.kind).enumerated() {
            let table = open.table + "_\(number)"
            let isClickHouse = server.rules.kind == .clickhouse
            let end =
                isClickHouse
                ? "ENGINE = MergeTree ORDER BY n"
                : server.rules.kind == .mysql ? "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" : ""
            _ = try await open.execute(
                Array(
                    ("CREATE TABLE \(table) (n \(isClickHouse ? "Int64" : "bigint"), "
                        + "v \(column)) \(end)").utf8))
            var added: [(n: Int, value: FieldValue)] = []
            for (n, value) in Self.values.shuffled(using: &random).enumerated() {
                let add = try Self.compile(
                    "INSERT INTO \(table) (n, v) VALUES "
                        + "{for $l = $batch}(\(n), '{$l.v}'){autocomma}{end}",
                    .addProfiles, server)
                do {
                    _ = try await open.execute(try Self.text(add, [value]))
                    added.append((n, value))
                } catch let failure as TargetFailure {
                    #expect(
                        failure.class == .values, "\(server), \(column), \(value): \(failure)")
                    #expect(!Self.isText(column), "\(server), \(column), \(value): \(failure)")
                }
            }
            let asText =
                server.rules.kind == .postgresql ? "v::text" : isClickHouse ? "toString(v)" : "v"
            var stored = try await open.session.query(
                Array("SELECT n, \(asText) FROM \(table) ORDER BY n".utf8))
            #expect(stored.count == added.count)
            for (one, row) in zip(added, stored)
            where !Self.isWhole(one.value, row[1] ?? "", column, server) {
                added.removeAll { $0.n == one.n }
                stored.removeAll { $0[0] == row[0] }
                guard server.rules.kind != .clickhouse else { continue }
                _ = try await open.execute(
                    Array("DELETE FROM \(table) WHERE n = \(one.n)".utf8))
            }
            // ClickHouse 18 waits for no mutation: what is not whole stays, and is not looked at.
            let numbers = Set(added.map { String($0.n) })
            var gone: [FieldValue] = []
            while !added.isEmpty {
                let seed: Comment = "\(server), \(column), seed \(SeededGenerator.seed)"
                let going = Array(
                    added.shuffled(using: &random).prefix(Int.random(in: 1...6, using: &random)))
                let texts = stored.filter { row in going.contains { String($0.n) == row[0] } }
                    .map { $0[1] ?? "" }
                let wanted = stored.filter { row in
                    !texts.contains { Self.isSame($0, row[1] ?? "", column) }
                }
                let rest = try await remove(
                    going.map(\.value), table, open, server, asText, &gone
                ).filter { numbers.contains($0[0] ?? "") }
                try #require(rest == wanted, seed)
                stored = rest
                added.removeAll { one in !rest.contains { $0[0] == String(one.n) } }
                pairCount += going.count
            }
        }
        await open.close()
        print("\(server): \(pairCount) values found again, seed \(SeededGenerator.seed)")
    }

    /// Removes, in the form that a delivery would take; the rows that are left.
    private func remove(
        _ values: [FieldValue], _ table: String, _ open: OpenServer, _ server: ServerUnderTest,
        _ asText: String, _ gone: inout [FieldValue]
    ) async throws -> [[String?]] {
        guard server.rules.kind != .clickhouse else {
            // Mutations of the old server are not waited for: the rows stay, and are not found.
            gone += values
            let find = try Self.compile(
                "SELECT n, \(asText) FROM \(table) WHERE NOT v IN ({batch_in \"v\"}) ORDER BY n",
                .removeProfiles, server)
            return try await open.session.query(try Self.text(find, gone))
        }
        let template = try Self.compile(
            "DELETE FROM \(table) WHERE v IN ({batch_in \"v\"})", .removeProfiles, server)
        var shapes = BoundShapes()
        let bound = try template.renderBound(Self.rows(template, values), Self.scope, &shapes)
        let written = try Self.text(template, values)
        let query: TargetQuery = bound.map { .bound($0) } ?? .text(written)
        let result = try await open.session.deliver(
            TargetDelivery(
                lane: LaneKey(integration: "pairs", segment: SegmentID(1)), id: "d", move: nil,
                queries: [query]))
        guard case .committed = result else {
            Issue.record("\(server): \(result)")
            return []
        }
        return try await open.session.query(
            Array("SELECT n, \(asText) FROM \(table) ORDER BY n".utf8))
    }
}
