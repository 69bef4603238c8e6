import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// A query with a form of SQL that not every database has, over the tables of `FormDatabase`.
struct FormSample: Sendable, CustomTestStringConvertible {
    let form: SQLForm
    let query: QueryKind
    let sql: String

    var testDescription: String { "\(form): \(sql)" }

    init(_ form: SQLForm, _ query: QueryKind, _ sql: String) {
        self.form = form
        self.query = query
        self.sql = sql
    }

    private static let insert = "INSERT INTO m (s, c) VALUES ({segment_id}, 'a')"
    private static let rows =
        "INSERT INTO m (s, c) VALUES {for $l = $batch}({segment_id}, {$l.id}){autocomma}{end}"
    private static let merge =
        "MERGE INTO m t USING (SELECT {segment_id} AS s, 'a' AS c) x ON (t.s = x.s AND t.c = x.c) "
    private static let added = "WHEN NOT MATCHED THEN INSERT (s, c) VALUES (x.s, x.c)"

    static let all: [FormSample] = [
        FormSample(.deleteLimit, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} LIMIT 1"),
        FormSample(
            .deleteLimit, .removeProfiles,
            "DELETE FROM m WHERE s = {segment_id} AND c IN ({batch_in \"id\"}) LIMIT 1000"),
        FormSample(
            .updateLimit, .saveSegment, "UPDATE m SET n = 'x' WHERE s = {segment_id} LIMIT 1"),
        FormSample(.selectLimit, .members, "SELECT c FROM m WHERE s = {segment_id} LIMIT 1"),
        FormSample(.top, .members, "SELECT TOP 1 c FROM m WHERE s = {segment_id}"),
        FormSample(
            .fetchFirst, .members,
            "SELECT c FROM m WHERE s = {segment_id} ORDER BY c OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY"
        ),
        FormSample(
            .fetchWithoutOffset, .members,
            "SELECT c FROM m WHERE s = {segment_id} ORDER BY c FETCH FIRST 1 ROWS ONLY"),
        FormSample(.onDuplicateKey, .saveSegment, "\(insert) ON DUPLICATE KEY UPDATE n = 'x'"),
        FormSample(.onConflict, .saveSegment, "\(insert) ON CONFLICT (s, c) DO NOTHING"),
        FormSample(
            .conflictWithoutTarget, .saveSegment, "\(insert) ON CONFLICT DO UPDATE SET n = 'x'"),
        FormSample(
            .conflictBehindFrom, .saveSegment,
            "INSERT INTO m (s, c) SELECT s, c FROM u ON CONFLICT (s, c) DO NOTHING"),
        FormSample(
            .insertIgnore, .saveSegment, insert.replacing("INSERT INTO", with: "INSERT IGNORE INTO")
        ),
        FormSample(
            .insertOr, .saveSegment,
            insert.replacing("INSERT INTO", with: "INSERT OR IGNORE INTO")),
        FormSample(.insertSet, .saveSegment, "INSERT INTO m SET s = {segment_id}, c = 'a'"),
        FormSample(
            .insertAll, .saveSegment,
            "INSERT ALL INTO m (s, c) VALUES ({segment_id}, 'a') SELECT 1 FROM dual"),
        FormSample(
            .replaceInto, .saveSegment, insert.replacing("INSERT INTO", with: "REPLACE INTO")),
        FormSample(
            .rowAlias, .saveSegment, "\(insert) AS new ON DUPLICATE KEY UPDATE n = new.c"),
        FormSample(.valueRows, .addProfiles, rows),
        FormSample(.valueRows, .saveSegment, "\(insert), ({segment_id}, 'b')"),
        FormSample(.merge, .saveSegment, "\(merge)\(added);"),
        FormSample(.mergeWithoutEnd, .saveSegment, "\(merge)\(added)"),
        FormSample(
            .mergeBySource, .saveSegment, "\(merge)WHEN NOT MATCHED BY SOURCE THEN DELETE;"),
        FormSample(.returning, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} RETURNING c"),
        FormSample(
            .output, .deleteSegment, "DELETE FROM m OUTPUT deleted.c WHERE s = {segment_id}"),
        FormSample(.truncate, .clearSegment, "TRUNCATE TABLE m"),
        FormSample(.truncateWithoutTable, .clearSegment, "TRUNCATE m"),
        FormSample(.update, .saveSegment, "UPDATE m SET n = 'x' WHERE s = {segment_id}"),
        FormSample(
            .updateFrom, .saveSegment,
            "UPDATE m SET n = u.c FROM u WHERE m.s = u.s AND m.s = {segment_id}"),
        FormSample(
            .updateJoin, .saveSegment,
            "UPDATE m JOIN u ON m.s = u.s SET m.n = u.c WHERE m.s = {segment_id}"),
        FormSample(.delete, .deleteSegment, "DELETE FROM m WHERE s = {segment_id}"),
        FormSample(
            .deleteUsing, .deleteSegment,
            "DELETE FROM m USING u WHERE m.s = u.s AND m.s = {segment_id}"),
        FormSample(
            .deleteJoin, .deleteSegment,
            "DELETE m FROM m JOIN u ON m.s = u.s WHERE m.s = {segment_id}"),
        FormSample(
            .fullJoin, .members,
            "SELECT m.c FROM m FULL JOIN u ON m.s = u.s WHERE m.s = {segment_id}"),
        FormSample(.tableAlias, .members, "SELECT x.c FROM m AS x WHERE x.s = {segment_id}"),
        FormSample(
            .castOperator, .members, "SELECT c::varchar(10) FROM m WHERE s = {segment_id}"),
        FormSample(
            .ilike, .members, "SELECT c FROM m WHERE s = {segment_id} AND c ILIKE 'a'"),
        FormSample(.bars, .members, "SELECT c || 'x' FROM m WHERE s = {segment_id}"),
        FormSample(.booleanWord, .members, "SELECT c FROM m WHERE s = {segment_id} AND TRUE"),
        FormSample(
            .quotedValue, .saveSegment, "INSERT INTO m (s, c) VALUES ({segment_id}, \"static\")"),
        FormSample(.emptyText, .members, "SELECT c FROM m WHERE s = {segment_id} AND c = ''"),
        FormSample(.nowFunction, .members, "SELECT now() FROM m WHERE s = {segment_id}"),
        FormSample(.getdateFunction, .members, "SELECT getdate() FROM m WHERE s = {segment_id}"),
        FormSample(.sysdateWord, .members, "SELECT sysdate FROM m WHERE s = {segment_id}"),
        FormSample(.backtickName, .members, "SELECT `c` FROM m WHERE s = {segment_id}"),
        FormSample(.bracketName, .members, "SELECT c FROM [m] WHERE s = {segment_id}"),
    ]

