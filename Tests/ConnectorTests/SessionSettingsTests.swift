import Connector
import ConnectorMySQL
import ConnectorODBC
import ConnectorPostgres
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import ServerTesting
import Testing

/// What a query's own statements cannot change, what it calls can: each setting that is watched is
/// changed in the middle of a delivery, in every way there is.
@Suite("A session stays as it was set")
struct SessionSettingsTests {
    private static let lane = CursorConformanceTests.lane

    private static func delivery(
        _ start: TargetCursor, _ queries: [TargetQuery], isRowsOnly: Bool = false
    ) -> TargetDelivery {
        var delivery = TargetDelivery(
            lane: lane, id: "d",
            move: .init(from: start, to: CursorConformanceTests.moved(start, to: 1)),
            queries: queries)
        delivery.writesOnlyRows = isRowsOnly
        return delivery
    }

    /// Delivers over a new session and expects that nothing was committed, that the reason names
    /// the setting, and that the session is of no more use and the next one is.
    private func expectRefused(
        _ target: Target, _ setting: String, _ queries: [TargetQuery], isRowsOnly: Bool = false,
        mayServerRefuse: Bool = false
    ) async throws {
        let session = try await target.connect()
        let start = try await session.claimCursor(
            Self.lane, initial: CursorConformanceTests.initial)
        let failure = try await caught {
            _ = try await session.deliver(
                Self.delivery(start, queries, isRowsOnly: isRowsOnly))
        }
        let note = Comment("\(setting): \(failure?.message ?? "committed")")
        #expect(failure != nil, note)
        if !mayServerRefuse || failure?.targetCode.isEmpty == true {
            #expect(failure?.class == .permanent, note)
            #expect(failure?.message.contains("changed \(setting), which") == true, note)
            #expect(failure?.isConnectionLost == true, note)
            #expect(failure?.isOutcomeUnknown == false, note)
            let again = try await caught { _ = try await session.execute(sql("SELECT 1")) }
            #expect(again?.isConnectionLost == true, note)
        }
        await session.close()
        let next = try await target.connect()
        #expect(try await next.rows("SELECT count(*) FROM people") == [["0"]], note)
        #expect(try await next.readCursor(Self.lane) == start, note)
        await next.close()
    }

    // MARK: MariaDB

    /// Where a number that is one higher, or the opposite of a switch, is no other value.
    private static let otherOfMariaDB = [
        "character_set_client": "'gbk'", "character_set_connection": "'gbk'",
        "character_set_database": "'gbk'", "max_error_count": "1",
        "character_set_filesystem": "'gbk'", "character_set_results": "'gbk'",
        "collation_connection": "'utf8mb4_bin'", "completion_type": "'RELEASE'",
        "default_regex_flags": "'DOTALL'", "lc_time_names": "'de_DE'", "old_mode": "''",
        "sql_mode": "'NO_BACKSLASH_ESCAPES'", "sql_select_limit": "1",
        "system_versioning_asof": "'2020-01-01 00:00:00'",
        "time_zone": "'+03:00'", "tx_isolation": "'SERIALIZABLE'",
    ]

    private static func changeOfMariaDB(_ name: String, isSwitch: Bool) -> String {
        "SET SESSION \(name) = "
            + (otherOfMariaDB[name] ?? (isSwitch ? "NOT @@\(name)" : "@@\(name) + 1"))
    }

    @Test(
        "INV-7: MySQL: a statement that changes what values are read by fails its delivery",
        arguments: MySQLSessionWatch.names)
    func ofMySQL(_ name: String) async throws {
        let target = try Target(.mysql)
        let setUp = try await target.prepare()
        let known = try await setUp.rows("SHOW SESSION VARIABLES WHERE Variable_name = '\(name)'")
        guard let value = known.first?[1] else {
            await setUp.close()
            return print("\(name): the server does not have it")
        }
        let change = Self.changeOfMariaDB(name, isSwitch: ["ON", "OFF"].contains(value))
        let quoted = change.replacing("'", with: "''")
        await setUp.close()
        let insert = "INSERT INTO people VALUES (1, 'x')"
        // Some the server itself does not let change in a transaction.
        try await expectRefused(
            target, name, [.text(sql(insert)), .text(sql("EXECUTE IMMEDIATE '\(quoted)'"))],
            mayServerRefuse: true)
        try await expectRefused(
            target, name, [.text(sql("EXECUTE IMMEDIATE '\(quoted)'; \(insert)"))],
            mayServerRefuse: true)
    }

