internal import ArgumentParser
internal import Connector
internal import Ledger
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

struct TemplateCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compile a query template and report every fault with its place.",
        discussion: """
            With --connector or --integration the database is asked as well: whether the tables, \
            the columns and the keys that the query needs are there, and whether it can parse the \
            query, which it does not run. With --integration it also says how many members in the \
            scope have each field that a query reads.

            On PostgreSQL, MariaDB and SQLite it also says how the values of a query for profiles \
            travel: beside the text, which is faster, or written into it.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: TemplateOptions

    func run() async throws {
        var report = DiagnosticReport()
        var checked: [Checked] = []
        if options.needsWorkspace {
            checked = try await checkLive(&report)
        } else {
            let source = try options.fileSource(rules: try options.rules())
            let compiled = source.compiled()
            report.add(compiled.diagnostics + Self.notes(compiled.template, source), in: source)
            checked = [(source, compiled.template)]
        }
        if global.json { report.printJSON() } else { report.printText() }
        guard !report.hasErrors else {
            throw ReportedFailure(exitCode: ErrorReport.exitCode(.templateInvalid))
        }
        if !global.json {
            let name = options.file ?? options.integration ?? ""
            let count = checked.count
            Terminal.printLine(
                "\(name): \(count == 1 ? "the query compiles" : "\(count) queries compile")")
            for (source, template) in checked {
                guard let form = Self.form(template, source) else { continue }
                Terminal.printLine("\(source.name): \(form)")
            }
        }
    }

    private typealias Checked = (source: TemplateOptions.Source, template: CompiledTemplate?)

    /// How the values of a query for profiles travel; nil: there is only one way.
    private static func form(
        _ template: CompiledTemplate?, _ source: TemplateOptions.Source
    ) -> String? {
        guard let template, [.addProfiles, .removeProfiles].contains(source.query),
            let binding = source.dialect.binding
        else { return nil }
        guard template.bindsValues else { return "its values are written into the text" }
        return "its values go beside the text" + (binding.server.map { ", on \($0)" } ?? "")
    }

    /// What a data directory and a database know of the queries.
    private struct Live {
        var definition: ConnectorDefinition
        var sources: [TemplateOptions.Source]
        var maker: ConnectorMaker
        /// nil: no integration is named, so that there is no scope.
        var coverage: FieldCoverage?
    }

    private func checkLive(_ report: inout DiagnosticReport) async throws -> [Checked] {
        let live = try await Workspace.with(global.directory, .read) { try await readLive($0) }
        let session = try await LiveTarget.connect(live.definition, live.maker)
        let factory = try Composition.connectors.factory(of: live.definition.kind)
        let dialect = factory.dialect(for: live.definition.sqlSettings)
        let tables = TableCheck(
            dialect, factory.catalog(for: live.definition.sqlSettings), session)
        let parsing = ParseCheck(dialect, session)
        var checked: [Checked] = []
        for source in live.sources {
            let compiled = source.compiled()
            checked.append((source, compiled.template))
            report.add(compiled.diagnostics, in: source)
            guard let template = compiled.template else { continue }
            if let coverage = live.coverage {
                report.add(coverage.diagnostics(template, source: source.text), in: source)
            }
            do {
                var found = try await tables.diagnostics(
                    template, for: source.use, source: source.text)
                // Without its tables the database refuses every query.
                if !found.contains(where: { $0.rule == "table" || $0.rule == "column" }) {
                    found += try await parsing.diagnostics(
                        template, for: source.use, source: source.text)
                }
                report.add(found, in: source)
            } catch {
                await session.close()
                throw (error as? TargetFailure).map { LiveTarget.failure($0, live.definition) }
                    ?? error
            }
        }
        await session.close()
        if let add = checked.first(where: { $0.source.query == .addProfiles }),
            let template = add.template,
            let remove = checked.first(where: { $0.source.query == .removeProfiles })?.template
        {
            report.add(
                KeyFormCheck.diagnostics(add: template, source: add.source.text, remove: remove),
                in: add.source)
        }
        return checked
    }

    private func readLive(_ workspace: Workspace) async throws -> Live {
        guard let name = options.integration else {
            let connector = try await workspace.connector(options.connector ?? "")
            return Live(
                definition: connector,
                sources: [try options.fileSource(rules: connector.sqlRules)],
                maker: try await workspace.connectorMaker())
        }
        let integration = try await workspace.integration(name)
        let connector = try await workspace.connector(integration.connector)
        let sources = try options.sources(integration, connector.sqlRules)
        let names = sources.compactMap { $0.compiled().template }.flatMap(\.fieldKeys)
        return Live(
            definition: connector, sources: sources,
            maker: try await workspace.connectorMaker(),
            coverage: try await FieldCoverage.read(
                Set(names), in: integration.scope, ledger: workspace.ledger,
                store: workspace.store))
    }

    /// What only the database knows.
    private static func notes(
        _ template: CompiledTemplate?, _ source: TemplateOptions.Source
    ) -> [TemplateDiagnostic] {
        guard let statement = template?.statements.first(where: { !$0.table.isEmpty }) else {
            return []
        }
        let name = statement.table.map(\.text).joined(separator: ".")
        let columns = statement.insertedColumns + statement.comparedColumns
        var parts: [String] = []
        if !columns.isEmpty {
            var seen: Set<String> = []
            let names = columns.map(\.text).filter { seen.insert($0).inserted }
            parts.append("the columns \(names.joined(separator: ", "))")
        }
        if statement.needsKey { parts.append("the unique key that this relies on") }
        guard !parts.isEmpty else { return [] }
        return [
            TemplateDiagnostic(
                .note, at: statement.table[0].offset, in: source.text, rule: "table",
                message: "whether \(name) has \(parts.joined(separator: " and ")) cannot be known "
                    + "without its database",
                hint: "--connector NAME asks it")
        ]
    }
}

/// A connection for a question.
enum LiveTarget {
    static func connect(
        _ definition: ConnectorDefinition, _ maker: ConnectorMaker
    ) async throws -> any TargetSession {
        let connector = try maker.make(definition)
        do {
            return try await connector.connect()
        } catch let failure as TargetFailure {
            throw Self.failure(failure, definition)
        }
    }

    static func failure(_ failure: TargetFailure, _ definition: ConnectorDefinition) -> Failure {
        Failure(
            failure.class == .transient ? .targetUnavailable : .targetRefused,
            "connector \(definition.name): \(failure.message)",
            hint: failure.hint ?? "look at the connector's url, password and rights")
    }
}
