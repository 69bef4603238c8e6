import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// What is legal and unwise is warned of; what would undo the checks is refused.
@Suite struct AdviceTests {
    private func found(
        _ source: String, _ kind: ConnectorKind = .postgresql, _ query: QueryKind = .addProfiles
    ) -> [String] {
        Rendering(kind: kind, query: query).diagnostics(source).map {
            "\($0.severity.rawValue) \($0.rule) \($0.line):\($0.column)"
        }
    }

    private let tuples = "{for $l = $batch}('{$l.id}'){autocomma}{end}"

    @Test("A clock in a query that can run again")
    func clock() {
        let insert = "INSERT INTO t (a) VALUES \(tuples) ON CONFLICT (a) DO UPDATE SET u = now()"
        #expect(found(insert) == ["warning clock 1:105"])
        #expect(found(insert.replacing("now()", with: "'now()'")) == [])
        #expect(found(insert.replacing("now()", with: "{event_time} -- now()")) == [])
        #expect(found(insert.replacing("now()", with: "\"now\"")) == [])
    }

    @Test("DDL where it commits by itself")
    func definition() {
        for (kind, isWarned) in [
            (ConnectorKind.mysql, true), (.oracle, true), (.postgresql, false),
        ] {
            let warned = found("TRUNCATE TABLE t_{segment_id}", kind, .clearSegment)
            #expect(warned == (isWarned ? ["warning implicit_commit 1:1"] : []))
        }
    }

