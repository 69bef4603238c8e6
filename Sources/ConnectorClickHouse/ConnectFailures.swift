internal import AsyncHTTPClient
internal import Connector
internal import NIOCore
internal import NIOHTTPCompression
internal import NIOPosix
internal import NIOSSL

/// What went wrong without an answer of the server's. No text of a library is passed on: some hold
/// parts of what was sent.
extension ClickHouseFailures {
    /// The deadline of a request, not one of a connection.
    static func isOverdue(_ error: any Error) -> Bool {
        (error as? HTTPClientError) == .deadlineExceeded
            || (error as? HTTPClientError) == .readTimeout
    }

    /// A kept connection that the server has closed: nothing of the request went out on it.
    static func isStale(_ error: any Error) -> Bool {
        (error as? HTTPClientError) == .remoteConnectionClosed
    }

    /// - Parameter isSent: some of the request may have reached the server.
    static func transportFailure(_ error: any Error, isSent: Bool) -> TargetFailure {
        if isOverdue(error) { return overdue }
        switch error {
        case is AnswerCollector.TooLong, is NIOHTTPDecompression.DecompressionError:
            return .tooManyRows
        case let error as HTTPClientError where isConnectTimeout(error): return connectOverdue
        case is NIOConnectionError,
            is IOError where !isSent:
            return TargetFailure(
                class: .transient, targetCode: "NETWORK", message: "the server cannot be reached",
                hint: "check that the server runs, that host and port are right, and that the port "
                    + "is the one of HTTP (8123, or 8443 with TLS)",
                isConnectionLost: true)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return tlsFailure(error)
        default:
            return TargetFailure(
                class: .transient, targetCode: "NETWORK",
                message: "the connection to the server broke before its answer was complete",
                isConnectionLost: true)
        }
    }

    /// Every request carries the password.
    static let cleartext = TargetFailure(
        class: .permanent, targetCode: "TLS",
        message: "the password would cross the network in clear: the url is one without TLS, to "
            + "another machine",
        hint: "use clickhouses:// and the port of HTTPS (8443); allow_cleartext_password: true "
            + "sends it all the same",
        isConnectionLost: true)

    /// While no session stands, what the deadline cut is the connecting.
    static func whileConnecting(_ failure: TargetFailure) -> TargetFailure {
        var failure = failure.message == overdue.message ? connectOverdue : failure
        failure.isOutcomeUnknown = false
        failure.isConnectionLost = true
        return failure
    }

    private static func isConnectTimeout(_ error: HTTPClientError) -> Bool {
        [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout].contains(error)
    }

    private static func tlsFailure(_ error: any Error) -> TargetFailure {
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") || error is NIOSSLExtraError {
            return TargetFailure(
                class: .permanent, targetCode: "TLS",
                message: "the server's certificate does not pass the checks of the TLS mode",
                hint: "check tls.ca_file, the server's certificate and the host's name in it",
                isConnectionLost: true)
        }
        return TargetFailure(
            class: text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST")
                ? .permanent : .transient,
            targetCode: "TLS", message: "the server does not speak TLS on this port as asked for",
            hint: "use the port of HTTPS (8443), or turn TLS off for this connector",
            isConnectionLost: true)
    }
}
