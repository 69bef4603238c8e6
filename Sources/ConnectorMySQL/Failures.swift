internal import CMariaDB
internal import Connector

/// Error numbers as failures. Sources: https://mariadb.com/kb/en/mariadb-error-code-reference/ and
/// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html (1000 to 1999 are
/// shared), and the client's 2000 to 2999:
/// https://mariadb.com/kb/en/mariadb-connectorc-error-codes/
///
/// Servers put values into the middle of their messages, without escaping, in the language that
/// they are set to; and SIGNAL makes up number, text and names. So none of a server's message is
/// passed on: each number has a sentence of ours, and a name that stands in the operator's own text
/// is taken out of the message where its place in it is known. INV-10.
enum MySQLFailures {
    struct Entry {
        let `class`: TargetFailure.Class
        let sentence: String
        /// The server's own texts, of which a name is told.
        var texts: [MessageTemplate] = []
        var hint: String?
        /// The session is of no more use.
        var isConnectionLost = false
    }

    /// ER_QUERY_INTERRUPTED
    static let interruptedCode = "1317"

    static func failure(of handle: UnsafeMutablePointer<MYSQL>) -> TargetFailure {
        failure(
            code: mysql_errno(handle), sqlState: String(cString: mysql_sqlstate(handle)),
            message: String(cString: mysql_error(handle)))
    }

    /// Of a statement.
    static func failure(code: CUnsignedInt, sqlState: String, message: String) -> TargetFailure {
        let entry = table[code] ?? unknown(code, sqlState: sqlState)
        let isNumbered = table[code] != nil || isServersOwn(code) || isClientCode(code)
        var failure = TargetFailure(
            class: entry.class, targetCode: isNumbered ? String(code) : madeUpCode,
            message: entry.sentence, hint: entry.hint, isConnectionLost: entry.isConnectionLost,
            isRightMissing: missingRights.contains(code))
        failure.report = TargetReport(
            message, as: entry.texts, form: .name,
            whereToRead: whereToRead)
        return failure
    }

    private static let whereToRead = "run the query by hand to read what the server says of it"

    /// For numbers that are not in the table.
    private static func unknown(_ code: CUnsignedInt, sqlState: String) -> Entry {
        let isMadeUp = sqlState == userState || !(isServersOwn(code) || isClientCode(code))
        if isMadeUp {
            return Entry(class: .values, sentence: "a trigger or routine raised an error")
        }
        return Entry(
            class: classify(sqlState: sqlState),
            sentence: "the \(isClientCode(code) ? "client library" : "server") refused the query")
    }

    /// "Unhandled user-defined exception": what SIGNAL is told to use.
    private static let userState = "45000"

    /// What stands for a number that SIGNAL … SET MYSQL_ERRNO made up: it may be a value.
    private static let madeUpCode = "other"

    /// The ranges of MySQL's and MariaDB's own errors.
    private static func isServersOwn(_ code: CUnsignedInt) -> Bool {
        (1000...1999).contains(code) || (3000...4299).contains(code)
    }

    /// Of a statement that was carried out with this warning; nil: no value is another for it. A
    /// key that is there already is what IGNORE is for.
    static func changedValue(code: CUnsignedInt, message: String) -> TargetFailure? {
        guard let entry = table[code], entry.class == .values, ![1022, 1062, 1586].contains(code)
        else { return nil }
        var failure = TargetFailure(
            class: .values, targetCode: String(code),
            message: "the server made another value of one, and only warned of it: "
                + entry.sentence,
            hint: "give the columns that it passes through room and a character set for it, and "
                + "take IGNORE out of the query")
        failure.report = TargetReport(
            message, as: entry.texts, form: .name, whereToRead: whereToRead)
        return failure
    }

    /// ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR,
    /// ER_SPECIFIC_ACCESS_DENIED_ERROR
    private static let missingRights: Set<CUnsignedInt> = [1044, 1142, 1143, 1227]

    /// For numbers that are not in the table; what matches nothing is permanent.
    private static func classify(sqlState: String) -> TargetFailure.Class {
        switch sqlState.prefix(2) {
        case "08", "40": .transient  // connection exception, transaction rollback
        case "21", "22", "23": .values  // cardinality, data, integrity
        default: .permanent
        }
    }

    static func isClientCode(_ code: CUnsignedInt) -> Bool {
        (2000...2999).contains(code) || (5000...5999).contains(code)
    }

