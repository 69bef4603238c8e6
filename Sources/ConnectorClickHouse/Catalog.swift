internal import Connector
internal import SQLTemplate

/// What ClickHouse says of its tables: https://clickhouse.com/docs/operations/system-tables.
struct ClickHouseCatalog: TableCatalog {
    private let dialect = SQLDialect.clickHouse()

    func columns(of table: [QueryStatement.Name]) -> String {
        """
        SELECT name, type FROM system.columns
        WHERE database = \(database(table)) AND table = \(last(table))
        """
    }

    /// Rows of one sorting key become one: the nearest thing to a unique key there is. An
    /// expression in it is like no column's name.
    func keys(of table: [QueryStatement.Name]) -> String {
        """
        SELECT 'sorting', arrayJoin(splitByString(', ', sorting_key)) FROM system.tables
        WHERE database = \(database(table)) AND name = \(last(table))
          AND engine LIKE '%ReplacingMergeTree' AND sorting_key != ''
        """
    }

    /// Nothing is taken back.
    func isTransactional(
        _ table: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> Bool { false }

    func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool { name.text == column }

    private func database(_ table: [QueryStatement.Name]) -> String {
        table.count > 1 ? dialect.literal(table[table.count - 2].text) : "currentDatabase()"
    }

    private func last(_ table: [QueryStatement.Name]) -> String {
        dialect.literal(table.last?.text ?? "")
    }
}
