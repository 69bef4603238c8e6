internal import Connector

/// What PostgreSQL says, by SQLSTATE: a sentence of ours, and the server's own texts with the holes
/// that a value could stand in. Sources: the texts in `src/backend` of PostgreSQL 12 to 17, the
/// file beside each; https://www.postgresql.org/docs/current/errcodes-appendix.html
extension PostgresFailures {
    struct Entry {
        let sentence: String
        var texts: [MessageTemplate] = []

        init(_ sentence: String, _ texts: MessageTemplate...) {
            self.sentence = sentence
            self.texts = texts
        }
    }

    static func entry(sqlState: String) -> Entry {
        table[sqlState] ?? Entry(sentences[String(sqlState.prefix(2))] ?? refused)
    }

    private static let refused = "the server refused the query"

    /// By class, where the code has no row of its own.
    private static let sentences: [String: String] = [
        "08": "the connection to the server failed",
        "0A": "the server does not support what the query asks for",
        "21": "the statement meets one row twice",
        "22": "a value does not fit",
        "23": "a constraint of the table refuses a row",
        "25": "the transaction does not allow the query",
        "26": "the server does not know a prepared statement",
        "28": "the server refuses the user or its password",
        "3D": "there is no such database",
        "3F": "there is no such schema",
        "40": "the server rolled the transaction back",
        "42": "the query, or a name in it, is not understood",
        "44": "the view refuses a row",
        "53": "the server has too few resources",
        "54": "a limit of the server is exceeded",
        "55": "an object is not in the state that the query needs",
        "57": "the server ended the query",
        "58": "the server's system failed",
        "XX": "the server has an error inside",
    ]

    private static let table: [String: Entry] = [
        names, syntax, types, rights, data, constraints, states,
    ].reduce(into: [:]) { table, part in
        table.merge(part) { _, _ in preconditionFailure("a code stands in two tables") }
    }