    private static let tables = [
        transient, permanent, values,
        lostConnections.mapValues { sentence in
            Entry(class: .transient, sentence: sentence, isConnectionLost: true)
        },
    ]

    private static let table = tables.reduce(into: [:]) { table, part in
        table.merge(part) { _, _ in preconditionFailure("a number stands in two tables") }
    }

    /// After these the connection is gone.
    private static let lostConnections: [CUnsignedInt: String] = [
        1053: "the server shuts down",  // ER_SERVER_SHUTDOWN
        1079: "the server shuts down",  // ER_NORMAL_SHUTDOWN: the connection's own end
        1158: "the connection to the server broke",  // ER_NET_READ_ERROR
        1159: "the connection to the server broke",  // ER_NET_READ_INTERRUPTED
        1160: "the connection to the server broke",  // ER_NET_ERROR_ON_WRITE
        1161: "the connection to the server broke",  // ER_NET_WRITE_INTERRUPTED
        1927: "the server ended the connection",  // ER_CONNECTION_KILLED
        2006: "the connection to the server was lost",  // CR_SERVER_GONE_ERROR
        2013: "the connection to the server was lost",  // CR_SERVER_LOST
        2014: "the connection is out of step",  // CR_COMMANDS_OUT_OF_SYNC
        2026: "the TLS connection to the server broke",  // CR_SSL_CONNECTION_ERROR
        2027: "the server sent what the client does not understand",  // CR_MALFORMED_PACKET
        2055: "the connection to the server was lost",  // CR_SERVER_LOST_EXTENDED
        3169: "the server ended the connection",  // ER_SESSION_WAS_KILLED
        4031: "the server ended the idle connection",  // ER_CLIENT_INTERACTION_TIMEOUT
    ]

    private static let transient: [CUnsignedInt: Entry] = [
        1021: Entry(class: .transient, sentence: "the server's disk is full"),  // ER_DISK_FULL
        1037: Entry(class: .transient, sentence: "the server is out of memory"),  // ER_OUTOFMEMORY
        1040: Entry(
            class: .transient, sentence: "the server has too many connections",
            hint: "lower the connector's pool_size, or raise the server's max_connections"),
        1041: Entry(class: .transient, sentence: "the server is out of resources"),
        1114: Entry(class: .transient, sentence: "a table or its disk is full"),
        1180: Entry(class: .transient, sentence: "the server failed while committing"),
        1203: Entry(
            class: .transient, sentence: "the user has too many connections",
            hint: "lower the connector's pool_size, or raise the user's max_user_connections"),
        1205: Entry(class: .transient, sentence: "the wait for a lock took too long"),
        1206: Entry(class: .transient, sentence: "the server's table of locks is full"),
        1213: Entry(class: .transient, sentence: "the server broke a deadlock"),
        1226: Entry(class: .transient, sentence: "the user has used up a resource of the server"),
        1290: Entry(
            class: .transient, sentence: "the server runs with an option that forbids the query",
            hint: "a read-only server takes it once it is made writable"),
        1297: Entry(class: .transient, sentence: "the storage engine failed for now"),
        1317: Entry(class: .transient, sentence: "the server interrupted the query"),
        1412: Entry(class: .transient, sentence: "a table was changed during the transaction"),
        1614: Entry(class: .transient, sentence: "the server broke a deadlock between branches"),
        1615: Entry(class: .transient, sentence: "a table was changed during the statement"),
        1637: Entry(class: .transient, sentence: "the server has too many open transactions"),
        1792: Entry(class: .transient, sentence: "the server's transactions are read-only"),
        1836: Entry(class: .transient, sentence: "the server is read-only"),
        1847: Entry(class: .transient, sentence: "another change of a table is under way"),
        1969: Entry(class: .transient, sentence: overdueSentence, hint: overdueHint),
        3024: Entry(class: .transient, sentence: overdueSentence, hint: overdueHint),
        3058: Entry(class: .transient, sentence: "the server broke a deadlock of user locks"),
        3100: Entry(class: .transient, sentence: "the cluster did not take the transaction"),
        3101: Entry(class: .transient, sentence: "the cluster rolled the transaction back"),
        3572: Entry(class: .transient, sentence: "a lock was not free"),
    ]

