import KindTesting
import SQLTemplate
import SegmentModel

extension FormSample {
    /// The sample as it is once the hint of a kind is obeyed, in each way that the hint names.
    func obeyed(_ kind: ConnectorKind) -> [String] {
        switch form {
        case .deleteLimit, .updateLimit, .selectLimit, .top, .fetchFirst, .fetchWithoutOffset:
            counted(kind)
        case .onDuplicateKey, .onConflict, .conflictWithoutTarget, .conflictBehindFrom,
            .insertIgnore, .insertOr, .insertSet, .insertAll, .replaceInto, .rowAlias, .valueRows,
            .merge, .mergeWithoutEnd, .mergeBySource:
            written(kind)
        case .quotedValue: [sql.replacing("\"static\"", with: "'static'")]
        case .returning, .output, .delete: ["DELETE FROM m WHERE s = {segment_id}"]
        case .truncate, .truncateWithoutTable:
            kind == .mssql ? ["TRUNCATE TABLE m"] : ["DELETE FROM m"]
        case .update, .updateFrom, .updateJoin: updated(kind)
        case .deleteUsing, .deleteJoin: deleted(kind)
        case .fullJoin, .tableAlias, .castOperator, .ilike, .bars, .booleanWord, .emptyText,
            .nowFunction, .getdateFunction, .sysdateWord, .backtickName, .bracketName:
            ["SELECT \(asked(kind))"]
        }
    }

    private func counted(_ kind: ConnectorKind) -> [String] {
        let plain = sql.replacing(" LIMIT 1000", with: "").replacing(" LIMIT 1", with: "")
        let question = "SELECT c FROM m WHERE s = {segment_id}"
        switch (form, kind) {
        case (.deleteLimit, .postgresql), (.updateLimit, .postgresql):
            let inner = "SELECT ctid FROM m WHERE s = {segment_id} LIMIT 1"
            return [plain, plain + " AND ctid IN (\(inner))"]
        case (.deleteLimit, .sqlite), (.updateLimit, .sqlite):
            let inner = "SELECT rowid FROM m WHERE s = {segment_id} LIMIT 1"
            return [plain, plain + " AND rowid IN (\(inner))"]
        case (.deleteLimit, .mssql):
            return [plain, plain.replacing("DELETE FROM", with: "DELETE TOP (1) FROM")]
        case (.updateLimit, .mssql):
            return [plain, plain.replacing("UPDATE m", with: "UPDATE TOP (1) m")]
        case (.deleteLimit, .oracle), (.updateLimit, .oracle):
            return [plain, plain + " AND ROWNUM <= 1"]
        case (.updateLimit, .clickhouse): return updated(kind)
        case (.deleteLimit, _), (.updateLimit, _): return [plain]
        case (_, .mssql):
            return [
                question.replacing("SELECT c", with: "SELECT TOP (1) c"),
                question + " ORDER BY c OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY",
            ]
        case (_, .oracle): return [question + " FETCH FIRST 1 ROWS ONLY"]
        default: return [question + " LIMIT 1"]
        }
    }

    private func written(_ kind: ConnectorKind) -> [String] {
        let insert = "INSERT INTO m (s, c) VALUES ({segment_id}, 'a')"
        switch kind {
        case .postgresql, .sqlite:
            let upsert = insert + " ON CONFLICT (s, c) DO UPDATE SET n = excluded.c"
            let nothing = insert + " ON CONFLICT DO NOTHING"
            switch form {
            case .conflictBehindFrom:
                return [
                    "INSERT INTO m (s, c) SELECT s, c FROM u WHERE true "
                        + "ON CONFLICT (s, c) DO NOTHING"
                ]
            case .mergeBySource: return ["DELETE FROM m WHERE s = {segment_id}"]
            case .insertIgnore where kind == .sqlite:
                return [nothing, insert.replacing("INSERT", with: "INSERT OR IGNORE")]
            default: return [upsert, nothing]
            }
        case .mysql:
            let update = insert + " ON DUPLICATE KEY UPDATE "
            return [update + "n = VALUES(c)", update + "c = c"]
        case .clickhouse: return ["INSERT INTO m (s, c, n) VALUES ({segment_id}, 'a', '')"]
        case .mssql:
            return [
                "MERGE INTO m WITH (HOLDLOCK) AS t USING (SELECT {segment_id} AS s, 'a' AS c) AS x "
                    + "ON t.s = x.s AND t.c = x.c WHEN MATCHED THEN UPDATE SET n = 'x' "
                    + "WHEN NOT MATCHED THEN INSERT (s, c) VALUES (x.s, x.c);"
            ]
        default:
            if form == .mergeBySource { return ["DELETE FROM m WHERE s = {segment_id}"] }
            if form == .valueRows {
                let row = "SELECT {segment_id}, {$l.id} FROM dual"
                return query == .addProfiles
                    ? ["INSERT INTO m (s, c) \(row.replacing("{$l.id}", with: "'a'"))"]
                    : [
                        "INSERT INTO m (s, c) SELECT {segment_id}, 'a' FROM dual "
                            + "UNION ALL SELECT {segment_id}, 'b' FROM dual"
                    ]
            }
            return [
                "MERGE INTO m t USING (SELECT {segment_id} AS s, 'a' AS c FROM dual) x "
                    + "ON (t.s = x.s AND t.c = x.c) WHEN MATCHED THEN UPDATE SET t.n = 'x' "
                    + "WHEN NOT MATCHED THEN INSERT (s, c) VALUES (x.s, x.c)"
            ]
        }
    }

