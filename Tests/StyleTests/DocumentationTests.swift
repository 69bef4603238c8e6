import Foundation
import Testing

@Suite("What the documentation says")
struct DocumentationTests {
    @Test("relative links lead to a file and a heading")
    func links() throws {
        var findings: [String] = []
        for path in try Repository.markdownFiles() {
            let page = Markdown(text: try Repository.text(path))
            findings += try brokenLinks(in: page, at: path) {
                Repository.exists($0) ? try Repository.text($0) : nil
            }
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("a broken link is found")
    func brokenLinksAreFound() throws {
        let page = Markdown(
            text: """
                # A head, here
                [a](other.md) [b](other.md#two) [c](#a-head-here) [d](https://x.org/y)
                [e](missing.md) [f](other.md#three) [g](#none) `[h](code.md)`
                ```
                [i](fenced.md)
                ```
                """)
        let findings = try brokenLinks(in: page, at: "docs/page.md") {
            ["docs/other.md": "# One\n## Two\n"][$0]
        }
        #expect(
            findings == [
                "docs/page.md:3: missing.md", "docs/page.md:3: other.md#three",
                "docs/page.md:3: #none",
            ])
    }

    @Test("docs/reference/errors.md lists every failure code, and no other")
    func errorCodes() throws {
        let source = try Repository.text("Sources/SegmentModel/Failure.swift")
        let codes = Set(source.matches(of: /case\s+\w+\s*=\s*"(\w+)"/).map { String($0.1) })
        let page = Markdown(text: try Repository.text("docs/reference/errors.md"))
        #expect(codes.count > 10)
        #expect(page.firstColumnCodes == codes)
    }

    @Test("docs/reference/limits.md lists every limit, and no other")
    func limits() throws {
        let source = try Repository.text("Sources/SegmentModel/Limits.swift")
        let names = Set(source.matches(of: /static\s+let\s+(\w+)/).map { String($0.1) })
        let page = Markdown(text: try Repository.text("docs/reference/limits.md"))
        #expect(names.count > 10)
        #expect(page.firstColumnCodes == names)
    }

    @Test("docs/reference/cli.md describes every command and option, and no other")
    func commandLine() throws {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "segledger").path
        let output = try Repository.standardOutput(of: program, ["--experimental-dump-help"])
        let dump = try JSONDecoder().decode(ToolDump.self, from: Data(output.utf8))
        let page = Markdown(text: try Repository.text("docs/reference/cli.md"))
        let findings = CommandReference.differences(
            page: CommandReference(markdown: page), program: CommandReference(dump: dump))
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("a page that differs from the program is found")
    func commandDifferences() throws {
        let json = #"""
            {"command":{"commandName":"segledger","arguments":[],"subcommands":[
              {"commandName":"help"},
              {"commandName":"audit","subcommands":[
                {"commandName":"members","arguments":[
                  {"kind":"option","names":[{"kind":"long","name":"as-of"}]},
                  {"kind":"option","names":[{"kind":"long","name":"data"}]},
                  {"kind":"flag","names":[{"kind":"short","name":"c"}]},
                  {"kind":"flag","shouldDisplay":false,"names":[{"kind":"long","name":"h"}]}]}]},
              {"commandName":"verify","arguments":[]}]}}
            """#
        let dump = try JSONDecoder().decode(ToolDump.self, from: Data(json.utf8))
        let program = CommandReference(dump: dump)
        let good = """
            Every command takes `--data DIR` and `--help`.
            ## `segledger audit`
            ### `segledger audit members ID [--as-of T]`
            | `--as-of T` | then |
            ## `segledger verify`
            """
        func differences(_ text: String) -> [String] {
            let page = CommandReference(markdown: Markdown(text: text))
            return CommandReference.differences(page: page, program: program)
        }
        #expect(differences(good) == [])
        #expect(differences(good.replacing("| `--as-of T` |", with: "|")).count == 1)
        #expect(differences(good + "\n`--deep`").count == 1)
        #expect(differences(good + "\n## `segledger prove`").count == 1)
        #expect(differences(good.replacing("## `segledger verify`", with: "")).count == 1)
        #expect(differences(good.replacing("`--help`", with: "`--server`")).count == 1)
    }
}

/// Relative links of a page that lead nowhere; `page` gives the text of a file, nil if there is
/// none.
private func brokenLinks(
    in markdown: Markdown, at path: String, page: (String) throws -> String?
) throws -> [String] {
    try markdown.links.compactMap { link in
        if link.target.contains(":") { return nil }
        let parts = link.target.split(
            separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let folder = URL(filePath: "/" + path).deletingLastPathComponent()
        let file = folder.appending(path: String(parts[0])).standardizedFileURL.path.dropFirst()
        let target = parts[0].isEmpty ? markdown : try page(String(file)).map(Markdown.init)
        let anchor = parts.count == 2 ? String(parts[1]) : nil
        if let target, anchor.map(target.anchors.contains) ?? true { return nil }
        return "\(path):\(link.lineIndex + 1): \(link.target)"
    }
}