    @Test(
        "INV-7: MySQL: what a trigger leaves changed fails its delivery, bound or not",
        arguments: ["time_zone", "max_sort_length", "sql_select_limit"], [false, true])
    func behindATrigger(_ name: String, isBound: Bool) async throws {
        let target = try Target(.mysql)
        let setUp = try await target.prepare()
        let change = Self.changeOfMariaDB(name, isSwitch: false)
        _ = try await setUp.execute(
            sql("CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW \(change)"))
        await setUp.close()
        try await expectRefused(
            target, name, [try Self.insert(.mysql, isBound: isBound)], isRowsOnly: true)
    }

    private static func insert(_ kind: ConnectorKind, isBound: Bool) throws -> TargetQuery {
        guard isBound else { return .text(sql("INSERT INTO people VALUES (1, 'x')")) }
        let template = try BoundQueryTests.Lane.compile(
            kind, "INSERT INTO people VALUES {for $l = $batch}({$l.n}, '{$l.c}'){autocomma}{end}")
        var shapes = BoundShapes()
        let query = try template.renderBound(
            RenderRows([["n": .number("1"), "c": .text("x")]], for: template),
            try BoundQueryTests.Lane.scope(), &shapes)
        return .bound(try #require(query))
    }

    @Test("INV-7: a value behind a statement that changes how it is read is never SQL")
    func valueBehindAChange() async throws {
        let target = try Target(.mysql)
        try await target.withSession { session in
            _ = try await session.execute(sql("CREATE TABLE vault (s text)"))
        }
        // In GBK the backslash that escapes the apostrophe belongs to the character before it.
        let value = #"你\\\'); INSERT INTO vault VALUES (1); COMMIT; -- "#
        let session = try await target.connect()
        let start = try await session.claimCursor(
            Self.lane, initial: CursorConformanceTests.initial)
        for queries in [
            ["EXECUTE IMMEDIATE 'SET NAMES gbk'", "INSERT INTO people VALUES (1, '\(value)')"],
            ["EXECUTE IMMEDIATE 'SET NAMES gbk'; INSERT INTO people VALUES (1, '\(value)')"],
        ] {
            let other = try await target.connect()
            let failure = try await caught {
                _ = try await other.deliver(
                    Self.delivery(start, queries.map { .text(sql($0)) }))
            }
            #expect(failure?.message.contains("character_set_client") == true)
            await other.close()
        }
        #expect(try await session.rows("SELECT count(*) FROM vault") == [["0"]])
        await session.close()
    }

    @Test("INV-7: a session that a failed query has changed takes no further value")
    func behindAFailure() async throws {
        let target = try Target(.mysql)
        try await target.withSession { session in
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let failed = try await caught {
                _ = try await session.deliver(
                    Self.delivery(
                        start,
                        [
                            .text(
                                sql(
                                    "EXECUTE IMMEDIATE 'SET SESSION time_zone = ''+03:00'''; "
                                        + "SELECT nonsense"))
                        ]))
            }
            #expect(failed?.targetCode == "1054", "\(failed?.message ?? "committed")")
            let next = try await caught {
                _ = try await session.deliver(
                    Self.delivery(start, [.text(sql("INSERT INTO people VALUES (1, '你')"))]))
            }
            #expect(next?.message.contains("changed time_zone, which") == true)
            #expect(next?.isConnectionLost == true)
        }
    }

    @Test("A setting that is put back again is no change, and 1242 of the query's own stays so")
    func putBack() async throws {
        try await Target(.mysql).withSession { session in
            let start = try await session.claimCursor(
                Self.lane, initial: CursorConformanceTests.initial)
            let own = try await caught {
                _ = try await session.deliver(
                    Self.delivery(
                        start,
                        [
                            .text(
                                sql("INSERT INTO people SELECT 1, (SELECT 1 UNION ALL SELECT 2)"))
                        ]))
            }
            #expect(own?.targetCode == "1242", "\(own?.message ?? "")")
            let result = try await session.deliver(
                Self.delivery(
                    start,
                    [
                        .text(
                            sql(
                                "EXECUTE IMMEDIATE 'SET STATEMENT unique_checks = 0 FOR DO 1'; "
                                    + "INSERT INTO people VALUES (1, 'x')"))
                    ]))
            #expect(result == .committed(rowCounts: [1]))
        }
    }

    // MARK: PostgreSQL

    private static let otherOfPostgres = [
        "array_nulls": "off", "backslash_quote": "on", "bytea_output": "escape",
        "client_encoding": "SJIS", "DateStyle": "SQL, DMY",
        "default_text_search_config": "pg_catalog.german", "extra_float_digits": "0",
        "IntervalStyle": "iso_8601", "lc_monetary": "C.UTF-8", "lc_numeric": "C.UTF-8",
        "lc_time": "C.UTF-8",
        "quote_all_identifiers": "on", "role": "pg_monitor", "row_security": "off",
        "search_path": "public", "session_authorization": "pg_monitor",
        "session_replication_role": "replica", "standard_conforming_strings": "off",
        "TimeZone": "Asia/Tokyo", "timezone_abbreviations": "India",
        "transform_null_equals": "on", "xmlbinary": "hex", "xmloption": "document",
    ]

    @Test(
        "INV-7: PostgreSQL: what changes what values are read by fails its delivery",
        arguments: PostgresSessionWatch.names, [false, true])
    func ofPostgres(_ name: String, isLocal: Bool) async throws {
        let target = try Target(.postgresql)
        let setUp = try await target.prepare()
        let value = try #require(Self.otherOfPostgres[name], "no other value of \(name) is known")
        _ = try await setUp.execute(
            sql(
                """
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM set_config('\(name)', '\(value)', \(isLocal)); RETURN NULL; END $$;
                CREATE TABLE other (i int);
                CREATE TRIGGER t AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION change();
                """))
        await setUp.close()
        let change = TargetQuery.text(sql("INSERT INTO other VALUES (1)"))
        for isBound in [false, true] {
            try await expectRefused(
                target, name, [try Self.insert(.postgresql, isBound: isBound), change])
        }
    }

    @Test("INV-7: PostgreSQL: a trigger behind bound values is noticed, and so is one at COMMIT")
    func behindBoundValues() async throws {
        let target = try Target(.postgresql)
        let setUp = try await target.prepare()
        _ = try await setUp.execute(
            sql(
                """
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM set_config('bytea_output', 'escape', false); RETURN NULL; END $$;
                CREATE TRIGGER t AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION change();
                CREATE TABLE late (i int);
                CREATE CONSTRAINT TRIGGER t AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION change();
                """))
        await setUp.close()
        try await expectRefused(
            target, "bytea_output", [try Self.insert(.postgresql, isBound: true)])
        // What a trigger does at COMMIT is noticed by the delivery behind it.
        let session = try await target.connect()
        var start = try await session.claimCursor(
            Self.lane, initial: CursorConformanceTests.initial)
        let first = Self.delivery(start, [.text(sql("INSERT INTO late VALUES (1)"))])
        #expect(try await session.deliver(first) == .committed(rowCounts: [1]))
        start = first.move!.next
        let next = try await caught {
            _ = try await session.deliver(
                Self.delivery(start, [.text(sql("DELETE FROM late"))]))
        }
        #expect(next?.message.contains("bytea_output") == true, "\(next?.message ?? "committed")")
        await session.close()
    }

    // MARK: Over ODBC

    @Test("INV-7: over ODBC, what changes what values are read by fails its delivery")
    func overODBC() async throws {
        let target = try Target(odbc: .postgres)
        try await target.withSession { _ in }
        for (name, value) in [("TimeZone", "Asia/Tokyo"), ("DateStyle", "SQL, DMY")] {
            let change = "PERFORM set_config('\(name)', '\(value)', false)"
            try await expectRefused(
                target, name,
                [
                    .text(sql("INSERT INTO people VALUES (1, 'x')")),
                    .text(sql("DO $$ BEGIN \(change); END $$")),
                ])
        }
    }

    // MARK: SQLite

    @Test("SQLite: foreign keys are a setting of the connector")
    func foreignKeys() async throws {
        let target = try Target(.sqlite)
        for isOn in [true, false] {
            let session = try await target.connect { $0.sqlSettings = isOn ? .foreignKeys : [] }
            #expect(
                try await session.rows("SELECT * FROM pragma_table_info('nowhere')").isEmpty)
            _ = try await session.execute(
                sql(
                    """
                    DROP TABLE IF EXISTS calls; DROP TABLE IF EXISTS lists;
                    CREATE TABLE lists (list INTEGER PRIMARY KEY);
                    CREATE TABLE calls (list INTEGER REFERENCES lists ON DELETE CASCADE);
                    INSERT INTO lists VALUES (3); INSERT INTO calls VALUES (3);
                    DELETE FROM lists;
                    """))
            #expect(try await session.rows("SELECT count(*) FROM calls") == [[isOn ? "0" : "1"]])
            await session.close()
        }
    }

    @Test(
        "SQLite: no query changes its session",
        arguments: [
            "PRAGMA foreign_keys = ON", "PRAGMA ignore_check_constraints = 1",
            "PRAGMA writable_schema = ON", "PRAGMA case_sensitive_like = 1",
            "PRAGMA main.recursive_triggers = 1", "ATTACH ':memory:' AS m", "DETACH m",
        ])
    func pragma(_ statement: String) async throws {
        try await Target(.sqlite).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql(statement)) }
            #expect(failure?.class == .permanent)
            #expect(failure?.message.contains("changes its session") == true)
            #expect(failure?.hint?.contains("connector's settings") == true)
        }
    }
}
