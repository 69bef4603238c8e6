package import SQLTemplate
package import SegmentModel

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
    package var isTransactional = true
}

/// The questions that a database answers about its own tables.
package struct TableCatalog: Sendable {
    private let kind: ConnectorKind
    /// A text as a literal of the database.
    let apostrophe: @Sendable (String) -> String

    /// nil where this build has no questions for the kind.
    package init?(_ rules: SQLRules) {
        switch rules.kind {
        case .postgresql, .sqlite, .mysql, .mssql, .oracle, .clickhouse: kind = rules.kind
        }
        let dialect = SQLDialect(rules)
        apostrophe = { dialect.literal($0) }
    }

    /// What the database says of a table as a query names it; nil: there is no such table.
    package func describe(
        _ name: [QueryStatement.Name], in session: any TargetSession
    ) async throws -> TableDescription? {
        let columns = try await rows(columnsQuestion(name), session).compactMap { row in
            row[0].map {
                TableDescription.Column(name: $0, type: (row[1] ?? "").lowercased())
            }
        }
        guard !columns.isEmpty else { return nil }
        var keys: [String: Set<String>] = [:]
        for row in try await rows(keysQuestion(name), session) {
            guard let key = row[0], let column = row[1] else { continue }
            keys[key, default: []].insert(column)
        }
        var table = TableDescription(columns: columns, keys: keys.values.map { $0 })
        // Nothing of ClickHouse's is taken back.
        table.isTransactional = kind != .clickhouse
        if kind == .mysql {
            let engine = try await rows(engineQuestion(name), session).first?[0]
            table.isTransactional = engine?.lowercased() == "innodb"
        }
        return table
    }

    private func rows(
        _ sql: String, _ session: any TargetSession
    ) async throws -> [[String?]] {
        try await session.query(Array(sql.utf8))
    }

    /// Whether the database takes two names for the same one.
    package func isSame(_ name: QueryStatement.Name, _ column: String) -> Bool {
        switch kind {
        case .postgresql: name.isQuoted ? name.text == column : name.text.lowercased() == column
        case .oracle: oracleName(name) == column
        case .clickhouse: name.text == column
        default: name.text.lowercased() == column.lowercased()
        }
    }

    // MARK: Questions

    /// What `describe` asks, for tests that have another parser read it.
    package func questions(
        about name: [QueryStatement.Name]
    ) -> (columns: String, keys: String) {
        (columnsQuestion(name), keysQuestion(name))
    }

    private func columnsQuestion(_ name: [QueryStatement.Name]) -> String {
        switch kind {
        case .postgresql:
            """
            SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = to_regclass(\(apostrophe(qualified(name)))) AND attnum > 0
              AND NOT attisdropped ORDER BY attnum
            """
        case .mysql:
            """
            SELECT column_name, data_type FROM information_schema.columns
            WHERE \(inSchema(name)) ORDER BY ordinal_position
            """
        case .mssql: sqlServerColumns(name)
        case .oracle: oracleColumns(name)
        case .clickhouse:
            """
            SELECT name, type FROM system.columns
            WHERE database = \(database(name)) AND table = \(apostrophe(last(name)))
            """
        default: "SELECT name, type FROM pragma_table_info(\(apostrophe(last(name))))"
        }
    }

    private func keysQuestion(_ name: [QueryStatement.Name]) -> String {
        switch kind {
        case .postgresql:
            """
            SELECT i.indexrelid::text, a.attname FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = to_regclass(\(apostrophe(qualified(name)))) AND i.indisunique
              AND i.indpred IS NULL AND i.indexprs IS NULL
            """
        case .mysql:
            """
            SELECT index_name, column_name FROM information_schema.statistics
            WHERE \(inSchema(name)) AND non_unique = 0
            """
        case .mssql: sqlServerKeys(name)
        case .oracle: oracleKeys(name)
        case .clickhouse:
            // Rows of one sorting key become one: the nearest thing to a unique key there is. An
            // expression in it is like no column's name.
            """
            SELECT 'sorting', arrayJoin(splitByString(', ', sorting_key)) FROM system.tables
            WHERE database = \(database(name)) AND name = \(apostrophe(last(name)))
              AND engine LIKE '%ReplacingMergeTree' AND sorting_key != ''
            """
        default:
            """
            SELECT l.name, i.name FROM pragma_index_list(\(apostrophe(last(name)))) l,
                pragma_index_info(l.name) i WHERE l."unique" AND NOT l.partial
            UNION ALL
            SELECT '', name FROM pragma_table_info(\(apostrophe(last(name)))) WHERE pk > 0
            """
        }
    }

    private func engineQuestion(_ name: [QueryStatement.Name]) -> String {
        "SELECT engine FROM information_schema.tables WHERE \(inSchema(name))"
    }

    private func inSchema(_ name: [QueryStatement.Name]) -> String {
        let schema = name.count > 1 ? apostrophe(name[name.count - 2].text) : "DATABASE()"
        return "table_schema = \(schema) AND table_name = \(apostrophe(last(name)))"
    }

    private func database(_ name: [QueryStatement.Name]) -> String {
        name.count > 1 ? apostrophe(name[name.count - 2].text) : "currentDatabase()"
    }

    private func last(_ name: [QueryStatement.Name]) -> String { name.last?.text ?? "" }

    /// As PostgreSQL reads it: quoted where the query quotes.
    private func qualified(_ name: [QueryStatement.Name]) -> String {
        name.map { part in
            guard part.isQuoted else { return part.text }
            return "\""
                + part.text.split(separator: "\"", omittingEmptySubsequences: false)
                .joined(separator: "\"\"") + "\""
        }.joined(separator: ".")
    }
}
