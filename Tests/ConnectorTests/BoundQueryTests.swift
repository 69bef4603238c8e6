import Connector
import ConnectorMySQL
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Queries with their values beside the text: the same rows, counts, refusals and promises as the
/// text has.
@Suite("Bound queries")
struct BoundQueryTests {
    static let lane = CursorConformanceTests.lane
    static let kinds: [ConnectorKind] = [.postgresql, .mysql, .sqlite]

    /// A lane on a session, delivering one query at a time.
    final class Lane {
        let session: any TargetSession
        private(set) var cursor: TargetCursor
        private var shapes = BoundShapes()

        init(_ session: any TargetSession) async throws {
            self.session = session
            _ = try await session.openCursors()
            cursor = try await session.claimCursor(
                BoundQueryTests.lane, initial: CursorConformanceTests.initial)
        }

        static func compile(
            _ kind: ConnectorKind, _ source: String, mode: TemplateMode = .batch
        ) throws -> CompiledTemplate {
            let compiled = TemplateCompiler(dialect: SQLDialect(kind))
                .compile(source, query: .addProfiles, mode: mode)
            return try #require(compiled.template, "\(kind): \(source): \(compiled.diagnostics)")
        }

        static func scope(_ position: UInt64 = 7) throws -> RenderScope {
            RenderScope(
                segmentID: SegmentID(42), segmentName: "O'Brien's \\", integrationName: "crm",
                eventTime: try #require(Timestamp(rfc3339: "2026-03-12T10:00:00.123Z")),
                position: Position(position), deliveryID: "d-1")
        }

        func text(
            _ template: CompiledTemplate, _ profiles: [[ExactText: FieldValue]]
        ) throws -> TargetQuery {
            var output: [UInt8] = []
            try template.render(
                RenderRows(profiles, for: template), try Self.scope(), into: &output)
            return .text(output)
        }

        /// nil: it has to go as text.
        func bound(
            _ template: CompiledTemplate, _ profiles: [[ExactText: FieldValue]]
        ) throws -> TargetQuery? {
            try template.renderBound(
                RenderRows(profiles, for: template), try Self.scope(), &shapes
            ).map { .bound($0) }
        }

        func deliver(_ queries: [TargetQuery]) async throws -> TargetDeliveryResult {
            let next = CursorConformanceTests.moved(
                cursor, to: (cursor.cursor.position?.rawValue ?? 0) + 1)
            let result = try await session.deliver(
                TargetDelivery(
                    lane: BoundQueryTests.lane, id: "d", move: .init(from: cursor, to: next),
                    queries: queries))
            if case .committed = result { cursor = next }
            return result
        }
    }

    static func withLane(
        _ kind: ConnectorKind, _ tables: String, _ body: (Lane) async throws -> Void
    ) async throws {
        let target = try Target(kind)
        let session = try await target.connect()
        #expect(session.bindsValues)
        if !tables.isEmpty { _ = try await session.execute(sql(tables)) }
        try await body(try await Lane(session))
        await session.close()
    }

    static func upsert(_ kind: ConnectorKind) -> String {
        "INSERT INTO t (c, n) VALUES {for $l = $batch}('{$l.c}', {$l.n}){autocomma}{end} "
            + (kind == .mysql
                ? "ON DUPLICATE KEY UPDATE n = VALUES(n)"
                : "ON CONFLICT (c) DO UPDATE SET n = excluded.n")
    }

    static func profiles(_ range: Range<Int>) -> [[ExactText: FieldValue]] {
        range.map { ["c": .text("C-\($0)"), "n": .number("\($0)")] }
    }

    private static let table = "CREATE TABLE t (c varchar(64) PRIMARY KEY, n bigint)"

    // MARK: Results

    /// Fields of two profiles by the type of the column that takes them.
    private static let columns: [(type: String, fields: [FieldValue?])] = [
        ("varchar(20)", [.text("a  "), .text("")]), ("char(5)", [.text("ab "), nil]),
        ("text", [.number("31"), .number("-7")]), ("text", [nil, nil]),
        ("integer", [.number("31"), nil]), ("integer", [.text("31"), .text(" -7 ")]),
        ("bigint", [.number("9007199254740993"), .number("-9007199254740993")]),
        ("numeric(10,2)", [.text("12.345"), .text("-0.005")]),
        ("numeric(10,2)", [.number("12"), .number("0")]),
        ("double precision", [.text("0.1"), .text("1e300")]),
        ("real", [.text("0.1"), .text("16777217")]),
        ("date", [.text("2026-03-12"), .text("1990-05-17")]),
        ("boolean", [.boolean(true), .boolean(false)]),
        ("boolean", [.text("1"), .text("0")]),
        ("json", [.json("{\"a\":[1,\"x\"]}"), .json("[]")]),
    ]

