import Connector
import ConnectorODBC
import DocumentationTesting
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// Segledger's own statements for SQL Server and Oracle, read by a parser that others wrote
/// (sqlglot, Tests/check_statements.py): neither database is there to run them.
@Suite("Statements for SQL Server and Oracle")
struct ODBCStatementTests {
    private struct Record: Encodable {
        let kind: String
        let sql: String
        let types: [String]
    }

    private struct ToolsMissing: Error, CustomStringConvertible {
        let description = "run Tests/python-tools.sh (make test does)"
    }

    private static func check(_ records: [Record]) throws -> (status: Int32, output: String) {
        let environment = ProcessInfo.processInfo.environment
        let python =
            environment["SEGLEDGER_PYTHON"]
            ?? FencedBlock.root.appending(path: ".build-python/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else { throw ToolsMissing() }
        let directory = try TemporaryDirectory()
        let file = directory.path("statements.ndjson")
        let lines = try records.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = [
            FencedBlock.root.appending(path: "Tests/check_statements.py").path, file,
        ]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// What a text has to be read as, by its first words; nil for what the parser does not know.
    private static func types(of sql: String) -> [String]? {
        let lines = sql.split(separator: "\n").filter { !$0.hasPrefix("--") }
        switch lines.joined(separator: " ").split(separator: " ").first?.uppercased() {
        case "SELECT" where sql.contains(" UNION "): return ["Union"]
        case "SELECT":
            return [String](repeating: "Select", count: sql.split(separator: ";").count)
        case "UPDATE": return ["Update"]
        case "INSERT": return ["Insert"]
        case "CREATE": return ["Create"]
        case "SET": return [String](repeating: "Set", count: sql.split(separator: ";").count)
        // The parser knows of it only that it is one.
        case "ALTER": return sql.contains("ALTER TABLE") ? ["Alter"] : ["Command"]
        // A block of PL/SQL.
        default: return nil
        }
    }

    @Test("Another parser reads every statement of a dialect as what it is")
    func parsesStatements() throws {
        var records: [Record] = []
        for (kind, dialect) in [("mssql", ODBCDialect.sqlServer), ("oracle", .oracle)] {
            let statements =
                dialect.settings([], 60_000) + dialect.settings(.doubleQuotedStrings, 1)
                + dialect.transactionBegin + dialect.transactionCheck + dialect.cursor.statements
                + [dialect.nothing] + [dialect.openTransactionCount].compactMap { $0 }
            records += statements.compactMap { sql in
                Self.types(of: sql).map { Record(kind: kind, sql: sql, types: $0) }
            }
        }
        let (status, output) = try Self.check(records)
        #expect(status == 0, "\(output)")
        #expect(output == "\(records.count) texts\n")
    }

    @Test("Another parser reads the questions to the catalogue")
    func parsesQuestions() throws {
        let names = [["t"], ["s]'", "t"], ["db", "s", "t]"]].map { parts in
            parts.map { QueryStatement.Name(text: $0, isQuoted: true, offset: 0) }
        }
        var records: [Record] = []
        for kind in [ConnectorKind.mssql, .oracle] {
            let catalog = kind.factory.catalog(for: [])
            for name in names {
                let columns = catalog.columns(of: name)
                records.append(Record(kind: kind.rawValue, sql: columns, types: ["Select"]))
                records.append(
                    Record(
                        kind: kind.rawValue, sql: catalog.keys(of: name),
                        types: [kind == .oracle ? "Union" : "Select"]))
            }
        }
        for (kind, dialect) in [("mssql", ODBCDialect.sqlServer), ("oracle", .oracle)] {
            let questions = try #require(dialect.gradeQuestions)
            records.append(Record(kind: kind, sql: questions.tables(names), types: ["Union"]))
            if let settings = questions.settings {
                records.append(Record(kind: kind, sql: settings, types: ["Select"]))
            }
        }
        let (status, output) = try Self.check(records)
        #expect(status == 0, "\(output)")
    }

    @Test("What another parser cannot read is found")
    func findsFaults() throws {
        for (sql, types) in [("SELECT (", ["Select"]), ("SELECT 1; SELECT 2", ["Select"])] {
            let record = Record(kind: "mssql", sql: sql, types: types)
            #expect(try Self.check([record]).status == 1)
        }
    }
}
