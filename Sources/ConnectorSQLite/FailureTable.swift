internal import Connector
internal import GRDBSQLite

/// SQLite's texts. Source: the formats of `sqlite3ErrorMsg` in `src/` (parse.y, resolve.c, expr.c,
/// select.c, insert.c, build.c), of `sqlite3HaltConstraint` and `sqlite3UniqueConstraint`, and
/// https://sqlite.org/limits.html
extension SQLiteFailures {
    /// SQLITE_ERROR stands for anything. What is known by its text to be about values, or about a
    /// statement's size, is not the query's fault.
    struct Cause {
        let `class`: TargetFailure.Class
        let sentence: String
        let texts: [MessageTemplate]
        var hint: String?
    }

    static let causes = [
        // The same rows pass in smaller statements.
        Cause(
            class: .tooLarge, sentence: "the statement is larger than SQLite takes",
            texts: [
                "too many terms in compound SELECT", "too many SQL variables",
                "Expression tree is too large (maximum depth {any})", "parser stack overflow",
            ], hint: "make the batches smaller, or write VALUES instead of UNION ALL"),
        Cause(
            class: .values, sentence: "a value is no JSON",
            texts: ["malformed JSON", "JSON cannot hold BLOB values"]),
        Cause(
            class: .values, sentence: "a value is no path of JSON",
            texts: ["bad JSON path: {any}", "JSON path error near {any}"]),
        Cause(
            class: .values, sentence: "a number is out of range",
            texts: ["integer overflow", "LIKE or GLOB pattern too complex"]),
        Cause(
            class: .values, sentence: "a value is no expression of full-text search",
            texts: [
                #"fts5: syntax error near "{any}""#, "malformed MATCH expression: [{any}]",
                "unterminated string", "unknown special query: {any}", "fts5: {any}",
            ]),
    ]

    /// Their texts name what the library read from the database's own schema; a trigger's RAISE has
    /// a code of its own.
    static let namingCodes: Set<CInt> = Set(
        [1, 5, 6, 8, 10, 12].map { SQLITE_CONSTRAINT | $0 << 8 })

    static let constraintTexts: [MessageTemplate] = [
        "UNIQUE constraint failed: {name}", "NOT NULL constraint failed: {name}",
        "CHECK constraint failed: {name}",
        "cannot store {words} value in {words} column {name}", "datatype mismatch",
    ]

    /// What stands behind the colon, or at the end: columns, a constraint's name or its expression.
    static func constraintNames(_ message: String) -> Set<String> {
        let behind = message.firstRange(of: ": ")?.upperBound
        let column = message.firstRange(of: " column ")?.upperBound
        guard let start = behind ?? column else { return [] }
        return [String(message[start...])]
    }

    static let texts: [MessageTemplate] = [
        #"near "{token}": syntax error"#, "incomplete input", #"unrecognized token: "{token}""#,
        "no such table: {name}", "no such column: {name}", "no such function: {name}",
        "no such index: {name}", "no such view: {name}", "no such module: {name}",
        "no such collation sequence: {name}", "table {name} has no column named {name}",
        "ambiguous column name: {name}", "table {name} already exists",
        "index {name} already exists", "table {name} may not be modified",
        "table {name} has {any} columns but {any} values were supplied",
        "{any} values for {any} columns", "all VALUES must have the same number of terms",
        "SELECTs to the left and right of {words} do not have the same number of result columns",
        "wrong number of arguments to function {name}()", "misuse of aggregate: {name}()",
        "misuse of aggregate function {name}()",
        "cannot modify {name} because it is a view",
        #"cannot INSERT into generated column "{name}""#,
        #"cannot UPDATE generated column "{name}""#,
        "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
        "sub-select returns {any} columns - expected {any}", "row value misused",
        "FOREIGN KEY constraint failed", "datatype mismatch", "string or blob too big",
        "attempt to write a readonly database", "database is locked", "database table is locked",
        "database schema is locked: {name}", "database schema has changed",
        "database disk image is malformed", "unable to open database file",
        "file is not a database", "disk I/O error", "database or disk is full", "out of memory",
        "locking protocol", "cannot commit - no transaction is active",
        "foreign key mismatch - {words} referencing {words}", "too many terms in compound SELECT",
        "too many SQL variables", "malformed JSON", "integer overflow",
        "too many attached databases - max {any}",
    ]

    static func sentence(_ code: CInt) -> String {
        if let sentence = extendedSentences[code] { return sentence }
        return sentences[code & 0xFF] ?? "the query is not one that the database can run"
    }

    private static let extendedSentences: [CInt: String] = [
        SQLITE_CONSTRAINT | 1 << 8: "a check does not hold",
        SQLITE_CONSTRAINT | 3 << 8: "a foreign key has no parent row, or a row has children",
        SQLITE_CONSTRAINT | 5 << 8: "a column must not be null",
        SQLITE_CONSTRAINT | 6 << 8: "a key is there already",
        SQLITE_CONSTRAINT | 7 << 8: "a trigger raised an error",
        SQLITE_CONSTRAINT | 8 << 8: "a key is there already",
        SQLITE_CONSTRAINT | 10 << 8: "a key is there already",
        SQLITE_CONSTRAINT | 12 << 8: "a value is not of its column's type",
        SQLITE_READONLY | 4 << 8: "the database's file was moved or replaced",
        SQLITE_CANTOPEN | 2 << 8: "the database is a directory",
    ]

    private static let sentences: [CInt: String] = [
        SQLITE_PERM: "the database's file may not be used",
        SQLITE_BUSY: "the database is locked", SQLITE_LOCKED: "a table is locked",
        SQLITE_NOMEM: "there is no memory left",
        SQLITE_READONLY: "the database may only be read",
        SQLITE_IOERR: "the disk fails", SQLITE_CORRUPT: "the database is damaged",
        SQLITE_FULL: "the database or its disk is full",
        SQLITE_CANTOPEN: "the database's file cannot be opened",
        SQLITE_PROTOCOL: "the database's locks are in disorder",
        SQLITE_SCHEMA: "the database's schema was changed",
        SQLITE_TOOBIG: "a value or the query is longer than SQLite takes",
        SQLITE_CONSTRAINT: "a constraint of the table refuses a row",
        SQLITE_MISMATCH: "a value is not of its column's type",
        SQLITE_NOTADB: "the file is no database",
    ]
}
