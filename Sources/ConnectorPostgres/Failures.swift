internal import CLibPQ
internal import Connector

/// PostgreSQL's error codes as failures. Source:
/// https://www.postgresql.org/docs/current/errcodes-appendix.html
enum PostgresFailures {
    /// Longest prefix of the SQLSTATE wins; what matches nothing is permanent.
    private static let classes: [String: TargetFailure.Class] = [
        "08": .transient,  // connection exception
        "0A": .permanent,  // feature not supported
        "21000": .repeatedKey,  // cardinality violation
        "22": .values,  // data exception
        "23": .values,  // integrity constraint violation
        "25006": .transient,  // read-only transaction: a standby, until it is promoted
        "25P03": .transient,  // idle in transaction for too long
        "25P04": .transient,  // transaction for too long
        "28": .permanent,  // invalid authorization
        "3D": .permanent,  // invalid catalog name
        "3F": .permanent,  // invalid schema name
        "40": .transient,  // transaction rollback: serialization failure, deadlock
        "42": .permanent,  // syntax error or access rule violation
        "44000": .values,  // WITH CHECK OPTION violation
        "53": .transient,  // insufficient resources
        "54": .tooLarge,  // program limit; of an index row too long one row alone
        "55P03": .transient,  // lock not available
        "57014": .transient,  // query cancelled, also by statement_timeout
        "57P01": .transient,  // admin shutdown
        "57P02": .transient,  // crash shutdown
        "57P03": .transient,  // cannot connect now
        "57P05": .transient,  // idle session timeout
        "58": .transient,  // system error outside of PostgreSQL
        "P0": .values,  // raised by a trigger or function: about the rows it was given
    ]

    /// insufficient_privilege; and no schema that a table could be created in
    private static let missingRights: Set<String> = ["42501", "3F000"]

    static func classify(sqlState: String) -> TargetFailure.Class {
        classes[sqlState] ?? classes[String(sqlState.prefix(2))] ?? .permanent
    }

    /// The failure of an error result. Without the words of the query at hand it says the code, a
    /// sentence of ours and the position; no detail, no context (they hold whole rows).
    static func failure(result: OpaquePointer) -> TargetFailure {
        func field(_ code: Int) -> String? {
            PQresultErrorField(result, CInt(code)).map { String(cString: $0) }
        }
        guard let diagnosis = PostgresDiagnosis(field) else {
            return lost(String(cString: PQresultErrorMessage(result)))
        }
        return failure(diagnosis)
    }

    static func failure(_ diagnosis: PostgresDiagnosis) -> TargetFailure {
        let state = diagnosis.sqlState
        guard !diagnosis.isRaised else { return raised(diagnosis) }
        let entry = entry(sqlState: state)
        var message = entry.sentence
        if diagnosis.isInsideOfCode { message += ", in a trigger or function" }
        let isRowSecurity = state == "42501" && diagnosis.isRowSecurity
        if isRowSecurity { message = "row-level security refuses a row" }
        var failure = TargetFailure(
            class: isRowSecurity ? .values : classify(sqlState: state), targetCode: state,
            message: message, isRightMissing: missingRights.contains(state) && !isRowSecurity)
        failure.report = TargetReport(
            diagnosis.message, as: entry.texts, form: .whole, names: diagnosis.names,
            hint: diagnosis.hint, hints: hints, catalogued: diagnosis.catalogued,
            position: diagnosis.position, whereToRead: whereToRead)
        return failure
    }

    static let whereToRead = "read what the server says in its own log"

    /// Made by RAISE, by another language's like of it, or under a code that is not the server's:
    /// all of it may be values, the code too. A code that a rest mends is believed.
    private static func raised(_ diagnosis: PostgresDiagnosis) -> TargetFailure {
        let isKnown = known.contains(diagnosis.sqlState)
        let `class` = isKnown ? classify(sqlState: diagnosis.sqlState) : .values
        var failure = TargetFailure(
            class: `class` == .transient ? .transient : .values,
            targetCode: isKnown ? diagnosis.sqlState : madeUpCode,
            message: "a trigger or function raised an error")
        failure.whereToRead = whereToRead
        failure.isTargetsWord = true
        return failure
    }

    /// What stands for a code that the target's own code made up.
    static let madeUpCode = "other"

    /// The connection broke. `text` is libpq's, or the server's where it ended the session.
    static func lost(_ text: String) -> TargetFailure {
        let line = String(text.prefix { !$0.isNewline })
        let isKnown = lostTexts.contains { $0.matches(line) }
        return TargetFailure(
            class: .transient, targetCode: "08006",
            message: isKnown ? line : "the connection to the server was lost",
            isConnectionLost: true)
    }

    /// Of libpq (fe-misc.c, fe-secure.c), which name nothing.
    private static let lostTexts: [MessageTemplate] = [
        "server closed the connection unexpectedly", "no connection to the server",
        "SSL connection has been closed unexpectedly", "libpq is out of memory",
        "could not receive data from server: Connection reset by peer",
        "could not send data to server: Broken pipe",
    ]

    static let overdue = TargetFailure(
        class: .transient, targetCode: "57014",
        message: "the server did not answer within the statement timeout",
        hint: "raise the connector's statement timeout, or make the batches smaller",
        isConnectionLost: true)

    static let cancelled = TargetFailure(
        class: .transient, targetCode: "57014", message: "the query was cancelled")

    static let closed = TargetFailure(
        class: .transient, targetCode: "08003", message: "the session is closed",
        isConnectionLost: true)

    static let zeroByte = TargetFailure(
        class: .values, targetCode: "22021",
        message: "a value holds the character U+0000, which PostgreSQL cannot store")

    static func settingNotKept(_ name: String) -> TargetFailure {
        TargetFailure(
            class: .permanent, targetCode: "55000",
            message: "a session does not keep \(name) as it is set, by which values are read",
            hint: "connect past the pooler, or have it keep a session's settings",
            isConnectionLost: true)
    }

    /// invalid_sql_statement_name
    static let preparedMissing = "26000"

    /// Once a session: from then on nothing is prepared.
    static let pooled = TargetFailure(
        class: .transient, targetCode: preparedMissing,
        message: "a pooler between here and the server changes connections")

    static let transactionControl = TargetFailure(
        class: .permanent, targetCode: "2D000",
        message: "the query begins or ends a transaction itself",
        hint: "remove BEGIN, COMMIT, ROLLBACK and SAVEPOINT: a query is committed together with "
            + "the lane's cursor")

    static let commitRolledBack = TargetFailure(
        class: .permanent, targetCode: "25P02",
        message: "the transaction had failed before and was rolled back")

    /// Seen by nobody: the query is run again as text.
    static let unbindable = TargetFailure(
        class: .permanent, targetCode: "26000",
        message: "the server does not take the query's values beside its text")

    static let copy = TargetFailure(
        class: .permanent, targetCode: "0A000",
        message: "the query copies from or to the client, which has no stream to give",
        hint: "write INSERT instead of COPY", isConnectionLost: true)
}
