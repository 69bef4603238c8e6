/// What the compiler says of a template, with its place.
package struct TemplateDiagnostic: Hashable, Sendable {
    package enum Severity: String, Sendable {
        /// The template cannot be used.
        case error
        /// It can, but probably does not do what was meant.
        case warning
        /// What cannot be told.
        case note
    }

    package let severity: Severity
    /// From 1.
    package let line: Int
    /// From 1, in characters (Unicode scalars).
    package let column: Int
    /// One sentence without a full stop. Holds no profile value.
    package let message: String
    /// What to write instead.
    package let hint: String?
    /// A stable word for the broken rule; docs/reference/templates.md lists them.
    package let rule: String

    package init(
        severity: Severity, line: Int, column: Int, message: String, hint: String?, rule: String
    ) {
        self.severity = severity
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.rule = rule
    }
}

extension TemplateDiagnostic {
    /// One about the byte of `source` at `offset`.
    package init(
        _ severity: Severity, at offset: Int, in source: String, rule: String, message: String,
        hint: String?
    ) {
        let before = source.utf8.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { before.index(after: $0) }
        self.init(
            severity: severity, line: before.count(where: { $0 == UInt8(ascii: "\n") }) + 1,
            column: before[(lineStart ?? before.startIndex)...].count(where: { $0 & 0xC0 != 0x80 })
                + 1, message: message, hint: hint, rule: rule)
    }

    /// The line of the source that the diagnostic is about, and a caret below its place.
    ///
    /// A long line is cut around the place.
    package func sourceExcerpt(in source: String) -> String {
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard line >= 1, line <= lines.count else { return "" }
        let scalars = lines[line - 1].map { $0 == "\t" || $0 == "\r" ? " " : $0 }
        let place = min(max(column - 1, 0), scalars.count)
        let start = max(0, place - 60)
        let end = min(scalars.count, place + 40)
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<end])
        let number = String(line)
        let margin = String(repeating: " ", count: number.count)
        let indent = String(repeating: " ", count: place - start)
        return "\(number) | \(String(text))\n\(margin) | \(indent)^"
    }
}
