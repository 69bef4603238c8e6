package import Connector

/// What one of a database's errors means.
package struct ODBCFailure: Sendable {
    package var `class`: TargetFailure.Class
    package var sentence: String
    /// The server's own texts, of which a name is told.
    package var texts: [MessageTemplate]
    package var hint: String?
    /// The session is of no more use.
    package var isConnectionLost: Bool
    package var isRightMissing: Bool

    package init(
        _ class: TargetFailure.Class, _ sentence: String, texts: [MessageTemplate] = [],
        hint: String? = nil, isConnectionLost: Bool = false, isRightMissing: Bool = false
    ) {
        self.class = `class`
        self.sentence = sentence
        self.texts = texts
        self.hint = hint
        self.isConnectionLost = isConnectionLost
        self.isRightMissing = isRightMissing
    }
}

/// Diagnostics as failures.
///
/// Servers put values into the middle of their messages, and drivers pass them on. So none of a
/// message is passed on: each number or state has a sentence of ours, and a name that the operator
/// wrote is taken out of the message where its place in it is known. INV-10. The numbers stand in
/// the dialect's table; what is not there goes by its SQLSTATE. Source of the states:
/// https://learn.microsoft.com/sql/odbc/reference/appendixes/appendix-a-odbc-error-codes
enum ODBCFailures {
    /// Of a statement, or of the connection once it stands.
    static func failure(
        _ records: [ODBCDiagnostic], _ dialect: ODBCDialect
    ) -> TargetFailure {
        // What the server said first counts; a driver puts notes of its own around it.
        let known = records.first { dialect.failures[$0.native] != nil && $0.native != 0 }
        let error = records.first { !$0.state.hasPrefix("01") && $0.state != "00000" }
        guard let record = known ?? error ?? records.first else {
            return TargetFailure(
                class: .permanent, targetCode: "HY000",
                message: "the driver refused a call and does not say why")
        }
        let meaning =
            known.flatMap { dialect.failures[$0.native] }
            ?? dialect.failuresByState[record.state] ?? meaning(ofState: record.state)
        var failure = TargetFailure(
            class: meaning.class, targetCode: code(record, dialect.codeForm),
            message: meaning.sentence, hint: meaning.hint,
            isConnectionLost: meaning.isConnectionLost, isRightMissing: meaning.isRightMissing)
        if dialect.isMadeUp(record.native), failure.class != .transient {
            failure.class = .values
            failure.message = "a trigger or procedure raised an error"
            failure.targetCode = "other"
        }
        failure.report = TargetReport(
            record.message, as: meaning.texts, form: .name,
            whereToRead: "run the query by hand to read what the server says of it")
        return failure
    }

    private static func code(
        _ record: ODBCDiagnostic, _ form: ODBCDialect.CodeForm
    ) -> String {
        switch form {
        case .native where record.native != 0: String(record.native)
        case .oracle where record.native > 0:
            "ORA-" + String(repeating: "0", count: max(0, 5 - String(record.native).count))
                + String(record.native)
        case .sqlState where record.state == "HY000" && record.native != 0: String(record.native)
        default: record.state
        }
    }

    private static func meaning(ofState state: String) -> ODBCFailure {
        if let known = states[state] { return known }
        switch state.prefix(2) {
        case "08":
            return ODBCFailure(
                .transient, "the connection to the server was lost", isConnectionLost: true)
        case "40": return ODBCFailure(.transient, "the server rolled the transaction back")
        case "21": return ODBCFailure(.values, "values and columns do not match")
        case "22": return ODBCFailure(.values, "a value does not fit")
        case "23": return ODBCFailure(.values, "a constraint of the table refuses a row")
        case "28": return ODBCFailure(.permanent, refusedLogin, hint: loginHint)
        case "42": return ODBCFailure(.permanent, "the server does not understand the query")
        case "44": return ODBCFailure(.values, "the view refuses a row")
        default: return ODBCFailure(.permanent, "the server or its driver refused the query")
        }
    }

    private static let states: [String: ODBCFailure] = [
        "07002": ODBCFailure(
            .permanent, "the query has a place for a parameter",
            hint: "write a ? only inside of quotes"),
        "22001": ODBCFailure(.values, "a value is too long"),
        "22003": ODBCFailure(.values, "a number is out of range"),
        "22007": ODBCFailure(.values, "a value is no date or time"),
        "22008": ODBCFailure(.values, "a date or time is out of range"),
        "22012": ODBCFailure(.values, "a division by zero"),
        "22018": ODBCFailure(.values, "a value is of the wrong form"),
        "42S01": ODBCFailure(.permanent, "there is such a table already"),
        "42S02": ODBCFailure(.permanent, "there is no such table"),
        "42S22": ODBCFailure(.permanent, "there is no such column"),
        "HY001": ODBCFailure(.transient, "the driver is out of memory"),
        "HY008": ODBCFailure(.transient, "the query was interrupted"),
        "HY013": ODBCFailure(.transient, "the driver is out of memory"),
        "HY018": ODBCFailure(.transient, "the query was interrupted"),
        "HY117": ODBCFailure(
            .transient, "the driver does not know how the transaction ended",
            isConnectionLost: true),
        "HYT00": ODBCFailure(.transient, overdue.message, hint: overdue.hint),
        "HYT01": ODBCFailure(
            .transient, "the server did not answer in time", isConnectionLost: true),
        "S1T00": ODBCFailure(.transient, overdue.message, hint: overdue.hint),
    ]

