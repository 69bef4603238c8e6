internal import Connector

/// What went wrong before a session stood. libpq gives no SQLSTATE here, only a text; it is made at
/// PQERRORS_VERBOSE, where a server's refusal reads `FATAL:  3D000: database "x" does not exist`.
///
/// Whoever answers on the port writes some of that text. So nothing of it is told but known texts,
/// the server's and libpq's own, with the names of the connector's url in them (INV-10).
extension PostgresFailures {
    private struct Known {
        let `class`: TargetFailure.Class
        let code: String
        let texts: [MessageTemplate]
        let hint: String
    }

    private static let certificateHint =
        "check the certificate authority's file and the server's certificate and name"
    private static let reachHint = "check that the server runs and that host and port are right"

    /// Texts of libpq itself (fe-connect.c, fe-secure-openssl.c, fe-auth.c).
    private static let libraryTexts: [Known] = [
        Known(
            class: .permanent, code: "08004",
            texts: ["server does not support SSL, but SSL was required"],
            hint: "turn TLS on at the server, and check that it is the right one that answers"
        ),
        Known(
            class: .permanent, code: "28P01", texts: ["fe_sendauth: no password supplied"],
            hint: "give the connector a password"),
        Known(
            class: .permanent, code: "08004",
            texts: [
                "SSL error: certificate verify failed",
                #"server certificate for "{any}" does not match host name "{name}""#,
                #"root certificate file "{any}" does not exist"#,
                #"could not read root certificate file "{any}": {any}"#,
                "server certificate{any}", "SSL error: {any}certificate{any}",
                "certificate{any}",
            ], hint: certificateHint),
        Known(
            class: .permanent, code: "08004",
            texts: [#"invalid sslmode value: "{token}""#],
            hint: "use disable, prefer, require, verify-ca or verify-full"),
        Known(
            class: .permanent, code: "08004", texts: [#"invalid port number: "{token}""#],
            hint: "correct the port in the connector's url"),
        Known(
            class: .permanent, code: "08004", texts: [#"invalid connection option "{token}""#],
            hint: "correct the parameters in the connector's url"),
        Known(
            class: .transient, code: "08001",
            texts: [
                "Connection refused", "Connection timed out", "Connection reset by peer",
                "No route to host", "Network is unreachable", "Host is unreachable",
                "timeout expired", "server closed the connection unexpectedly",
                "SSL SYSCALL error: {any}", "SSL error: {any}", "could not receive data from {any}",
                "could not send {any}",
                #"could not translate host name "{name}" to address: {any}"#,
            ], hint: reachHint),
    ]

    private static let unknownLine = Known(
        class: .transient, code: "08001", texts: [], hint: reachHint)

    /// - Parameter vocabulary: host, port, user and database, as the connector's url names them.
    static func connectFailure(_ text: String, _ vocabulary: QueryVocabulary) -> TargetFailure {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        // Of several addresses tried, the last one's.
        let line = lines.last { $0.hasPrefix("connection to server") } ?? lines.first ?? ""
        if let (message, state) = splitServerRefusal(line) {
            let isKnown = known.contains(state) && !state.hasPrefix("P0")
            let entry = entry(sqlState: state)
            var failure = TargetFailure(
                class: classify(sqlState: state), targetCode: isKnown ? state : madeUpCode,
                message: isKnown ? entry.sentence : "the server refuses the connection",
                hint: hint(sqlState: state), isConnectionLost: true)
            failure.report = TargetReport(
                message, as: entry.texts, form: .whole, whereToRead: whereToRead)
            return failure.told(in: vocabulary)
        }
        let (place, reason) = splitPlace(line)
        let found = libraryTexts.first { $0.texts.contains { $0.matches(reason) } } ?? unknownLine
        var failure = TargetFailure(
            class: found.class, targetCode: found.code, message: "the server cannot be reached",
            hint: found.hint, isConnectionLost: true)
        let texts = found.texts.flatMap { text in
            [text, MessageTemplate("\(placeWords)\(text.text)")]
        }
        failure.report = TargetReport(
            place + reason, as: texts, form: .whole, whereToRead: whereToRead)
        failure = failure.told(in: vocabulary)
        failure.whereToRead = nil
        return failure
    }

    private static let placeWords = #"connection to server at "{name}", port {token} failed: "#

    /// Takes `connection to server at "db" (10.0.0.1), port 5432 failed: ` from a line, and the
    /// address out of it.
    private static func splitPlace(_ line: String) -> (place: String, reason: String) {
        guard line.hasPrefix("connection to server"),
            let end = line.firstRange(of: " failed: ")?.upperBound
        else { return ("", line) }
        let place = String(line[..<end])
        let withoutAddress = place.replacing(/\ \([^()]*\), port/, with: ", port")
        return (withoutAddress, String(line[end...]))
    }

    private static func hint(sqlState: String) -> String? {
        switch sqlState.prefix(2) {
        case "28": "check the user of the connector's url and its password"
        case "3D": "create it, or correct the connector's url"
        default: nil
        }
    }

    static let connectOverdue = TargetFailure(
        class: .transient, targetCode: "08001",
        message: "the server did not answer within the connect timeout",
        hint: "check host, port and firewall", isConnectionLost: true)

    /// What the server asked is not answered.
    static func refusal(_ refusal: PostgresLoginCheck.Refusal) -> TargetFailure {
        let safer =
            "turn TLS on at the server and set tls.mode to verify-full, or let the server ask for "
            + "scram-sha-256; allow_cleartext_password: true sends it all the same"
        let (message, hint): (String, String) =
            switch refusal {
            case .cleartext:
                ("the server asks for the password in clear, on a connection without TLS", safer)
            case .md5:
                (
                    "the server asks for an MD5 sum of the password, from which it can be guessed, "
                        + "on a connection without TLS", safer
                )
            case .foreign:
                (
                    "the server asks for a way to log in that a password does not answer",
                    "let the server ask for scram-sha-256"
                )
            case .rounds:
                (
                    "the server asks for SCRAM with a number of rounds that is not between 4096 "
                        + "and 1,000,000, on a connection without TLS",
                    "set the user's password anew at the server, or use TLS"
                )
            case .unproven:
                (
                    "the server did not show that it knows the password",
                    "check that the connector's url names the right server"
                )
            case .broken:
                (
                    "what answers is no PostgreSQL server",
                    "check host and port of the connector's url"
                )
            }
        return TargetFailure(
            class: .permanent, targetCode: "28000", message: message, hint: hint,
            isConnectionLost: true)
    }

    /// libpq forgets why, and would go on without TLS.
    static let handshake = TargetFailure(
        class: .transient, targetCode: "08004",
        message: "the server offers TLS, and the handshake failed",
        hint: certificateHint, isConnectionLost: true)

    static let authorityUnreadable = TargetFailure(
        class: .permanent, targetCode: "08004",
        message: "the file of tls.ca_file cannot be read",
        hint: "check the path and the rights of the certificate authority's file",
        isConnectionLost: true)

    static let noDescriptors = TargetFailure(
        class: .transient, targetCode: "08001",
        message: "the system has no descriptors left for a connection",
        hint: "raise the limit of open files (ulimit -n)", isConnectionLost: true)

    /// Takes the SQLSTATE out of `… FATAL:  3D000: database …`.
    private static func splitServerRefusal(_ line: String) -> (message: String, state: String)? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        for (index, word) in words.enumerated() where word.count == 6 && word.hasSuffix(":") {
            let state = word.dropLast()
            let isState = state.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
            guard isState, index >= 2, words[index - 1].isEmpty, words[index - 2].hasSuffix(":")
            else { continue }
            return (words[(index + 1)...].joined(separator: " "), String(state))
        }
        return nil
    }
}
