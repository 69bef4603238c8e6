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
}
