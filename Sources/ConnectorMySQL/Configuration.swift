internal import SegmentModel

/// Where the server is and how it is reached, from a URL `mysql://user@host:port/database` (or
/// `mariadb://`) and the secret. `%40` and the like stand for bytes. Never printed.
struct MySQLConfiguration: Sendable {
    let host: String
    let port: UInt16
    let user: String
    let database: String
    let password: String?
    let tls: ConnectorDefinition.TLSMode
    let tlsAuthorityFile: String?
    let connectTimeoutMilliseconds: Int
    let statementTimeoutMilliseconds: Int
    let sqlSettings: SQLSettings

    init(_ definition: ConnectorDefinition, secret: String?) throws(Failure) {
        func refuse(_ problem: String, _ hint: String) -> Failure {
            Failure(
                .configurationInvalid, "the URL of connector \(definition.name) \(problem)",
                hint: hint)
        }
        let form = "write mysql://user@host:3306/database"
        let schemes = ["mysql://", "mariadb://"]
        guard let scheme = schemes.first(where: { definition.url.hasPrefix($0) }),
            let parts = URLParts(definition.url.dropFirst(scheme.count))
        else { throw refuse("is not one of MySQL's", form) }
        guard !parts.hasPassword else {
            throw refuse(
                "holds a password",
                "take it out of the url and name its source, for example "
                    + "password: { env: CRM_PASSWORD }")
        }
        guard !parts.hasParameters else {
            throw refuse(
                "has parameters, which MySQL's does not take",
                "take out the ? and what follows; TLS and timeouts are keys of the connector")
        }
        guard let user = parts.user else { throw refuse("names no user", form) }
        guard let database = parts.database else { throw refuse("names no database", form) }
        guard definition.tlsMode != .verifyCA || definition.tlsAuthorityFile != nil else {
            throw Failure(
                .configurationInvalid,
                "connector \(definition.name) verifies the authority of the server's certificate "
                    + "and does not name the authority",
                hint: "give tls.ca_file, or use verify-full with the system's authorities")
        }
        guard secret?.contains("\0") != true else {
            throw Failure(
                .configurationInvalid, "the password of connector \(definition.name) holds U+0000")
        }
        host = parts.host
        port = parts.port
        self.user = user
        self.database = database
        password = secret
        tls = definition.tlsMode ?? .prefer
        tlsAuthorityFile = definition.tlsAuthorityFile
        connectTimeoutMilliseconds = definition.connectTimeoutMilliseconds
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        sqlSettings = definition.sqlSettings
    }
}

/// What stands behind the scheme: `[user@]host[:port][/database][?…]`.
private struct URLParts {
    private(set) var user: String?
    let host: String
    let port: UInt16
    let database: String?
    private(set) var hasPassword = false
    let hasParameters: Bool

    init?(_ text: Substring) {
        let end = text.firstIndex { "/?#".contains($0) } ?? text.endIndex
        let tail = text[end...]
        let path = tail.prefix { !"?#".contains($0) }
        hasParameters = path.endIndex != tail.endIndex
        var authority = text[..<end]
        if let at = authority.lastIndex(of: "@") {
            let credentials = authority[..<at]
            hasPassword = credentials.contains(":")
            guard let name = Self.unescaped(credentials) else { return nil }
            user = name.isEmpty ? nil : name
            authority = authority[authority.index(after: at)...]
        }
        var host = authority
        var portText: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let rest = authority[authority.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, let hostName = Self.unescaped(host) else { return nil }
        guard let port = portText.map({ UInt16($0) }) ?? 3306, port > 0 else { return nil }
        guard let database = Self.unescaped(path.dropFirst()) else { return nil }
        self.host = hostName
        self.port = port
        self.database = database.isEmpty ? nil : database
    }

    /// nil: a percent sign without two hexadecimal digits, no UTF-8, or U+0000.
    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimalDigit),
                let low = rest.popFirst().flatMap(hexadecimalDigit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
