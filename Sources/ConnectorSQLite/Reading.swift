internal import SQLTemplate
internal import SegmentModel

/// How SQLite reads SQL. Sources: https://sqlite.org/lang.html,
/// https://sqlite.org/lang_keywords.html (names in quotes), https://sqlite.org/limits.html.
extension SQLDialect {
    static func sqlite(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("SQLite", settings)
        dialect.settingNames = SQLiteSettings.all.map(\.name)
        dialect.hasBacktickIdentifiers = true
        dialect.hasBracketIdentifiers = true
        dialect.code = .sqlite
        dialect.parameterMarks = Array("?:@#$".utf8)
        // SQLITE_MAX_VARIABLE_NUMBER
        dialect.binding = SQLBinding(
            verbs: ["INSERT", "REPLACE", "UPDATE", "DELETE"],
            placeholder: .numbered(UInt8(ascii: "?")), valueCountMax: 32_766)
        dialect.repeatHint = { table in
            "give \(table) a unique key and end with ON CONFLICT (…) DO UPDATE SET …"
        }
        // https://sqlite.org/lang_datefunc.html
        dialect.advice.momentFunctions = [
            "DATE", "TIME", "DATETIME", "JULIANDAY", "UNIXEPOCH", "STRFTIME",
        ]
        dialect.advice.ignoring = SQLAdvice.Ignoring(
            effect: "OR IGNORE leaves out each row that a rule of the table refuses, and says "
                + "nothing",
            words: "OR IGNORE",
            instead: { _ in "ON CONFLICT DO NOTHING, which is about keys alone" })
        dialect.lacks = SQLLack.sqlite
        dialect.parsing = SQLParsing { "EXPLAIN \($0)" }
        dialect.keyHint = { "CREATE UNIQUE INDEX \($1) ON \($0) (\($2))" }
        dialect.sessionRules = .sqlite
        return dialect
    }
}

extension SQLSettings {
    /// `PRAGMA foreign_keys`: REFERENCES is checked, and ON DELETE CASCADE done.
    static let foreignKeys = SQLSettings("foreign_keys", "on")
    /// `PRAGMA recursive_triggers`: REPLACE fires the triggers of rows that it deletes.
    static let recursiveTriggers = SQLSettings("recursive_triggers", "on")
}

/// What a connector of SQLite may state.
enum SQLiteSettings {
    static let all = [
        SQLSetting("foreign_keys", words: ["on", "off"], standard: "off"),
        SQLSetting("recursive_triggers", words: ["on", "off"], standard: "off"),
    ]
}