    /// What looks like such a form and is none.
    static let nearMisses: [(ConnectorKind, QueryKind, String)] = [
        (.postgresql, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} AND n <> 'LIMIT 1'"),
        (.postgresql, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} -- LIMIT 1"),
        (.postgresql, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} AND \"limit\" = 1"),
        (
            .postgresql, .deleteSegment,
            "DELETE FROM m WHERE ctid IN (SELECT ctid FROM m WHERE s = {segment_id} LIMIT 1)"
        ),
        (
            .postgresql, .saveSegment,
            "\(insert.replacing("'a'", with: "'ON DUPLICATE KEY UPDATE'")) ON CONFLICT DO NOTHING"
        ),
        (.postgresql, .members, "SELECT a[1], \"`\" FROM m WHERE s = {segment_id}"),
        (.postgresql, .members, "SELECT replace(c, 'a', 'b') FROM m WHERE s = {segment_id}"),
        (.postgresql, .members, "SELECT t.getdate FROM t WHERE s = {segment_id}"),
        (.mysql, .members, "SELECT 'a::b', '|| ILIKE' FROM m WHERE s = {segment_id} LIMIT 1"),
        (.mysql, .saveSegment, "UPDATE m JOIN u ON m.s = u.s SET n = 1 WHERE m.s = {segment_id}"),
        (.mssql, .members, "SELECT [limit], [top] FROM m WHERE s = {segment_id}"),
        (.mssql, .members, "SELECT limit FROM m WHERE s = {segment_id} AND limit = 5"),
        (.mssql, .members, "SELECT dbo.now(), m.true FROM m WHERE s = {segment_id}"),
        (.mssql, .saveSegment, "\(merge)\(added); "),
        (.oracle, .deleteSegment, "DELETE FROM m WHERE s = {segment_id} AND n = '{segment_name}'"),
        (.oracle, .members, "SELECT c AS x FROM m t WHERE s = {segment_id}"),
        (.oracle, .members, "SELECT c FROM m AS OF SCN 5 WHERE s = {segment_id}"),
        (.oracle, .saveSegment, "UPDATE m SET n = '' WHERE s = {segment_id}"),
        (.mssql, .members, "SELECT c FROM m WHERE s = {segment_id} AND returning IS NULL"),
        (.mysql, .deleteSegment, "DELETE FROM a.m USING a.m JOIN u ON m.s = u.s = {segment_id}"),
        (.postgresql, .members, "SELECT top(c) FROM m WHERE s = {segment_id}"),
        (
            .sqlite, .saveSegment,
            "INSERT INTO m (s, c) SELECT s, c FROM u WHERE true ON CONFLICT DO NOTHING"
        ),
        (.clickhouse, .members, "SELECT c FROM m WHERE s = {segment_id} LIMIT 1"),
    ]
}
