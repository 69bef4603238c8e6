import Testing

@Suite("How the source reads")
struct SourceStyleTests {
    @Test("sources and tests keep the ban list")
    func banList() throws {
        let sources = try Repository.swiftFiles(in: "Sources")
        let tests = try Repository.swiftFiles(in: "Tests")
        let findings =
            sources.flatMap { file in BanRule.sourceRules.flatMap { $0.findings(in: file) } }
            + tests.flatMap { file in BanRule.everywhereRules.flatMap { $0.findings(in: file) } }
            + (sources + tests).flatMap(emptyCatches)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("files and functions keep their size")
    func sizes() throws {
        let files = try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Tests")
        let findings = files.flatMap(SizeRule.findings)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
        let long = files.flatMap { file in
            SizeRule.functions(in: file)
                .filter { $0.lineCount > SizeRule.functionLineCountMax }
                .map { "\(file.path) \($0.name)" }
        }
        let stale = SizeRule.longFunctions.subtracting(long)
        #expect(stale.isEmpty, "no longer too long, take them off the list: \(stale)")
    }

    @Test("every exception for Foundation is needed")
    func foundationExceptions() throws {
        for path in BanRule.foundationFiles {
            let text = try Repository.text(path)
            #expect(text.contains(/\bimport\s+Foundation/), "take \(path) off the list")
        }
    }

    @Test(
        "each ban rule finds a bad line",
        arguments: [
            ("try?", "let x = try? read()"), ("try!", "let x = try! read()"),
            ("as!", "let x = y as! Int"), ("print(", "    print(x)"),
            ("DispatchQueue", "DispatchQueue.main.async {}"), ("Date()", "let now = Date()"),
            ("public", "public struct X {}"), ("import Foundation", "internal import Foundation"),
            (".random without a generator", "let x = Int.random(in: 0..<9)"),
            ("unfinished work", "// " + "TO" + "DO: later"),
            ("line length", String(repeating: "x", count: 101)),
            ("@unchecked Sendable", "final class X: @unchecked Sendable {}"),
            ("nonisolated(unsafe)", "nonisolated(unsafe) var x = 0"),
        ])
    func ruleFinds(name: String, line: String) throws {
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: line + "\n")
        let rule = try #require(BanRule.sourceRules.first { $0.name == name })
        #expect(rule.findings(in: file).count == 1)
    }

    @Test("every ban rule has a bad sample")
    func samplesAreComplete() {
        #expect(BanRule.sourceRules.count == 13)
    }

    @Test(
        "the ban list lets good lines pass",
        arguments: [
            "// try? is banned", "let text = \"try? \\\"print(x)\"", "debugPrint(x); row.print(x)",
            "let x = Int.random(in: 0..<9, using: &generator)", "let d = Date(x)",
            "final class X: @unchecked Sendable {  // every access holds `mutex`",
        ])
    func rulesPass(line: String) {
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: line + "\n")
        #expect(BanRule.sourceRules.flatMap { $0.findings(in: file) } == [])
    }

    @Test("an empty catch is found unless a comment says why it is empty")
    func emptyCatch() {
        let text = "do { try x() } catch {}\ndo { try x() } catch let e as E {\n}\n"
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: text)
        #expect(emptyCatches(in: file).count == 2)
        let good = SourceFile(
            path: "Sources/Ledger/X.swift", text: "catch { throw x }\ncatch {\n    // why\n}\n")
        #expect(emptyCatches(in: good) == [])
    }

    @Test("comments and strings are blanked, interpolated code is kept")
    func blanking() {
        let text = """
            let a = "x\\(f("y") + 1)z" // c
            let b = #"raw " quote"# /* d
            e */ let c = \"\"\"
              text "quoted"
              \"\"\"
            """
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: text)
        #expect(
            file.codeLines == [
                "let a = \"(f(\"\") + 1)\" ", "let b = \"\" ", " let c = \"", "", "\"",
            ])
    }

    @Test("a long function and a long file are found")
    func longOnes() {
        let body = String(repeating: "        x()\n", count: 69)
        let long =
            "struct X {\n    package static func run<T>(\n        a: T\n    ) async throws -> T {\n"
            + body + "    }\n\n    func short() {}\n    var p: Int {\n        1\n    }\n}\n"
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: long)
        #expect(
            SizeRule.functions(in: file) == [
                SizeRule.Function(name: "run", lineIndex: 1, lineCount: 73),
                SizeRule.Function(name: "p", lineIndex: 76, lineCount: 3),
            ])
        #expect(SizeRule.findings(in: file).count == 1)
        let lines = SourceFile(
            path: "Sources/Ledger/X.swift", text: String(repeating: "x\n", count: 501))
        #expect(SizeRule.findings(in: lines).count == 1)
    }
}
