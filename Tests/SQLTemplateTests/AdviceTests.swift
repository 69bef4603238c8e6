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
        #expect(found("{for $l = $batch}DELETE FROM t_{segment_id} WHERE a = {$l.id};{end}") == [])
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
            ("SET ROLE crm; DELETE FROM t; RESET ROLE", .postgresql),
            ("SET LOCAL work_mem = '1MB'; DELETE FROM t", .postgresql),
            ("DELETE FROM t WHERE x = 'COMMIT; SET NAMES gbk'", .mysql),
        ] {
            #expect(found(source, kind, .clearSegment).filter { $0.hasPrefix("error") } == [])
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
