import DocumentationTesting
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

// How the examples of docs/reference/templates.md and docs/guides are read. Fenced blocks whose
// first word is
//
//   template NAME QUERY [individual] [SETTING=VALUE]   a template for that query; settings as under
//                                                      a connector's `settings`
//   sql KIND...        what the template above renders to on these kinds
//   refused KIND...    why these kinds refuse it: `line:column: rule: message`, or `row N: message`
//                      where a value cannot be rendered
//   json sample        what the examples' query knows beside its profiles
//   ndjson sample      events whose profiles are the examples' batch; an individual query is
//                      rendered for the first of them
//
// What a page does not show is in Golden/NAME.KIND.sql, for each of the six kinds. After a change
// that is meant, SEGLEDGER_WRITE_GOLDEN=1 swift test --filter DocumentedTemplateTests writes these
// files again; read their difference.
@Suite struct DocumentedTemplateTests {
    static let page = "docs/reference/templates.md"
    static let guides: [(page: String, kind: ConnectorKind)] = [
        ("docs/guides/postgresql.md", .postgresql), ("docs/guides/sqlite.md", .sqlite),
        ("docs/guides/mysql-queries.md", .mysql), ("docs/guides/sqlserver.md", .mssql),
        ("docs/guides/oracle.md", .oracle), ("docs/guides/clickhouse.md", .clickhouse),
    ]
    private static let folder = FencedBlock.root
        .appending(path: "Tests/SQLTemplateTests/Golden")
    private static let isWriting =
        ProcessInfo.processInfo.environment["SEGLEDGER_WRITE_GOLDEN"] == "1"

    @Test("INV-7: the page's examples render as the page says, and as the golden files")
    func examples() throws {
        let sample = try DocumentedSample(page: Self.page)
        let examples = try DocumentedExample.examples(of: Self.page)
        #expect(examples.count >= 25)
        #expect(Set(examples.map(\.name)).count == examples.count, "a name stands twice")
        for example in examples {
            #expect(!example.shown.isEmpty, "\(Self.page):\(example.line) shows nothing")
            for kind in ConnectorKind.allCases {
                let outcome = try example.outcome(kind, sample)
                if let shown = example.shown[kind] {
                    #expect(outcome == shown, "\(Self.page):\(example.line): \(kind)")
                }
                try Self.compare(outcome, "\(example.name).\(kind.rawValue).sql")
            }
        }
    }

