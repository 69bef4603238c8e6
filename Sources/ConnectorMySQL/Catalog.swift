internal import Connector
internal import SQLTemplate

/// What MySQL and MariaDB say of their tables:
/// https://dev.mysql.com/doc/refman/8.4/en/information-schema.html.
struct MySQLCatalog: TableCatalog {
    let dialect: SQLDialect

    func columns(of table: [QueryStatement.Name]) -> String {
        """
        SELECT column_name, data_type FROM information_schema.columns
        WHERE \(condition(table)) ORDER BY ordinal_position
        """
    }

    func keys(of table: [QueryStatement.Name]) -> String {
        """
        SELECT index_name, column_name FROM information_schema.statistics
        WHERE \(condition(table)) AND non_unique = 0
        """
    }

    /// An engine of MySQL's other than InnoDB takes nothing back.
    func isTransactional(
        _ table: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> Bool {
        let question = "SELECT engine FROM information_schema.tables WHERE \(condition(table))"
        return try await session.query(Array(question.utf8)).first?[0]?.lowercased() == "innodb"
    }

    private func condition(_ table: [QueryStatement.Name]) -> String {
        let schema = table.count > 1 ? dialect.literal(table[table.count - 2].text) : "DATABASE()"
        return
            "table_schema = \(schema) AND table_name = \(dialect.literal(table.last?.text ?? ""))"
    }
}
