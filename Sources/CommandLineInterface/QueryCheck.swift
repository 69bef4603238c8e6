internal import Connector
internal import OperatorConfiguration
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

/// Compiles a query for the configuration's checker.
enum QueryCheck {
    /// What is legal and unwise in the queries of a change, with its place.
    static func warnings(
        _ change: ConfigurationChange, _ connectors: [String: ConnectorDefinition]
    ) -> [(place: String, TemplateDiagnostic)] {
        var found: [(place: String, TemplateDiagnostic)] = []
        for case (let name, let definition?) in change.integrations {
            guard let connector = connectors[definition.connector],
                let factory = Composition.connectors.find(connector.kind)
            else { continue }
            let compiler = TemplateCompiler(dialect: factory.dialect(for: connector.sqlSettings))
            let mode: TemplateMode = definition.batch == .individual ? .individual : .batch
            let remove = definition.queries[.removeProfiles].flatMap {
                compiler.compile($0, query: .removeProfiles, mode: mode).template
            }
            for query in QueryKind.allCases {
                guard let source = definition.queries[query] else { continue }
                let compiled = compiler.compile(source, query: query, mode: mode)
                var diagnostics = compiled.diagnostics
                if query == .addProfiles, let add = compiled.template, let remove {
                    diagnostics += KeyFormCheck.diagnostics(
                        add: add, source: source, remove: remove)
                }
                for one in diagnostics where one.severity == .warning {
                    let path = "integrations.\(name).queries.\(query.rawValue)"
                    found.append(("\(path):\(one.line):\(one.column)", one))
                }
            }
        }
        return found
    }

    @Sendable static func faults(
        _ rules: SQLRules, _ query: QueryKind, _ isBatch: Bool, _ source: String
    ) -> [QueryFault] {
        guard let factory = Composition.connectors.find(rules.kind) else {
            return [
                QueryFault(
                    line: 1, column: 1,
                    rule: "is for a database of the kind \(rules.kind.rawValue), which this build "
                        + "cannot reach",
                    hint: "take the version that the connector was applied with")
            ]
        }
        return TemplateCompiler(dialect: factory.dialect(for: rules.settings))
            .compile(source, query: query, mode: isBatch ? .batch : .individual).diagnostics
            .filter { $0.severity == .error }
            .map {
                QueryFault(line: $0.line, column: $0.column, rule: $0.message, hint: $0.hint)
            }
    }
}
