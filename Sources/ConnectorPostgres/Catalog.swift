internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// What PostgreSQL says of its tables: https://www.postgresql.org/docs/current/catalogs.html.
struct PostgresCatalog: TableCatalog {
    let dialect: SQLDialect

    func columns(of table: [QueryStatement.Name]) -> String {
        """
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = \(Self.identity(table, dialect)) AND attnum > 0
          AND NOT attisdropped ORDER BY attnum
        """
    }

    func keys(of table: [QueryStatement.Name]) -> String {
        """
        SELECT i.indexrelid::text, a.attname FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = \(Self.identity(table, dialect)) AND i.indisunique
          AND i.indpred IS NULL AND i.indexprs IS NULL
        """
    }

    func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool {
        name.isQuoted ? name.text == column : name.text.lowercased() == column
    }

    /// As PostgreSQL reads the name: quoted where the query quotes.
    static func identity(_ table: [QueryStatement.Name], _ dialect: SQLDialect) -> String {
        let name = table.map { part in
            part.isQuoted ? "\"" + part.text.replacing("\"", with: "\"\"") + "\"" : part.text
        }
        return "to_regclass(\(dialect.literal(name.joined(separator: "."))))"
    }
}