    private static let permanent: [CUnsignedInt: Entry] = [
        1044: Entry(
            class: .permanent, sentence: "the user may not use the database",
            hint: "grant the connector's user rights on the database"),
        1045: Entry(
            class: .permanent, sentence: "the server refuses the user or its password",
            hint: "check the user of the connector's url and its password"),
        1046: Entry(class: .permanent, sentence: "no database is chosen"),
        1049: Entry(
            class: .permanent, sentence: "there is no such database",
            texts: ["Unknown database '{name}'"],
            hint: "create it, or correct the connector's url"),
        1051: Entry(
            class: .permanent, sentence: "there is no such table",
            texts: ["Unknown table '{name}'"]),
        1054: Entry(
            class: .permanent, sentence: "there is no such column",
            texts: ["Unknown column '{name}' in '{any}'"]),
        1064: Entry(
            class: .permanent, sentence: "the server does not understand the query",
            texts: ["{any} at line {line}"]),
        1065: Entry(
            class: .permanent, sentence: "the query holds an empty statement",
            hint: "take out a semicolon that follows another one"),
        1129: Entry(
            class: .permanent, sentence: "the server blocks this machine after too many errors",
            hint: "run FLUSH HOSTS on the server"),
        1130: Entry(
            class: .permanent, sentence: "the server lets nobody in from this machine",
            hint: "create the connector's user for this machine's address"),
        1136: Entry(
            class: .permanent, sentence: "a row has not as many values as there are columns"),
        1142: Entry(
            class: .permanent, sentence: "the user may not do this to the table",
            texts: [
                "{any} command denied to user {any} for table '{name}'",
                "{any} command denied to user {any} for table {name}",
            ],
            hint: "grant the connector's user rights on the table"),
        1143: Entry(class: .permanent, sentence: "the user may not do this to the column"),
        1146: Entry(
            class: .permanent, sentence: "there is no such table",
            texts: ["Table '{name}' doesn't exist"]),
        1148: Entry(class: .permanent, sentence: "the server does not allow this command"),
        1227: Entry(class: .permanent, sentence: "the user lacks a privilege for the query"),
        1251: Entry(class: .permanent, sentence: "the server asks for an older way to log in"),
        1275: Entry(class: .permanent, sentence: "the server asks for an older way to log in"),
        1305: Entry(
            class: .permanent, sentence: "there is no such routine",
            texts: ["PROCEDURE {name} does not exist", "FUNCTION {name} does not exist"]),
        1370: Entry(class: .permanent, sentence: "the user may not use the routine"),
        1461: Entry(
            class: .permanent, sentence: "the server has as many prepared statements as it takes",
            hint: "raise the server's max_prepared_stmt_count, or prepare nothing in the query"),
        1568: Entry(class: .permanent, sentence: "the query changes a transaction in progress"),
        1698: Entry(
            class: .permanent, sentence: "the server refuses the user or its password",
            hint: "check the user of the connector's url and its password"),
        4166: Entry(class: .permanent, sentence: "the server does not allow this command"),
    ]

    private static let key: [MessageTemplate] = ["Duplicate entry '{any}' for key '{name}'"]
    private static let column: [MessageTemplate] = [
        "Incorrect {any} value: '{any}' for column '{name}' at row {any}",
        "Incorrect {any} value: '{any}' for column {name} at row {any}",
    ]

