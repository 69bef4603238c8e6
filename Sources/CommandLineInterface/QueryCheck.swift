internal import Connector
internal import OperatorConfiguration
internal import QueryLab
internal import SQLTemplate
internal import SegmentModel

/// What is said of queries without their database: the same by `apply`, `lint` and
/// `template check`.
enum QueryCheck {
    @Sendable static func diagnostics(
        _ rules: SQLRules, _ use: QueryUse, _ source: String
    ) -> [TemplateDiagnostic] {
        guard let factory = Composition.connectors.find(rules.kind) else {
            return [
                TemplateDiagnostic(
                    .error, at: 0, in: source, rule: "kind",
                    message: "is for a database of the kind \(rules.kind.rawValue), which this "
                        + "build cannot reach",
                    hint: "take the version that the connector was applied with")
            ]
        }
        return TemplateCompiler(dialect: factory.dialect(for: rules.settings))
            .compile(source, for: use).diagnostics
    }

    /// What only two queries together show, in the integrations of a change.
    static func pairs(
        _ change: ConfigurationChange, _ connectors: [String: ConnectorDefinition]
    ) -> [ConfigurationFault] {
        var found: [ConfigurationFault] = []
        for case (let name, let definition?) in change.integrations {
            guard let connector = connectors[definition.connector],
                let factory = Composition.connectors.find(connector.kind),
                let source = definition.queries[.addProfiles],
                let removal = definition.queries[.removeProfiles]
            else { continue }
            let compiler = TemplateCompiler(dialect: factory.dialect(for: connector.sqlSettings))
            guard
                let add = compiler.compile(source, for: definition.use(of: .addProfiles)).template,
                let remove = compiler.compile(removal, for: definition.use(of: .removeProfiles))
                    .template
            else { continue }
            let path = "integrations.\(name).queries.\(QueryKind.addProfiles.rawValue)"
            found += KeyFormCheck.diagnostics(add: add, source: source, remove: remove).map {
                ConfigurationFault($0, path: path, source: source)
            }
        }
        return found
    }
}
