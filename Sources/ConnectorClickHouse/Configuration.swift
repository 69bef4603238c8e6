internal import Connector
internal import NIOSSL
internal import SegmentModel

/// Where the server's HTTP interface is and how it is reached, from the URL and the secret. Never
/// printed.
struct ClickHouseConfiguration: Sendable {
    /// `http://host:port/`
    let address: String
    let isLoopback: Bool
    /// The password would cross a network in clear, and the operator did not say so.
    let givesPasswordAway: Bool
    let user: String
    let database: String
    let password: String?
    /// nil: without TLS.
    let tls: TLSConfiguration?
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int

    init(_ definition: ConnectorDefinition, secret: String?) throws(Failure) {
        let url = try definition.serverURL(ClickHouseAddress.form)
        let hasTLS = try Self.usesTLS(definition, ClickHouseAddress.hasTLS(url))
        guard Self.fitsHeader(url.user), secret.map(Self.fitsHeader) ?? true else {
            throw Failure(
                .configurationInvalid,
                "user or password of connector \(definition.name) hold what HTTP cannot carry",
                hint: "use one without control characters and without spaces at its ends")
        }
        let host = url.host.contains(":") ? "[\(url.host)]" : url.host
        let port = url.port ?? ClickHouseAddress.port(hasTLS: hasTLS)
        address = "\(hasTLS ? "https" : "http")://\(host):\(port)/"
        isLoopback = LocalHost.isLocal(url.host)
        givesPasswordAway =
            !hasTLS && !isLoopback && secret != nil && !definition.allowsCleartextPassword
        user = url.user
        database = url.database
        password = secret
        tls = hasTLS ? Self.tlsConfiguration(definition) : nil
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
    }

    /// From the scheme and the mode, which must not contradict each other.
    private static func usesTLS(
        _ definition: ConnectorDefinition, _ isInScheme: Bool
    ) throws(Failure) -> Bool {
        switch definition.tlsMode {
        case nil: return isInScheme
        case .require, .verifyCA, .verifyFull: return true
        case .disable:
            guard isInScheme else { return false }
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) asks for TLS in its URL and disables it in tls.mode",
                hint: "write clickhouse:// for a connection without TLS, or another tls.mode")
        case .prefer:
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) has the TLS mode prefer, which HTTP does not have: "
                    + "a port speaks TLS or it does not",
                hint: "use verify-full, or disable")
        }
    }

    /// What each mode checks. A scheme with TLS and no mode is checked in full.
    private static func tlsConfiguration(_ definition: ConnectorDefinition) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        switch definition.tlsMode {
        case .require: tls.certificateVerification = .none
        case .verifyCA: tls.certificateVerification = .noHostnameVerification
        default: tls.certificateVerification = .fullVerification
        }
        if let file = definition.tlsAuthorityFile { tls.trustRoots = .file(file) }
        return tls
    }

    private static func fitsHeader(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && text.utf8.first != 0x20
            && text.utf8.last != 0x20
    }
}