    // MARK: Before a session stands

    private static let refusedLogin = "the server refuses the user or its password"
    private static let loginHint = "check the user (UID) of the connector's url and its password"

    /// What the driver manager says itself, before a driver is there.
    private static let managerStates: [String: (sentence: String, hint: String)] = [
        "IM002": (
            "there is no such driver or DSN",
            "odbcinst -q -d and odbcinst -q -s list what unixODBC knows; see the guide of the "
                + "database for its driver's package"
        ),
        "IM003": ("the driver cannot be loaded", loadHint),
        "IM004": ("the driver does not start", loadHint),
        "IM005": ("the driver does not start", loadHint),
        // "Can't open lib": a warning, and all there is.
        "01000": ("the driver cannot be loaded", loadHint),
    ]

    private static let loadHint =
        "check the file of the driver in odbcinst.ini, and with ldd whether its libraries are there"

    static func connectFailure(
        _ records: [ODBCDiagnostic], _ dialect: ODBCDialect
    ) -> TargetFailure {
        let hasError = records.contains { !$0.state.hasPrefix("01") }
        if let first = records.first, let known = managerStates[first.state],
            first.state != "01000" || !hasError
        {
            return TargetFailure(
                class: .permanent, targetCode: first.state, message: known.sentence,
                hint: known.hint, isConnectionLost: true)
        }
        var failure = failure(records, dialect)
        failure.isConnectionLost = true
        if records.first?.state.hasPrefix("08") == true, failure.class == .transient {
            failure.message = "the server cannot be reached"
            failure.hint = "check that the server runs and that host and port are right"
        } else if failure.targetCode.hasPrefix("HYT") {
            failure = connectOverdue
        }
        return failure
    }

    static func otherDatabase(_ found: String, wanted: String) -> TargetFailure {
        TargetFailure(
            class: .permanent, targetCode: "IM001",
            message: "the driver reaches a database of another kind"
                + (isPlain(found) ? " (\(found))" : "") + ", not \(wanted)",
            hint: "correct the driver in the connector's url, or its kind", isConnectionLost: true)
    }

    /// The driver's own word for a product, and nothing of a user's.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.count <= 40
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == " ") }
    }

    // MARK: Failures that no diagnostic stands for

    static let connectOverdue = TargetFailure(
        class: .transient, targetCode: "HYT00",
        message: "the server did not answer within the connect timeout",
        hint: "check host, port and firewall", isConnectionLost: true)

    static let overdue = TargetFailure(
        class: .transient, targetCode: "HYT00",
        message: "the server did not finish within the statement timeout",
        hint: "raise the connector's statement timeout, or make the batches smaller")

    static let cancelled = TargetFailure(
        class: .transient, targetCode: "HY008", message: "the query was cancelled")

    static let unanswered = TargetFailure(
        class: .transient, targetCode: "HYT01",
        message: "the driver did not come back within the statement timeout",
        hint: "check server and network; the connection was left behind", isConnectionLost: true)

    static let closed = TargetFailure(
        class: .transient, targetCode: "08003", message: "the session is closed",
        isConnectionLost: true)

    static let outOfMemory = TargetFailure(
        class: .transient, targetCode: "HY001", message: "the driver manager is out of memory",
        isConnectionLost: true)

    static let zeroByte = TargetFailure(
        class: .values, targetCode: "22021",
        message: "a value holds U+0000, which cannot be sent through ODBC")

    static let noText = TargetFailure(
        class: .values, targetCode: "22021", message: "the query is not UTF-8")

    static let transactionControl = TargetFailure(
        class: .permanent, targetCode: "25000",
        message: "the query begins or ends a transaction itself; what ran before may be committed, "
            + "and the lane's cursor has not moved",
        hint: "remove BEGIN TRANSACTION, COMMIT and ROLLBACK, and on Oracle every CREATE, ALTER, "
            + "DROP, TRUNCATE and GRANT, which commit by themselves; empty a table with DELETE")

    static let transactionFailed = TargetFailure(
        class: .permanent, targetCode: "25000",
        message: "a statement of the transaction failed before")

    static let commitRolledBack = TargetFailure(
        class: .permanent, targetCode: "25000",
        message: "the transaction had failed before and was rolled back")

    static let cursorGone = TargetFailure(
        class: .transient, targetCode: "02000",
        message: "the lane's row in segledger_cursor went away while it was claimed")
}

extension ODBCDialect {
    /// Whether a number is one that THROW, RAISERROR or RAISE_APPLICATION_ERROR is given: whoever
    /// wrote them may have made it of a value.
    fileprivate func isMadeUp(_ number: Int) -> Bool {
        switch codeForm {
        case .native: number >= 50_000
        case .oracle: (20_000...20_999).contains(number)
        case .sqlState: false
        }
    }

    /// What a diagnostic record means, of a statement or, where `isConnecting`, before a session
    /// stands. For tests of the tables.
    package func failure(
        state: String, native: Int, message: String = "", isConnecting: Bool = false
    ) -> TargetFailure {
        let record = ODBCDiagnostic(state: state, native: native, message: message)
        return isConnecting
            ? ODBCFailures.connectFailure([record], self) : ODBCFailures.failure([record], self)
    }
}
