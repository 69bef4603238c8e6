/// Ways to make a database say a value in an error: a column that takes the value of an expression,
/// and what has to stand there before.
struct LeakCase: Sendable {
    let name: String
    /// The type of the column `v`, with its rules.
    let column: String
    /// What is written into it: SQL around tags of `$lead`.
    let value: String
    /// Run before the table `TABLE` is made, and after.
    var before = ""
    var after = ""

    init(
        _ name: String, _ column: String, _ value: String = "'{$lead.Text}'", before: String = "",
        after: String = ""
    ) {
        (self.name, self.column, self.value) = (name, column, value)
        (self.before, self.after) = (before, after)
    }
}

/// The values of the profiles that cannot be written anywhere. A part of each is in `words`, and
/// none of these words belongs to anything else.
enum Canary {
    static let words = [
        "CANARY", "canary", "98765432", "43.21", "1999-13", "(((", "c4nary",
        // In hexadecimal and in base 64.
        "43414E415259", "43414e415259", "Q0FOQVJZ",
    ]

    /// Adds three profiles that have the fields of all cases.
    static let events: String = {
        let profiles = (1...3).map { number in
            let fields = [
                #""Text":"CANARYtext\#(number)","Same":"CANARYsame""#,
                #""Number":98765432123\#(number),"Decimal":-43.21e\#(number)0"#,
                #""Date":"1999-13-77","Pattern":"c4nary(((","Query":"CANARY & | (((""#,
                #""Quoted":"CANARY'\"`\\","Lines":"CANARY\none\ttwo""#,
                #""Foreign":"CANARYéß漢","Spoof":"near \"CANARY\" at line 1""#,
                #""Long":"\#(String(repeating: "CANARY ", count: 300))""#,
            ]
            return #"{"id":"CANARY-id-\#(number)","fields":{\#(fields.joined(separator: ","))}}"#
        }
        return """
            {"type":"segment_created","segment_id":7,"segment_name":"CANARY segment"}
            {"type":"profiles_added","segment_id":7,"profiles":[\(profiles.joined(separator: ","))]}

            """
    }()
}

extension LeakCase {
    static let sqlite = [
        LeakCase("check", "TEXT CHECK (v NOT LIKE 'CAN%')"),
        LeakCase("unique", "TEXT UNIQUE", "'{$lead.Same}'"),
        LeakCase("json", "TEXT", "json('{$lead.Text}')"),
        LeakCase("jsonpath", "TEXT", "json_extract('{}', '{$lead.Text}')"),
        LeakCase("escape", "TEXT", "'x' LIKE 'y' ESCAPE '{$lead.Text}'"),
        LeakCase(
            "fulltext", "TEXT", "(SELECT a FROM search WHERE search MATCH '{$lead.Query}')",
            before: "CREATE VIRTUAL TABLE search USING fts5(a)"),
        LeakCase(
            "column", "TEXT", "(SELECT a FROM other WHERE other MATCH '{$lead.Text}:x')",
            before: "CREATE VIRTUAL TABLE other USING fts5(a)"),
        LeakCase(
            "trigger", "TEXT",
            after: "CREATE TRIGGER stop_TABLE BEFORE INSERT ON TABLE "
                + "BEGIN SELECT json(new.v); END"),
    ]

    static let postgresql = types + names + raised

    private static let types = [
        LeakCase("integer", "integer"), LeakCase("range", "integer", "{$lead.Number}"),
        LeakCase("numeric", "numeric(3)", "'{$lead.Decimal}'"),
        LeakCase("date", "date", "'{$lead.Date}'"),
        LeakCase("check", "text CHECK (v NOT LIKE 'CAN%')"),
        LeakCase("unique", "text UNIQUE", "'{$lead.Same}'"), LeakCase("length", "varchar(3)"),
        LeakCase("long", "integer", "'{$lead.Long}'"),
        LeakCase("quoted", "integer", "'{$lead.Quoted}'"),
        LeakCase("lines", "integer", "'{$lead.Lines}'"),
        LeakCase("spoof", "integer", "'{$lead.Spoof}'"),
        LeakCase("other", "integer", "'{$lead.Foreign}'"),
        LeakCase(
            "foreign", "text REFERENCES parent (id)",
            before: "CREATE TABLE parent (id text PRIMARY KEY)"),
        LeakCase("enum", "colour", before: "CREATE TYPE colour AS ENUM ('red')"),
        LeakCase(
            "domain", "short", before: "CREATE DOMAIN short AS text CHECK (length(value) < 3)"),
        LeakCase("json", "jsonb"), LeakCase("uuid", "uuid"),
        LeakCase("bytes", "bytea", "'\\x{$lead.Text}'"),
        LeakCase("interval", "interval"), LeakCase("address", "inet"),
        LeakCase("array", "integer[]"),
    ]

