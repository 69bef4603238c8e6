internal import Connector
internal import SQLTemplate

/// Engines and settings that decide what a commit is worth. Sources:
/// https://mariadb.com/kb/en/information-schema-engines-table/,
/// https://dev.mysql.com/doc/refman/8.4/en/innodb-parameters.html and
/// https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html
extension MySQLConnection {
    func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
        var flaws: [GradeFacts.Flaw] = []
        var seen: Set<[String?]> = []
        var open: [MySQLTableName] = tables.written.map(MySQLTableName.init)
        // Views on views: each step looks behind those of the one before.
        for _ in 0..<Self.viewDepthMax where !open.isEmpty {
            let (found, behind) = try facts(of: open)
            flaws += found
            open = behind.filter { seen.insert([$0.schema, $0.name]).inserted }
        }
        flaws += try settingFlaws()
        return GradeFacts(flaws: flaws)
    }

    private static let viewDepthMax = 8

    /// Flaws of tables, and the tables behind those among them that are views.
    private func facts(
        of tables: [MySQLTableName]
    ) throws(TargetFailure) -> ([GradeFacts.Flaw], [MySQLTableName]) {
        let conditions = tables.map { table in
            let schema = table.schema.map(dialect.literal) ?? "DATABASE()"
            return "(t.table_schema = \(schema) AND t.table_name = \(dialect.literal(table.name)))"
        }
        let rows = try MySQLExchange(self).run(
            """
            SELECT t.table_schema, t.table_name, t.engine, e.transactions, v.view_definition
            FROM information_schema.tables AS t
                LEFT JOIN information_schema.engines AS e ON e.engine = t.engine
                LEFT JOIN information_schema.views AS v
                    ON v.table_schema = t.table_schema AND v.table_name = t.table_name
            WHERE \(conditions.joined(separator: " OR ")) ORDER BY t.table_schema, t.table_name
            """
        ).rows
        var flaws: [GradeFacts.Flaw] = []
        var behind: [MySQLTableName] = []
        for row in rows where row.count == 5 {
            if let definition = row[4] {
                behind += MySQLTableName.all(in: definition)
            } else if let name = row[1], let engine = row[2], row[3] != "YES" {
                flaws.append(
                    GradeFacts.Flaw(
                        .outsideTransaction,
                        "the table \(name) has the engine \(engine), which has no transactions",
                        hint: "ALTER TABLE \(name) ENGINE = InnoDB"))
            }
        }
        return (flaws, behind)
    }

    private func settingFlaws() throws(TargetFailure) -> [GradeFacts.Flaw] {
        let row =
            try MySQLExchange(self).run(
                "SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog"
            ).rows.first ?? []
        guard row.count == 3 else { return [] }
        var flaws: [GradeFacts.Flaw] = []
        if row[0] != "1" {
            flaws.append(
                GradeFacts.Flaw(
                    .lostInCrash, "innodb_flush_log_at_trx_commit is \(row[0] ?? "not known")",
                    hint: "SET GLOBAL innodb_flush_log_at_trx_commit = 1", isSetting: true))
        }
        if row[1] == "1", row[2] != "1" {
            flaws.append(
                GradeFacts.Flaw(
                    .lostWithMachine, "sync_binlog is \(row[2] ?? "not known")",
                    hint: "SET GLOBAL sync_binlog = 1", isSetting: true))
        }
        return flaws
    }
}

/// A table as a query or a view's definition names it.
struct MySQLTableName {
    /// nil: the session's own.
    var schema: String?
    var name: String

    init(_ table: [QueryStatement.Name]) {
        schema = table.count > 1 ? table[table.count - 2].text : nil
        name = table.last?.text ?? ""
    }

    private init(schema: String, name: String) {
        (self.schema, self.name) = (schema, name)
    }

    /// What may be a table in the definition of a view, which the server stores with whole names in
    /// backticks: `` `schema`.`table` ``. A column's name is taken for one too, and is none.
    static func all(in definition: String) -> [MySQLTableName] {
        var found: [MySQLTableName] = []
        var chain: [String] = []
        var part = ""
        var isQuoted = false
        let characters = Array(definition)
        for (place, character) in characters.enumerated() {
            if character == "`" {
                if isQuoted {
                    chain.append(part)
                    let isContinued = place + 1 < characters.count && characters[place + 1] == "."
                    if !isContinued {
                        if chain.count > 1 {
                            found.append(MySQLTableName(schema: chain[0], name: chain[1]))
                        }
                        chain = []
                    }
                }
                (part, isQuoted) = ("", !isQuoted)
            } else if isQuoted {
                part.append(character)
            }
        }
        return found
    }
}
