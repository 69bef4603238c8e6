internal import ArgumentParser
internal import Connector
internal import EventJSON
internal import OperatorConfiguration
internal import SQLTemplate
internal import SegmentModel

struct TemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template", abstract: "Check, render and try query templates.",
        subcommands: [
            TemplateCheckCommand.self, TemplateRenderCommand.self, TemplateLabCommand.self,
        ])
}

/// What `check` and `render` take to know how a template is read.
struct TemplateOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The database: postgresql, mysql, mssql, oracle, clickhouse or sqlite.")
    var kind: String?

    @Option(name: .long, help: "Which query it is. Default: add_profiles.")
    var query: String?

    @Flag(name: .long, help: "For one profile at a time instead of a batch.")
    var individual = false

    @Option(
        name: .long,
        help: "A setting of the connection as NAME=VALUE, for example sql_mode=ANSI_QUOTES.")
    var setting: [String] = []

    @Option(name: .long, help: "A connector of the data directory, instead of --kind.")
    var connector: String?

    @Option(name: .long, help: "An integration of the data directory, with all its queries.")
    var integration: String?

    @Argument(help: "The template; - for standard input.") var file: String?

    /// One template to look at.
    struct Source: Sendable {
        var name: String
        var text: String
        var use: QueryUse
        var rules: SQLRules
        var dialect: SQLDialect

        var query: QueryKind { use.query }

        func compiled() -> (template: CompiledTemplate?, diagnostics: [TemplateDiagnostic]) {
            TemplateCompiler(dialect: dialect).compile(text, for: use)
        }
    }

    /// Whether the data directory has to be read.
    var needsWorkspace: Bool { connector != nil || integration != nil }

    func validate() throws {
        guard file != nil || integration != nil else {
            throw ValidationError("name a template's FILE, or an --integration")
        }
        guard file == nil || integration == nil else {
            throw ValidationError("give a template's FILE or an --integration, not both")
        }
        guard integration != nil || kind != nil || connector != nil else {
            throw ValidationError(
                "say which database the template is for: --kind, or --connector of a data directory"
            )
        }
        guard kind == nil || (connector == nil && integration == nil) else {
            throw ValidationError("--kind is what --connector and --integration already say")
        }
    }

    /// Of the file, for a database without a connection.
    func fileSource(rules: SQLRules) throws -> Source {
        let name = file ?? "-"
        let input = try InputFile(name)
        defer { input.close() }
        let bytes = try input.readAll(limit: Limits.templateByteCountMax)
        guard bytes.count <= Limits.templateByteCountMax else {
            throw Failure(
                .templateInvalid,
                "\(name): a template has \(Limits.templateByteCountMax) bytes at most, "
                    + "and this file has more",
                hint: "write values as tags, not into the template")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .templateInvalid, "\(name): the file is not UTF-8", hint: "save it as UTF-8")
        }
        let use = QueryUse(
            try queryKind() ?? .addProfiles,
            batch: individual
                ? .individual : .batch(size: IntegrationDefinition.batchSizeStandard))
        return Source(
            name: name, text: text, use: use, rules: rules,
            dialect: try Composition.connectors.dialect(rules))
    }

    func queryKind() throws -> QueryKind? { try query.map { try Self.find($0, "--query") } }

    /// What `--kind` and `--setting` say.
    func rules() throws -> SQLRules {
        let name = kind ?? ""
        guard let form = Composition.connectors.find(ConnectorKind(rawValue: name))?.form else {
            throw Self.unknown(name, "--kind", Composition.connectors.kinds.map(\.rawValue))
        }
        var rules = SQLRules(form.kind)
        for one in setting {
            let parts = one.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw Failure(
                    .usageInvalid, "--setting \(one) is no setting", hint: "write NAME=VALUE")
            }
            do throws(SQLSetting.Problem) {
                rules.settings.formUnion(
                    try form.settings(String(parts[0]), String(parts[1])))
            } catch {
                throw Failure(
                    .usageInvalid, "--setting \(parts[0]) \(error.message)", hint: error.hint)
            }
        }
        return rules
    }

    /// The queries of an integration, or the one of `--query`.
    func sources(_ integration: IntegrationDefinition, _ rules: SQLRules) throws -> [Source] {
        let wanted = try queryKind()
        let dialect = try Composition.connectors.dialect(rules)
        let sources = QueryKind.allCases.compactMap { query -> Source? in
            guard wanted == nil || wanted == query, let text = integration.queries[query] else {
                return nil
            }
            return Source(
                name: query.rawValue, text: text, use: integration.use(of: query), rules: rules,
                dialect: dialect)
        }
        guard !sources.isEmpty else {
            let known = integration.queries.keys.map(\.rawValue).sorted()
            throw Failure(
                .notFound, "\(integration.name) has no query \(query ?? "")",
                hint: "it has \(known.joined(separator: ", "))")
        }
        return sources
    }

    static func find<Kind: CaseIterable & RawRepresentable>(
        _ name: String, _ option: String
    ) throws -> Kind where Kind.RawValue == String {
        if let found = Kind(rawValue: name) { return found }
        throw unknown(name, option, Kind.allCases.map(\.rawValue))
    }

    private static func unknown(_ name: String, _ option: String, _ known: [String]) -> Failure {
        Failure(
            .usageInvalid, "\(option): there is no \(name)",
            hint: nearestName(to: name, in: known).map { "did you mean \($0)?" }
                ?? "known are: \(known.joined(separator: ", "))")
    }
}

extension Workspace {
    /// A connector of the configuration.
    func connector(_ name: String) async throws -> ConnectorDefinition {
        let state = try await configuration()
        if let found = state.connectors[name] { return found }
        let known = state.connectors.keys.sorted()
        throw Failure(
            .notFound, "there is no connector \(name)",
            hint: nearestName(to: name, in: known).map { "did you mean \($0)?" }
                ?? (known.isEmpty
                    ? "apply a configuration first: 'segledger apply FILE'"
                    : "known are: \(known.joined(separator: ", "))"))
    }
}
