internal import Connector
internal import GRDBSQLite

/// SQLite's result codes as failures. Source: https://sqlite.org/rescode.html
enum SQLiteFailures {
    private struct Entry {
        let name: String
        let `class`: TargetFailure.Class
        var hint: String?
    }

    /// By primary result code; what is not here is permanent.
    private static let primary: [CInt: Entry] = [
        SQLITE_ERROR: Entry(name: "SQLITE_ERROR", class: .permanent),
        SQLITE_PERM: Entry(name: "SQLITE_PERM", class: .permanent),
        SQLITE_BUSY: Entry(name: "SQLITE_BUSY", class: .transient),
        SQLITE_LOCKED: Entry(name: "SQLITE_LOCKED", class: .transient),
        SQLITE_NOMEM: Entry(name: "SQLITE_NOMEM", class: .transient),
        SQLITE_READONLY: Entry(
            name: "SQLITE_READONLY", class: .transient,
            hint: "make the database file and its directory writable for Segledger's user"),
        SQLITE_INTERRUPT: Entry(name: "SQLITE_INTERRUPT", class: .transient),
        SQLITE_IOERR: Entry(name: "SQLITE_IOERR", class: .transient),
        SQLITE_CORRUPT: Entry(name: "SQLITE_CORRUPT", class: .permanent),
        SQLITE_FULL: Entry(name: "SQLITE_FULL", class: .transient),
        SQLITE_CANTOPEN: Entry(
            name: "SQLITE_CANTOPEN", class: .transient,
            hint: "check that Segledger's user may read and write the database file"),
        SQLITE_PROTOCOL: Entry(name: "SQLITE_PROTOCOL", class: .transient),
        SQLITE_SCHEMA: Entry(name: "SQLITE_SCHEMA", class: .transient),
        SQLITE_TOOBIG: Entry(name: "SQLITE_TOOBIG", class: .tooLarge),
        SQLITE_CONSTRAINT: Entry(name: "SQLITE_CONSTRAINT", class: .values),
        SQLITE_MISMATCH: Entry(name: "SQLITE_MISMATCH", class: .values),
        SQLITE_AUTH: Entry(name: "SQLITE_AUTH", class: .permanent),
        SQLITE_NOTADB: Entry(name: "SQLITE_NOTADB", class: .permanent),
    ]

    /// Extended result codes that differ from their primary one; the values are
    /// `primary | number << 8`, which Swift does not import from the header's macros.
    private static let extended: [CInt: Entry] = [
        SQLITE_CONSTRAINT | 1 << 8: Entry(name: "SQLITE_CONSTRAINT_CHECK", class: .values),
        SQLITE_CONSTRAINT | 3 << 8: Entry(name: "SQLITE_CONSTRAINT_FOREIGNKEY", class: .values),
        SQLITE_CONSTRAINT | 5 << 8: Entry(name: "SQLITE_CONSTRAINT_NOTNULL", class: .values),
        SQLITE_CONSTRAINT | 6 << 8: Entry(name: "SQLITE_CONSTRAINT_PRIMARYKEY", class: .values),
        SQLITE_CONSTRAINT | 7 << 8: Entry(name: "SQLITE_CONSTRAINT_TRIGGER", class: .values),
        SQLITE_CONSTRAINT | 8 << 8: Entry(name: "SQLITE_CONSTRAINT_UNIQUE", class: .values),
        SQLITE_CONSTRAINT | 10 << 8: Entry(name: "SQLITE_CONSTRAINT_ROWID", class: .values),
        SQLITE_CONSTRAINT | 12 << 8: Entry(name: "SQLITE_CONSTRAINT_DATATYPE", class: .values),
        SQLITE_READONLY | 4 << 8: Entry(name: "SQLITE_READONLY_DBMOVED", class: .transient),
        SQLITE_CANTOPEN | 2 << 8: Entry(name: "SQLITE_CANTOPEN_ISDIR", class: .permanent),
    ]

