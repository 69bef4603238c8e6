internal import Connector
internal import SQLTemplate

/// Tables and settings that decide what a commit is worth. Sources:
/// https://www.postgresql.org/docs/current/catalog-pg-class.html and
/// https://www.postgresql.org/docs/current/runtime-config-wal.html
extension PostgresConnection {
    func gradeFacts(of tables: GradeFacts.Tables) throws(TargetFailure) -> GradeFacts {
        let exchange = PostgresExchange(self)
        var flaws: [GradeFacts.Flaw] = []
        let dialect = SQLDialect.postgresql()
        let names = tables.written.map { PostgresCatalog.identity($0, dialect) }
        let rows = try exchange.run(Self.question(names + ["to_regclass('segledger_cursor')"])).rows
        for row in rows where row.count == 3 {
            let name = row[0] ?? ""
            switch (row[1], row[2]) {
            case ("f", _):
                flaws.append(
                    GradeFacts.Flaw(
                        .outsideTransaction,
                        "\(name) is a foreign table: its server commits by itself",
                        hint: "write to a table of the database itself"))
            case (_, "t"):
                flaws.append(
                    GradeFacts.Flaw(
                        .lostInCrash, "\(name) is a temporary table, which ends with the session",
                        hint: "write to a table that stays"))
            case (_, "u"):
                flaws.append(
                    GradeFacts.Flaw(
                        .lostInCrash, "\(name) is an unlogged table, which a crash empties",
                        hint: "ALTER TABLE \(name) SET LOGGED"))
            default: break
            }
        }
        let setting = try exchange.run(Self.settings).rows.first ?? []
        if setting.first == "off" {
            flaws.append(
                GradeFacts.Flaw(
                    .lostWithMachine, "fsync is off", hint: "ALTER SYSTEM SET fsync = on",
                    isSetting: true))
        }
        if setting.count == 3, setting[2] != "",
            setting[1] == "local" || setting[1] == "remote_write"
        {
            flaws.append(
                GradeFacts.Flaw(
                    .lostWithMachine,
                    "synchronous_commit is \(setting[1] ?? "") although there are synchronous "
                        + "standbys",
                    hint: "ALTER ROLE … SET synchronous_commit = on", isSetting: true))
        }
        return GradeFacts(flaws: flaws)
    }

    private static let settings = """
        SELECT pg_catalog.current_setting('fsync'),
            pg_catalog.current_setting('synchronous_commit'),
            pg_catalog.current_setting('synchronous_standby_names')
        """

    /// The tables, the partitions below them, and what a view's rules name.
    private static func question(_ identities: [String]) -> String {
        """
        WITH RECURSIVE reached(id) AS (
            SELECT unnest(ARRAY[\(identities.joined(separator: ", "))]::oid[])
            UNION
            SELECT next.id FROM reached CROSS JOIN LATERAL (
                SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = reached.id
                UNION
                SELECT d.refobjid FROM pg_catalog.pg_rewrite r
                    JOIN pg_catalog.pg_depend d ON d.objid = r.oid
                        AND d.classid = 'pg_catalog.pg_rewrite'::regclass
                        AND d.refclassid = 'pg_catalog.pg_class'::regclass
                WHERE r.ev_class = reached.id AND d.refobjid <> reached.id
            ) AS next(id)
        )
        SELECT c.relname, c.relkind, c.relpersistence FROM pg_catalog.pg_class c
            JOIN reached ON c.oid = reached.id
        WHERE c.relkind = 'f' OR c.relkind = 'r' AND c.relpersistence <> 'p'
        ORDER BY c.oid
        """
    }
}
