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
