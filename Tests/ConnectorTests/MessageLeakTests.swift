import Connector
import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Queries that fail for a value, in every way that the servers have of putting it into their
/// words.
@Suite("INV-10: a value that a target refuses stands in no text")
struct MessageLeakTests {
    /// A field's text, and what of it must not be told. `4711` is told nowhere.
    private static let canary = "Ca8317ry"
    private static let number = "8317004711"

    private static func profile(_ text: String) -> [ExactText: FieldValue] {
        ["x": .text(text), "n": .number(number), "c": .text("C8317"), "id": .text("p-\(text)")]
    }

    /// Fails for the value and tells of it nothing; as text, and with the values beside it.
    private func expectSilence(
        _ lane: BoundQueryTests.Lane, _ kind: ConnectorKind, _ source: String, _ text: String,
        mayPass: Bool = false
    ) async throws {
        let template = try BoundQueryTests.Lane.compile(kind, source)
        let rows = [Self.profile(text), Self.profile(text + "2")]
        var queries = [try lane.text(template, rows)]
        if lane.session.bindsValues, let bound = try lane.bound(template, rows) {
            queries.append(bound)
        }
        for query in queries {
            var failure = try await caught { _ = try await lane.deliver([query]) }
            #expect(failure != nil || query.isBound || mayPass, "it passes: \(source)")
            let vocabulary = QueryVocabulary([template], names: ["people"])
            for _ in 0..<2 {
                let texts: [String?] = [
                    failure?.message, failure?.hint, failure?.whereToRead, failure?.targetCode,
                    failure.map { "\($0)" },
                ]
                for told in texts.compactMap({ $0 }) {
                    for part in ["8317", "4711", "Ca8", "ca8"] {
                        #expect(!told.contains(part), "\(source): \(told)")
                    }
                    #expect(told.unicodeScalars.allSatisfy { $0.value >= 0x20 })
                }
                failure = failure?.told(in: vocabulary)
            }
        }
    }

    private static func insert(_ expression: String) -> String {
        "INSERT INTO sink SELECT * FROM (VALUES {for $l = $batch}(\(expression)){autocomma}{end}) v"
    }

    // MARK: PostgreSQL

    private static let postgresTables = """
        CREATE TABLE sink (v text);
        CREATE TYPE mood AS ENUM ('a');
        CREATE DOMAIN short AS text CHECK (length(VALUE) < 3);
        CREATE TABLE parent (k text PRIMARY KEY);
        CREATE TABLE child (k text REFERENCES parent);
        CREATE TABLE later (k text REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE checked (k text CONSTRAINT k_is_short CHECK (length(k) < 3));
        CREATE TABLE keyed (k text UNIQUE); INSERT INTO keyed VALUES ('\(canary)');
        CREATE TABLE narrow (k varchar(3), i integer, n numeric(4, 2), d date);
        CREATE TABLE computed (k text, g text GENERATED ALWAYS AS (k || 'x') STORED);
        CREATE TABLE parts (k text) PARTITION BY LIST (k);
        CREATE TABLE apart (k text, EXCLUDE USING btree (k WITH =));
        INSERT INTO apart VALUES ('\(canary)');
        CREATE TABLE viewed (k text);
        CREATE VIEW few AS SELECT * FROM viewed WHERE length(k) < 3 WITH CHECK OPTION;
        CREATE TABLE raised (k text, how text);
        CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE r record; BEGIN
          CASE NEW.how
          WHEN 'all' THEN RAISE EXCEPTION USING MESSAGE = NEW.k, DETAIL = NEW.k, HINT = NEW.k,
            COLUMN = NEW.k, CONSTRAINT = NEW.k, DATATYPE = NEW.k, TABLE = NEW.k, SCHEMA = NEW.k;
          WHEN 'table' THEN RAISE EXCEPTION USING ERRCODE = '42P01',
            MESSAGE = 'relation "' || NEW.k || '" does not exist', HINT = NEW.k;
          WHEN 'key' THEN RAISE EXCEPTION USING ERRCODE = '23505', CONSTRAINT = NEW.k,
            TABLE = NEW.k, MESSAGE = 'duplicate key value violates unique constraint "' || NEW.k
              || '"';
          WHEN 'long' THEN RAISE EXCEPTION USING ERRCODE = '22001',
            MESSAGE = 'value too long for type character varying(4711)';
          WHEN 'rights' THEN RAISE EXCEPTION USING ERRCODE = '42501',
            MESSAGE = 'permission denied for table ' || NEW.k;
          WHEN 'code' THEN RAISE EXCEPTION USING ERRCODE = 'C8317';
          WHEN 'assert' THEN ASSERT false, NEW.k;
          WHEN 'execute' THEN EXECUTE format('SELECT %I', NEW.k);
          WHEN 'name' THEN PERFORM NEW.k::regclass;
          WHEN 'cast' THEN PERFORM NEW.k::integer;
          WHEN 'strict' THEN SELECT 1 INTO STRICT r FROM raised WHERE k = NEW.k;
          WHEN 'again' THEN BEGIN PERFORM NEW.k::integer; EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION '%: %', NEW.k, SQLERRM USING ERRCODE = SQLSTATE; END;
          END CASE; RETURN NEW; END $$;
        CREATE TRIGGER complains BEFORE INSERT ON raised FOR EACH ROW EXECUTE FUNCTION complain();
        CREATE TABLE guarded (k text); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
        ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
        CREATE POLICY short_keys ON guarded USING (true) WITH CHECK (length(k) < 3);
        CREATE FUNCTION strict_sql(text) RETURNS integer LANGUAGE sql AS 'SELECT $1::integer';
        """

