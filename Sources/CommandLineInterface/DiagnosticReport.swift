internal import EventJSON
internal import SQLTemplate
internal import SegmentModel

/// What was found in templates, for people and for scripts.
struct DiagnosticReport {
    private var found: [(source: TemplateOptions.Source, diagnostic: TemplateDiagnostic)] = []

    var hasErrors: Bool { found.contains { $0.diagnostic.severity == .error } }

    mutating func add(_ diagnostics: [TemplateDiagnostic], in source: TemplateOptions.Source) {
        found += diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
            .map { (source, $0) }
    }

    func printJSON() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("diagnostics")
        writer.beginArray()
        for (source, one) in found {
            writer.beginObject()
            writer.member("source", source.name)
            writer.member("query", source.query.rawValue)
            writer.member("severity", one.severity.rawValue)
            writer.member("line", one.line)
            writer.member("column", one.column)
            writer.member("rule", one.rule)
            writer.member("message", one.message)
            writer.member("hint", one.hint)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        Terminal.printLine(writer.text)
    }

    /// As compilers print them: place, severity, sentence and rule; the line with a caret; the
    /// hint.
    func printText() {
        for (source, one) in found {
            Terminal.printError(
                "\(source.name):\(one.line):\(one.column): \(one.severity.rawValue): "
                    + "\(one.message) [\(one.rule)]")
            Terminal.printError(one.sourceExcerpt(in: source.text))
            if let hint = one.hint { Terminal.printError("hint: \(hint)") }
        }
    }
}
