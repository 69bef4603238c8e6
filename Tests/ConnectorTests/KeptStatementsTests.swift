import DocumentationTesting
import GRDBSQLite
import SQLTemplate
import SegmentModel
import Testing

@testable import ConnectorPostgres
@testable import ConnectorSQLite

/// Which prepared statements a session keeps, without a server.
@Suite("Kept statements")
struct KeptStatementsTests {
    /// Each of its own identity, though their queries are alike.
    private static func shapes(_ count: Int) throws -> [BoundShape] {
        let template = try BoundQueryTests.Lane.compile(
            .sqlite, "INSERT INTO t VALUES {for $l = $batch}('{$l.c}'){autocomma}{end}")
        return try (0..<count).map { _ in
            var shapes = BoundShapes()
            let rows = RenderRows([["c": .text("a")]], for: template)
            let scope = try BoundQueryTests.Lane.scope()
            return try #require(try template.renderBound(rows, scope, &shapes)).shape
        }
    }

    @Test("PostgreSQL: the statement that was not used for longest makes room, once, by its name")
    func postgres() throws {
        let countMax = ConnectorPostgres.KeptStatements.countMax
        let shapes = try Self.shapes(countMax + 2)
        var kept = ConnectorPostgres.KeptStatements()
        var names: [String] = []
        for shape in shapes.prefix(countMax) {
            names.append(kept.newName())
            kept.keep(shape, name: names.last!, parameterTypes: [])
        }
        #expect(Set(names).count == countMax)
        #expect(kept.find(shapes[0])?.name == names[0])
        #expect(kept.takeLeft().isEmpty)
        for (number, shape) in shapes.suffix(2).enumerated() {
            kept.keep(shape, name: kept.newName(), parameterTypes: [])
            #expect(kept.count == countMax)
            #expect(kept.takeLeft() == [names[number + 1]])
            #expect(kept.find(shapes[number + 1]) == nil)
        }
        #expect(kept.takeLeft().isEmpty)
        for shape in shapes[..<1] + shapes[3...] { #expect(kept.find(shape) != nil) }
    }

    @Test("SQLite: the statement that was not used for longest makes room, and none is left open")
    func sqlite() throws {
        let countMax = ConnectorSQLite.KeptStatements.countMax
        let shapes = try Self.shapes(countMax + 2)
        var database: OpaquePointer?
        try #require(sqlite3_open(":memory:", &database) == SQLITE_OK)
        func statement() throws -> OpaquePointer {
            var statement: OpaquePointer?
            sqlite3_prepare_v2(database, "SELECT 1", -1, &statement, nil)
            return try #require(statement)
        }
        var kept = ConnectorSQLite.KeptStatements()
        kept.keep(try statement(), own: "SELECT 1")
        let first = try statement()
        kept.keep(first, for: shapes[0])
        for shape in shapes[1..<countMax] { kept.keep(try statement(), for: shape) }
        #expect(kept.find(shapes[0]) == first)
        for (number, shape) in shapes.suffix(2).enumerated() {
            kept.keep(try statement(), for: shape)
            #expect(kept.find(shapes[number + 1]) == nil)
        }
        for shape in shapes[..<1] + shapes[3...] { #expect(kept.find(shape) != nil) }
        #expect(kept.own("SELECT 1") != nil)
        kept.finalizeAll()
        // Refused while a statement is open.
        #expect(sqlite3_close(database) == SQLITE_OK)
    }
}
