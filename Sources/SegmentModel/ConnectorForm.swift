/// How connectors of one kind are written in a configuration: what its reader and what shows it ask
/// of the kind's adapter.
package struct ConnectorForm: Sendable {
    package let kind: ConnectorKind
    /// What the database calls itself, for sentences.
    package let title: String
    /// The best that targets of the kind allow (INV-6).
    package let bestGrade: DeliveryGrade
    /// The settings that a connector may state.
    package let settings: [SQLSetting]
    /// Somebody logs in over a network: `password` and `tls` make sense.
    package let hasLogin: Bool
    /// What to write as the URL: a whole sentence's end, for a hint.
    package let addressHint: String
    /// Parts a URL as the operator wrote it.
    package let readAddress:
        @Sendable (_ url: String) throws(ConnectorAddress.Fault) ->
            ConnectorAddress

    package init(
        _ kind: ConnectorKind, title: String, bestGrade: DeliveryGrade = .exactlyOnce,
        settings: [SQLSetting] = [], hasLogin: Bool = true, addressHint: String,
        readAddress:
            @escaping @Sendable (_ url: String) throws(ConnectorAddress.Fault) -> ConnectorAddress
    ) {
        self.kind = kind
        self.title = title
        self.bestGrade = bestGrade
        self.settings = settings
        self.hasLogin = hasLogin
        self.addressHint = addressHint
        self.readAddress = readAddress
    }

    /// What `name = value` states.
    package func settings(
        _ name: String, _ value: String
    ) throws(SQLSetting.Problem) -> SQLSettings {
        guard let setting = settings.first(where: { $0.name == name }) else {
            let names = settings.map(\.name)
            throw SQLSetting.Problem(
                message: "is no setting of a connection to \(kind.rawValue)",
                hint: names.isEmpty
                    ? "\(kind.rawValue) has none" : "there is \(names.joined(separator: ", "))")
        }
        return try setting.settings(value)
    }
}

/// A connector's URL, parted from the password that it may hold.
///
/// Invariant: `url` is written anew from what its kind's parser understood, so that nothing which
/// was not understood, and no password, comes into the ledger, a listing or an error (INV-10).
package struct ConnectorAddress: Hashable, Sendable {
    /// Why a URL is refused. Neither sentence repeats anything of it.
    package struct Fault: Error, Hashable {
        /// One sentence without a full stop, about the url.
        package let message: String
        package let hint: String

        package init(_ message: String, hint: String) {
            self.message = message
            self.hint = hint
        }
    }

    package let url: String
    package let password: String?

    package init(url: String, password: String? = nil) {
        self.url = url
        self.password = password
    }
}

extension ConnectorAddress {
    private static let secretWords = ["pwd", "pass", "secret", "token", "credential"]

    /// Whether a parameter or a keyword of this name holds a secret, or says where one is.
    package static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretWords.contains { name.contains($0) }
    }

    /// Whether a value holds a secret of its own: `user:password@`, or `password=`.
    package static func hidesSecret(_ value: String) -> Bool {
        var value = value
        // Also where it is escaped, once or again.
        for (escape, mark) in [("%25", "%"), ("%3a", ":"), ("%3d", "="), ("%40", "@")] {
            value = value.lowercased().replacing(escape, with: mark)
        }
        let parts = value.split(separator: "/", omittingEmptySubsequences: true)
        let hasLogin = parts.contains { part in
            guard let colon = part.firstIndex(of: ":") else { return false }
            return part[colon...].contains("@")
        }
        // The letters before each sign.
        let keys = value.split(separator: "=", omittingEmptySubsequences: false).dropLast()
        return hasLogin
            || keys.contains { key in
                isSecret(
                    String(key.reversed().prefix { $0.isLetter || "_ ".contains($0) }.reversed()))
            }
    }
}