    @Test(
        "PostgreSQL: in functions and casts",
        arguments: [
            ("to_tsquery('simple', '{$l.x}')::text", "Ca8317ry ("),
            ("to_tsquery('{$l.x}', 'a')::text", canary),
            ("'{$l.x}'::regclass::text", canary), ("'{$l.x}'::regtype::text", canary),
            ("'{$l.x}'::regproc::text", canary), ("'{$l.x}'::json::text", canary),
            ("'{$l.x}'::jsonb::text", "{\"Ca8317ry\""), ("'{$l.x}'::date::text", canary),
            ("'{$l.x}'::timestamptz::text", "2026-01-01 00:00 Ca8317ry/Zone"),
            ("'{$l.x}'::integer::text", canary), ("'{$l.n}'::integer::text", canary),
            ("'{$l.n}'::numeric(4, 2)::text", canary), ("'{$l.x}'::uuid::text", canary),
            ("'{$l.x}'::inet::text", canary), ("'{$l.x}'::bit(4)::text", canary),
            ("'{$l.x}'::integer[]::text", "{Ca8317ry"), ("'{$l.x}'::mood::text", canary),
            ("'{$l.x}'::short::text", canary), ("'{$l.x}'::xml::text", "<Ca8317ry"),
            ("'{$l.x}'::money::text", canary), ("'{$l.x}'::interval::text", canary),
            ("jsonb_path_query_first('[]', '{$l.x}'::jsonpath)::text", "$.Ca8317ry ?("),
            ("('a' ~ '{$l.x}')::text", "Ca8317ry("),
            ("(now() AT TIME ZONE '{$l.x}')::text", canary),
            ("current_setting('{$l.x}')", canary), ("to_date('{$l.x}', 'YYYY')::text", canary),
            ("decode('{$l.x}', 'hex')::text", "Ca8317ry"), ("nextval('{$l.x}')::text", canary),
            ("has_table_privilege('{$l.x}', 'SELECT')::text", canary),
            ("convert_to('a', '{$l.x}')::text", canary), ("format('%{$l.x}')", "8317Z"),
            ("date_trunc('{$l.x}', now())::text", canary), ("strict_sql('{$l.x}')::text", canary),
            ("extract('{$l.x}' FROM now())::text", canary),
            ("(xpath('{$l.x}', '<a/>'))::text", "//Ca8317ry["),
        ])
    func postgresFunctions(_ example: (expression: String, text: String)) async throws {
        try await BoundQueryTests.withLane(.postgresql, Self.postgresTables) { lane in
            try await expectSilence(
                lane, .postgresql, Self.insert(example.expression), example.text)
        }
    }

