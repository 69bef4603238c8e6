internal import Connector

/// An error report of the server's, taken apart: who wrote it, and what of it is its own.
///
/// What SQL can forge: with RAISE … USING the code, the message, the hint and every name. What it
/// cannot: the file of the server's source that reports the error, and the context, which says that
/// it came from inside of a function
/// (https://www.postgresql.org/docs/current/protocol-error-fields.html).
struct PostgresDiagnosis {
    let sqlState: String
    let message: String
    let hint: String?
    let position: Int?
    /// The names that the report gives apart from its text.
    let names: [TargetReport.Name]
    /// The error comes from a function, a trigger, a DO block or another server.
    let isInsideOfCode: Bool
    private let file: String
    private let hasContext: Bool

    /// What the context says of a function's call; of a value's parser it says other things.
    private static let codeContexts = [
        "PL/", "SQL function", "SQL statement", "SQL expression", "emote SQL command",
        "while executing",
    ]

    /// Files that pass on what somebody wrote in a function.
    private static let raisingFiles: Set<String> = [
        "pl_exec.c", "plpy_elog.c", "plpython.c", "plperl.c", "pltcl.c", "plv8.cc", "dblink.c",
        "connection.c", "postgres_fdw.c",
    ]

    /// Files that report which constraint of the catalogue refused a row.
    private static let checkingFiles: Set<String> = [
        "nbtinsert.c", "execMain.c", "execIndexing.c", "execPartition.c", "ri_triggers.c",
        "execExprInterp.c", "domains.c",
    ]

    /// nil: it is no report of the server's.
    init?(_ field: (Int) -> String?) {
        guard let state = field(PostgresField.sqlState),
            let message = field(PostgresField.primaryMessage)
        else { return nil }
        sqlState = state
        self.message = message
        let hint = field(PostgresField.hint)
        self.hint = hint.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
        position = field(PostgresField.position).flatMap { Int($0) }
        file = field(PostgresField.sourceFile) ?? ""
        let context = field(PostgresField.context)
        hasContext = context != nil
        isInsideOfCode =
            context.map { text in Self.codeContexts.contains { text.contains($0) } }
            ?? false
        names = [
            ("constraint", PostgresField.constraint), ("table", PostgresField.table),
            ("column", PostgresField.column),
        ].compactMap { kind, code in field(code).map { TargetReport.Name(kind, $0) } }
    }

    /// Somebody's function wrote the message, or the code is none of the server's.
    var isRaised: Bool {
        sqlState.hasPrefix("P0") || Self.raisingFiles.contains(file)
            || !PostgresFailures.known.contains(sqlState)
    }

    /// A policy of the table refuses a row, and no right is missing.
    var isRowSecurity: Bool { message.hasPrefix("new row violates row-level security policy") }

    /// Names that the server itself read from its catalogue.
    var catalogued: Set<String> {
        guard !hasContext else { return [] }
        if Self.checkingFiles.contains(file) { return Set(names.map(\.name)) }
        // It looks for a column that is spelled nearly so.
        guard file == "parse_relation.c", let hint else { return [] }
        let quoted = hint.split(separator: "\"", omittingEmptySubsequences: false)
        return Set(quoted.indices.filter { $0 % 2 == 1 }.map { String(quoted[$0]) })
    }
}
