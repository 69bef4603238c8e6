internal import Connector

/// What went wrong before a session stood. libpq gives no SQLSTATE here, only a text; it is made at
/// PQERRORS_VERBOSE, where a server's refusal reads `FATAL:  3D000: database "x" does not exist`.
extension PostgresFailures {
    /// Texts of libpq itself that no later try will change.
    private static let permanentTexts: [(text: String, code: String, hint: String)] = [
        (
            "server does not support SSL", "08004",
            "turn TLS on at the server, or set the connector's TLS mode to disable or prefer"
        ),
        ("no password supplied", "28P01", "give the connector a password"),
        (
            "certificate", "08004",
            "check the certificate authority's file and the server's certificate and name"
        ),
        ("invalid sslmode", "08004", "use disable, prefer, require, verify-ca or verify-full"),
        ("invalid port number", "08004", "correct the port in the connector's url"),
        ("invalid connection option", "08004", "correct the parameters in the connector's url"),
    ]

    static func connectFailure(_ text: String) -> TargetFailure {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        // Of several addresses tried, the last one's.
        let line = lines.last { $0.hasPrefix("connection to server") } ?? lines.first ?? ""
        if let (message, state) = splitServerRefusal(line) {
            return TargetFailure(
                class: classify(sqlState: state), targetCode: state, message: message,
                hint: hint(sqlState: state), isConnectionLost: true)
        }
        if let known = permanentTexts.first(where: { line.contains($0.text) }) {
            return TargetFailure(
                class: .permanent, targetCode: known.code, message: line, hint: known.hint,
                isConnectionLost: true)
        }
        return TargetFailure(
            class: .transient, targetCode: "08001",
            message: line.isEmpty ? "the server cannot be reached" : line,
            hint: "check that the server runs and that host and port are right",
            isConnectionLost: true)
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

    /// Takes the SQLSTATE out of `… FATAL:  3D000: database …`.
    private static func splitServerRefusal(_ line: String) -> (message: String, state: String)? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        for (index, word) in words.enumerated() where word.count == 6 && word.hasSuffix(":") {
            let state = word.dropLast()
            let isState = state.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
            guard isState, index >= 2, words[index - 1].isEmpty, words[index - 2].hasSuffix(":")
            else { continue }
            let message = words[..<(index - 1)] + words[(index + 1)...]
            return (message.joined(separator: " "), String(state))
        }
        return nil
    }
}