    private func updated(_ kind: ConnectorKind) -> [String] {
        switch kind {
        case .mysql:
            ["UPDATE m JOIN u ON m.s = u.s SET m.n = u.c WHERE m.s = {segment_id}"]
        case .clickhouse:
            [
                "ALTER TABLE m UPDATE n = 'x' WHERE s = {segment_id}",
                "ALTER TABLE m UPDATE n = 'x' WHERE s = {segment_id} AND s IN (SELECT s FROM u)",
            ]
        case .oracle:
            [
                "MERGE INTO m t USING (SELECT s, c FROM u) x ON (t.s = x.s) "
                    + "WHEN MATCHED THEN UPDATE SET t.n = x.c"
            ]
        case .mssql:
            ["UPDATE m SET n = u.c FROM m JOIN u ON m.s = u.s WHERE m.s = {segment_id}"]
        default:
            ["UPDATE m SET n = u.c FROM u WHERE m.s = u.s AND m.s = {segment_id}"]
        }
    }

    private func deleted(_ kind: ConnectorKind) -> [String] {
        switch kind {
        case .postgresql: ["DELETE FROM m USING u WHERE m.s = u.s AND m.s = {segment_id}"]
        case .mysql: ["DELETE m FROM m JOIN u ON m.s = u.s WHERE m.s = {segment_id}"]
        case .mssql: ["DELETE t FROM m AS t JOIN u ON t.s = u.s WHERE t.s = {segment_id}"]
        default:
            ["DELETE FROM m WHERE s = {segment_id} AND s IN (SELECT s FROM u)"]
        }
    }

    private func asked(_ kind: ConnectorKind) -> String {
        let rest = "FROM m WHERE s = {segment_id}"
        switch form {
        case .fullJoin:
            return "m.c FROM m LEFT JOIN u ON m.s = u.s WHERE m.s = {segment_id} UNION "
                + "SELECT m.c FROM m RIGHT JOIN u ON m.s = u.s WHERE m.s = {segment_id}"
        case .tableAlias: return "x.c FROM m x WHERE x.s = {segment_id}"
        case .castOperator: return "CAST(c AS \(kind == .mysql ? "char" : "varchar")(10)) \(rest)"
        case .ilike:
            return kind == .oracle
                ? "c \(rest) AND UPPER(c) LIKE UPPER('a')" : "c \(rest) AND c LIKE 'a'"
        case .bars: return "CONCAT(c, 'x') \(rest)"
        case .booleanWord: return "c \(rest) AND 1 = 1"
        case .emptyText: return "c \(rest) AND c IS NULL"
        case .nowFunction, .getdateFunction, .sysdateWord: return "{event_time} \(rest)"
        case .backtickName:
            return kind == .mssql
                ? "[c] \(rest)" : kind == .oracle ? "\"C\" \(rest)" : "\"c\" \(rest)"
        case .bracketName:
            let quote = kind == .mysql ? "`" : "\""
            return "c FROM \(quote)m\(quote) WHERE s = {segment_id}"
        default: return "c \(rest)"
        }
    }
}
