import Testing

/// A canary breaks a rule by a script that looks for the rule's line.
@Suite("Canaries still find what they break")
struct CanaryScriptTests {
    @Test("Each script changes the file that it names", arguments: ["Canary", "TemplateCanary"])
    func findsItsPlace(_ folder: String) throws {
        let scripts = try Repository.files(in: "Tests/\(folder)", suffix: ".sed")
        #expect(!scripts.isEmpty)
        for script in scripts {
            let lines = try Repository.text(script).split(separator: "\n")
            let header = "# file: "
            let line = try #require(lines.first { $0.hasPrefix(header) }, "\(script): no file")
            let file = String(line.dropFirst(header.count))
            let broken = try Repository.standardOutput(
                of: "/usr/bin/env", ["sed", "-E", "-f", script, file])
            #expect(try broken != Repository.text(file), "\(script) finds no place in \(file)")
        }
    }

    /// `definition.py` ends with 1 where a mutant's text does not stand once in its source.
    @Test("Each mutant finds its place, and the suites that should see it are there")
    func mutants() throws {
        let lines = try Repository.standardOutput(
            of: "/usr/bin/env", ["python3", "-B", "Tests/Mutants/definition.py"]
        ).split(separator: "\n")
        #expect(lines.count >= 60)
        var known: Set<Substring> = []
        for suite in lines.flatMap({ $0.split(separator: "\t")[1].split(separator: " ") })
        where known.insert(suite).inserted {
            let parts = suite.split(separator: ".")
            let folder = "Tests/\(parts[0])"
            let isThere = try Repository.files(in: folder, suffix: ".swift").contains { path in
                try parts.count == 1 || Repository.text(path).contains("struct \(parts[1]) ")
            }
            #expect(isThere, "there is no suite \(suite)")
        }
    }
}
