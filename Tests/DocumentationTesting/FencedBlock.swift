package import Foundation

/// The fenced code blocks of a Markdown page, in order.
package struct FencedBlock {
    /// The words behind the opening fence.
    package let words: [String]
    /// Without the last line's end.
    package let text: String
    /// From 1, of the opening fence.
    package let line: Int

    /// The checkout that this was compiled from.
    package static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    package static func blocks(of page: String) throws -> [FencedBlock] {
        let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
        var blocks: [FencedBlock] = []
        var open: (words: [String], line: Int, lines: [Substring])?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard line.hasPrefix("```") else {
                open?.lines.append(line)
                continue
            }
            if let block = open {
                blocks.append(
                    FencedBlock(
                        words: block.words, text: block.lines.joined(separator: "\n"),
                        line: block.line))
                open = nil
            } else {
                let words = line.drop { $0 == "`" }.split(separator: " ").map(String.init)
                open = (words, index + 1, [])
            }
        }
        return blocks
    }
}
