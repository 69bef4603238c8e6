/// A connector's URL, parted from the password that it may hold.
///
/// What remains in `text` goes into the ledger and into listings, so a URL in which a password
/// could hide unseen is refused (INV-10).
struct ConnectorURL {
    enum Problem: Error {
        /// A character of user or password stands bare that must be written as %40, %2F, …
        case notEscaped
        /// The password's percent signs do not stand before two hexadecimal digits.
        case wrongEscape
        /// Two passwords: behind the user's name and as a parameter.
        case twoPasswords
        /// The password of the client's TLS key, which has no place of its own.
        case keyPassword
    }

    let text: String
    let password: String?

    /// A path, or what is known to hold no password.
    init(withoutPassword source: String) {
        text = source
        password = nil
    }

    init(parsing source: String) throws(Problem) {
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
            guard !host.dropFirst().contains("@") else { throw .notEscaped }
        }
        guard !rest[authorityEnd...].contains("@") else { throw .notEscaped }
        let tail = try ConnectorURL.withoutPassword(rest[authorityEnd...], found: &found)
        guard found.count <= 1 else { throw .twoPasswords }
        text = head + authority + tail
        password = try found.first.map { value throws(Problem) in
            try ConnectorURL.unescaped(value)
        }
    }

    /// The path and parameters without a `password`.
    private static func withoutPassword(
        _ tail: Substring, found: inout [Substring]
    ) throws(Problem) -> String {
        guard let mark = tail.firstIndex(of: "?") else { return String(tail) }
        var kept: [Substring] = []
        for parameter in tail[tail.index(after: mark)...].split(separator: "&") {
            if parameter.hasPrefix("sslpassword=") { throw .keyPassword }
            if parameter.hasPrefix("password=") {
                found.append(parameter.dropFirst("password=".count))
            } else {
                kept.append(parameter)
            }
        }
        let path = String(tail[..<mark])
        return kept.isEmpty ? path : path + "?" + kept.joined(separator: "&")
    }

    private static func unescaped(_ text: Substring) throws(Problem) -> String {
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
            else { throw .wrongEscape }
            output.append(value)
            rest = rest.dropFirst(2)
        }
        guard let password = String(validating: output, as: UTF8.self) else { throw .wrongEscape }
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
