/// A piece of code that we do not write, and what we write instead.
struct BanRule {
    let name: String
    let instead: String
    /// Whether a line breaks the rule: the line without comments and strings, and the whole line.
    let isBroken: @Sendable (_ code: String, _ line: String) -> Bool
    /// Whether the rule holds for a file.
    var appliesTo: @Sendable (SourceFile) -> Bool = { _ in true }

    /// Every place in the file that breaks the rule, with the replacement.
    func findings(in file: SourceFile) -> [String] {
        guard appliesTo(file) else { return [] }
        return file.lines.indices.compactMap { index in
            isBroken(file.codeLines[index], file.lines[index])
                ? "\(file.place(index)): \(name): \(instead)" : nil
        }
    }
}

extension BanRule {
    /// Targets that talk to a terminal.
    static let terminalTargets: Set<String> = ["CommandLineInterface", "segledger"]

    /// Files of rows 1 to 4 that may import Foundation, each because a dependency forces it.
    /// May only shrink.
    static let foundationFiles: Set<String> = []

    static func mayNotUseFoundation(_ file: SourceFile) -> Bool {
        guard case .row(let row) = ModuleRows.rows[file.target] else { return false }
        return (1...4).contains(row) && !foundationFiles.contains(file.path)
    }

    /// The rules for Sources.
    static let sourceRules: [BanRule] =
        everywhereRules + [
            BanRule(name: "try?", instead: "handle the error, or let it through") { code, _ in
                code.has("try?") && code.contains(/\btry\?/)
            },
            BanRule(name: "try!", instead: "a precondition with a sentence") { code, _ in
                code.has("try!") && code.contains(/\btry!/)
            },
            BanRule(name: "as!", instead: "a precondition with a sentence") { code, _ in
                code.has("as!")
            },
            BanRule(
                name: "print(", instead: "return the text to the command line",
                isBroken: { code, _ in
                    code.has("print(") && code.contains(/(^|[^\w.])print\(/)
                },
                appliesTo: { !terminalTargets.contains($0.target) }),
            BanRule(name: "DispatchQueue", instead: "OwnedThread or BlockingPool") { code, _ in
                code.has("DispatchQueue")
            },
            BanRule(name: "Date()", instead: "a WallClock from outside") { code, _ in
                code.has("Date()") && code.contains(/(^|\W)Date\(\)/)
            },
            BanRule(name: "public", instead: "package") { code, _ in
                code.has("public") && code.contains(/(^|\s)public\s/)
            },
            BanRule(
                name: "import Foundation", instead: "do without it in rows 1 to 4",
                isBroken: { code, _ in
                    code.has("Foundation") && code.contains(/\bimport\s+Foundation/)
                },
                appliesTo: mayNotUseFoundation),
            unprovenRule("@unchecked Sendable"), unprovenRule("nonisolated(unsafe)"),
        ]

    /// The rules for Sources and Tests.
    static let everywhereRules: [BanRule] = [
        BanRule(name: ".random without a generator", instead: "pass one with using:") { code, _ in
            code.has(".random(") && code.contains(/\.random\((?![^\n]*\busing:)/)
        },
        BanRule(name: "unfinished work", instead: "do it, or open an issue") { _, line in
            (line.has("FIX") || line.has("TO" + "DO")) && line.contains(/\b(?:FIXM[E]|TOD[O])\b/)
        },
        BanRule(name: "line length", instead: "100 characters at most") { _, line in
            line.utf8.count > 100 && line.count > 100
        },
    ]

    private static func unprovenRule(_ words: String) -> BanRule {
        BanRule(name: words, instead: "prove on the same line, in a comment, why it holds") {
            code, line in
            code.has(words) && !line.contains(/\/\/\s*\S+/)
        }
    }
}

/// Catch blocks in which nothing happens and no comment says why; they can span lines.
func emptyCatches(in file: SourceFile) -> [String] {
    let code = file.codeLines.joined(separator: "\n")
    return code.matches(of: /\bcatch\b[^{}]*\{\s*\}/).compactMap { match in
        let first = code[..<match.range.lowerBound].count { $0 == "\n" }
        let last = code[..<match.range.upperBound].count { $0 == "\n" }
        if file.lines[first...last].contains(where: { $0.contains("//") }) { return nil }
        return "\(file.place(first)): empty catch: handle the error, or let it through"
    }
}

extension String {
    /// Whether the word occurs. A pattern costs a thousand times as much: it is looked for where
    /// this says so.
    func has(_ word: String) -> Bool {
        var word = word
        return word.withUTF8 { word in
            utf8.withContiguousStorageIfAvailable { line in
                guard line.count >= word.count else { return false }
                return (0...line.count - word.count).contains { start in
                    line[start] == word[0]
                        && line[start..<start + word.count].elementsEqual(word)
                }
            } ?? true
        }
    }
}
