/// The files of `migrations/target` for one kind of database: what makes `segledger_cursor`, and
/// what adds a column to one of an earlier form.
package struct CursorMigrations: Sendable {
    /// Make the table in its newest form.
    package let creation: [String]
    /// What adds a column, by the column's name.
    package let additions: [(column: String, sql: String)]

    /// `files`: named as `0001_cursor.sql`, which makes the table, and `0002_COLUMN.sql`.
    package init(_ files: [(name: String, sql: String)]) {
        creation = files.filter { $0.name.hasSuffix("_cursor.sql") }.map(\.sql)
        additions = files.filter { !$0.name.hasSuffix("_cursor.sql") }.map { file in
            let name = file.name.split(separator: ".")[0]
            return (String(name.drop { $0 != "_" }.dropFirst()), Self.statement(file.sql))
        }
    }

    /// Creates the table if it is missing, and adds the columns that one of an earlier form lacks.
    /// The right to do either is needed only where there is something to do.
    ///
    /// - Parameters:
    ///   - columns: the names of the table's columns, in small letters; none: there is no table.
    ///   - run: runs a statement, and commits it.
    package func apply(
        columns: () throws(TargetFailure) -> [String],
        run: (String) throws(TargetFailure) -> Void
    ) throws(TargetFailure) {
        let found = try columns()
        if found.isEmpty {
            do throws(TargetFailure) {
                for sql in creation { try run(sql) }
            } catch {
                // Another session was faster.
                guard !error.isConnectionLost, try !columns().isEmpty else { throw error }
            }
            return
        }
        for addition in additions where !found.contains(addition.column) {
            do throws(TargetFailure) {
                try run(addition.sql)
            } catch {
                guard !error.isConnectionLost, try columns().contains(addition.column) else {
                    throw Self.told(error, addition.sql)
                }
            }
        }
    }

    /// What has to be run is Segledger's own text, and is told to who lacks the right to run it.
    package static func told(_ failure: TargetFailure, _ sql: String) -> TargetFailure {
        guard failure.isRightMissing else { return failure }
        var failure = failure.told(in: QueryVocabulary([]))
        failure.message += " (the owner of segledger_cursor has to run: \(sql))"
        return failure
    }

    /// Without comments and the semicolon.
    private static func statement(_ text: String) -> String {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("--") }
        return String(lines.joined(separator: " ").prefix { $0 != ";" })
    }
}