    @Test("An INSERT that cannot be repeated")
    func repeats() {
        #expect(found("INSERT INTO t (a) VALUES \(tuples)") == ["warning repeat 1:1"])
        #expect(found("INSERT INTO t (a) VALUES \(tuples) ON CONFLICT DO NOTHING") == [])
        #expect(
            found("INSERT IGNORE INTO t (a) VALUES \(tuples)", .mysql) == ["warning ignore 1:8"])
        #expect(found("REPLACE INTO t (a) VALUES \(tuples)", .mysql) == [])
    }

    @Test("A loop over the batch without commas, or with one too many")
    func loops() {
        for body in ["('{$l.id}')", "('{$l.id}'),"] {
            #expect(
                found("INSERT INTO t VALUES {for $l = $batch}\(body){end} ON CONFLICT DO NOTHING")
                    == ["warning autocomma 1:22"])
        }
        #expect(
            found("{for $l = $batch}DELETE FROM t_{segment_id} WHERE a = '{$l.id}';{end}") == [])
    }

    @Test("INV-6 INV-7: a query cannot end its delivery's transaction, nor change how it is read")
    func refused() {
        for (source, kind, rule) in [
            ("COMMIT", ConnectorKind.postgresql, "transaction"),
            ("x; BEGIN", .mysql, "transaction"),
            ("START TRANSACTION", .mysql, "transaction"), ("ROLLBACK", .sqlite, "transaction"),
            ("BEGIN TRAN", .mssql, "transaction"), ("COMMIT;", .oracle, "transaction"),
            ("SET sql_mode = ''", .mysql, "setting"), ("SET NAMES gbk", .mysql, "setting"),
            ("SET standard_conforming_strings = off", .postgresql, "setting"),
            ("RESET ALL", .postgresql, "setting"), ("SET QUOTED_IDENTIFIER OFF", .mssql, "setting"),
            ("select set_config('a', 'b', true)", .postgresql, "setting"),
            ("SET \"standard_conforming_strings\" = off", .postgresql, "setting"),
            ("SET LOCAL \"Client_Encoding\" = 'GBK'", .postgresql, "setting"),
            ("SET SESSION `sql_mode` = ''", .mysql, "setting"),
            ("SET @@session.sql_mode = ''", .mysql, "setting"),
            ("DISCARD ALL", .postgresql, "setting"),
            ("SELECT \"set_config\"('{segment_name}', 'b', true)", .postgresql, "setting"),
            ("UPDATE pg_settings SET setting = 'off'", .postgresql, "setting"),
        ] {
            let errors = found(source, kind, .clearSegment).filter { $0.hasPrefix("error") }
            #expect(errors.count == 1, "\(source): \(errors)")
            #expect(errors.first?.contains(rule) == true, "\(source): \(errors)")
        }
        for (source, kind) in [
            ("BEGIN DELETE FROM t; END", ConnectorKind.mssql), ("ROLLBACK TO a", .postgresql),
            ("SELECT set_config('app.tenant', '{segment_id}', true)", .postgresql),
            ("SET LOCAL app.tenant = '7'; DELETE FROM t; RESET app.tenant", .postgresql),
            ("DELETE FROM t WHERE x = 'COMMIT; SET NAMES gbk'", .mysql),
        ] {
            #expect(found(source, kind, .clearSegment).filter { $0.hasPrefix("error") } == [])
        }
    }

    private static let changes: [(ConnectorKind, [String])] = [
        (
            .postgresql,
            [
                "SET work_mem = '1MB'", "SET LOCAL search_path = a", "SET SESSION TIME ZONE 'UTC'",
                "SET TIME ZONE 3", "SET ROLE crm", "SET SESSION AUTHORIZATION crm", "RESET ROLE",
                "SET TRANSACTION READ ONLY", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                "SET NAMES 'LATIN1'", "SET plpgsql.variable_conflict = 'error'", "DISCARD PLANS",
                "SET datestyle TO dmy", "SET \"TimeZone\" = 'UTC'", "ALTER SYSTEM SET x = 1",
                "WITH a AS (SELECT set_config('TimeZone', 'Asia/Tokyo', false)) SELECT 1 FROM a",
                "SELECT pg_catalog.set_config('bytea_output', 'escape', true)",
                "UPDATE pg_catalog.pg_settings SET setting = 'off'", "LOAD 'auto_explain'",
                "SELECT set_config('plpgsql.check_asserts', 'off', true)",
            ]
        ),
        (
            .mysql,
            [
                "SET time_zone = '+03:00'", "SET @a = 1, sql_mode = ''", "SET @@sql_mode = ''",
                "SET @@session.time_zone = 'SYSTEM'", "SET GLOBAL sql_mode = ''",
                "SET PERSIST sql_mode = ''", "SET CHARACTER SET latin1", "SET CHARSET latin1",
                "SET STATEMENT sql_mode = '' FOR DELETE FROM t", "SET PASSWORD = 'x'",
                "SET ROLE NONE", "SET DEFAULT ROLE a", "SET TRANSACTION READ ONLY", "USE other",
                "SET foreign_key_checks = 0", "SET autocommit = 0", "RESET MASTER",
                "SET LOCAL `time_zone` = 'SYSTEM'", "SET @a := (SELECT 1, 2), NAMES gbk",
            ]
        ),
        (
            .mssql,
            [
                "SET NOCOUNT ON", "SET DATEFORMAT dmy", "SET IDENTITY_INSERT t ON", "USE other",
                "DELETE FROM t SET DATEFORMAT dmy", "SET ROWCOUNT 1 DELETE FROM t", "REVERT",
                "SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "SET TEXTSIZE 10",
                "EXECUTE AS USER = 'x'", "UPDATE t SET a = 1 SET LANGUAGE German",
                "DECLARE @a int SET @a = 1 SET ANSI_PADDING OFF", "DELETE FROM t USE other",
                "ALTER DATABASE d SET ANSI_NULLS OFF", "EXEC sp_setapprole 'x', 'y'",
            ]
        ),
        (
            .oracle,
            [
                "ALTER SESSION SET NLS_DATE_FORMAT = 'DD.MM.YYYY'", "SET ROLE NONE",
                "ALTER SESSION SET CURRENT_SCHEMA = other", "SET TRANSACTION READ ONLY",
                "BEGIN DBMS_SESSION.SET_NLS('NLS_SORT', 'GERMAN'); END;", "ALTER SYSTEM FLUSH x",
            ]
        ),
        (
            .clickhouse,
            [
                "SET session_timezone = 'Asia/Tokyo'", "USE other", "SET max_threads = 1",
                "INSERT INTO t SETTINGS async_insert = 1, max_threads = 1 SELECT 1",
                "INSERT INTO t SELECT 1 SETTINGS max_threads = 1, session_timezone = 'UTC'",
                "SELECT 1 SETTINGS date_time_input_format = 'basic'",
            ]
        ),
        (
            .sqlite,
            [
                "PRAGMA foreign_keys = ON", "PRAGMA main.recursive_triggers(1)",
                "PRAGMA case_sensitive_like = 1", "ATTACH 'x' AS x", "DETACH x",
            ]
        ),
    ]

    @Test("INV-7: no query of any kind changes its session, and the hint says what to do instead")
    func sessions() {
        for (kind, statements) in Self.changes {
            for statement in statements {
                for source in [statement, "DELETE FROM t; \(statement)"] {
                    let errors = Rendering(kind: kind, query: .clearSegment).diagnostics(source)
                        .filter { $0.severity == .error }
                    #expect(errors.map(\.rule) == ["setting"], "\(kind) \(source): \(errors)")
                    #expect(errors.allSatisfy { $0.hint?.isEmpty == false })
                }
            }
        }
    }

    @Test("What only looks like a change of the session is none")
    func noChanges() {
        for (kind, source) in [
            (ConnectorKind.postgresql, "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM t"),
            (.postgresql, "UPDATE t SET search_path = 'x', names = 'y'"),
            (.postgresql, "DELETE FROM t WHERE role = 'SET ROLE x'"),
            (.postgresql, "SELECT setting FROM pg_settings WHERE name = 'TimeZone'"),
            (.mysql, "SET @a = 1, @b := (SELECT 1, 2), @`c d` = 3; DELETE FROM t"),
            (.mysql, "UPDATE t SET time_zone = 'x', names = 'y'"),
            (.mysql, "INSERT INTO t SET a = 1 ON DUPLICATE KEY UPDATE a = 2"),
            (.mssql, "DECLARE @a int = 1; SET @a = 2; SET @a += 1; DELETE FROM t"),
            (
                .mssql,
                "UPDATE t SET language = 'x', dateformat = 'y' FROM t OPTION (USE HINT ('x'))"
            ),
            (
                .mssql,
                "MERGE t USING (VALUES (1)) AS s (a) ON t.a = s.a WHEN MATCHED THEN UPDATE SET "
                    + "t.a = s.a WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a);"
            ),
            (.oracle, "SET CONSTRAINT ALL DEFERRED"), (.oracle, "UPDATE t SET role = 'x'"),
            (.clickhouse, "INSERT INTO t SELECT 1 SETTINGS max_threads = 1"),
            (.clickhouse, "ALTER TABLE t UPDATE settings = 1 WHERE async_insert = 1"),
            (.sqlite, "SELECT name FROM pragma_table_info('t')"),
        ] {
            let errors = found(source, kind, .clearSegment).filter { $0.hasPrefix("error") }
            #expect(errors == [], "\(kind) \(source)")
        }
    }

    @Test("The outline of a statement: its table, its columns, its key, the segment's column")
    func outline() throws {
        let template = try Rendering(kind: .mysql).compile(
            """
            INSERT INTO crm.`my segment` (segId, clientId) VALUES
            {for $l = $batch}({segment_id}, "{$l.id}"){autocomma}{end}
            ON DUPLICATE KEY UPDATE u = 1;
            DELETE FROM old WHERE segment_id = {segment_id} AND clientId IN ({batch_in "id"})
            """)
        let (insert, delete) = (template.statements[0], template.statements[1])
        #expect(insert.table.map(\.text) == ["crm", "my segment"])
        #expect(insert.insertedColumns.map(\.text) == ["segId", "clientId"])
        #expect(insert.needsKey)
        #expect(insert.segmentColumn?.text == "segId")
        #expect(delete.table.map(\.text) == ["old"])
        #expect(delete.comparedColumns.map(\.text) == ["segment_id", "clientId"])
        #expect(delete.segmentColumn?.text == "segment_id")
    }
}
