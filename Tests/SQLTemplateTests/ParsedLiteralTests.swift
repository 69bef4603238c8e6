import DocumentationTesting
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// SQL Server and Oracle are not there to be asked, so a parser that others wrote reads what is
/// rendered for them: Tests/check_literals.py, with sqlglot.
@Suite struct ParsedLiteralTests {
    private struct Record: Encodable {
        let kind: String
        let sql: String
        let rows: [[String]]
    }

    private struct ToolsMissing: Error, CustomStringConvertible {
        let description = "run Tests/python-tools.sh (make test does)"
    }

    private static let marks = [
        "'", "''", "\"", "\\", "\n", "\r\n", "\r", "\\\n", "\\\r\n", "\\\r", "--", "/*", "*/", ";",
        "%", "#", "[", "]", "N'", "q'[", "]'", "$$", "{", "}", "&", ":x", "@x", "?", "||", "\t",
        "\u{1}", "ü", "‘", "’", "“", "\u{2028}", "日", "𝄞", "😀", "a", "0", " ", "GO", "); DROP",
    ]
    /// Of one statement; 50 rows of these are within what both databases take.
    private static let rowCount = 50
    private static let oracleLiteralByteCountMax = 4000

    private static func value(_ random: inout SeededGenerator, byteCountMax: Int) -> String {
        if Int.random(in: 0..<400, using: &random) == 0 {
            let unit = marks.randomElement(using: &random)! + marks.randomElement(using: &random)!
            let count = Int.random(in: 0...9_000, using: &random) / unit.utf8.count
            return fitting(String(repeating: unit, count: count), byteCountMax)
        }
        var text = ""
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            text += marks.randomElement(using: &random)!
        }
        return text
    }

    private static func fitting(_ text: String, _ byteCountMax: Int) -> String {
        var scalars = text.unicodeScalars
        while String(scalars).utf8.count > byteCountMax {
            scalars.removeLast(scalars.count / 8 + 1)
        }
        return String(scalars)
    }

    /// Statements with a row for each value, and what a reader has to find in them.
    private static func records(
        _ kind: ConnectorKind, valueCount: Int, _ random: inout SeededGenerator
    ) throws -> [Record] {
        let forms =
            kind == .mssql
            ? "{$l.v}, '{$l.v}', N'{$l.v}', '{$l.v}{$l.w}', N'<{$l.v}>{$l.w}'"
            : "{$l.v}, '{$l.w}', '{$l.w}|{$l.x}', {concat($l.v $l.w)}"
        let source = """
            INSERT INTO t VALUES {for $l = $batch}(\(forms)){autocomma}
            {end}
            """
        var records: [Record] = []
        for _ in 0..<valueCount / rowCount {
            var profiles: [Rendering.Profile] = []
            var rows: [[String]] = []
            for _ in 0..<rowCount {
                let v = value(&random, byteCountMax: .max)
                let w = value(
                    &random,
                    byteCountMax: kind == .oracle ? oracleLiteralByteCountMax / 2 - 1 : .max)
                let x = value(&random, byteCountMax: oracleLiteralByteCountMax / 2)
                profiles.append(["v": .text(v), "w": .text(w), "x": .text(x)])
                rows.append(
                    kind == .mssql ? [v, v, v, v + w, "<\(v)>\(w)"] : [v, w, "\(w)|\(x)", v + w])
            }
            let sql = try Rendering(kind: kind).render(source, profiles)
            records.append(Record(kind: kind.rawValue, sql: sql, rows: rows))
        }
        return records
    }

    @Test(
        "INV-7: another parser reads one statement and every hostile value as it was",
        arguments: [ConnectorKind.mssql, .oracle])
    func hostileValues(_ kind: ConnectorKind) throws {
        var random = SeededGenerator()
        let records = try Self.records(kind, valueCount: 12_000, &random)
        let (status, output) = try Self.check(records)
        #expect(status == 0, "seed \(SeededGenerator.seed): \(output)")
        #expect(output.hasPrefix("\(records.count) statements"), "\(output)")
    }

    @Test("A value that another parser reads differently is found, and so is a second statement")
    func differencesAreFound() throws {
        let good = Record(
            kind: "mssql", sql: "INSERT INTO t VALUES (N'ü', 'a')", rows: [["ü", "a"]])
        #expect(try Self.check([good]).status == 0)
        for (kind, sql) in [
            ("mssql", "INSERT INTO t VALUES ('ü', 'a')"),
            ("mssql", "INSERT INTO t VALUES (N'ü', 'a'); DELETE FROM t"),
            ("mssql", "INSERT INTO t VALUES (N'ü\\\n', 'b')"),
            ("oracle", "INSERT INTO t VALUES (TO_CLOB('ü'), 'a'), ('ü', 'a')"),
        ] {
            let record = Record(kind: kind, sql: sql, rows: [["ü", "a"]])
            #expect(try Self.check([record]).status == 1, "\(sql)")
        }
        let joined = Record(
            kind: "mssql", sql: "INSERT INTO t VALUES (N'ü\\\r\n', 'a')", rows: [["ü", "a"]])
        #expect(try Self.check([joined]).status == 0)
    }

    private static func check(_ records: [Record]) throws -> (status: Int32, output: String) {
        let environment = ProcessInfo.processInfo.environment
        let python =
            environment["SEGLEDGER_PYTHON"]
            ?? FencedBlock.root.appending(path: ".build-python/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: python) else { throw ToolsMissing() }
        let file = FileManager.default.temporaryDirectory
            .appending(path: "segledger-literals-\(UUID().uuidString).ndjson")
        defer { _ = try? FileManager.default.removeItem(at: file) }
        let encoder = JSONEncoder()
        var lines = Data()
        for record in records {
            lines += try encoder.encode(record)
            lines.append(UInt8(ascii: "\n"))
        }
        try lines.write(to: file)
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: python)
        process.arguments = [
            FencedBlock.root.appending(path: "Tests/check_literals.py").path, file.path,
        ]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