    private static let names: [String: Entry] = [
        "42P01": Entry(  // parse_relation.c, namespace.c
            "there is no such table", #"relation "{name}" does not exist"#,
            #"missing FROM-clause entry for table "{name}""#,
            #"invalid reference to FROM-clause entry for table "{name}""#,
            #"table "{name}" does not exist"#, #"view "{name}" does not exist"#),
        "42703": Entry(  // parse_relation.c, parse_target.c
            "there is no such column", #"column "{name}" of relation "{name}" does not exist"#,
            #"column "{name}" does not exist"#, "column {name} does not exist",
            #"column "{name}" named in key does not exist"#),
        "42883": Entry(  // parse_func.c, parse_oper.c
            "there is no such function or operator", "function {words} does not exist",
            "procedure {words} does not exist", "operator does not exist: {words}"),
        "42704": Entry(  // parse_type.c, namespace.c, guc.c, acl.c
            "there is no such object", #"type "{name}" does not exist"#,
            #"role "{name}" does not exist"#, #"index "{name}" does not exist"#,
            #"constraint "{name}" for table "{name}" does not exist"#,
            #"text search configuration "{name}" does not exist"#,
            #"collation "{name}" for encoding "{name}" does not exist"#,
            #"unrecognized configuration parameter "{name}""#),
        "42702": Entry(
            "a name can mean two columns", #"column reference "{name}" is ambiguous"#),
        "42712": Entry(
            "a name is given twice", #"table name "{name}" specified more than once"#),
        "42725": Entry(
            "a name can mean two functions or operators", "function {words} is not unique",
            "operator is not unique: {words}"),
        "42P07": Entry("there is such a table already", #"relation "{name}" already exists"#),
        "42701": Entry(
            "a column is named twice", #"column "{name}" specified more than once"#,
            #"column "{name}" of relation "{name}" already exists"#),
        "42710": Entry("there is such an object already"),
        "42809": Entry(
            "an object is of another kind", #""{name}" is not a table"#, #""{name}" is a view"#,
            #""{name}" is an index"#, #""{name}" is a composite type"#),
        "3F000": Entry(
            "there is no such schema", #"schema "{name}" does not exist"#,
            "no schema has been selected to create in"),
        "3D000": Entry("there is no such database", #"database "{name}" does not exist"#),
    ]

    private static let syntax: [String: Entry] = [
        "42601": Entry(  // scan.l, gram.y, analyze.c
            "the server does not understand the query", #"syntax error at or near "{token}""#,
            "syntax error at end of input", #"zero-length delimited identifier at or near "{any}""#,
            #"unterminated quoted string at or near "{any}""#,
            #"unterminated quoted identifier at or near "{any}""#,
            #"unterminated /* comment at or near "{any}""#,
            #"unterminated dollar-quoted string at or near "{any}""#,
            #"trailing junk after numeric literal at or near "{any}""#,
            "INSERT has more expressions than target columns",
            "INSERT has more target columns than expressions",
            "VALUES lists must all be the same length", "subquery must return only one column",
            "subquery has too few columns", "subquery has too many columns",
            "each UNION query must have the same number of columns",
            "cannot insert multiple commands into a prepared statement",
            "ON CONFLICT DO UPDATE requires inference specification or constraint name"),
        "42P10": Entry(  // plancat.c
            "no key of the table matches the query",
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
            #"column reference "{name}" is ambiguous"#),
        "42803": Entry(
            "a column is neither grouped nor aggregated",
            MessageTemplate(
                #"column "{name}" must appear in the GROUP BY clause or be used in an "#
                    + "aggregate function")
        ),
        "42P02": Entry("the query has a place for a parameter", "there is no parameter ${words}"),
        "42P18": Entry(
            "the type of a value cannot be told",
            "could not determine data type of parameter ${any}"),
        "428C9": Entry(  // rewriteHandler.c
            "a column is generated by the server",
            #"cannot insert a non-DEFAULT value into column "{name}""#,
            #"column "{name}" can only be updated to DEFAULT"#,
            #"cannot insert into column "{name}""#),
    ]

    private static let types: [String: Entry] = [
        "42804": Entry(  // parse_target.c, parse_coerce.c
            "a value's type is not the one of its place",
            #"column "{name}" is of type {words} but expression is of type {words}"#,
            "{words} types {words} and {words} cannot be matched",
            "argument of {words} must be type {words}, not type {words}",
            "argument of {words} must be {words}, not type {words}"),
        "42846": Entry("a type cannot become the other", "cannot cast type {words} to {words}"),
    ]

    private static let rights: [String: Entry] = [
        "42501": Entry(  // aclchk.c, execMain.c
            "the user lacks a right that the query needs", "permission denied for table {name}",
            "permission denied for relation {name}", "permission denied for schema {name}",
            "permission denied for view {name}", "permission denied for sequence {name}",
            "permission denied for column {name}", "permission denied for function {name}",
            "permission denied for database {name}", "permission denied for type {name}",
            "must be owner of table {name}", "must be owner of relation {name}"),
        "28000": Entry(  // auth.c, miscinit.c, postinit.c
            "the server refuses the user", #"role "{name}" does not exist"#,
            #"role "{name}" is not permitted to log in"#),
        "28P01": Entry(
            "the server refuses the user or its password",
            #"password authentication failed for user "{name}""#),
    ]

    private static let data: [String: Entry] = [
        "21000": Entry(
            "the statement meets one row twice",
            "ON CONFLICT DO UPDATE command cannot affect row a second time",
            "MERGE command cannot affect row a second time",
            "more than one row returned by a subquery used as an expression"),
        "22001": Entry("a value is too long", "value too long for type {words}({any})"),
        "22003": Entry(
            "a number is out of range", "{words} out of range", "numeric field overflow",
            #"value "{any}" is out of range for type {words}"#,
            #""{any}" is out of range for type {words}"#),
        "22007": Entry(
            "a value is no date or time", #"invalid input syntax for type {words}: "{any}""#),
        "22008": Entry(
            "a date or time is out of range", #"date/time field value out of range: "{any}""#,
            #"timestamp out of range: "{any}""#, #"date out of range: "{any}""#),
        "22009": Entry("a time zone is out of range"),
        "22012": Entry("a division by zero", "division by zero"),
        "22021": Entry(
            "a value is not written in the database's encoding",
            #"invalid byte sequence for encoding "{name}": {any}"#),
        "22023": Entry("a value is no argument for its function or setting"),
        "22P02": Entry(
            "a value is of the wrong form", #"invalid input syntax for type {words}: "{any}""#,
            "invalid input syntax for type {words}", #"malformed array literal: "{any}""#,
            #"malformed record literal: "{any}""#, #"malformed range literal: "{any}""#,
            #"invalid input value for enum {name}: "{any}""#),
        "22P05": Entry(  // mbutils.c
            "the database's encoding has no place for a character of a value",
            MessageTemplate(
                #"character with byte sequence {any} in encoding "{name}" has no equivalent in "#
                    + #"encoding "{name}""#)),
        "2201B": Entry("a regular expression is wrong", "invalid regular expression: {any}"),
        "54000": Entry(
            "a limit of the server is exceeded",
            #"index row size {any} exceeds {any} version {any} maximum {any} for index "{name}""#,
            #"index row requires {any} bytes, maximum size is {any}"#),
        "54001": Entry("the statement is too complex", "stack depth limit exceeded"),
    ]

    private static let constraints: [String: Entry] = [
        "23502": Entry(  // execMain.c
            "a column must not be null",
            #"null value in column "{name}" of relation "{name}" violates not-null constraint"#,
            #"null value in column "{name}" violates not-null constraint"#,
            "domain {name} does not allow null values"),
        "23503": Entry(  // ri_triggers.c
            "a foreign key is violated",
            #"insert or update on table "{name}" violates foreign key constraint "{name}""#,
            MessageTemplate(
                #"update or delete on table "{name}" violates foreign key constraint "{name}" "#
                    + #"on table "{name}""#)),
        "23505": Entry(  // nbtinsert.c
            "a key is there already",
            #"duplicate key value violates unique constraint "{name}""#),
        "23514": Entry(  // execMain.c, execExprInterp.c, execPartition.c
            "a check does not hold",
            #"new row for relation "{name}" violates check constraint "{name}""#,
            #"new row for relation "{name}" violates partition constraint"#,
            #"value for domain {name} violates check constraint "{name}""#,
            #"no partition of relation "{name}" found for row"#),
        "23P01": Entry(  // execIndexing.c
            "a row conflicts with another one",
            #"conflicting key value violates exclusion constraint "{name}""#),
        "44000": Entry(
            "the view refuses a row", #"new row violates check option for view "{name}""#),
    ]

    private static let states: [String: Entry] = [
        "25006": Entry(
            "the transaction may only read",
            "cannot execute {words} in a read-only transaction",
            "cannot execute {words} during recovery"),
        "25P02": Entry(
            "the transaction has failed before",
            "current transaction is aborted, commands ignored until end of transaction block"),
        "25P03": Entry(
            "the transaction rested for too long",
            "terminating connection due to idle-in-transaction timeout"),
        "40001": Entry(
            "another transaction changed the same rows",
            "could not serialize access due to concurrent update",
            "could not serialize access due to concurrent delete",
            "could not serialize access due to read/write dependencies among transactions"),
        "40P01": Entry("the server broke a deadlock", "deadlock detected"),
        "53100": Entry("the server's disk is full"),
        "53200": Entry("the server is out of memory", "out of memory", "out of shared memory"),
        "53300": Entry(
            "the server has too many connections", "sorry, too many clients already",
            #"too many connections for role "{name}""#,
            #"too many connections for database "{name}""#),
        "55000": Entry(
            "an object is not in the state that the query needs",
            #"cannot insert into view "{name}""#, #"cannot update view "{name}""#,
            #"cannot delete from view "{name}""#),
        "55P03": Entry(
            "a lock was not free", "canceling statement due to lock timeout",
            #"could not obtain lock on row in relation "{name}""#,
            #"could not obtain lock on relation "{name}""#),
        "57014": Entry(
            "the server ended the query", "canceling statement due to statement timeout",
            "canceling statement due to user request", "canceling statement due to lock timeout"),
        "57P01": Entry(
            "the server ended the connection",
            "terminating connection due to administrator command"),
        "57P02": Entry("the server crashed"),
        "57P03": Entry(
            "the server does not take connections yet", "the database system is starting up",
            "the database system is shutting down", "the database system is in recovery mode",
            "the database system is not accepting connections"),
        "57P05": Entry(
            "the session rested for too long",
            "terminating connection due to idle-session timeout"),
    ]

    /// Second lines that the server adds, without a full stop.
    static let hints: [MessageTemplate] = [
        #"Perhaps you meant to reference the column "{name}" or the column "{name}""#,
        #"Perhaps you meant to reference the column "{name}""#,
        #"Perhaps you meant to reference the table alias "{name}""#,
        MessageTemplate(
            #"There is a column named "{name}" in table "{name}", but it cannot be referenced "#
                + "from this part of the query"),
        MessageTemplate(
            "No function matches the given name and argument types. You might need to add explicit "
                + "type casts"),
        MessageTemplate(
            "No operator matches the given name and argument types. You might need to add explicit "
                + "type casts"),
        MessageTemplate(
            "No operator matches the given name and argument type. You might need to add an "
                + "explicit type cast"),
        "You will need to rewrite or cast the expression",
        "Use OVERRIDING SYSTEM VALUE to override",
        MessageTemplate(
            "Ensure that no rows proposed for insertion within the same command have duplicate "
                + "constrained values"),
        "For example, ON CONFLICT (column_name)",
    ]
}
