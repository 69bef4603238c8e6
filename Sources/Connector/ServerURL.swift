package import SegmentModel

/// The URL of a database server: `scheme://user[:password]@host[:port]/database[?parameters]`.
///
/// The one reader of such URLs: a configuration is checked with it, and an adapter connects to the
/// parts that it gives, never to the text. What it does not know it refuses.
///
/// Invariants (INV-10):
/// - `text` is written anew from the parts, without the password, and is read as the same parts;
/// - names hold nothing but letters, digits, spaces and the marks of `isName`, so that no second
///   spelling of a password (`user:password`, `key=value`, an escaped escape) fits into one;
/// - a fault repeats nothing of the URL.
package struct ServerURL: Hashable, Sendable {
    /// What the URLs of a kind of database have.
    package struct Form: Sendable {
        /// What they may begin with, before `://`, the usual first.
        package let schemes: [String]
        /// The host may be the directory of a socket, `%2Frun%2Fpostgresql`.
        package let hasSockets: Bool
        /// Parameters that name a file.
        package let fileParameters: Set<String>
        /// Where to say what another parameter of the database's own clients says.
        package let hints: [String: String]

        package init(
            schemes: [String], hasSockets: Bool = false, fileParameters: Set<String> = [],
            hints: [String: String] = [:]
        ) {
            self.schemes = schemes
            self.hasSockets = hasSockets
            self.fileParameters = fileParameters
            self.hints = hints
        }

        package var hint: String { "write an address like \(schemes[0])://user@host/database" }
    }

    package let scheme: String
    package let user: String
    package let password: String?
    package let host: String
    package let port: UInt16?
    package let database: String
    /// In the order that they were given, by their names in small letters.
    package let files: [(name: String, path: String)]

    package init(parsing url: String, _ form: Form) throws(ConnectorAddress.Fault) {
        guard !url.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw ConnectorAddress.Fault("holds a control character", hint: form.hint)
        }
        guard let scheme = form.schemes.first(where: { url.hasPrefix($0 + "://") }) else {
            throw ConnectorAddress.Fault("must start with \(form.schemes[0])://", hint: form.hint)
        }
        let rest = url.dropFirst(scheme.count + 3)
        let authority = rest.prefix { !"/?#".contains($0) }
        let tail = rest[authority.endIndex...]
        guard !tail.contains("@"), authority.count(where: { $0 == "@" }) <= 1 else {
            throw Self.notEscaped
        }
        guard let at = authority.firstIndex(of: "@"), at > authority.startIndex else {
            throw ConnectorAddress.Fault("names no user", hint: form.hint)
        }
        let login = authority[..<at]
        user = try Self.name(login.prefix { $0 != ":" }, "user", form.hint)
        password = try login.firstIndex(of: ":").map { colon throws(ConnectorAddress.Fault) in
            try Self.password(login[login.index(after: colon)...])
        }
        (host, port) = try Self.place(authority[authority.index(after: at)...], form)
        let path = tail.prefix { !"?#".contains($0) }
        database = try Self.name(path.dropFirst(), "database", form.hint)
        files = try Self.files(tail[path.endIndex...], form)
        self.scheme = scheme
    }

    package static func == (left: ServerURL, right: ServerURL) -> Bool {
        left.text == right.text && left.password == right.password
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    // MARK: Names

    private static let notEscaped = ConnectorAddress.Fault(
        "has an @ too many",
        hint: "write @ : / ? # of a password as %40 %3A %2F %3F %23, or give the password apart as "
            + "password: { env: NAME }")

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.generalCategory == .decimalNumber
            || scalar.properties.generalCategory == .nonspacingMark
            || "_.-$#+~ @".unicodeScalars.contains(scalar)
    }

    private static func name(
        _ text: Substring, _ what: String, _ hint: String
    ) throws(ConnectorAddress.Fault) -> String {
        guard !text.isEmpty else {
            throw ConnectorAddress.Fault("names no \(what)", hint: hint)
        }
        guard let name = unescaped(text), name.unicodeScalars.allSatisfy(isName) else {
            throw ConnectorAddress.Fault(
                "has a \(what) whose name cannot be one",
                hint: "a name holds letters, digits, spaces and _ . - $ # + ~ @, some of them as "
                    + "%40 and the like; a password stands apart, as password: { env: NAME }")
        }
        return name
    }

    private static func password(_ text: Substring) throws(ConnectorAddress.Fault) -> String {
        // Which texts are passwords is judged where all of them are.
        guard let password = decoded(text) else {
            throw ConnectorAddress.Fault(
                "has a password with a wrong % escape", hint: "write % itself as %25")
        }
        return password
    }

    // MARK: The place

    private static func place(
        _ text: Substring, _ form: Form
    ) throws(ConnectorAddress.Fault) -> (host: String, port: UInt16?) {
        guard !text.contains(",") else {
            throw ConnectorAddress.Fault(
                "names several hosts", hint: "name one, or an address that stands for all of them")
        }
        let isBracketed = text.first == "["
        let end = isBracketed ? text.firstIndex(of: "]") : text.firstIndex(of: ":")
        let host = text[..<(end ?? text.endIndex)].drop { $0 == "[" }
        var rest = text[(end ?? text.endIndex)...]
        if isBracketed { rest = rest.dropFirst() }
        guard let name = unescaped(host), isBracketed ? isIPv6(name) : isHost(name, form) else {
            throw ConnectorAddress.Fault("has a host that cannot be one", hint: form.hint)
        }
        guard !rest.isEmpty else { return (name, nil) }
        let digits = rest.dropFirst()
        let isNumber = digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard rest.first == ":", isNumber, let port = UInt16(digits), port > 0 else {
            throw ConnectorAddress.Fault(
                "has a port that is none",
                hint: "write a number from 1 to 65535 behind the host; a password stands apart, as "
                    + "password: { env: NAME }")
        }
        return (name, port)
    }

    private static func isHost(_ name: String, _ form: Form) -> Bool {
        if name.hasPrefix("/") { return form.hasSockets && isPath(name) }
        return !name.isEmpty
            && name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isIPv6(_ name: String) -> Bool {
        name.contains(":") && name.utf8.allSatisfy { isLetterOrDigit($0) || ":.".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
    }

    // MARK: Parameters

    private static func files(
        _ text: Substring, _ form: Form
    ) throws(ConnectorAddress.Fault) -> [(name: String, path: String)] {
        guard !text.isEmpty else { return [] }
        var files: [(name: String, path: String)] = []
        guard text.first == "?", !text.contains("#") else { throw unknownParameter(nil, form) }
        for parameter in text.dropFirst().split(separator: "&") {
            let key = parameter.prefix { $0 != "=" }
            let name = unescaped(key)?.lowercased()
            guard let name, form.fileParameters.contains(name) else {
                throw unknownParameter(name, form)
            }
            let path = unescaped(parameter[key.endIndex...].dropFirst())
            guard let path, isPath(path), !files.contains(where: { $0.name == name }) else {
                throw ConnectorAddress.Fault(
                    "has a parameter that must name a file, once",
                    hint: "write the file's path, from / on")
            }
            files.append((name, path))
        }
        return files
    }

    private static func unknownParameter(
        _ name: String?, _ form: Form
    ) -> ConnectorAddress.Fault {
        let isSecret = name.map(ConnectorAddress.isSecret) ?? false
        let hint =
            isSecret
            ? "take it out of the url and name its source, for example password: { env: NAME }"
            : name.flatMap { form.hints[$0] }
                ?? "take out the ? or # and what follows; TLS, times and settings are keys of the "
                + "connector"
        return ConnectorAddress.Fault(
            isSecret
                ? "holds a password or another secret as a parameter"
                : "has parameters that it does not take", hint: hint)
    }

    private static func isPath(_ path: String) -> Bool {
        path.hasPrefix("/") && !ConnectorAddress.hidesSecret(path)
            && path.unicodeScalars.allSatisfy { isName($0) || $0 == "/" }
    }

    // MARK: Escapes

    /// nil: as of `decoded`, and where a control character was escaped.
    private static func unescaped(_ text: Substring) -> String? {
        guard let text = decoded(text) else { return nil }
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        return isPlain ? text : nil
    }

    /// nil: a percent sign without two hexadecimal digits, or no UTF-8.
    private static func decoded(_ text: Substring) -> String? {
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
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            if isLetterOrDigit(byte) || "_.-~".utf8.contains(byte) {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += (byte < 16 ? "%0" : "%") + digits
            }
        }
        return escaped
    }

    // MARK: Writing

    /// The URL without the password.
    package var text: String {
        let place = host.contains(":") ? "[\(host)]" : Self.escaped(host)
        let parameters = files.map { "\($0.name)=\(Self.escaped($0.path))" }
        return "\(scheme)://\(Self.escaped(user))@\(place)\(port.map { ":\($0)" } ?? "")"
            + "/\(Self.escaped(database))"
            + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
    }

    package var address: ConnectorAddress { ConnectorAddress(url: text, password: password) }
}

extension ConnectorDefinition {
    /// The parts of the URL, as `read` reads it.
    ///
    /// - Throws: `configurationInvalid` for a URL that is refused.
    package func readURL<Parts>(
        _ read: (String) throws(ConnectorAddress.Fault) -> Parts
    ) throws(Failure) -> Parts {
        do throws(ConnectorAddress.Fault) {
            return try read(url)
        } catch {
            throw Failure(
                .configurationInvalid, "the URL of connector \(name) \(error.message)",
                hint: error.hint)
        }
    }

    /// The server that the URL names.
    ///
    /// - Throws: `configurationInvalid` for a URL that is refused, or holds a password.
    package func serverURL(_ form: ServerURL.Form) throws(Failure) -> ServerURL {
        try readURL { url throws(ConnectorAddress.Fault) in
            let parts = try ServerURL(parsing: url, form)
            guard parts.password == nil else {
                throw ConnectorAddress.Fault(
                    "holds a password",
                    hint: "take it out of the url and name its source, for example "
                        + "password: { env: CRM_PASSWORD }")
            }
            return parts
        }
    }
}
