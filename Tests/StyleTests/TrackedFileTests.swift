import Testing

@Suite("What the repository holds")
struct TrackedFileTests {
    static let topLevelNames: Set<String> = [
        "Package.swift", "Sources", "Tests", "migrations", "docs", "README.md", "Makefile",
        "CHANGELOG.md", ".ci", ".swift-format", ".gitignore",
    ]

    @Test("the top level holds only what is allowed")
    func topLevel() throws {
        let files = try Repository.trackedFiles() ?? []
        #expect(strangers(in: files) == [])
    }

    @Test("no tracked file names a folder of one machine")
    func machinePaths() throws {
        let files = try Repository.trackedFiles() ?? []
        let findings = try files.filter(Repository.exists).flatMap { path in
            machinePathLines(in: try Repository.text(path)).map { "\(path):\($0)" }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("a stranger and a machine's path are found")
    func samples() {
        #expect(strangers(in: ["docs/a.md", "notes.txt", ".ci/run"]) == ["notes.txt"])
        #expect(machinePathLines(in: "fine\ncd /ro" + "ot/x\n/wo" + "rk/y\nnetwork/z") == [2, 3])
    }
}

/// Names at the top level that do not belong there.
private func strangers(in paths: [String]) -> [String] {
    Set(paths.compactMap { $0.split(separator: "/").first.map(String.init) })
        .subtracting(TrackedFileTests.topLevelNames).sorted()
}

/// Numbers of the lines that name a folder of one machine.
private func machinePathLines(in text: String) -> [Int] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
        $0.element.contains(/\/(?:wor[k]|roo[t])\/|\/far[m]/) ? $0.offset + 1 : nil
    }
}
