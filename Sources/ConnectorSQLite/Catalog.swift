internal import Connector
internal import SQLTemplate

/// What SQLite says of its tables: https://sqlite.org/pragma.html.
struct SQLiteCatalog: TableCatalog {
    private let dialect = SQLDialect.sqlite()

    func columns(of table: [QueryStatement.Name]) -> String {
        "SELECT name, type FROM pragma_table_info(\(last(table)))"
    }

    func keys(of table: [QueryStatement.Name]) -> String {
        """
        SELECT l.name, i.name FROM pragma_index_list(\(last(table))) l,
            pragma_index_info(l.name) i WHERE l."unique" AND NOT l.partial
        UNION ALL
        SELECT '', name FROM pragma_table_info(\(last(table))) WHERE pk > 0
        """
    }

    private func last(_ table: [QueryStatement.Name]) -> String {
        dialect.literal(table.last?.text ?? "")
    }
}
