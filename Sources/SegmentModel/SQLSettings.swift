/// Settings of a connection that change how its server reads SQL, or what it does with it, as words
/// of their values.
///
/// A connector's definition states them; its sessions set them on the server when they connect, and
/// templates are compiled for them: so what a template was checked against is what its SQL meets.
///
/// Invariant: the words of the standard are left out, so that equal settings are equal values.
package struct SQLSettings: Hashable, Sendable, ExpressibleByArrayLiteral {
    private struct Word: Hashable {
        let name: String
        let text: String
    }

    private var words: Set<Word>

    /// One word of the setting of this name.
    package init(_ name: String, _ word: String) { words = [Word(name: name, text: word)] }

    /// What all of `settings` state; an empty list is the standard of every kind.
    package init(arrayLiteral settings: SQLSettings...) {
        words = []
        for other in settings { formUnion(other) }
    }

    package mutating func formUnion(_ other: SQLSettings) { words.formUnion(other.words) }

    /// Whether everything that `other` states is stated here.
    package func contains(_ other: SQLSettings) -> Bool { words.isSuperset(of: other.words) }

    /// Each setting with its words, parted by commas, in the order of names.
    package var members: [(name: String, value: String)] {
        Dictionary(grouping: words, by: \.name).sorted { $0.key < $1.key }.map { name, words in
            (name, words.map(\.text).sorted().joined(separator: ","))
        }
    }

    /// What `members` wrote.
    package init(members: [(name: String, value: String)]) {
        words = []
        for (name, value) in members {
            for word in value.split(separator: ",") { formUnion(SQLSettings(name, String(word))) }
        }
    }
}

/// A setting that a kind of database has, by the name that the database gives it.
package struct SQLSetting: Hashable, Sendable {
    package struct Problem: Error {
        /// One sentence without a full stop, about the setting.
        package let message: String
        package let hint: String
    }

    package let name: String
    /// The words that its value may have.
    package let words: [String]
    /// The word that is the standard of the kind, and so is not stated; nil: none is.
    package let standard: String?
    /// A value is several words, parted by commas; others than `words` are left to the server.
    package let isList: Bool

    package init(_ name: String, words: [String], standard: String? = nil, isList: Bool = false) {
        self.name = name
        self.words = words
        self.standard = standard
        self.isList = isList
    }

    /// What `value` states; case does not matter.
    package func settings(_ value: String) throws(Problem) -> SQLSettings {
        var settings: SQLSettings = []
        for part in isList ? value.split(separator: ",") : [Substring(value)] {
            let trimmed = part.drop { $0 == " " }
            guard let word = words.first(where: { $0.lowercased() == trimmed.lowercased() }) else {
                throw Problem(
                    message: "cannot be \(trimmed.prefix(40))",
                    hint: "known are \(words.joined(separator: ", "))"
                        + (isList ? "; other modes are left to the server" : ""))
            }
            if word != standard { settings.formUnion(SQLSettings(name, word)) }
        }
        return settings
    }
}

/// The kind of a database and the settings of its connection: what decides how SQL is read.
package struct SQLRules: Hashable, Sendable {
    package var kind: ConnectorKind
    package var settings: SQLSettings

    package init(_ kind: ConnectorKind, _ settings: SQLSettings = []) {
        self.kind = kind
        self.settings = settings
    }
}

extension ConnectorDefinition {
    package var sqlRules: SQLRules { SQLRules(kind, sqlSettings) }
}
