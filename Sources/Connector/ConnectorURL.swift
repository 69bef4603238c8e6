package import SegmentModel

/// A connector's URL, parted from the password that it may hold.
///
/// What remains in `text` goes into the ledger and into listings, so a URL in which a password
/// could hide unseen is refused (INV-10).
package struct ConnectorURL {
    private static let notEscaped = ConnectorAddress.Fault(
        "has an @ too many",
        hint: "write @ : / ? # of a password as %40 %3A %2F %3F %23, or give the password apart as "
            + "password: { env: NAME }")
    private static let wrongEscape = ConnectorAddress.Fault(
        "has a password with a wrong % escape", hint: "write % itself as %25")
    private static let twoPasswords = ConnectorAddress.Fault(
        "holds two passwords", hint: "keep one of them")
    private static let keyPassword = ConnectorAddress.Fault(
        "holds sslpassword, which would be stored in plain",
        hint: "use a client key without a password, readable by this user only")

    /// - Parameter schemes: what the URL may begin with, the usual first.
    package static func address(
        _ url: String, schemes: [String]
    ) throws(ConnectorAddress.Fault) -> ConnectorAddress {
        guard schemes.contains(where: url.hasPrefix) else {
            let usual = schemes[0]
            throw ConnectorAddress.Fault(
                "must start with \(usual)",
                hint: "write an address like \(usual)user@host/database")
        }
        let parts = try ConnectorURL(parsing: url)
        return ConnectorAddress(url: parts.text, password: parts.password)
    }

    let text: String
    let password: String?

    init(parsing source: String) throws(ConnectorAddress.Fault) {
        guard let schemeEnd = source.rangeOfSchemeSeparator else {
            text = source
            password = nil
            return
        }
        let head = source[..<schemeEnd.upperBound]
        let rest = source[schemeEnd.upperBound...]
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        var found: [Substring] = []
        if let at = authority.firstIndex(of: "@") {
            let user = authority[..<at]
            let host = authority[at...]
            if let colon = user.firstIndex(of: ":") {
                found.append(user[user.index(after: colon)...])
                authority = user[..<colon] + host
            }
            guard !host.dropFirst().contains("@") else { throw Self.notEscaped }
        }
        guard !rest[authorityEnd...].contains("@") else { throw Self.notEscaped }
        let tail = try ConnectorURL.withoutPassword(rest[authorityEnd...], found: &found)
        guard found.count <= 1 else { throw Self.twoPasswords }
        text = head + authority + tail
        password = try found.first.map { value throws(ConnectorAddress.Fault) in
            try ConnectorURL.unescaped(value)
        }
    }

    /// The path and parameters without a `password`.
    private static func withoutPassword(
        _ tail: Substring, found: inout [Substring]
    ) throws(ConnectorAddress.Fault) -> String {
        guard let mark = tail.firstIndex(of: "?") else { return String(tail) }
        var kept: [Substring] = []
        for parameter in tail[tail.index(after: mark)...].split(separator: "&") {
            if parameter.hasPrefix("sslpassword=") { throw Self.keyPassword }
            if parameter.hasPrefix("password=") {
                found.append(parameter.dropFirst("password=".count))
            } else {
                kept.append(parameter)
            }
        }
        let path = String(tail[..<mark])
        return kept.isEmpty ? path : path + "?" + kept.joined(separator: "&")
    }

    private static func unescaped(_ text: Substring) throws(ConnectorAddress.Fault) -> String {
        var output: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                output.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw Self.wrongEscape }
            output.append(value)
            rest = rest.dropFirst(2)
        }
        guard let password = String(validating: output, as: UTF8.self) else {
            throw Self.wrongEscape
        }
        return password
    }
}

extension String {
    /// The `://` behind a scheme.
    fileprivate var rangeOfSchemeSeparator: Range<String.Index>? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix("://") else { return nil }
        return colon..<index(colon, offsetBy: 3)
    }
}
