internal import EventJSON
internal import OperatorConfiguration
internal import SQLTemplate
internal import SegmentModel

/// A configuration file's text, and what is said of it to people and to scripts: by `apply` and by
/// `lint`.
struct ConfigurationFindings {
    let file: String
    let findings: [ConfigurationFault]

    /// - Throws: `configurationInvalid` for a file that is no text.
    static func text(of file: String) throws -> String {
        let input = try InputFile(file)
        defer { input.close() }
        // One byte more than a configuration may have is enough to refuse it.
        let bytes = try input.readAll(limit: Limits.configurationByteCountMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .configurationInvalid, "\(file): the file is not UTF-8", hint: "save it as UTF-8")
        }
        return text
    }

    func adding(_ more: [ConfigurationFault]) -> ConfigurationFindings {
        ConfigurationFindings(file: file, findings: findings + more)
    }

    /// Each with its place, sentence and rule; of a query the line with a caret; the hint. Notes
    /// are for who asks.
    func printText(notes: Bool) {
        for one in findings where notes || one.severity != .note {
            let place = one.path.isEmpty ? file : "\(file): \(one.path)"
            let word = one.query.map { " [\($0.word)]" } ?? ""
            Terminal.printError(
                "segledger: \(place): \(one.severity.rawValue): \(one.rule)\(word)")
            if let query = one.query { Terminal.printError(query.excerpt) }
            if let hint = one.hint { Terminal.printError("hint: \(hint)") }
        }
    }

    func write(_ json: inout JSONWriter) {
        json.key("diagnostics")
        json.beginArray()
        for one in findings {
            json.beginObject()
            json.member("path", one.path)
            json.member("severity", one.severity.rawValue)
            json.member("line", one.query?.line)
            json.member("column", one.query?.column)
            json.member("rule", one.query?.word ?? "configuration")
            json.member("message", one.rule)
            json.member("hint", one.hint)
            json.member("excerpt", one.query?.excerpt)
            json.endObject()
        }
        json.endArray()
    }
}
