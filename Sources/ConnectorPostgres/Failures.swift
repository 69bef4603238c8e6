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
        "28": .permanent,  // invalid authorization
        "3D": .permanent,  // invalid catalog name
        "3F": .permanent,  // invalid schema name
        "40": .transient,  // transaction rollback: serialization failure, deadlock
        "42": .permanent,  // syntax error or access rule violation
        "44000": .values,  // WITH CHECK OPTION violation
        "53": .transient,  // insufficient resources
        "54000": .values,  // program limit: an index row too long
        "54001": .values,  // statement too complex
        "55P03": .transient,  // lock not available
        "57014": .transient,  // query cancelled, also by statement_timeout
        "57P01": .transient,  // admin shutdown
        "57P02": .transient,  // crash shutdown
        "57P03": .transient,  // cannot connect now
        "57P05": .transient,  // idle session timeout
        "58": .transient,  // system error outside of PostgreSQL
        "P0001": .values,  // raised by a trigger or function: about the rows it was given
        "P0004": .values,  // assertion in a trigger or function
    ]

    /// Classes whose primary message names objects and settings, never a value.
    private static let valueFreeClasses: Set<String> = [
        "08", "0A", "21", "25", "28", "3D", "3F", "40", "42", "53", "55", "57",
    ]

    /// insufficient_privilege; and no schema that a table could be created in
    private static let missingRights: Set<String> = ["42501", "3F000"]

    static func classify(sqlState: String) -> TargetFailure.Class {
        classes[sqlState] ?? classes[String(sqlState.prefix(2))] ?? .permanent
    }

    /// The failure of an error result: SQLSTATE, the primary message without values, the names and
    /// the position; no detail, no context (they hold whole rows).
    static func failure(result: OpaquePointer) -> TargetFailure {
        func field(_ code: Int) -> String? {
            PQresultErrorField(result, CInt(code)).map { String(cString: $0) }
        }
        guard let state = field(PostgresField.sqlState),
            let primary = field(PostgresField.primaryMessage)
        else { return lost(String(cString: PQresultErrorMessage(result))) }
        let constraint = field(PostgresField.constraint)
        let table = field(PostgresField.table)
        let column = field(PostgresField.column)
        let names = [constraint, table, column, field(PostgresField.dataType)].compactMap { $0 }
        var message = withoutValues(primary, sqlState: state, names: names)
        let places = [("constraint", constraint), ("table", table), ("column", column)]
        for case (let kind, let name?) in places where !message.contains("\"\(name)\"") {
            message += ", \(kind) \"\(name)\""
        }
        if let position = field(PostgresField.position) { message += ", at character \(position)" }
        let hint = state.hasPrefix("42") ? field(PostgresField.hint) : nil
        return TargetFailure(
            class: classify(sqlState: state), targetCode: state, message: message, hint: hint,
            isRightMissing: missingRights.contains(state))
    }

    static func withoutValues(_ message: String, sqlState: String, names: [String]) -> String {
        switch sqlState {
        // Messages that functions of the target make up themselves.
        case _ where sqlState.hasPrefix("P0"): return "a trigger or function raised an exception"
        case "42601": return MessageRedaction.redactToken(message)
        case _ where valueFreeClasses.contains(String(sqlState.prefix(2))): return message
        default:
            let redacted = MessageRedaction.redact(message, quote: "\"", keeping: names)
            return MessageRedaction.redactHexadecimal(redacted)
        }
    }

    /// The connection broke. `text` is libpq's, at a verbosity without values.
    static func lost(_ text: String) -> TargetFailure {
        let line = firstLine(text)
        return TargetFailure(
            class: .transient, targetCode: "08006",
            message: line.isEmpty ? "the connection to the server was lost" : line,
            isConnectionLost: true)
    }

    static func firstLine(_ text: String) -> String {
        String(text.prefix { !$0.isNewline })
    }

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

    /// The session is given up: a new one has the settings again.
    static let settingChanged = TargetFailure(
        class: .permanent, targetCode: "",
        message: "a query changed standard_conforming_strings or client_encoding, by which values "
            + "are written",
        hint: "take the change out of the query, or out of the function that it calls",
        isConnectionLost: true)

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