    /// Values that are names, queries or expressions.
    private static let names = [
        LeakCase("regclass", "regclass"), LeakCase("regtype", "regtype"),
        LeakCase("regproc", "regproc"), LeakCase("regrole", "regrole"),
        LeakCase("tsquery", "tsquery", "to_tsquery('{$lead.Query}')"),
        LeakCase("tsconfig", "tsvector", "to_tsvector('{$lead.Text}', 'x')"),
        LeakCase("pattern", "boolean", "'x' ~ '{$lead.Pattern}'"),
        LeakCase("jsonpath", "jsonpath", "'{$lead.Query}'"),
        LeakCase("zone", "timestamp", "now() AT TIME ZONE '{$lead.Same}'"),
        LeakCase("setting", "text", "current_setting('{$lead.Text}')"),
        LeakCase("sequence", "bigint", "nextval('{$lead.Text}')"),
        LeakCase("encoding", "text", "convert_from('x', '{$lead.Text}')"),
        LeakCase("decode", "bytea", "decode('{$lead.Text}', '{$lead.Text}')"),
        LeakCase("rights", "boolean", "has_table_privilege('{$lead.Text}', 'pg_class', 'select')"),
        LeakCase("function", "text", "no_such_function('{$lead.Text}')"),
        LeakCase("operator", "text", "('{$lead.Text}'::text + 1)::text"),
    ]

    /// Texts that the target's own code writes.
    private static let raised = [
        raising("raise_plain", "RAISE EXCEPTION 'bad %', new.v"),
        raising(
            "raise_missing",
            "RAISE EXCEPTION 'relation \"%\" does not exist', new.v USING ERRCODE = '42P01'"),
        raising(
            "raise_unique",
            "RAISE unique_violation USING MESSAGE = new.v, DETAIL = new.v, HINT = new.v, "
                + "CONSTRAINT = new.v, TABLE = new.v, COLUMN = new.v"),
        raising("raise_own", "RAISE EXCEPTION '%', new.v USING ERRCODE = 'CNRY1'"),
        raising("run_dynamic", "EXECUTE 'SELECT ' || new.v || ' FROM nowhere'"),
        raising("run_syntax", "EXECUTE new.v"),
    ]

    private static func raising(_ name: String, _ body: String) -> LeakCase {
        LeakCase(
            name, "text",
            before: "CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql AS "
                + "$$ BEGIN \(body); RETURN new; END $$",
            after: "CREATE TRIGGER stop_TABLE BEFORE INSERT ON TABLE "
                + "FOR EACH ROW EXECUTE FUNCTION \(name)()")
    }

    static let mysql = [
        LeakCase("integer", "INT"), LeakCase("range", "INT", "{$lead.Number}"),
        LeakCase("decimal", "DECIMAL(3,1)", "'{$lead.Decimal}'"),
        LeakCase("date", "DATE", "'{$lead.Date}'"),
        LeakCase("check", "VARCHAR(99) CHECK (v NOT LIKE 'CAN%')"),
        LeakCase("unique", "VARCHAR(99) UNIQUE", "'{$lead.Same}'"),
        LeakCase("length", "VARCHAR(3)"), LeakCase("quoted", "INT", "'{$lead.Quoted}'"),
        LeakCase("lines", "INT", "'{$lead.Lines}'"), LeakCase("spoof", "INT", "'{$lead.Spoof}'"),
        LeakCase("other", "INT", "'{$lead.Foreign}'"), LeakCase("enum", "ENUM('red')"),
        LeakCase("json", "JSON"), LeakCase("uuid", "UUID"), LeakCase("address", "INET6"),
        LeakCase("pattern", "INT", "'x' REGEXP '{$lead.Pattern}'"),
        LeakCase("xpath", "TEXT", "ExtractValue('<a/>', '{$lead.Query}')"),
        LeakCase("geometry", "GEOMETRY"),
        LeakCase(
            "foreign", "VARCHAR(99), FOREIGN KEY (v) REFERENCES parent (id)",
            before: "CREATE TABLE parent (id VARCHAR(99) PRIMARY KEY)"),
        LeakCase("cast", "VARCHAR(99)", "CAST('{$lead.Text}' AS DECIMAL(3)) + '{$lead.Date}'"),
        signalling("signal", "45000", 1644), signalling("signal_missing", "42S02", 1146),
        signalling("signal_syntax", "42000", 1064), signalling("signal_unique", "23000", 1062),
    ]

    private static func signalling(_ name: String, _ state: String, _ number: Int) -> LeakCase {
        LeakCase(
            name, "VARCHAR(99)",
            after: "CREATE PROCEDURE raise_TABLE(t TEXT) SIGNAL SQLSTATE '\(state)' "
                + "SET MESSAGE_TEXT = t, MYSQL_ERRNO = \(number); "
                + "CREATE TRIGGER stop_TABLE BEFORE INSERT ON TABLE "
                + "FOR EACH ROW CALL raise_TABLE(new.v)")
    }

    static let clickhouse = [
        LeakCase("integer", "Int32"), LeakCase("convert", "Int32", "toInt32('{$lead.Text}')"),
        LeakCase("quoted", "Int32", "toInt32('{$lead.Quoted}')"),
        LeakCase("lines", "Int32", "toInt32('{$lead.Lines}')"),
        LeakCase("other", "Int32", "toInt32('{$lead.Foreign}')"),
        LeakCase("enum", "Enum8('red' = 1)"), LeakCase("fixed", "FixedString(3)"),
        LeakCase("uuid", "UUID", "toUUID('{$lead.Text}')"),
        LeakCase("pattern", "UInt8", "match('x', '{$lead.Pattern}')"),
        LeakCase("dictionary", "UInt8", "dictGetUInt8('{$lead.Text}', 'a', toUInt64(1))"),
        LeakCase("function", "UInt8", "no_such_function('{$lead.Text}')"),
        LeakCase("operator", "String", "toString(toInt32(1) + '{$lead.Text}')"),
    ]
}