    @Test("PostgreSQL: in constraints, triggers, views, partitions and policies")
    func postgresTables() async throws {
        try await BoundQueryTests.withLane(.postgresql, Self.postgresTables) { lane in
            for table in ["child", "later", "checked", "keyed", "parts", "apart", "few"] {
                try await expectSilence(
                    lane, .postgresql,
                    "INSERT INTO \(table) (k) VALUES {for $l = $batch}('{$l.x}'){autocomma}{end}",
                    Self.canary)
            }
            for (columns, values) in [
                ("k", "'{$l.x}'"), ("i", "'{$l.x}'"), ("i", "{$l.x}"), ("i", "{$l.n}"),
                ("n", "{$l.n}"), ("d", "'{$l.x}'"), ("d", "{$l.n}"),
            ] {
                try await expectSilence(
                    lane, .postgresql,
                    "INSERT INTO narrow (\(columns)) VALUES {for $l = $batch}(\(values))"
                        + "{autocomma}{end}", Self.canary)
            }
            try await expectSilence(
                lane, .postgresql,
                "INSERT INTO computed (k, g) VALUES {for $l = $batch}('{$l.x}', '{$l.x}')"
                    + "{autocomma}{end}", Self.canary)
            for how in [
                "all", "table", "key", "long", "rights", "code", "assert", "execute", "name",
                "cast", "strict", "again", "nothing",
            ] {
                try await expectSilence(
                    lane, .postgresql,
                    "INSERT INTO raised (k, how) VALUES {for $l = $batch}('{$l.x}', '\(how)')"
                        + "{autocomma}{end}", Self.canary)
            }
            _ = try await lane.session.execute(
                sql(
                    """
                    DO $$ BEGIN CREATE ROLE guest;
                    EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                    GRANT ALL ON guarded, segledger_cursor TO guest; SET ROLE guest
                    """))
            try await expectSilence(
                lane, .postgresql,
                "INSERT INTO guarded (k) VALUES {for $l = $batch}('{$l.x}'){autocomma}{end}",
                Self.canary)
        }
    }

    // MARK: MariaDB

    private static let mySQLTables = """
        CREATE TABLE sink (v longtext);
        CREATE TABLE parent (k varchar(99) PRIMARY KEY) ENGINE = InnoDB;
        CREATE TABLE child (k varchar(99), FOREIGN KEY (k) REFERENCES parent (k)) ENGINE = InnoDB;
        CREATE TABLE checked (k varchar(99), CONSTRAINT k_is_short CHECK (length(k) < 3));
        CREATE TABLE keyed (k varchar(99) UNIQUE); INSERT INTO keyed VALUES ('\(canary)');
        CREATE TABLE narrow (k varchar(3), i integer, n decimal(4, 2), d date, e enum('a'),
          t datetime, u uuid, a inet6, j json, y year);
        CREATE TABLE parts (k varchar(99))
            PARTITION BY LIST COLUMNS (k) (PARTITION p VALUES IN ('a'));
        CREATE TABLE viewed (k varchar(99));
        CREATE VIEW few AS SELECT * FROM viewed WHERE length(k) < 3 WITH CHECK OPTION;
        CREATE TABLE words (k text, FULLTEXT (k)) ENGINE = InnoDB;
        CREATE TABLE raised (k varchar(99), how varchar(99));
        CREATE TRIGGER complains BEFORE INSERT ON raised FOR EACH ROW CASE NEW.how
          WHEN 'all' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = NEW.k,
            CONSTRAINT_NAME = NEW.k, TABLE_NAME = NEW.k, COLUMN_NAME = NEW.k;
          WHEN 'key' THEN BEGIN DECLARE m text; SET m = concat('Duplicate entry ''x'' for key ''',
            NEW.k, ''''); SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = m; END;
          WHEN 'table' THEN BEGIN DECLARE m text; SET m = concat('Table ''', NEW.k,
            ''' doesn''t exist'); SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146,
            MESSAGE_TEXT = m; END;
          WHEN 'line' THEN SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1064,
            MESSAGE_TEXT = 'x at line 4711';
          WHEN 'code' THEN SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 18317;
          WHEN 'state' THEN SIGNAL SQLSTATE 'C8317' SET MESSAGE_TEXT = NEW.k;
          ELSE SET NEW.k = CAST(NEW.k AS INTEGER) + ST_GeomFromText(NEW.k);
          END CASE;
        """

