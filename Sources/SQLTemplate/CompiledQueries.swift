package import SegmentModel

/// The queries of an integration, compiled for its connector's database.
package struct CompiledQueries: Sendable {
    package let definition: IntegrationDefinition
    package let connector: ConnectorDefinition
    /// How the connector's server reads SQL.
    package let dialect: SQLDialect
    package let templates: [QueryKind: CompiledTemplate]
    /// Queries that end their transaction by themselves, as definitions do on some databases.
    package let committing: [QueryKind]

    /// - Throws: `templateInvalid` if a stored query does not compile any more.
    package init(
        _ definition: IntegrationDefinition, _ connector: ConnectorDefinition,
        _ dialect: SQLDialect
    ) throws {
        self.definition = definition
        self.connector = connector
        self.dialect = dialect
        let compiler = TemplateCompiler(dialect: dialect)
        let mode = TemplateMode(definition.batch)
        var templates: [QueryKind: CompiledTemplate] = [:]
        var committing: [QueryKind] = []
        for (kind, source) in definition.queries {
            let compiled = compiler.compile(source, query: kind, mode: mode)
            guard let template = compiled.template else {
                let fault = compiled.diagnostics.first { $0.severity == .error }
                throw Failure(
                    .templateInvalid,
                    "integrations.\(definition.name).queries.\(kind.rawValue):"
                        + "\(fault?.line ?? 1):\(fault?.column ?? 1): "
                        + (fault?.message ?? "the query does not compile"),
                    hint: fault?.hint ?? "correct the query and apply the configuration again")
            }
            if compiled.diagnostics.contains(where: { $0.rule == "implicit_commit" }) {
                committing.append(kind)
            }
            templates[kind] = template
        }
        self.templates = templates
        self.committing = committing.sorted { $0.rawValue < $1.rawValue }
    }

    /// Profiles of one query at most.
    package var batchSize: Int {
        switch definition.batch {
        case .individual: 1
        case .batch(let size): size
        }
    }
}

extension TemplateMode {
    package init(_ batch: IntegrationDefinition.BatchMode) {
        switch batch {
        case .individual: self = .individual
        case .batch: self = .batch
        }
    }
}
