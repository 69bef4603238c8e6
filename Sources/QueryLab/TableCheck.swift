package import Connector
package import SQLTemplate

/// Compares queries with the tables of a live database: what no template can know of itself.
package struct TableCheck: Sendable {
    private let catalog: any TableCatalog
    private let session: any TargetSession

    package init(_ catalog: any TableCatalog, _ session: any TargetSession) {
        self.catalog = catalog
        self.session = session
    }

    /// - Throws: `TargetFailure` if the database cannot be asked.
    package func diagnostics(
        _ template: CompiledTemplate, source: String
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
            if let fault = key(of: statement, name, table, source) { found.append(fault) }
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

    private func key(
        of statement: QueryStatement, _ name: String, _ table: TableDescription, _ source: String
    ) -> TemplateDiagnostic? {
        guard statement.needsKey else { return nil }
        let wanted = statement.conflictColumns ?? []
        let isThere: Bool
        if statement.isOnDuplicateKey {
            isThere = !table.keys.isEmpty
        } else {
            isThere = table.keys.contains { key in
                key.count == wanted.count
                    && key.allSatisfy { column in wanted.contains { catalog.isSame($0, column) } }
            }
        }
        guard !isThere else { return nil }
        let times = Set(table.columns.filter(\.isTime).map(\.name))
        let columns =
            wanted.isEmpty
            ? statement.insertedColumns.map(\.text).filter { !times.contains($0) }
            : wanted.map(\.text)
        let list = columns.joined(separator: ", ")
        return TemplateDiagnostic(
            .error, at: statement.table[0].offset, in: source, rule: "key",
            message: statement.isOnDuplicateKey
                ? "\(name) has no unique key, so that ON DUPLICATE KEY never applies and each "
                    + "repeat adds a row"
                : "\(name) has no unique key on (\(list)), so that the database refuses this "
                    + "ON CONFLICT",
            hint: "ALTER TABLE \(name) ADD UNIQUE (\(list))")
    }
}
