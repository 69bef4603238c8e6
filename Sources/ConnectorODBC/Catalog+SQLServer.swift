internal import Connector
internal import SQLTemplate

/// What SQL Server says of its tables, in its object catalogue views:
/// https://learn.microsoft.com/sql/relational-databases/system-catalog-views/.
struct SQLServerCatalog: TableCatalog {
    private let dialect = SQLDialect.sqlServer()

    func columns(of name: [QueryStatement.Name]) -> String {
        """
        SELECT c.name, t.name FROM \(catalog(name)).columns AS c
        JOIN \(catalog(name)).types AS t ON t.user_type_id = c.user_type_id
        WHERE c.object_id = \(objectID(name)) ORDER BY c.column_id
        """
    }

    func keys(of name: [QueryStatement.Name]) -> String {
        """
        SELECT i.index_id, c.name FROM \(catalog(name)).indexes AS i
        JOIN \(catalog(name)).index_columns AS k
            ON k.object_id = i.object_id AND k.index_id = i.index_id
        JOIN \(catalog(name)).columns AS c
            ON c.object_id = k.object_id AND c.column_id = k.column_id
        WHERE i.object_id = \(objectID(name)) AND i.is_unique = 1 AND i.has_filter = 0
            AND i.is_disabled = 0 AND k.is_included_column = 0
        """
    }

    /// Tables of which only the outline survives a restart, and a database that commits before it
    /// writes:
    /// https://learn.microsoft.com/sql/relational-databases/logs/control-transaction-durability
    static let gradeQuestions = ODBCGradeQuestions(
        tables: { tables in
            let catalog = SQLServerCatalog()
            return tables.map { name in
                "SELECT t.name, t.durability_desc FROM \(catalog.catalog(name)).tables AS t "
                    + "WHERE t.object_id = \(catalog.objectID(name))"
            }.joined(separator: " UNION ALL ")
        },
        settings: "SELECT d.name, d.delayed_durability_desc FROM sys.databases AS d "
            + "WHERE d.database_id = DB_ID()",
        flaws: [
            "SCHEMA_ONLY": ODBCGradeQuestions.Flaw(
                .lostInCrash, "the rows of {name} do not survive a restart (SCHEMA_ONLY)",
                hint: "create {name} with DURABILITY = SCHEMA_AND_DATA"),
            "FORCED": ODBCGradeQuestions.Flaw(
                .lostInCrash, "the database {name} has delayed durability",
                hint: "ALTER DATABASE {name} SET DELAYED_DURABILITY = DISABLED"),
        ])

    /// Each database has a catalogue of its own: `db.schema.table` is asked of `db`.
    private func catalog(_ name: [QueryStatement.Name]) -> String {
        name.count > 2 ? bracketed(name[name.count - 3]) + ".sys" : "sys"
    }

    private func objectID(_ name: [QueryStatement.Name]) -> String {
        let parts = name.suffix(3).map(bracketed).joined(separator: ".")
        return "OBJECT_ID(N\(dialect.literal(parts)))"
    }

    private func bracketed(_ part: QueryStatement.Name) -> String {
        "[" + part.text.replacing("]", with: "]]") + "]"
    }
}
