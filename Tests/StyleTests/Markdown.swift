/// A Markdown page, read as far as the documentation tests need it.
struct Markdown {
    /// Lines outside fenced code blocks; the lines of blocks are empty.
    let lines: [String]

    init(text: String) {
        var isInFence = false
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isInFence.toggle()
                return ""
            }
            return isInFence ? "" : String(line)
        }
    }

    /// Targets of links, without those in inline code.
    var links: [(lineIndex: Int, target: String)] {
        lines.enumerated().flatMap { index, line in
            line.replacing(/`[^`]*`/, with: "").matches(of: /\]\(([^)\s]+)\)/)
                .map { (index, String($0.1)) }
        }
    }

    /// Headings with their level and line.
    var headings: [(lineIndex: Int, level: Int, title: String)] {
        lines.enumerated().compactMap { index, line in
            guard let match = line.wholeMatch(of: /(#+)\s+(.*)/) else { return nil }
            return (index, match.1.count, String(match.2))
        }
    }

    /// What links call the headings, by GitHub's rule.
    var anchors: Set<String> {
        Set(
            headings.map { heading in
                heading.title.lowercased()
                    .filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
                    .replacing(" ", with: "-")
            })
    }

    /// The cells of every table row, without head and rule.
    var tableRows: [[String]] {
        lines.indices.compactMap { index in
            guard lines[index].hasPrefix("|"), !isRule(lines[index]) else { return nil }
            if index + 1 < lines.count, isRule(lines[index + 1]) { return nil }
            let cells = lines[index].dropFirst().dropLast()
                .split(separator: "|", omittingEmptySubsequences: false)
            return cells.map { cell in
                String(cell.trimmingPrefix(/\s+/)).replacing(/\s+$/, with: "")
            }
        }
    }

    /// The words in inline code of the tables' first cells.
    var firstColumnCodes: Set<String> {
        Set(tableRows.flatMap { row in row.first.map(Markdown.codes) ?? [] })
    }

    /// The pieces of inline code in a text.
    static func codes(_ text: String) -> [String] {
        text.matches(of: /`([^`]+)`/).map { String($0.1) }
    }

    private func isRule(_ line: String) -> Bool { line.wholeMatch(of: /\|[\s\-:|]+\|/) != nil }
}
