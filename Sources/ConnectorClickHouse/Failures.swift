internal import Connector

/// Error codes as failures. Source:
/// https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
///
/// Servers put values and whole rows into the middle of their messages. So none of a server's
/// message is passed on: each code has a sentence of ours, and a name is taken out of the message
/// where its place in it is certain (`ClickHouseNames`). INV-10.
enum ClickHouseFailures {
    struct Entry {
        let `class`: TargetFailure.Class
        let sentence: String
        /// The server's own texts, of which a name is told.
        var texts: [MessageTemplate] = []
        var hint: String?
        var isRightMissing = false
        /// Where one code stands for several things: the first whose words are in the message.
        var causes: [Cause] = []
    }

    /// What one of the meanings of a code is told by.
    struct Cause {
        let `class`: TargetFailure.Class
        let words: String
        let sentence: String
        var hint: String?
    }

    /// The server's own codes; throwIf can be told to use another one, which may be a value.
    private static let codes = 1...1002

    /// What stands for a code that a query made up.
    private static let madeUpCode = "other"

    /// The failure in an answer; nil: it is none.
    static func failure(_ answer: ClickHouseAnswer) -> TargetFailure? {
        guard answer.status != 200 || answer.exceptionCode != nil else { return nil }
        return failure(
            status: answer.status, code: answer.exceptionCode,
            body: String(decoding: answer.body.prefix(4096), as: UTF8.self))
    }

    /// - Parameter code: as a header says it; nil: it is in the body, or it is none of
    /// ClickHouse's.
    static func failure(status: Int, code: Int?, body text: String) -> TargetFailure? {
        guard let code = code ?? self.code(in: text) else { return withoutCode(status) }
        let known = table[code]
        let entry = known ?? Entry(class: .permanent, sentence: "the server refused the query")
        let cause = entry.causes.first { text.contains($0.words) }
        var failure = TargetFailure(
            class: cause?.class ?? entry.class,
            targetCode: known != nil || codes.contains(code) ? String(code) : madeUpCode,
            message: cause?.sentence ?? entry.sentence, hint: cause?.hint ?? entry.hint,
            isRightMissing: entry.isRightMissing)
        failure.report = TargetReport(
            String(text.prefix(MessageTemplate.characterCountMax)), as: entry.texts, form: .name,
            whereToRead: "read what the server says in its own log")
        failure.isOutcomeUnknown = unknownOutcomes.contains(code)
        return failure
    }

    /// Of `Code: 60, e.displayText() = …`, `Code: 60. DB::Exception: …` and, where a library of the
    /// server's failed, `Poco::Exception. Code: 1000, …`.
    private static func code(in text: String) -> Int? {
        for start in ["Code: ", "Poco::Exception. Code: ", "std::exception. Code: "]
        where text.hasPrefix(start) {
            return Int(text.dropFirst(start.count).prefix { $0.isNumber })
        }
        return nil
    }

    /// An answer that is not one of ClickHouse's own.
    private static func withoutCode(_ status: Int) -> TargetFailure {
        switch status {
        case 408, 425, 429, 500...599:
            TargetFailure(
                class: .transient, targetCode: "HTTP \(status)",
                message: "what stands before the server answers with status \(status)",
                hint: "check the proxy or load balancer between here and the server",
                isOutcomeUnknown: true)
        case 401, 403:
            TargetFailure(
                class: .permanent, targetCode: "HTTP \(status)",
                message: "the server refuses the user or its password",
                hint: "check the user of the connector's url and its password",
                isConnectionLost: true)
        default: notClickHouse(status)
        }
    }

    static func notClickHouse(_ status: Int) -> TargetFailure {
        TargetFailure(
            class: .permanent, targetCode: "HTTP \(status)",
            message: "who answers is not ClickHouse's HTTP interface (status \(status))",
            hint: "use the port of HTTP (8123) or of HTTPS (8443), not the native one",
            isConnectionLost: true)
    }

    // MARK: Failures that no code stands for

    static let overdueSentence = "the server did not finish within the statement timeout"
    static let overdueHint = "raise the connector's statement timeout, or make the batches smaller"

    static let overdue = TargetFailure(
        class: .transient, targetCode: "159", message: overdueSentence, hint: overdueHint)

    static let connectOverdue = TargetFailure(
        class: .transient, targetCode: "NETWORK",
        message: "the server did not answer within the connect timeout",
        hint: "check host, port and firewall", isConnectionLost: true)

    static let cancelled = TargetFailure(
        class: .transient, targetCode: "394", message: "the query was cancelled")

    static let closed = TargetFailure(
        class: .transient, targetCode: "", message: "the session is closed",
        isConnectionLost: true)

    static let transactionControl = TargetFailure(
        class: .permanent, targetCode: "649",
        message: "the query begins or ends a transaction itself, and ClickHouse has none here",
        hint: "remove BEGIN, COMMIT and ROLLBACK: each statement is stored as it runs")

    static let sessionControl = TargetFailure(
        class: .permanent, targetCode: "372",
        message: "SET and USE have no effect: each statement is a request of its own",
        hint: "write SETTINGS behind the query, or set the user's profile; name tables with their "
            + "database")

    static let temporaryTable = TargetFailure(
        class: .permanent, targetCode: "372",
        message: "a temporary table would be gone at once: each statement is a request of its own, "
            + "so that nothing can be tried out here and taken back",
        hint: "'segledger template check' looks at the queries themselves")

    static let otherFormat = TargetFailure(
        class: .permanent, targetCode: "73",
        message: "the query names an output format of its own, which is not read here",
        hint: "remove FORMAT from the query")

    static let strangeCursorRow = TargetFailure(
        class: .permanent, targetCode: "",
        message: "a row of segledger_cursor holds what Segledger does not write",
        hint: "look at the table segledger_cursor and repair or delete the row")

    static let claimContended = TargetFailure(
        class: .transient, targetCode: "",
        message: "other workers claim the lane's row in segledger_cursor at the same time",
        hint: "stop the other workers of this integration")
}
