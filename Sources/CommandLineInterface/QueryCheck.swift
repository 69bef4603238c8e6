internal import OperatorConfiguration
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
            guard let connector = connectors[definition.connector] else { continue }
            let compiler = TemplateCompiler(dialect: SQLDialect(connector.sqlRules))
            for query in QueryKind.allCases {
                guard let source = definition.queries[query] else { continue }
                let mode: TemplateMode = definition.batch == .individual ? .individual : .batch
                let diagnostics = compiler.compile(source, query: query, mode: mode).diagnostics
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
        TemplateCompiler(dialect: SQLDialect(rules))
            .compile(source, query: query, mode: isBatch ? .batch : .individual).diagnostics
            .filter { $0.severity == .error }
            .map {
                QueryFault(line: $0.line, column: $0.column, rule: $0.message, hint: $0.hint)
            }
    }
}