    @Test("MariaDB: in functions, constraints, triggers and views")
    func mySQL() async throws {
        try await BoundQueryTests.withLane(.mysql, Self.mySQLTables) { lane in
            func silent(_ source: String, _ text: String = Self.canary, mayPass: Bool = false)
                async throws
            { try await expectSilence(lane, .mysql, source, text, mayPass: mayPass) }
            for table in ["child", "checked", "keyed", "parts", "few"] {
                try await silent(
                    "INSERT INTO \(table) (k) VALUES {for $l = $batch}('{$l.x}'){autocomma}{end}")
            }
            for column in ["k", "i", "n", "d", "e", "t", "u", "a", "j", "y"] {
                try await silent(
                    "INSERT INTO narrow (\(column)) VALUES "
                        + "{for $l = $batch}('{$l.x}'){autocomma}{end}"
                )
            }
            for column in ["i", "n", "d", "e", "y"] {
                try await silent(
                    "INSERT INTO narrow (\(column)) VALUES "
                        + "{for $l = $batch}({$l.n}){autocomma}{end}"
                )
            }
            for how in ["all", "key", "table", "line", "code", "state", "else"] {
                try await silent(
                    "INSERT INTO raised (k, how) VALUES {for $l = $batch}('{$l.x}', '\(how)')"
                        + "{autocomma}{end}")
            }
            for (expression, text) in [
                ("json_extract('[]', '{$l.x}')", "$.Ca8317ry["),
                ("st_geomfromtext('{$l.x}')", Self.canary), ("('a' REGEXP '{$l.x}')", "Ca8317ry("),
                ("extractvalue('<a/>', '{$l.x}')", "//Ca8317ry["),
                ("str_to_date('{$l.x}', '%Y')", Self.canary),
                ("cast('{$l.x}' AS date)", Self.canary),
                ("convert('{$l.x}' USING latin1) + '{$l.x}'", "Ca8317ry茶"),
                (
                    "(SELECT 1 FROM words WHERE match (k) AGAINST ('{$l.x}' IN BOOLEAN MODE))",
                    "+Ca8317ry +-@("
                ),
            ] {
                try await silent(
                    "INSERT INTO sink {for $i, $l = $batch}{if $i > 0} UNION ALL {end}"
                        + "SELECT \(expression){end}", text, mayPass: true)
            }
        }
    }

    // MARK: SQLite

    private static let sqliteTables = """
        CREATE TABLE sink (v text);
        CREATE TABLE checked (k text CONSTRAINT k_is_short CHECK (length(k) < 3));
        CREATE TABLE unnamed (k text CHECK (length(k) < 3));
        CREATE TABLE keyed (k text UNIQUE); INSERT INTO keyed VALUES ('\(canary)');
        CREATE TABLE strictly (k integer) STRICT;
        CREATE TABLE numbered (k integer PRIMARY KEY);
        CREATE VIRTUAL TABLE words USING fts5 (k);
        CREATE TABLE raised (k text);
        CREATE TRIGGER complains BEFORE INSERT ON raised BEGIN
          SELECT RAISE (ABORT, 'UNIQUE constraint failed: Ca8317ry'); END;
        """

