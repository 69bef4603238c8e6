internal import ArgumentParser
internal import EventJSON
internal import Ledger
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

struct TemplateRenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the SQL of a query template for sample profiles or real ones.",
        discussion: """
            Without --sample and --segment two profiles are made up that have every field of the \
            template. Nothing is sent to a database.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: TemplateOptions

    @Option(
        name: .long,
        help: "Profiles to render for: events as in append, or one object with profiles.")
    var sample: String?

    @Option(name: .long, help: "Render for members of this segment of the data directory.")
    var segment: Int64?

    @Option(name: .long, help: "Profiles at most. Default: 3 with --segment, else all.")
    var limit: Int?

    func validate() throws {
        guard sample == nil || segment == nil else {
            throw ValidationError("give --sample or --segment, not both")
        }
        guard limit.map({ (1...Limits.batchSizeMax).contains($0) }) ?? true else {
            throw ValidationError("--limit must be 1 to \(Limits.batchSizeMax)")
        }
    }

    func run() async throws {
        var sources: [TemplateOptions.Source] = []
        var preview: TemplatePreview?
        if options.needsWorkspace || segment != nil {
            (sources, preview) = try await Workspace.with(global.directory, .read) { workspace in
                try await read(workspace)
            }
        } else {
            sources = [try options.fileSource(rules: try options.rules())]
        }
        if let sample { preview = try TemplateSample.read(sample, limit: limit) }
        var report = DiagnosticReport()
        var rendered: [(TemplateOptions.Source, [[UInt8]])] = []
        for source in sources {
            let compiled = source.compiled()
            report.add(compiled.diagnostics.filter { $0.severity == .error }, in: source)
            guard let template = compiled.template else { continue }
            rendered.append((source, try render(template, source, preview)))
        }
        guard !report.hasErrors else {
            report.printText()
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.templateInvalid))
        }
        print(rendered)
    }

    private func read(
        _ workspace: Workspace
    ) async throws -> ([TemplateOptions.Source], TemplatePreview?) {
        let sources: [TemplateOptions.Source]
        if let name = options.integration {
            let integration = try await workspace.integration(name)
            let connector = try await workspace.connector(integration.connector)
            sources = try options.sources(integration, connector.sqlRules)
        } else if let name = options.connector {
            let rules = try await workspace.connector(name).sqlRules
            sources = [try options.fileSource(rules: rules)]
        } else {
            sources = [try options.fileSource(rules: try options.rules())]
        }
        guard let segment else { return (sources, nil) }
        let preview = try await TemplatePreview.members(
            of: SegmentID(segment), limit: limit ?? 3,
            integration: options.integration ?? TemplateSample.integrationName,
            ledger: workspace.ledger, store: workspace.store)
        return (sources, preview)
    }

    private func render(
        _ template: CompiledTemplate, _ source: TemplateOptions.Source, _ preview: TemplatePreview?
    ) throws -> [[UInt8]] {
        let used = preview ?? TemplateSample.madeUp(template)
        do throws(RenderFailure) {
            guard source.query.hasBatch else { return [try template.render([], used.scope)] }
            guard source.use.batch != .individual else {
                return try used.profiles.map { one throws(RenderFailure) in
                    try template.render([one], used.scope)
                }
            }
            return [try template.render(used.profiles, used.scope)]
        } catch {
            throw Failure(
                .targetRefusedValues,
                "\(source.name): \(error.message)"
                    + (error.row.map { " (profile \($0 + 1) of the sample)" } ?? ""),
                hint: "give the profile another value, or leave the field out of the query")
        }
    }

    private func print(_ rendered: [(TemplateOptions.Source, [[UInt8]])]) {
        if global.json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("queries")
            writer.beginArray()
            for (source, texts) in rendered {
                for text in texts {
                    writer.beginObject()
                    writer.member("query", source.query.rawValue)
                    writer.member("kind", source.rules.kind.rawValue)
                    writer.key("sql")
                    writer.string(text)
                    writer.endObject()
                }
            }
            writer.endArray()
            writer.endObject()
            Terminal.printLine(writer.text)
            return
        }
        for (source, texts) in rendered {
            if rendered.count > 1 { Terminal.printLine("-- \(source.query.rawValue)") }
            for text in texts {
                Terminal.printBytes(text.last == 0x0A ? text : text + [0x0A])
            }
        }
    }
}
