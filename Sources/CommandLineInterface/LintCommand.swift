internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import OperatorConfiguration
internal import SQLTemplate
internal import SegmentModel

struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Check a configuration file alone: no data directory, no database.",
        discussion: """
            Says what apply would say of the file in an empty data directory, each fault and \
            warning with its place, its rule and a hint, and the notes besides. The exit code is 2 \
            if the file has a fault.
            """)

    @Argument(help: "The configuration, in YAML; - for standard input.")
    var file: String

    @Flag(name: .long, help: "Print JSON instead of text.")
    var json = false

    func run() throws {
        let report = ConfigurationFile.read(
            try ConfigurationFindings.text(of: file), existingConnectors: [:],
            forms: Composition.connectors.forms, checkQuery: QueryCheck.diagnostics)
        let findings = ConfigurationFindings(
            file: file, findings: report.findings + pairs(report.change))
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("file", file)
            writer.member("valid", report.change != nil)
            findings.write(&writer)
            writer.endObject()
            Terminal.printLine(writer.text)
        } else {
            findings.printText(notes: true)
        }
        guard let change = report.change else {
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.configurationInvalid))
        }
        guard !json else { return }
        let warnings = findings.findings.count { $0.severity == .warning }
        Terminal.printLine(
            "\(file): \(counted(change.connectors.count, "connector")), "
                + "\(counted(change.integrations.count, "integration")), "
                + "no fault, \(counted(warnings, "warning"))")
    }

    private func pairs(_ change: ConfigurationChange?) -> [ConfigurationFault] {
        guard let change else { return [] }
        var connectors: [String: ConnectorDefinition] = [:]
        for (name, definition) in change.connectors { connectors[name] = definition }
        return QueryCheck.pairs(change, connectors)
    }
}
