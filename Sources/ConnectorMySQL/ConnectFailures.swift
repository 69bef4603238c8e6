internal import CMariaDB
internal import Connector

/// What went wrong before a session stood.
extension MySQLFailures {
    /// Numbers of the client that no later try will change.
    private static let permanentClientCodes: [CUnsignedInt: (sentence: String, hint: String)] = [
        2007: ("the server's protocol is too old", "use MySQL 5.7.8 or MariaDB 10.1, or later"),
        2026: (
            "no TLS with the server",
            "check the certificate authority's file and the server's certificate and name"
        ),
        2059: (
            "the server asks for a way to log in that the client does not have or may not use",
            "give the user a password of the kind caching_sha2_password, ed25519 or "
                + "mysql_native_password; a password in clear needs tls.mode verify-full"
        ),
        2061: ("the login failed", "check the user of the connector's url and its password"),
    ]

    /// The client's own texts name host, port and the system's error, never a value.
    static func connectFailure(of handle: UnsafeMutablePointer<MYSQL>) -> TargetFailure {
        let code = mysql_errno(handle)
        let text = String(cString: mysql_error(handle))
        guard isClientCode(code) else {
            var failure = failure(of: handle)
            failure.isConnectionLost = true
            return failure
        }
        if let known = permanentClientCodes[code] {
            return TargetFailure(
                class: .permanent, targetCode: String(code),
                message: code == 2026 ? "\(known.sentence): \(text)" : known.sentence,
                hint: known.hint, isConnectionLost: true)
        }
        return TargetFailure(
            class: .transient, targetCode: String(code),
            message: text.isEmpty ? "the server cannot be reached" : text,
            hint: "check that the server runs and that host and port are right",
            isConnectionLost: true)
    }

    static let noTLS = TargetFailure(
        class: .permanent, targetCode: "2026", message: "the server does not offer TLS",
        hint: "turn TLS on at the server, or set the connector's TLS mode to disable or prefer",
        isConnectionLost: true)

    static let connectOverdue = TargetFailure(
        class: .transient, targetCode: "2002",
        message: "the server did not answer within the connect timeout",
        hint: "check host, port and firewall", isConnectionLost: true)
}
