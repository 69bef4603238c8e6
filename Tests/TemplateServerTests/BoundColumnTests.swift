import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// The same values in both forms, into columns of every type: equal rows, or equal refusals.
@Suite("Bound and written values leave equal rows in columns of every type")
struct BoundColumnTests {
    private static let values: [FieldValue?] = {
        let numbers = [
            "0", "-0", "1", "-1", "1.10", "1e5", "1E400", "0.1", "255", "32768", "2147483648",
            "-2147483649", "9223372036854775807", "9223372036854775808", "12345678901234567890",
        ]
        let texts = [
            "", " ", "a", "abcde", "abcdef", "abc  ", "a       ", "0", "1", "1.10", " 1 ", "0x1F",
            "1e5", "-", "true", "t", "yes", "2026-03-12", "2026-03-12T10:00:00.123Z",
            "2026-03-12 10:00:00", "10:00", "24:00:00", "2026", "{}", "[1]", "{1,2}", "{a,\"b\"}",
            #"\x41"#, "é", "日本", "00000000-0000-0000-0000-000000000001", "127.0.0.1", "1 day",
            "NaN", "Infinity", "-infinity", "null", "NULL", "0001-01-01", "0000-00-00", "[1,2)",
        ]
        var values: [FieldValue?] = [nil, .null, .boolean(true), .boolean(false)]
        values += [.json(#"{"a":1.10}"#), .json(#"[1,"a"]"#)]
        for digits in numbers { values.append(.number(digits)) }
        for text in texts { values.append(.text(text)) }
        return values
    }()

    private static func columns(_ kind: ConnectorKind) -> [String] {
        switch kind {
        case .postgresql:
            [
                "text", "varchar(5)", "char(5)", "\"char\"", "smallint", "integer", "bigint",
                "numeric", "numeric(10,2)", "real", "double precision", "boolean", "date", "time",
                "timestamp", "timestamptz", "interval", "json", "jsonb", "uuid", "bytea", "inet",
                "text[]", "integer[]", "int4range", "bit varying(8)", "money", "xml", "name",
            ]
        case .mysql:
            [
                "varchar(5)", "char(5)", "text", "tinytext", "varbinary(5)", "blob", "tinyint",
                "smallint", "int", "bigint", "bigint unsigned", "decimal(10,2)", "float", "double",
                "bit(8)", "date", "time", "datetime(3)", "timestamp(3) NULL", "year", "json",
                "enum('a','true','1')", "set('a','1')", "boolean", "uuid", "inet6",
                "varchar(5) CHARACTER SET latin1",
            ]
        case .sqlite: ["TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "", "VARCHAR(5)", "DATE"]
        default: []
        }
    }

    /// Queries for one profile, which write the column `c` of a table or look for it.
    private static func shapes(_ kind: ConnectorKind) -> [String] {
        let rows = "{for $l = $batch}(1, PLACE){autocomma}{end}"
        let inserts = ["'{$l.v}'", "{$l.v}", "'<{$l.v}>'"].map {
            "INSERT INTO TABLE (n, c) VALUES \(rows.replacing("PLACE", with: $0))"
        }
        guard kind != .mysql else { return inserts }
        return inserts + ["UPDATE TABLE SET n = 5 WHERE c IN ({batch_in \"v\"})"]
    }

    private static let scope = RenderScope(
        segmentID: SegmentID(1), segmentName: "", integrationName: "",
        eventTime: Timestamp(rawValue: 0), position: Position(0), deliveryID: "")

    /// What a delivery leaves: the rows as bytes, or why not.
    private enum Outcome: Equatable {
        case rows([[String?]])
        case refused(TargetFailure.Class, code: String)
    }

    /// nil: the server does not take the values beside the text, so that the text is sent.
    private static func outcome(
        _ query: TargetQuery, _ table: String, _ session: any TargetSession, _ kind: ConnectorKind
    ) async throws -> Outcome? {
        do {
            let result = try await session.deliver(
                TargetDelivery(
                    lane: LaneKey(integration: "columns", segment: SegmentID(1)), id: "d",
                    move: nil, queries: [query]))
            guard case .committed(let counts) = result else {
                #expect(query.isBound && result == .unbindable(query: 0), "\(result)")
                return nil
            }
            let shown =
                switch kind {
                case .postgresql: "c::text, pg_column_size(c)"
                case .sqlite: "typeof(c), hex(c), quote(c)"
                default: "hex(c), CAST(c AS CHAR)"
                }
            let rows = try await session.query(
                Array("SELECT n, \(shown) FROM \(table) ORDER BY n, \(shown)".utf8))
            return .rows(rows + [["\(counts)"]])
        } catch let failure as TargetFailure {
            return .refused(failure.class, code: failure.targetCode)
        }
    }

    @Test(
        "INV-7: each JSON type in each type of column, in both forms",
        arguments: BoundValueTests.servers.filter {
            $0.rules.settings == [] && $0.options.isEmpty
        })
    func columns(_ server: ServerUnderTest) async throws {
        let kind = server.rules.kind
        let open = try await OpenServer(server)
        let session = open.session
        _ = try await session.openCursors()
        #expect(session.bindsValues)
        var (cellCount, boundCount) = (0, 0)
        for (number, column) in Self.columns(kind).enumerated() {
            let table = open.table + "_\(number)"
            _ = try await open.execute(
                Array("CREATE TABLE \(table) (n bigint, c \(column))".utf8))
            for shape in Self.shapes(kind) {
                let isSearch = shape.hasPrefix("UPDATE")
                let compiled = TemplateCompiler(dialect: SQLDialect(server.rules)).compile(
                    shape.replacing("TABLE", with: table),
                    query: isSearch ? .removeProfiles : .addProfiles, mode: .batch)
                let template = try #require(compiled.template, "\(compiled.diagnostics)")
                if isSearch { try await Self.fill(table, column, open) }
                for value in Self.values {
                    let profile: [ExactText: FieldValue] = value.map { ["v": $0] } ?? [:]
                    let rows = RenderRows([profile], for: template)
                    var shapes = BoundShapes()
                    guard
                        let bound = try template.renderBound(rows, Self.scope, &shapes)
                    else { continue }
                    boundCount += 1
                    var text: [UInt8] = []
                    try template.render(rows, Self.scope, into: &text)
                    var outcomes: [Outcome] = []
                    for query in [TargetQuery.text(text), .bound(bound)] {
                        guard
                            let outcome = try await Self.outcome(query, table, session, kind)
                        else { continue }
                        outcomes.append(outcome)
                        let undo =
                            isSearch ? "UPDATE \(table) SET n = 1" : "DELETE FROM \(table)"
                        _ = try await open.execute(Array(undo.utf8))
                    }
                    cellCount += 1
                    #expect(
                        outcomes[0] == outcomes.last,
                        "\(server): \(column): \(shape): \(value.map { "\($0)" } ?? "missing")")
                }
                _ = try await open.execute(Array("DELETE FROM \(table)".utf8))
            }
        }
        await open.close()
        #expect(boundCount > 500)
        print("\(server): \(cellCount) cells in both forms")
    }

    /// Some rows to be found, where the column takes them.
    private static func fill(_ table: String, _ column: String, _ open: OpenServer) async throws {
        for literal in ["'1'", "'1.10'", "'a'", "'abc'", "'true'", "'2026-03-12'", "NULL", "''"] {
            do {
                _ = try await open.execute(
                    Array("INSERT INTO \(table) (n, c) VALUES (1, \(literal))".utf8))
            } catch is TargetFailure {
                continue
            }
        }
    }
}
