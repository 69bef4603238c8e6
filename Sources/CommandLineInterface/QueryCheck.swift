internal import Configuration
internal import SQLTemplate
internal import SegmentModel

/// Compiles a query for the configuration's checker.
enum QueryCheck {
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