    @Test("SQLite: in functions, constraints, triggers and full-text search")
    func sqlite() async throws {
        try await BoundQueryTests.withLane(.sqlite, Self.sqliteTables) { lane in
            for table in ["checked", "unnamed", "keyed", "strictly", "numbered", "raised"] {
                try await expectSilence(
                    lane, .sqlite,
                    "INSERT INTO \(table) (k) VALUES {for $l = $batch}('{$l.x}'){autocomma}{end}",
                    Self.canary)
            }
            for (expression, text) in [
                ("json('{$l.x}')", Self.canary), ("json_extract('[]', '{$l.x}')", Self.canary),
                ("json_extract('{$l.x}', '$')", "{Ca8317ry"),
                ("(SELECT k FROM words WHERE words MATCH '{$l.x}')", "Ca8317ry:a"),
                ("(SELECT k FROM words WHERE words MATCH '{$l.x}')", "Ca8317ry AND ("),
                ("(SELECT k FROM words WHERE words MATCH '{$l.x}')", "\"Ca8317ry"),
            ] {
                try await expectSilence(
                    lane, .sqlite,
                    "INSERT INTO sink VALUES {for $l = $batch}(\(expression)){autocomma}{end}", text
                )
            }
        }
    }

    // MARK: ClickHouse

    @Test(
        "ClickHouse: in functions and formats",
        arguments: [TargetVariant.clickHouseServer, .clickHouseEngine])
    func clickHouse(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let session = try await target.connect()
        _ = try await session.execute(
            sql("CREATE TABLE sink (v String, i Int32, d Date, u UUID) ENGINE = Memory"))
        for (columns, expression, text) in [
            ("v", "toString(toDate('{$l.x}'))", Self.canary),
            ("v", "toString(toInt32('{$l.x}'))", Self.canary),
            ("v", "toString(toUUID('{$l.x}'))", Self.canary),
            ("v", "toString(toDateTime('2026-01-01 00:00:00', '{$l.x}'))", Self.canary),
            ("v", "toString(CAST('{$l.x}' AS Enum8('a' = 1)))", Self.canary),
            ("v", "toString(match('a', '{$l.x}'))", "Ca8317ry("),
            ("v", "toString(throwIf(1, '{$l.x}'))", Self.canary),
            ("v", "toString(toFixedString('{$l.x}', 3))", Self.canary),
            ("v", "dictGetString('{$l.x}', 'a', toUInt64(1))", Self.canary),
            ("v", "toString(getSetting('{$l.x}'))", Self.canary),
            ("i", "'{$l.x}'", Self.canary), ("d", "'{$l.x}'", Self.canary),
            ("u", "'{$l.x}'", Self.canary), ("i", "toInt32('{$l.n}x')", Self.canary),
        ] {
            let template = try BoundQueryTests.Lane.compile(
                .clickhouse,
                "INSERT INTO sink (\(columns)) VALUES "
                    + "{for $l = $batch}(\(expression)){autocomma}{end}"
            )
            var output: [UInt8] = []
            try template.render(
                RenderRows([Self.profile(text)], for: template), BoundQueryTests.Lane.scope(),
                into: &output)
            let query = output
            guard let failure = try await caught({ _ = try await session.execute(query) }) else {
                // ClickHouse 18 takes any text for a date.
                #expect(variant.testDescription.contains("18.16") && columns == "d")
                continue
            }
            let told = failure.told(in: QueryVocabulary([template]))
            for text in [failure, told].flatMap({ [$0.message, $0.hint ?? "", "\($0)"] }) {
                #expect(!text.contains("8317") && !text.contains("4711"), "\(expression): \(text)")
            }
            #expect(failure.class != .transient, "\(expression): \(failure)")
        }
        await session.close()
    }
}