    @Test("INV-7: the guides' queries compile without a fault, and render as the golden files")
    func guideQueries() throws {
        let sample = try DocumentedSample(page: Self.page)
        for (page, kind) in Self.guides {
            let examples = try DocumentedExample.examples(of: page)
            #expect(
                Set(examples.map(\.query)) == Set(QueryKind.allCases), "\(page) has every query")
            for example in examples {
                let found = TemplateCompiler(dialect: SQLDialect(try example.rules(kind)))
                    .compile(example.source, query: example.query, mode: example.mode).diagnostics
                // A database without a key is told once more that its engine has to do it.
                let allowed = kind == .clickhouse ? ["repeat"] : example.allowedWarnings
                let faults = found.filter {
                    $0.severity == .error
                        || ($0.severity == .warning && !allowed.contains($0.rule))
                }
                #expect(faults.isEmpty, "\(page):\(example.line): \(faults)")
                try Self.compare(
                    try example.outcome(kind, sample),
                    "guide-\(example.name).\(kind.rawValue).sql")
            }
        }
    }

    @Test("Every golden file belongs to an example")
    func strangers() throws {
        var names: Set<String> = []
        for example in try DocumentedExample.examples(of: Self.page) {
            names.formUnion(ConnectorKind.allCases.map { "\(example.name).\($0.rawValue).sql" })
        }
        for (page, kind) in Self.guides {
            names.formUnion(
                try DocumentedExample.examples(of: page).map {
                    "guide-\($0.name).\(kind.rawValue).sql"
                })
        }
        let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(found).subtracting(names) == [])
    }

    private static func compare(_ outcome: String, _ name: String) throws {
        let file = folder.appending(path: name)
        if isWriting { try Data((outcome + "\n").utf8).write(to: file) }
        let golden = FileManager.default.contents(atPath: file.path)
        #expect(
            golden == Data((outcome + "\n").utf8),
            "\(name) differs; if that is meant, write it with SEGLEDGER_WRITE_GOLDEN=1")
    }

    // MARK: The table of diagnostics

    /// What needs more than a line to be shown; `TemplateLimitTests` shows it.
    private static let withoutExample: Set<String> = ["limit"]

    @Test("The page's table lists every rule of the compiler and no other, with its severity")
    func rules() throws {
        let rows = try Self.ruleRows()
        #expect(Set(rows.map(\.rule)) == Set(try Self.rulesOfSource()))
        for row in rows where !Self.withoutExample.contains(row.rule) {
            let kind = try #require(ConnectorKind(known: row.kind), "\(row)")
            let query = try #require(QueryKind(rawValue: row.query), "\(row)")
            let found = TemplateCompiler(dialect: SQLDialect(kind))
                .compile(row.example, query: query, mode: .batch).diagnostics
            #expect(found.map(\.rule) == [row.rule], "\(row.example): \(found)")
            let severity = found.first?.severity.rawValue ?? ""
            #expect(row.severity.hasPrefix(severity), "\(row.example): \(found)")
        }
    }

    @Test("What the page's table of types calls refused is refused as that")
    func types() throws {
        let examples = try Self.table("Types").compactMap { cells in cells.last }
        #expect(examples.count >= 6)
        for example in examples {
            let found = TemplateCompiler(dialect: SQLDialect(.postgresql))
                .compile("SELECT \(example)", query: .clearSegment, mode: .batch).diagnostics
            #expect(found.map(\.rule) == ["type"], "\(example): \(found)")
        }
    }

    private struct RuleRow {
        let rule: String
        let severity: String
        let query: String
        let kind: String
        let example: String
    }

    /// Rows `| rule | severity | query, kind | example | … |`.
    private static func ruleRows() throws -> [RuleRow] {
        try table("Diagnostics").map { cells in
            let place = cells[2].components(separatedBy: "`, `")
            return RuleRow(
                rule: cells[0], severity: cells[1], query: place[0],
                kind: place.count > 1 ? place[1] : "postgresql", example: cells[3])
        }
    }

    /// The cells of the table under a heading, without the backticks at their ends; `\|` is a bar.
    private static func table(_ heading: String) throws -> [[String]] {
        let text = try String(contentsOf: FencedBlock.root.appending(path: page), encoding: .utf8)
        let below = text.components(separatedBy: "\n## \(heading)\n").dropFirst().first ?? ""
        let section = below.components(separatedBy: "\n## ")[0]
        return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
            .map { line in
                line.dropFirst().dropLast().replacingOccurrences(of: "\\|", with: "\u{0}")
                    .components(separatedBy: "|")
                    .map {
                        $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                            .replacingOccurrences(of: "\u{0}", with: "|")
                    }
            }
    }

    /// The words that the compiler gives its diagnostics, from its source.
    private static func rulesOfSource() throws -> [String] {
        let folder = FencedBlock.root.appending(path: "Sources/SQLTemplate")
        var rules: Set<String> = ["syntax"]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for match in text.matches(of: /\.(?:error|warning)\(\s*"(\w+)",/) {
                rules.insert(String(match.1))
            }
            for match in text.matches(of: /rule: "(\w+)"/) { rules.insert(String(match.1)) }
        }
        return rules.sorted()
    }
}

extension DocumentedExample {
    /// Queries that a page shows as they were found elsewhere keep their clock.
    fileprivate var allowedWarnings: [String] { name.hasPrefix("original-") ? ["clock"] : [] }
}
