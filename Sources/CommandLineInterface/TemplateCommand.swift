internal import ArgumentParser
internal import EventJSON
internal import SQLTemplate
internal import SegmentModel

struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Check query templates.",
        subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compile a query template and report every fault with its place.")

        @Option(name: .long, help: "The target: postgresql, mysql or sqlite.") var kind: String
        @Option(name: .long, help: "Which query it is, for example add_profiles.")
        var query = "add_profiles"
        @Flag(name: .long, help: "For one profile at a time instead of a batch.")
        var individual = false
        @Flag(name: .long, help: "Print JSON instead of text.") var json = false
        @Argument(help: "The template; - for standard input.") var file: String

        func run() async throws {
            let connector = try Self.find(ConnectorKind.self, kind, "--kind")
            let queryKind = try Self.find(QueryKind.self, query, "--query")
            let input = try InputFile(file)
            defer { input.close() }
            var bytes: [UInt8] = []
            while case let part = try input.read(), !part.isEmpty { bytes += part }
            guard let source = String(validating: bytes, as: UTF8.self) else {
                throw Failure(
                    .templateInvalid, "\(file): the file is not UTF-8", hint: "save it as UTF-8")
            }
            let diagnostics = QueryCheck.diagnostics(
                source, connector, queryKind, isBatch: !individual)
            report(diagnostics, source)
            guard diagnostics.contains(where: { $0.severity == .error }) else { return }
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.templateInvalid))
        }

        private static func find<Kind: CaseIterable & RawRepresentable>(
            _ type: Kind.Type, _ name: String, _ option: String
        ) throws -> Kind where Kind.RawValue == String {
            if let found = Kind(rawValue: name) { return found }
            let known = Kind.allCases.map(\.rawValue)
            throw Failure(
                .usageInvalid, "\(option): there is no \(name)",
                hint: nearestName(to: name, in: known).map { "did you mean \($0)?" }
                    ?? "known are: \(known.joined(separator: ", "))")
        }

        private func report(_ diagnostics: [TemplateDiagnostic], _ source: String) {
            if json {
                var writer = JSONWriter()
                writer.beginObject()
                writer.key("diagnostics")
                writer.beginArray()
                for one in diagnostics {
                    writer.beginObject()
                    writer.member("severity", one.severity == .error ? "error" : "warning")
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
                return
            }
            for one in diagnostics {
                let word = one.severity == .error ? "error" : "warning"
                Terminal.printError("\(file):\(one.line):\(one.column): \(word): \(one.message)")
                Terminal.printError(one.sourceExcerpt(in: source))
                if let hint = one.hint { Terminal.printError("hint: \(hint)") }
            }
            if diagnostics.isEmpty { Terminal.printLine("\(file): no faults") }
        }
    }
}