    @Test("Both forms leave the same in columns of every type", arguments: kinds)
    func columnTypes(_ kind: ConnectorKind) async throws {
        for (type, fields) in Self.columns {
            let tables =
                "CREATE TABLE a (k bigint, v \(type)); CREATE TABLE b (k bigint, v \(type))"
            try await Self.withLane(kind, tables) { lane in
                let profiles: [[ExactText: FieldValue]] = fields.map { $0.map { ["v": $0] } ?? [:] }
                for tag in ["{$l.v}", "'{$l.v}'"] {
                    var results: [String] = []
                    for table in ["a", "b"] {
                        let template = try Lane.compile(
                            kind,
                            "INSERT INTO \(table) VALUES "
                                + "{for $i, $l = $batch}({$i}, \(tag)){autocomma}{end}")
                        let bound = try lane.bound(template, profiles)
                        let isWritten = kind != .postgresql && type == "boolean" && tag == "{$l.v}"
                        if !isWritten || fields[0] == .text("1") {
                            #expect(bound != nil, "\(type): \(tag): \(fields)")
                        }
                        let text = try lane.text(template, profiles)
                        let query = table == "a" ? text : bound ?? text
                        // Three times: as it is, newly prepared, and prepared before.
                        for _ in 0..<3 {
                            do {
                                results.append("\(try await lane.deliver([query]))")
                            } catch let failure as TargetFailure {
                                results.append("\(failure.class) \(failure.targetCode)")
                            }
                        }
                    }
                    #expect(results[0..<3] == results[3..<6], "\(type): \(tag): \(fields)")
                    let stored = (
                        try await lane.session.rows("SELECT * FROM a").map { "\($0)" }.sorted(),
                        try await lane.session.rows("SELECT * FROM b").map { "\($0)" }.sorted()
                    )
                    #expect(stored.0 == stored.1, "\(type): \(tag): \(fields)")
                }
            }
        }
    }

