internal import CMariaDB
internal import Connector

/// What went wrong before a session stood.
extension MySQLFailures {
    /// The server asks for a plug-in that is not there, or that the connection may not use.
    private static let foreignLogin = (
        sentence: "the server asks for a way to log in that the client does not have or, on this "
            + "connection, may not use",
        hint: "give the user a password of the kind ed25519 or mysql_native_password, or, with TLS "
            + "on at the server and tls.mode verify-full, any; allow_cleartext_password: true "
            + "sends the password so that it can be learnt on the way"
    )

    /// Numbers of the client that no later try will change.
    private static let permanentClientCodes: [CUnsignedInt: (sentence: String, hint: String)] = [
        2007: ("the server's protocol is too old", "use MySQL 5.7.8 or MariaDB 10.1, or later"),
        2026: (
            "no TLS with the server",
            "check the certificate authority's file and the server's certificate and name"
        ),
        2059: foreignLogin, 5010: foreignLogin,
        2061: ("the login failed", "check the user of the connector's url and its password"),
    ]

    /// Numbers whose texts the client makes of the host's name and the system's error alone; into
    /// the others goes what the server says.
    private static let localTexts: Set<CUnsignedInt> = [2002, 2003, 2005]

    /// What a check of a certificate says, by OpenSSL and by GnuTLS.
    private static let certificateTexts = [
        "self-signed certificate in certificate chain", "self-signed certificate",
        "self signed certificate", "unable to get local issuer certificate",
        "certificate has expired", "certificate is not yet valid", "certificate verify failed",
        "The certificate is NOT trusted", "The certificate chain uses expired certificate",
        "Hostname verification failed", "hostname mismatch", "wrong version number",
        "unsupported protocol", "Validation of SSL server certificate failed",
    ]

    /// - Parameter vocabulary: host, user and database, as the connector's url names them.
    static func connectFailure(
        of handle: UnsafeMutablePointer<MYSQL>, _ vocabulary: QueryVocabulary
    ) -> TargetFailure {
        let code = mysql_errno(handle)
        let text = String(cString: mysql_error(handle))
        guard isClientCode(code) else {
            var failure = failure(of: handle).told(in: vocabulary)
            failure.isConnectionLost = true
            return failure
        }
        if let known = permanentClientCodes[code] {
            return TargetFailure(
                class: .permanent, targetCode: String(code),
                message: known.sentence
                    + (certificateTexts.first { text.contains($0) }.map { ": \($0)" } ?? ""),
                hint: known.hint, isConnectionLost: true)
        }
        return TargetFailure(
            class: .transient, targetCode: String(code),
            message: localTexts.contains(code) && text.isPrintable && !text.isEmpty
                ? text : "the server cannot be reached",
            hint: "check that the server runs and that host and port are right",
            isConnectionLost: true)
    }

    static let noTLS = TargetFailure(
        class: .permanent, targetCode: "2026", message: "the server does not offer TLS",
        hint: "turn TLS on at the server, and check that it is the right one that answers",
        isConnectionLost: true)

    static let connectOverdue = TargetFailure(
        class: .transient, targetCode: "2002",
        message: "the server did not answer within the connect timeout",
        hint: "check host, port and firewall", isConnectionLost: true)

    static let notMySQL = TargetFailure(
        class: .permanent, targetCode: "2007", message: "what answers is no MySQL server",
        hint: "check host and port of the connector's url", isConnectionLost: true)

    static let authorityUnreadable = TargetFailure(
        class: .permanent, targetCode: "2026",
        message: "the file of tls.ca_file cannot be read",
        hint: "check the path and the rights of the certificate authority's file",
        isConnectionLost: true)

    static let noDescriptors = TargetFailure(
        class: .transient, targetCode: "2002",
        message: "the system has no descriptors left for a connection",
        hint: "raise the limit of open files (ulimit -n)", isConnectionLost: true)
}