    private static let values: [CUnsignedInt: Entry] = [
        1022: Entry(class: .values, sentence: "a key is there already", texts: key),
        1048: Entry(
            class: .values, sentence: "a column must not be null",
            texts: ["Column '{name}' cannot be null"]),
        1062: Entry(class: .values, sentence: "a key is there already", texts: key),
        1118: Entry(class: .values, sentence: "a row is too long"),
        1139: Entry(class: .values, sentence: "a regular expression is wrong"),
        1216: Entry(class: .values, sentence: "a foreign key has no parent row"),
        1153: Entry(
            class: .tooLarge, sentence: "the query is longer than the server takes",
            hint: "make the batches smaller, or raise the server's max_allowed_packet",
            isConnectionLost: true),
        1217: Entry(class: .values, sentence: "a row still has rows that refer to it"),
        1264: Entry(
            class: .values, sentence: "a value is out of range",
            texts: ["Out of range value for column '{name}' at row {any}"]),
        1265: Entry(
            class: .values, sentence: "a value does not fit",
            texts: ["Data truncated for column '{name}' at row {any}"]),
        1292: Entry(class: .values, sentence: "a value is of the wrong form", texts: column),
        1364: Entry(
            class: .values, sentence: "a column has no default value",
            texts: ["Field '{name}' doesn't have a default value"]),
        1365: Entry(class: .values, sentence: "a division by zero"),
        1366: Entry(
            class: .values,
            sentence: "a value is of the wrong form, or the column cannot hold its characters",
            texts: column),
        1367: Entry(class: .values, sentence: "a value is of the wrong form"),
        1406: Entry(
            class: .values, sentence: "a value is too long",
            texts: ["Data too long for column '{name}' at row {any}"]),
        1411: Entry(class: .values, sentence: "a value is of the wrong form"),
        1416: Entry(class: .values, sentence: "a value is no geometry"),
        1441: Entry(class: .values, sentence: "a date is out of range"),
        1451: Entry(
            class: .values, sentence: "a row still has rows that refer to it",
            texts: [
                "{any} a foreign key constraint fails ({any}, CONSTRAINT `{name}` FOREIGN {any}"
            ]),
        1452: Entry(
            class: .values, sentence: "a foreign key has no parent row",
            texts: [
                "{any} a foreign key constraint fails ({any}, CONSTRAINT `{name}` FOREIGN {any}"
            ]),
        1526: Entry(class: .values, sentence: "no partition takes a value"),
        1586: Entry(class: .values, sentence: "a key is there already", texts: key),
        1644: Entry(class: .values, sentence: "a trigger or routine raised an error"),
        1690: Entry(class: .values, sentence: "a number is out of range"),
        3140: Entry(class: .values, sentence: "a value is no JSON"),
        3819: Entry(
            class: .values, sentence: "a check does not hold",
            texts: ["Check constraint '{name}' is violated."]),
        4025: Entry(
            class: .values, sentence: "a check does not hold",
            texts: ["CONSTRAINT `{name}` failed for {any}"]),
        4079: Entry(class: .values, sentence: "an operation does not take a value's type"),
    ]

    // MARK: Failures that no number stands for

    private static let overdueSentence =
        "the server did not finish within the statement timeout"
    private static let overdueHint =
        "raise the connector's statement timeout, or make the batches smaller"

    static let overdue = TargetFailure(
        class: .transient, targetCode: interruptedCode, message: overdueSentence,
        hint: overdueHint)

    static let cancelled = TargetFailure(
        class: .transient, targetCode: interruptedCode, message: "the query was cancelled")

    static let closed = TargetFailure(
        class: .transient, targetCode: "2006", message: "the session is closed",
        isConnectionLost: true)

    static let outOfMemory = TargetFailure(
        class: .transient, targetCode: "2008", message: "the client library is out of memory",
        isConnectionLost: true)

    static let transactionControl = TargetFailure(
        class: .permanent, targetCode: "1568",
        message: "the query begins or ends a transaction itself; what ran before is committed, and "
            + "the lane's cursor has not moved",
        hint: "remove BEGIN, COMMIT and ROLLBACK, and every CREATE, ALTER, DROP, TRUNCATE, RENAME "
            + "and LOCK TABLES, which commit by themselves; empty a table with DELETE")

    /// Seen by nobody: the query is run again as text.
    static let unbindable = TargetFailure(
        class: .permanent, targetCode: "1295",
        message: "the server does not take the query's values beside its text")

    static let transactionFailed = TargetFailure(
        class: .permanent, targetCode: "1568",
        message: "a statement of the transaction failed before")

    static let commitRolledBack = TargetFailure(
        class: .permanent, targetCode: "1568",
        message: "the transaction had failed before and was rolled back")

    static let cursorWithoutTransactions = TargetFailure(
        class: .permanent, targetCode: "1030",
        message: "the table segledger_cursor is in a storage engine without transactions",
        hint: "run ALTER TABLE segledger_cursor ENGINE = InnoDB")

    static let cursorGone = TargetFailure(
        class: .transient, targetCode: "1032",
        message: "the lane's row in segledger_cursor went away while it was claimed")

    static let noSettings = wrongSettings("the server does not say how its session is set")

    static func wrongSettings(_ fault: String) -> TargetFailure {
        TargetFailure(
            class: .permanent, targetCode: "1231", message: fault,
            hint: "change the server's setting, or what forces it on the connector's user",
            isConnectionLost: true)
    }

    static func tooLong(byteCountMax: Int) -> TargetFailure {
        TargetFailure(
            class: .tooLarge, targetCode: "1153",
            message: "the query is longer than the \(byteCountMax) bytes that the server takes",
            hint: "make the batches smaller, or raise the server's max_allowed_packet")
    }
}
