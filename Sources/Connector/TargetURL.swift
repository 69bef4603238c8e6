/// What stands behind the scheme of a target's URL: `[user@]host[:port][/database][?…]`. `%40` and
/// the like stand for bytes.
package struct TargetURL: Sendable {
    package private(set) var user: String?
    package let host: String
    package let port: UInt16
    package let database: String?
    package private(set) var hasPassword = false
    package let hasParameters: Bool

    /// nil: it is not of this form.
    package init?(_ text: Substring, defaultPort: UInt16) {
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
        guard let port = portText.map({ UInt16($0) }) ?? defaultPort, port > 0 else { return nil }
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
