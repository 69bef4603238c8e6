package import Connector
package import SQLTemplate

/// Compares queries with the tables of a live database: what no template can know of itself.
package struct TableCheck: Sendable {
    private let dialect: SQLDialect
    private let catalog: any TableCatalog
    private let session: any TargetSession

    package init(
        _ dialect: SQLDialect, _ catalog: any TableCatalog, _ session: any TargetSession
    ) {
        self.dialect = dialect
        self.catalog = catalog
        self.session = session
    }

    /// - Throws: `TargetFailure` if the database cannot be asked.
    package func diagnostics(
        _ template: CompiledTemplate, for use: QueryUse, source: String
    ) async throws -> [TemplateDiagnostic] {
        var found: [TemplateDiagnostic] = []
        for statement in template.statements where !statement.table.isEmpty {
            let place = statement.table[0]
            let name = statement.table.map(\.text).joined(separator: ".")
            guard let table = try await catalog.describe(statement.table, in: session) else {
                found.append(
                    TemplateDiagnostic(
                        .error, at: place.offset, in: source, rule: "table",
                        message: "the database has no table \(name)",
                        hint: "create it, or name it with its schema"))
                continue
            }
            found += columns(of: statement, name, table, source)
            for flaw in try await session.gradeFacts(of: GradeFacts.Tables([statement])).flaws
            where !flaw.isSetting {
                found.append(
                    TemplateDiagnostic(
                        .warning, at: place.offset, in: source, rule: "grade",
                        message: "\(flaw.effect.consequence): \(flaw.reason)", hint: flaw.hint))
            }
            found += KeyCheck(
                statement, table, use: use, dialect: dialect, catalog: catalog
            )
            .diagnostics(source)
        }
        return found
    }

    private func columns(
        of statement: QueryStatement, _ name: String, _ table: TableDescription, _ source: String
    ) -> [TemplateDiagnostic] {
        let known = table.columns.map(\.name)
        let used =
            statement.insertedColumns + statement.comparedColumns
            + (statement.conflictColumns ?? [])
        return used.filter { used in !known.contains { catalog.isSame(used, $0) } }.map { column in
            TemplateDiagnostic(
                .error, at: column.offset, in: source, rule: "column",
                message: "\(name) has no column \(column.text)",
                hint: "its columns are \(known.joined(separator: ", "))")
        }
    }
}
