internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// Whether a table has the unique key that an upsert relies on.
///
/// Invariants of the key that counts, and of the key that a hint names:
/// - it holds no column that the statement gives a new value, or the old row would be left behind;
/// - it holds only columns that the statement inserts, or it would never be met;
/// - where each row is of a profile, it holds a column that tells the profiles apart.
struct KeyCheck {
    private let statement: QueryStatement
    private let table: TableDescription
    private let use: QueryUse
    private let dialect: SQLDialect
    private let catalog: any TableCatalog
    private let name: String

    init(
        _ statement: QueryStatement, _ table: TableDescription, use: QueryUse, dialect: SQLDialect,
        catalog: any TableCatalog
    ) {
        self.statement = statement
        self.table = table
        self.use = use
        self.dialect = dialect
        self.catalog = catalog
        name = statement.table.map(\.text).joined(separator: ".")
    }

    func diagnostics(_ source: String) -> [TemplateDiagnostic] {
        var found: [TemplateDiagnostic] = []
        if statement.needsKey, let (message, hint) = fault() {
            found.append(diagnostic(.error, source, message, hint))
        }
        if let key = table.keys.first(where: joinsSegments) {
            found.append(
                diagnostic(
                    .warning, source,
                    "the unique key (\(list(key))) of \(name) does not hold "
                        + "\(statement.segmentColumn?.text ?? "the segment"), so that a profile of "
                        + "two segments has one row",
                    "make the key one of the segment's column and those"))
        }
        return found
    }

    private func diagnostic(
        _ severity: TemplateDiagnostic.Severity, _ source: String, _ message: String,
        _ hint: String
    ) -> TemplateDiagnostic {
        TemplateDiagnostic(
            severity, at: statement.table[0].offset, in: source, rule: "key", message: message,
            hint: hint)
    }

    // MARK: The key that there has to be

    private func fault() -> (message: String, hint: String)? {
        let wanted = statement.conflictColumns ?? []
        if let moved = wanted.first(where: isAssigned) {
            let rest = wanted.filter { !isAssigned($0) }
            return (
                "ON CONFLICT names \(moved.text), which the same statement updates: a new value of "
                    + "it makes a second row",
                rest.isEmpty
                    ? "take \(moved.text) out of what it updates"
                    : "write ON CONFLICT (\(rest.map(\.text).joined(separator: ", "))), and give "
                        + "\(name) that key: \(creation(of: rest))"
            )
        }
        let rows = statement.rowColumns
        if !wanted.isEmpty, !rows.isEmpty,
            !wanted.contains(where: { column in rows.contains { $0.text == column.text } })
        {
            return (
                "the key (\(wanted.map(\.text).joined(separator: ", "))) of ON CONFLICT tells no "
                    + "profiles apart: all of a segment become one row",
                "name the columns of a key that holds \(rows.map(\.text).joined(separator: " or "))"
            )
        }
        let isThere =
            wanted.isEmpty
            ? table.keys.contains(where: isMet)
            : table.keys.contains { key in
                key.count == wanted.count
                    && key.allSatisfy { column in wanted.contains { catalog.isSame($0, column) } }
            }
        return isThere ? nil : (message(wanted), hint(wanted))
    }

    private func isAssigned(_ column: QueryStatement.Name) -> Bool {
        statement.assignedColumns.contains { assigned in
            assigned.text.lowercased() == column.text.lowercased()
        }
    }

    private func holds(_ names: [QueryStatement.Name], _ column: String) -> Bool {
        names.contains { catalog.isSame($0, column) }
    }

    /// Whether a repeat of the statement meets this key, and finds the row that it is about.
    private func isMet(_ key: Set<String>) -> Bool {
        guard !key.contains(where: { holds(statement.assignedColumns, $0) }) else { return false }
        let inserted = statement.insertedColumns
        guard inserted.isEmpty || key.allSatisfy({ holds(inserted, $0) }) else { return false }
        let rows = statement.rowColumns
        return rows.isEmpty || key.contains { holds(rows, $0) }
    }

    /// A key that two segments with the same profile share.
    private func joinsSegments(_ key: Set<String>) -> Bool {
        guard use.query == .addProfiles, !use.coversOneSegment,
            let segment = statement.segmentColumn, !statement.rowColumns.isEmpty
        else { return false }
        return !key.contains { catalog.isSame(segment, $0) }
            && key.allSatisfy { holds(statement.insertedColumns, $0) }
    }

    // MARK: What is said

    private func message(_ wanted: [QueryStatement.Name]) -> String {
        guard wanted.isEmpty else {
            return "\(name) has no unique key on (\(wanted.map(\.text).joined(separator: ", "))), "
                + "so that the database refuses this ON CONFLICT"
        }
        let clause =
            statement.isOnDuplicateKey
            ? "ON DUPLICATE KEY" : statement.isOverwriting ? statement.verb : "ON CONFLICT"
        guard let key = table.keys.min(by: { list($0) < list($1) }) else {
            return "\(name) has no unique key, so that \(clause) never applies and each repeat "
                + "adds a row"
        }
        if let moved = statement.assignedColumns.first(where: { column in
            key.contains { catalog.isSame(column, $0) }
        }) {
            return "the unique key (\(list(key))) of \(name) holds \(moved.text), which the same "
                + "statement updates: a new value of it adds a row, and the old one stays"
        }
        if !statement.insertedColumns.isEmpty,
            let other = key.sorted().first(where: { !holds(statement.insertedColumns, $0) })
        {
            return "the unique key (\(list(key))) of \(name) holds \(other), which the statement "
                + "does not insert, so that \(clause) never applies and each repeat adds a row"
        }
        return "the unique key (\(list(key))) of \(name) tells no profiles apart: all of a segment "
            + "become one row"
    }

    private func hint(_ wanted: [QueryStatement.Name]) -> String {
        if !wanted.isEmpty { return creation(of: wanted) }
        let times = table.columns.filter(\.isTime).map(\.name)
        let kept = statement.insertedColumns.filter { column in
            !isAssigned(column) && !times.contains { catalog.isSame(column, $0) }
        }
        let rows = statement.rowColumns
        if rows.isEmpty {
            let segment = kept.filter { $0.text == statement.segmentColumn?.text }
            if !segment.isEmpty { return creation(of: segment) }
        } else if !kept.contains(where: { column in rows.contains { $0.text == column.text } }) {
            let moved = rows.filter(isAssigned).map(\.text).joined(separator: ", ")
            return
                "take \(moved) out of what it updates, for it tells the profiles apart, and give "
                + "\(name) a unique key that holds it"
        }
        // Which of several columns of a profile tell it apart is not said by a statement that
        // updates none of them.
        let isPlain = rows.count <= 1 || !statement.assignedColumns.isEmpty
        return kept.isEmpty || !isPlain
            ? "give \(name) a unique key on the columns that tell its rows apart, and no others"
            : creation(of: kept)
    }

    private func list(_ key: Set<String>) -> String {
        table.columns.map(\.name).filter(key.contains).joined(separator: ", ")
    }

    /// What makes a unique key, as the kind of database takes it.
    private func creation(of columns: [QueryStatement.Name]) -> String {
        let table = statement.table.map(written).joined(separator: ".")
        let key = QueryStatement.Name(
            text: "\(statement.table.last?.text ?? "table")_key",
            isQuoted: statement.table.last?.isQuoted ?? false, offset: 0)
        return dialect.keyHint(
            table, written(key), columns.map(written).joined(separator: ", "))
    }

    private func written(_ name: QueryStatement.Name) -> String {
        name.isQuoted ? dialect.quoted(name.text) : name.text
    }
}
