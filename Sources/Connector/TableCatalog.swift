package import SQLTemplate

/// The questions that a kind of database answers about its own tables.
package protocol TableCatalog: Sendable {
    /// A question that returns each column of a table, as a query names it: its name, its type.
    func columns(of table: [QueryStatement.Name]) -> String

    /// A question that returns each column of each unique key: a name of the key, the column's.
    func keys(of table: [QueryStatement.Name]) -> String

    /// Whether what is written to the table can be taken back.
    func isTransactional(
        _ table: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> Bool

    /// Whether the database takes a name in a query for the column of this name.
    func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool
}

extension TableCatalog {
    package func isTransactional(
        _ table: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> Bool { true }

    package func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool {
        name.text.lowercased() == column.lowercased()
    }

    /// What the database says of a table as a query names it; nil: there is no such table.
    package func describe(
        _ table: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> TableDescription? {
        let columns = try await session.query(Array(columns(of: table).utf8)).compactMap { row in
            row[0].map {
                TableDescription.Column(name: $0, type: (row[1] ?? "").lowercased())
            }
        }
        guard !columns.isEmpty else { return nil }
        var keys: [String: Set<String>] = [:]
        for row in try await session.query(Array(self.keys(of: table).utf8)) {
            guard let key = row[0], let column = row[1] else { continue }
            keys[key, default: []].insert(column)
        }
        return TableDescription(
            columns: columns, keys: keys.values.map { $0 },
            isTransactional: try await isTransactional(table, in: session))
    }
}

/// A table as its database describes it.
package struct TableDescription: Hashable, Sendable {
    package struct Column: Hashable, Sendable {
        package var name: String
        /// The database's name of its type, in small letters.
        package var type: String

        /// Holds moments, which differ between two runs of the same query.
        package var isTime: Bool { type.contains("time") || type.contains("date") }
    }

    package var columns: [Column]
    /// The columns of each unique key, the primary one among them.
    package var keys: [Set<String>]
    /// Whether the engine takes part in transactions.
    package var isTransactional: Bool
}
