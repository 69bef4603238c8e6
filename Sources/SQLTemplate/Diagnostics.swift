/// Collects what the compiler finds, by byte offset of the source; stops taking more after a while.
struct Diagnostics {
    /// A template with more faults than this is not read to its end.
    static let countMax = 100

    private struct Entry {
        let offset: Int
        let severity: TemplateDiagnostic.Severity
        let rule: String
        let message: String
        let hint: String?
    }

    private var entries: [Entry] = []
    private(set) var hasErrors = false

    var isFull: Bool { entries.count >= Self.countMax }

    mutating func error(_ rule: String, at offset: Int, _ message: String, hint: String? = nil) {
        hasErrors = true
        guard !isFull else { return }
        entries.append(
            Entry(offset: offset, severity: .error, rule: rule, message: message, hint: hint))
    }

    mutating func warning(_ rule: String, at offset: Int, _ message: String, hint: String? = nil) {
        guard !isFull else { return }
        entries.append(
            Entry(offset: offset, severity: .warning, rule: rule, message: message, hint: hint))
    }

    mutating func add(
        _ severity: TemplateDiagnostic.Severity, _ rule: String, at offset: Int,
        _ message: String, hint: String
    ) {
        hasErrors = hasErrors || severity == .error
        guard !isFull else { return }
        entries.append(
            Entry(offset: offset, severity: severity, rule: rule, message: message, hint: hint))
    }

    /// A hint that shows `{…}` shows the tag that it is about instead, if that is short.
    private static func completed(_ hint: String, _ source: [UInt8], _ offset: Int) -> String {
        guard hint.contains("{…}"), source.indices.contains(offset),
            source[offset] == UInt8(ascii: "{")
        else { return hint }
        var isText = false
        for (index, byte) in source[offset...].prefix(60).enumerated() {
            if byte == UInt8(ascii: "\"") { isText.toggle() }
            guard byte == UInt8(ascii: "}"), !isText else { continue }
            let tag = String(decoding: source[offset...(offset + index)], as: UTF8.self)
            return hint.replacing("{…}", with: tag)
        }
        return hint
    }

    /// In source order, each once. Complexity: one pass over the source.
    func located(in source: [UInt8]) -> [TemplateDiagnostic] {
        var line = 1
        var column = 1
        var index = 0
        var located: [TemplateDiagnostic] = []
        var seen: Set<TemplateDiagnostic> = []
        let sorted = entries.enumerated()
            .sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }
        for (_, entry) in sorted {
            while index < min(entry.offset, source.count) {
                if source[index] == UInt8(ascii: "\n") {
                    line += 1
                    column = 1
                } else if index + 1 == source.count || source[index + 1] & 0xC0 != 0x80 {
                    column += 1
                }
                index += 1
            }
            let diagnostic = TemplateDiagnostic(
                severity: entry.severity, line: line, column: column, message: entry.message,
                hint: entry.hint.map { Self.completed($0, source, entry.offset) },
                rule: entry.rule)
            if seen.insert(diagnostic).inserted {
                located.append(diagnostic)
            }
        }
        return located
    }
}