    @Test("Rows are counted as they are for text", arguments: kinds)
    func rowCounts(_ kind: ConnectorKind) async throws {
        let tables =
            Self.table.replacing("TABLE t", with: "TABLE a") + "; "
            + Self.table.replacing("TABLE t", with: "TABLE b")
        try await Self.withLane(kind, tables) { lane in
            var counts: [[TargetDeliveryResult]] = [[], []]
            for (place, table) in ["a", "b"].enumerated() {
                let template = try Lane.compile(
                    kind, Self.upsert(kind).replacing("INTO t", with: "INTO \(table)"))
                for profiles in [
                    Self.profiles(0..<5), Self.profiles(3..<9), Self.profiles(3..<9),
                    [["c": .text("C-1"), "n": .number("100")]],
                ] {
                    let query =
                        table == "a"
                        ? try lane.text(template, profiles)
                        : try #require(try lane.bound(template, profiles))
                    counts[place].append(try await lane.deliver([query]))
                }
            }
            #expect(counts[0] == counts[1])
            #expect(
                try await lane.session.rows("SELECT * FROM a ORDER BY c")
                    == lane.session.rows("SELECT * FROM b ORDER BY c"))
        }
    }

    @Test("A key that comes twice is a repeated key in both forms")
    func repeatedKey() async throws {
        try await Self.withLane(.postgresql, Self.table) { lane in
            let template = try Lane.compile(.postgresql, Self.upsert(.postgresql))
            let profiles = Self.profiles(0..<3) + Self.profiles(1..<2)
            for query in [
                try lane.text(template, profiles), try #require(try lane.bound(template, profiles)),
                try #require(try lane.bound(template, profiles)),
                try #require(try lane.bound(template, profiles)),
            ] {
                let failure = try await caught { _ = try await lane.deliver([query]) }
                #expect(failure?.class == .repeatedKey)
                #expect(failure?.isConnectionLost == false)
            }
            #expect(try await lane.session.rows("SELECT * FROM t").isEmpty)
        }
    }

    @Test(
        "INV-10: a value that does not fit is refused in both forms, and named in neither",
        arguments: kinds)
    func refusedValue(_ kind: ConnectorKind) async throws {
        let strict = kind == .sqlite ? " STRICT" : ""
        try await Self.withLane(kind, "CREATE TABLE t (c integer, n integer)\(strict)") { lane in
            let template = try Lane.compile(
                kind, "INSERT INTO t VALUES {for $l = $batch}('{$l.c}', 1){autocomma}{end}")
            let profiles: [[ExactText: FieldValue]] = [["c": .text("1")], ["c": .text("secret")]]
            var failures: [TargetFailure] = []
            for query in [
                try lane.text(template, profiles), try #require(try lane.bound(template, profiles)),
                try #require(try lane.bound(template, profiles)),
            ] {
                failures.append(
                    try #require(try await caught { _ = try await lane.deliver([query]) }))
            }
            for failure in failures {
                #expect(failure.class == .values)
                #expect(failure.targetCode == failures[0].targetCode)
                #expect(!failure.message.contains("secret"))
            }
            #expect(try await lane.session.rows("SELECT * FROM t").isEmpty)
        }
    }

    @Test("Text, bound and text again in one delivery", arguments: kinds)
    func mixed(_ kind: ConnectorKind) async throws {
        try await Self.withLane(kind, Self.table) { lane in
            let template = try Lane.compile(kind, Self.upsert(kind))
            let bound = try #require(try lane.bound(template, Self.profiles(0..<3)))
            let more = try #require(try lane.bound(template, Self.profiles(3..<6)))
            let delete = TargetQuery.text(sql("DELETE FROM t WHERE n = 4"))
            for queries in [[bound, more, delete], [delete, bound, more], [bound, delete, more]] {
                _ = try await lane.session.execute(sql("DELETE FROM t"))
                guard case .committed(let counts) = try await lane.deliver(queries) else {
                    Issue.record("not committed")
                    continue
                }
                let rows = try await lane.session.rows("SELECT n FROM t")
                #expect(counts.reduce(0, +) == (rows.count == 5 ? 7 : 6))
            }
        }
    }

    @Test("One query for each profile", arguments: kinds)
    func individual(_ kind: ConnectorKind) async throws {
        try await Self.withLane(kind, Self.table) { lane in
            let template = try Lane.compile(
                kind, "INSERT INTO t (c, n) VALUES ('{$lead.c}', {$lead.n})", mode: .individual)
            let queries = try Self.profiles(0..<200).map {
                try #require(try lane.bound(template, [$0]))
            }
            #expect(
                try await lane.deliver(queries)
                    == .committed(rowCounts: Array(repeating: 1, count: 200)))
            #expect(
                try await lane.session.rows("SELECT count(*), sum(n) FROM t") == [["200", "19900"]])
        }
    }

    @Test("INV-4: `now()` is one moment for all rows of a query")
    func moment() async throws {
        try await Self.withLane(.mysql, "CREATE TABLE t (c varchar(9), u datetime(6))") { lane in
            let template = try Lane.compile(
                .mysql, "INSERT INTO t VALUES {for $l = $batch}('{$l.c}', now(6)){autocomma}{end}")
            let profiles = Self.profiles(0..<1000)
            _ = try await lane.deliver([try #require(try lane.bound(template, profiles))])
            #expect(
                try await lane.session.rows("SELECT count(*), count(DISTINCT u) FROM t")
                    == [["1000", "1"]])
        }
    }

    @Test("Triggers see every row in both forms", arguments: kinds)
    func triggers(_ kind: ConnectorKind) async throws {
        let seen =
            kind == .sqlite
            ? "INSERT INTO seen VALUES (NEW.c || ' ' || NEW.n)"
            : "INSERT INTO seen VALUES (concat(NEW.c, ' ', NEW.n))"
        let trigger =
            switch kind {
            case .mysql:
                "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW \(seen);"
                    + "CREATE TRIGGER tu AFTER UPDATE ON t FOR EACH ROW \(seen)"
            case .sqlite:
                "CREATE TRIGGER tr BEFORE INSERT ON t BEGIN \(seen); END;"
                    + "CREATE TRIGGER tu AFTER UPDATE ON t BEGIN \(seen); END"
            default:
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
                    + "'BEGIN \(seen.replacing("'", with: "''")); RETURN NEW; END';"
                    + "CREATE TRIGGER tr BEFORE INSERT OR UPDATE ON t "
                    + "FOR EACH ROW EXECUTE FUNCTION f()"
            }
        var answers: [[[String?]]] = []
        for isBound in [false, true] {
            try await Self.withLane(
                kind, "CREATE TABLE seen (c varchar(99)); \(Self.table); \(trigger)"
            ) { lane in
                let template = try Lane.compile(kind, Self.upsert(kind))
                for range in [0..<50, 25..<75, 25..<75] {
                    let profiles = Self.profiles(range)
                    let query =
                        isBound
                        ? try #require(try lane.bound(template, profiles))
                        : try lane.text(template, profiles)
                    _ = try await lane.deliver([query])
                }
                answers.append(
                    try await lane.session.rows(
                        "SELECT c, count(*) FROM seen GROUP BY c ORDER BY c"))
            }
        }
        #expect(answers[0].count == 75)
        #expect(answers[0] == answers[1])
    }

    @Test("Servers that lose rows of a bulk statement get text")
    func versions() {
        for version in [100526, 100619, 101109, 101119, 110106, 110403, 110502, 110601, 120000] {
            #expect(BulkSupport.isWhole(version: version), "\(version)")
        }
        for version in [100238, 100525, 100618, 100705, 101011, 101108, 110006, 110402, 110501] {
            #expect(!BulkSupport.isWhole(version: version), "\(version)")
        }
    }

    @Test("A table that is missing is for the text to tell", arguments: kinds)
    func missingTable(_ kind: ConnectorKind) async throws {
        try await Self.withLane(kind, "") { lane in
            let template = try Lane.compile(kind, Self.upsert(kind))
            let bound = try #require(try lane.bound(template, Self.profiles(0..<2)))
            #expect(try await lane.deliver([bound]) == .unbindable(query: 0))
            let text = try lane.text(template, Self.profiles(0..<2))
            let failure = try await caught { _ = try await lane.deliver([text]) }
            #expect(failure?.class == .permanent)
            _ = try await lane.session.execute(sql(Self.table))
            #expect(try await lane.deliver([bound]) == .committed(rowCounts: [2]))
        }
    }

    // MARK: The cursor

    @Test("INV-6: a worker that was overtaken changes nothing in bound form", arguments: kinds)
    func fenced(_ kind: ConnectorKind) async throws {
        try await Self.withLane(kind, Self.table) { lane in
            let template = try Lane.compile(kind, Self.upsert(kind))
            _ = try await lane.session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            for _ in 0..<3 {
                let query = try #require(try lane.bound(template, Self.profiles(0..<3)))
                #expect(try await lane.deliver([query]) == .fenced)
            }
            #expect(try await lane.session.rows("SELECT * FROM t").isEmpty)
        }
    }

    @Test(
        "INV-6: a COMMIT whose reply is lost leaves the outcome of bound queries open",
        arguments: kinds.filter { $0 != .sqlite })
    func lostCommit(_ kind: ConnectorKind) async throws {
        let port =
            kind == .mysql
            ? try MariaDBServer.shared.get().port : try PostgresServer.shared.get().port
        let proxy = try TCPProxy(to: port)
        defer { proxy.stop() }
        let target = try Target(kind)
        let session = try await target.connect()
        _ = try await session.execute(sql(Self.table))
        let behind = try await target.connect {
            $0.url.replace(":\(port)/", with: ":\(proxy.port)/")
        }
        let lane = try await Lane(behind)
        let template = try Lane.compile(kind, Self.upsert(kind))
        for part in 0..<3 {
            let query = try #require(
                try lane.bound(template, Self.profiles(part * 3..<part * 3 + 3)))
            #expect(try await lane.deliver([query]) == .committed(rowCounts: [3]))
        }
        proxy.loseReplies(toCommits: 1)
        let query = try #require(try lane.bound(template, Self.profiles(9..<12)))
        let failure = try await caught { _ = try await lane.deliver([query]) }
        #expect(proxy.lostCommitCount == 1)
        #expect(failure?.class == .transient)
        #expect(failure?.isOutcomeUnknown == true)
        #expect(failure?.isConnectionLost == true)
        let row = try await session.readCursor(Self.lane)
        #expect(row?.cursor.position == Position(4))
        #expect(try await session.rows("SELECT count(*) FROM t") == [["12"]])
        await behind.close()
        await session.close()
    }
}
