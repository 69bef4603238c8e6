import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Prepared statements that the server changes, loses, or does not take.
@Suite("Prepared statements")
struct PreparedStatementTests {
    private typealias Lane = BoundQueryTests.Lane

    private static let insert =
        "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}"

    private static func rows(_ values: String...) -> [[ExactText: FieldValue]] {
        values.map { ["c": .text($0)] }
    }

    @Test("A session keeps few of them, however many shapes come")
    func bounded() async throws {
        try await BoundQueryTests.withLane(.postgresql, "CREATE TABLE t (c text)") { lane in
            let templates = try (0..<40).map {
                try Lane.compile(
                    .postgresql,
                    Self.insert.replacing("'{", with: "'\($0) {"))
            }
            for template in templates {
                var shapes = BoundShapes()
                for _ in 0..<3 {
                    let rows = RenderRows(Self.rows("a", "b"), for: template)
                    let query = try template.renderBound(rows, try Lane.scope(), &shapes)
                    #expect(
                        try await lane.deliver([.bound(try #require(query))])
                            == .committed(rowCounts: [2]))
                }
            }
            let kept = try await lane.session.rows(
                "SELECT count(*) FROM pg_prepared_statements WHERE from_sql = false")
            // One that went last is still to be deallocated.
            let count = try #require(kept.first?.first.flatMap { $0 }.flatMap { Int($0) })
            #expect((10...18).contains(count), "\(count) statements")
            #expect(try await lane.session.rows("SELECT count(*) FROM t") == [["240"]])
        }
    }

    /// Types of a column before and after, and a value that the first would change.
    @Test(
        "INV-7: a column that changes its type under a prepared statement gets the value itself",
        arguments: [
            ("integer", "text", "007"), ("real", "double precision", "0.1"),
            ("numeric", "text", "1e2"), ("text", "integer", "7"), ("date", "text", "today"),
        ])
    func changedType(_ before: String, _ after: String, _ value: String) async throws {
        try await BoundQueryTests.withLane(
            .postgresql, "CREATE TABLE t (c \(before)); CREATE TABLE w (c \(after))"
        ) { lane in
            let template = try Lane.compile(.postgresql, Self.insert)
            for _ in 0..<3 {
                let query = try #require(try lane.bound(template, Self.rows("7", "8")))
                if before == "date" { break }
                #expect(try await lane.deliver([query]) == .committed(rowCounts: [2]))
            }
            _ = try await lane.session.execute(
                sql("DELETE FROM t; ALTER TABLE t ALTER c TYPE \(after) USING NULL"))
            let profiles = Self.rows(value, value)
            let query = try #require(try lane.bound(template, profiles))
            #expect(try await lane.deliver([query]) == .committed(rowCounts: [2]))
            let other = try Lane.compile(
                .postgresql, Self.insert.replacing("INTO t", with: "INTO w"))
            _ = try await lane.deliver([try lane.text(other, profiles)])
            #expect(
                try await lane.session.rows("SELECT * FROM t")
                    == lane.session.rows("SELECT * FROM w"))
        }
    }

    @Test(
        "A table that is made anew or gets a column loses nothing", arguments: BoundQueryTests.kinds
    )
    func changedTable(_ kind: ConnectorKind) async throws {
        try await BoundQueryTests.withLane(kind, "CREATE TABLE t (c varchar(9))") { lane in
            let template = try Lane.compile(
                kind, Self.insert.replacing("INTO t", with: "INTO t (c)"))
            for change in [
                "", "", "ALTER TABLE t ADD d integer DEFAULT 3",
                "DROP TABLE t; CREATE TABLE t (e integer, c text)", "ALTER TABLE t DROP e", "",
            ] {
                if !change.isEmpty { _ = try await lane.session.execute(sql(change)) }
                let query = try #require(try lane.bound(template, Self.rows("x", "y")))
                #expect(try await lane.deliver([query]) == .committed(rowCounts: [2]), "\(change)")
            }
        }
    }

    @Test("What the server cannot give a type goes as text, and nothing was changed")
    func unbindable() async throws {
        try await BoundQueryTests.withLane(.postgresql, "CREATE TABLE t (c text)") { lane in
            let template = try Lane.compile(
                .postgresql,
                "INSERT INTO t VALUES {for $l = $batch}(pg_typeof('{$l.c}')::text){autocomma}{end}")
            let start = lane.cursor
            for _ in 0..<3 {
                let query = try #require(try lane.bound(template, Self.rows("a", "b")))
                #expect(try await lane.deliver([query]) == .unbindable(query: 0))
                let other = TargetQuery.text(sql("INSERT INTO t VALUES ('z')"))
                #expect(try await lane.deliver([other, query]) == .unbindable(query: 1))
            }
            #expect(try await lane.session.readCursor(BoundQueryTests.lane) == start)
            #expect(try await lane.session.rows("SELECT * FROM t").isEmpty)
            #expect(lane.session.bindsValues)
            let text = try lane.text(template, Self.rows("a", "b"))
            #expect(try await lane.deliver([text]) == .committed(rowCounts: [2]))
        }
    }

    @Test("A session whose statements are gone binds no more, and nothing was changed")
    func lostStatements() async throws {
        try await BoundQueryTests.withLane(.postgresql, "CREATE TABLE t (c text)") { lane in
            let template = try Lane.compile(.postgresql, Self.insert)
            for _ in 0..<3 {
                let query = try #require(try lane.bound(template, Self.rows("a", "b")))
                #expect(try await lane.deliver([query]) == .committed(rowCounts: [2]))
            }
            _ = try await lane.session.execute(sql("DEALLOCATE ALL"))
            let query = try #require(try lane.bound(template, Self.rows("c", "d")))
            #expect(try await lane.deliver([query]) == .unbindable(query: 0))
            #expect(!lane.session.bindsValues)
            #expect(try await lane.session.rows("SELECT count(*) FROM t") == [["6"]])
            let text = try lane.text(template, Self.rows("c", "d"))
            #expect(try await lane.deliver([text]) == .committed(rowCounts: [2]))
        }
    }

    @Test(
        "INV-7: MariaDB reads on as before, whatever a routine did to its mode meanwhile",
        arguments: ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"])
    func changedMode(_ mode: String) async throws {
        let change =
            "SET SESSION sql_mode = concat(@@sql_mode, ',\(mode)')"
        let tables = """
            CREATE TABLE t (c text);
            CREATE PROCEDURE changes() \(change);
            CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW CALL changes()
            """
        for isBound in [false, true] {
            try await BoundQueryTests.withLane(.mysql, tables) { lane in
                let template = try Lane.compile(.mysql, Self.insert)
                for _ in 0..<2 {
                    let rows = Self.rows(#"a\'b"#, "b")
                    let query =
                        isBound
                        ? try #require(try lane.bound(template, rows))
                        : try lane.text(template, rows)
                    let result = try await lane.deliver([query, query])
                    #expect(result == .committed(rowCounts: [2, 2]))
                }
                let stored = try await lane.session.rows("SELECT DISTINCT c FROM t ORDER BY c")
                #expect(stored == [[#"a\'b"#], ["b"]])
            }
        }
    }
}
