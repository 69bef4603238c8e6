/// Settings of a connection that change how its server reads SQL.
///
/// A connector's definition states them; its sessions set them on the server when they connect, and
/// templates are compiled for them: so what a template was checked against is what its SQL meets.
package struct SQLSettings: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// MySQL `sql_mode` ANSI_QUOTES: `"…"` names a column instead of being a string.
    package static let ansiQuotes = SQLSettings(rawValue: 1)
    /// MySQL `sql_mode` NO_BACKSLASH_ESCAPES: a backslash in a string is a backslash.
    package static let noBackslashEscapes = SQLSettings(rawValue: 2)
    /// PostgreSQL `standard_conforming_strings = off`: a backslash in `'…'` escapes.
    package static let backslashEscapes = SQLSettings(rawValue: 4)
    /// SQL Server `QUOTED_IDENTIFIER OFF`: `"…"` is a string instead of a name.
    package static let doubleQuotedStrings = SQLSettings(rawValue: 8)
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

extension SQLSettings {
    /// A setting by the name that the database gives it, and the words that its value may have.
    private struct Known {
        let kind: ConnectorKind
        let name: String
        let words: [(word: String, settings: SQLSettings)]
        /// Several words, parted by commas.
        var isList = false
    }

    private static let known = [
        Known(
            kind: .mysql, name: "sql_mode",
            words: [
                ("ANSI_QUOTES", .ansiQuotes), ("NO_BACKSLASH_ESCAPES", .noBackslashEscapes),
            ], isList: true),
        Known(
            kind: .postgresql, name: "standard_conforming_strings",
            words: [("on", []), ("off", .backslashEscapes)]),
        Known(
            kind: .mssql, name: "quoted_identifier",
            words: [("on", []), ("off", .doubleQuotedStrings)]),
    ]

    package struct Problem: Error {
        /// One sentence without a full stop, about the setting.
        package let message: String
        package let hint: String
    }

    /// The names that a kind of database has.
    package static func names(of kind: ConnectorKind) -> [String] {
        known.filter { $0.kind == kind }.map(\.name)
    }

    /// What `name = value` means to a database of this kind; case does not matter in values.
    package init(_ kind: ConnectorKind, name: String, value: String) throws(Problem) {
        guard let setting = Self.known.first(where: { $0.kind == kind && $0.name == name }) else {
            let names = Self.names(of: kind)
            throw Problem(
                message: "is no setting that changes how \(kind.rawValue) reads a query",
                hint: names.isEmpty
                    ? "\(kind.rawValue) has none" : "there is \(names.joined(separator: ", "))")
        }
        self = []
        let words = setting.isList ? value.split(separator: ",") : [Substring(value)]
        for word in words {
            let trimmed = word.drop { $0 == " " }
            let match = setting.words.first { $0.word.lowercased() == trimmed.lowercased() }
            guard let match else {
                throw Problem(
                    message: "cannot be \(trimmed.prefix(40))",
                    hint: "known are \(setting.words.map(\.word).joined(separator: ", "))"
                        + (setting.isList ? "; other modes are left to the server" : ""))
            }
            formUnion(match.settings)
        }
    }

    /// The settings that differ from a kind's standard, as `init(_:name:value:)` reads them.
    package func members(of kind: ConnectorKind) -> [(name: String, value: String)] {
        Self.known.filter { $0.kind == kind }.compactMap { setting in
            let words = setting.words.filter { !$0.settings.isEmpty && contains($0.settings) }
            guard !words.isEmpty else { return nil }
            return (setting.name, words.map(\.word).joined(separator: ","))
        }
    }
}