    private static let movedCode = SQLITE_READONLY | 4 << 8

    /// What is not of the operator's own text is not told (INV-10): functions, MATCH and JSON paths
    /// put values into their texts, and RAISE what it is given.
    static func failure(code: CInt, message: String) -> TargetFailure {
        let primaryCode = code & 0xFF
        if primaryCode == SQLITE_AUTH { return transactionControl }
        let entry =
            extended[code] ?? primary[primaryCode]
            ?? Entry(name: "SQLITE_\(code)", class: .permanent)
        var failure = TargetFailure(
            class: entry.class, targetCode: entry.name, message: sentence(code),
            hint: entry.hint, isConnectionLost: code == movedCode)
        if primaryCode == SQLITE_ERROR {
            if let known = causes.first(where: { $0.texts.contains { $0.matches(message) } }) {
                (failure.class, failure.message) = (known.class, known.sentence)
                failure.hint = known.hint
            }
        }
        failure.report = TargetReport(
            message, as: namingCodes.contains(code) ? constraintTexts : texts, form: .whole,
            catalogued: namingCodes.contains(code) ? constraintNames(message) : [],
            whereToRead: "run the query by hand to read what SQLite says of it")
        return failure
    }

    static let transactionControl = TargetFailure(
        class: .permanent, targetCode: "SQLITE_AUTH",
        message: "the query begins or ends a transaction itself",
        hint: "remove BEGIN, COMMIT, ROLLBACK and SAVEPOINT: a query is committed together with "
            + "the lane's cursor")

    static let transactionOver: TargetFailure = {
        var failure = TargetFailure(
            class: .permanent, targetCode: "SQLITE_ERROR",
            message: "the transaction was rolled back by the query before",
            hint:
                "take ON CONFLICT ROLLBACK and RAISE(ROLLBACK) out of the query, the table and its "
                + "triggers")
        failure.isTransactionOver = true
        return failure
    }()

    /// What COMMIT would say.
    static var foreignKey: TargetFailure {
        failure(code: SQLITE_CONSTRAINT | 3 << 8, message: "FOREIGN KEY constraint failed")
    }

    static let settingRefused = TargetFailure(
        class: .permanent, targetCode: "SQLITE_AUTH",
        message: "the query changes its session by PRAGMA, ATTACH or DETACH",
        hint: "take the statement away; foreign_keys and recursive_triggers are stated under the "
            + "connector's settings")

    static func settingNotKept(_ name: String) -> TargetFailure {
        TargetFailure(
            class: .permanent, targetCode: "SQLITE_ERROR",
            message: "this build of SQLite does not keep PRAGMA \(name) as it is set",
            hint: "leave \(name) out of the connector's settings", isConnectionLost: true)
    }

    static let overdue = TargetFailure(
        class: .transient, targetCode: "SQLITE_INTERRUPT",
        message: "the query ran longer than the statement timeout",
        hint: "raise the connector's statement timeout, or make the batches smaller")

    static let fileReplaced = TargetFailure(
        class: .transient, targetCode: "SQLITE_READONLY_DBMOVED",
        message: "the database's file was replaced, moved or removed while it was open",
        hint: "stop segledger before the file is replaced; it opens the new one by itself",
        isConnectionLost: true)

    static let cancelled = TargetFailure(
        class: .transient, targetCode: "SQLITE_INTERRUPT", message: "the query was cancelled")

    static let zeroByte = TargetFailure(
        class: .values, targetCode: "SQLITE_MISMATCH",
        message: "a value holds the character U+0000, which SQL text cannot carry")

    static let unbindable = TargetFailure(
        class: .permanent, targetCode: "SQLITE_RANGE",
        message: "the database does not take the query's values beside its text")

    static let tooLong = TargetFailure(
        class: .tooLarge, targetCode: "SQLITE_TOOBIG",
        message: "the query is longer than SQLite takes")
}
