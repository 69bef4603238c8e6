internal import Connector
internal import SQLTemplate

/// What Oracle says of its tables, in its static data dictionary views:
/// https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/.
struct OracleCatalog: TableCatalog {
    private let dialect = SQLDialect.oracle()

    func columns(of name: [QueryStatement.Name]) -> String {
        """
        SELECT column_name, data_type FROM all_tab_columns
        WHERE (owner, table_name) IN (\(table(name))) ORDER BY column_id
        """
    }

    /// A key can be a unique index without a constraint, or a constraint with an index that is not
    /// unique.
    func keys(of name: [QueryStatement.Name]) -> String {
        """
        SELECT i.index_name, c.column_name FROM all_indexes i
        JOIN all_ind_columns c ON c.index_owner = i.owner AND c.index_name = i.index_name
        WHERE (i.table_owner, i.table_name) IN (\(table(name))) AND i.uniqueness = 'UNIQUE'
        UNION ALL
        SELECT n.constraint_name, k.column_name FROM all_constraints n
        JOIN all_cons_columns k
            ON k.owner = n.owner AND k.constraint_name = n.constraint_name
        WHERE (n.owner, n.table_name) IN (\(table(name)))
            AND n.constraint_type IN ('P', 'U') AND n.status = 'ENABLED'
        """
    }

    /// Rows of a temporary table are the session's own. That COMMIT waits for the disk the session
    /// states itself.
    static let gradeQuestions = ODBCGradeQuestions(
        tables: { tables in
            let catalog = OracleCatalog()
            return tables.map { name in
                "SELECT t.table_name, t.temporary FROM all_tables t "
                    + "WHERE (t.owner, t.table_name) IN (\(catalog.table(name)))"
            }.joined(separator: " UNION ALL ")
        },
        flaws: [
            "Y": ODBCGradeQuestions.Flaw(
                .lostInCrash, "{name} is a temporary table, which ends with the session",
                hint: "write to a table that stays")
        ])

    func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool { stored(name) == column }

    /// A name without quotes is one in capitals.
    private func stored(_ name: QueryStatement.Name) -> String {
        name.isQuoted ? name.text : name.text.uppercased()
    }

    /// Owner and name of the table, or of the one that a synonym of this name stands for.
    private func table(_ name: [QueryStatement.Name]) -> String {
        let parts = name.map { dialect.literal(stored($0)) }
        let owner =
            parts.count > 1 ? parts[parts.count - 2] : "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
        let own = parts.last ?? "''"
        return """
            SELECT \(owner), \(own) FROM dual
            UNION ALL
            SELECT s.table_owner, s.table_name FROM all_synonyms s
            WHERE s.owner IN (\(owner), 'PUBLIC') AND s.synonym_name = \(own)
                AND NOT EXISTS (
                    SELECT 1 FROM all_objects o WHERE o.owner = \(owner)
                        AND o.object_name = \(own) AND o.object_type IN ('TABLE', 'VIEW'))
            """
    }
}
