internal import Connector
internal import NIOSSL
internal import SegmentModel

/// Where the server's HTTP interface is and how it is reached, from a URL
/// `clickhouse://user@host:port/database` (or `http://`; `clickhouses://` and `https://` with TLS)
/// and the secret. Never printed.
struct ClickHouseConfiguration: Sendable {
    /// `http://host:port/`
    let address: String
    let isLoopback: Bool
    let user: String
    let database: String
    let password: String?
    /// nil: without TLS.
    let tls: TLSConfiguration?
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int

    private static let schemes: [(text: String, hasTLS: Bool)] = [
        ("clickhouse://", false), ("clickhouses://", true), ("http://", false), ("https://", true),
    ]
    private static let form = "write clickhouse://user@host:8123/database"

    init(_ definition: ConnectorDefinition, secret: String?) throws(Failure) {
        func refuse(_ problem: String, _ hint: String) -> Failure {
            Failure(
                .configurationInvalid, "the URL of connector \(definition.name) \(problem)",
                hint: hint)
        }
        guard let scheme = Self.schemes.first(where: { definition.url.hasPrefix($0.text) }) else {
            throw refuse("is not one of ClickHouse's", Self.form)
        }
        let hasTLS = try Self.usesTLS(definition, scheme.hasTLS)
        guard
            let parts = TargetURL(
                definition.url.dropFirst(scheme.text.count), defaultPort: hasTLS ? 8443 : 8123)
        else { throw refuse("is not one of ClickHouse's", Self.form) }
        guard !parts.hasPassword else {
            throw refuse(
                "holds a password",
                "take it out of the url and name its source, for example "
                    + "password: { env: CRM_PASSWORD }")
        }
        guard !parts.hasParameters else {
            throw refuse(
                "has parameters, which ClickHouse's does not take",
                "take out the ? and what follows; settings belong to the user's profile, TLS and "
                    + "timeouts are keys of the connector")
        }
        guard let user = parts.user else { throw refuse("names no user", Self.form) }
        guard let database = parts.database else { throw refuse("names no database", Self.form) }
        let isName = parts.host.utf8.allSatisfy { byte in
            Character(Unicode.Scalar(byte)).isLetter || (0x30...0x3A).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        guard isName else { throw refuse("names a host that cannot be one", Self.form) }
        guard Self.fitsHeader(user), secret.map(Self.fitsHeader) ?? true else {
            throw Failure(
                .configurationInvalid,
                "user or password of connector \(definition.name) hold what HTTP cannot carry",
                hint: "use one without control characters and without spaces at its ends")
        }
        let isIPv6 = parts.host.contains(":")
        let host = isIPv6 ? "[\(parts.host)]" : parts.host
        address = "\(hasTLS ? "https" : "http")://\(host):\(parts.port)/"
        isLoopback =
            parts.host == "localhost" || parts.host == "::1" || parts.host.hasPrefix("127.")
        self.user = user
        self.database = database
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
