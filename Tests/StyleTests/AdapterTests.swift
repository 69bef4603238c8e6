import Testing

@Suite("What a kind of database knows lives with its adapter")
struct AdapterTests {
    private func adapters() throws -> [String: Set<String>] {
        var adapters: [String: Set<String>] = [:]
        for file in try Repository.swiftFiles(in: "Sources") where isAdapter(file.target) {
            let name = file.path.split(separator: "/").last.map { String($0.dropLast(6)) }
            adapters[file.target, default: []].insert(try #require(name))
        }
        return adapters
    }

    private func isAdapter(_ target: String) -> Bool {
        target.hasPrefix("Connector") && target != "Connector"
    }

    @Test("the same file has the same name in every adapter")
    func fileNames() throws {
        let adapters = try adapters()
        #expect(adapters.count >= 5)
        let findings = AdapterRule.findings(in: adapters)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("a file that is missing, of another name, or no longer there is found")
    func fileNamesAreChecked() throws {
        for (adapter, missing, more) in [
            ("ConnectorSQLite", "Catalog", ""), ("ConnectorSQLite", "", "Helpers"),
            ("ConnectorMySQL", "Options", ""), ("ConnectorSQLite", "", "Pipeline"),
        ] {
            var adapters = try adapters()
            adapters[adapter]?.remove(missing)
            if !more.isEmpty { adapters[adapter]?.insert(more) }
            #expect(!AdapterRule.findings(in: adapters).isEmpty, "\(adapter) \(missing) \(more)")
        }
    }

    @Test("no file but an adapter's names a kind of database in its logic")
    func namesNoKind() throws {
        let files = try Repository.swiftFiles(in: "Sources").filter { !isAdapter($0.target) }
        let findings = files.flatMap { BanRule.kindRule.findings(in: $0) }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
        let used = files.filter { file in
            BanRule.kindExamples.contains(file.path)
                && file.lines.contains { BanRule.namesKind($0) }
        }
        #expect(Set(used.map(\.path)) == BanRule.kindExamples, "take the others off the list")
    }

    @Test(
        "a kind in the logic is found",
        arguments: [
            "if rules.kind == .mysql {", "case .postgresql, .sqlite:", #"case "mssql":"#,
            #"kind: "oracle""#, "[.clickhouse]",
        ])
    func findsKind(_ line: String) {
        let file = SourceFile(path: "Sources/Sync/X.swift", text: line + "\n")
        #expect(BanRule.kindRule.findings(in: file).count == 1)
    }

    @Test(
        "a word for a kind in a comment, a path or a sentence is none",
        arguments: [
            "// PostgreSQL and .mysql", #"let name = "projections.sqlite""#,
            #"help: "postgresql or mysql""#,
        ])
    func passes(_ line: String) {
        let file = SourceFile(path: "Sources/Sync/X.swift", text: line + "\n")
        #expect(BanRule.kindRule.findings(in: file).isEmpty)
    }
}
