/// A Swift file, with what is left of it when comments and the text of strings are blanked out.
///
/// Invariant: `codeLines` has as many lines as `lines`.
struct SourceFile {
    /// From the root of the checkout.
    let path: String
    let lines: [String]
    /// Without comments and without the contents of string literals; interpolated code is kept.
    let codeLines: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var blanker = SourceBlanker(text: text)
        codeLines = blanker.blanked()
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The folder under Sources or Tests: the target's name.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    /// Lines of the file, not counting the empty one after the last line break.
    var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

    func place(_ lineIndex: Int) -> String { "\(path):\(lineIndex + 1)" }
}

/// Walks through Swift source and keeps only its code and its line breaks.
///
/// Knows line and block comments, string literals of one and of several lines, raw ones, and code
/// interpolated into them. Does not know regex literals: a quote in one must be escaped as `\x22`.
private struct SourceBlanker {
    private enum Mode {
        /// Code; inside an interpolation, the number of parentheses that are open.
        case code(openCount: Int?)
        case string(isMultiline: Bool, poundCount: Int)
    }

    private let text: [Unicode.Scalar]
    private var index = 0
    private var modes: [Mode] = [.code(openCount: nil)]
    private var result = String.UnicodeScalarView()

    init(text: String) { self.text = Array(text.unicodeScalars) }

    mutating func blanked() -> String {
        while index < text.count {
            switch modes[modes.count - 1] {
            case .code(let openCount): stepInCode(openCount: openCount)
            case .string(let isMultiline, let poundCount):
                stepInString(isMultiline: isMultiline, poundCount: poundCount)
            }
        }
        return String(result)
    }

    private func hasNext(_ word: String) -> Bool {
        var next = index
        for scalar in word.unicodeScalars {
            guard next < text.count, text[next] == scalar else { return false }
            next += 1
        }
        return true
    }

    private mutating func stepInCode(openCount: Int?) {
        if hasNext("//") {
            while index < text.count, text[index] != "\n" { index += 1 }
            return
        }
        if hasNext("/*") {
            while index < text.count, !hasNext("*/") { skip() }
            index = min(index + 2, text.count)
            return
        }
        var poundCount = 0
        while index + poundCount < text.count, text[index + poundCount] == "#" { poundCount += 1 }
        if index + poundCount < text.count, text[index + poundCount] == "\"" {
            index += poundCount
            let isMultiline = hasNext("\"\"\"")
            index += isMultiline ? 3 : 1
            result.append("\"")
            modes.append(.string(isMultiline: isMultiline, poundCount: poundCount))
            return
        }
        if let openCount {
            if text[index] == "(" {
                modes[modes.count - 1] = .code(openCount: openCount + 1)
            } else if text[index] == ")" {
                modes[modes.count - 1] = .code(openCount: openCount - 1)
                if openCount == 1 { modes.removeLast() }
            }
        }
        result.append(text[index])
        index += 1
    }

    private mutating func stepInString(isMultiline: Bool, poundCount: Int) {
        let pounds = String(repeating: "#", count: poundCount)
        let end = (isMultiline ? "\"\"\"" : "\"") + pounds
        if hasNext(end) {
            index += end.unicodeScalars.count
            result.append("\"")
            modes.removeLast()
        } else if hasNext("\\" + pounds + "(") {
            index += poundCount + 2
            result.append("(")
            modes.append(.code(openCount: 1))
        } else if hasNext("\\" + pounds) {
            index += poundCount + 1
            if index < text.count { skip() }
        } else {
            skip()
        }
    }

    /// Drops a scalar, unless it ends a line.
    private mutating func skip() {
        if text[index] == "\n" { result.append("\n") }
        index += 1
    }
}
