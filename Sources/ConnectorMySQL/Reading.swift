internal import SQLTemplate
internal import SegmentModel

/// How MySQL and MariaDB read SQL. Sources:
/// https://dev.mysql.com/doc/refman/8.4/en/language-structure.html,
/// https://mariadb.com/kb/en/sql-language-structure/.
extension SQLDialect {
    static func mysql(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("MySQL", settings)
        dialect.settingNames = MySQLSettings.all.map(\.name)
        let hasBackslash = !settings.contains(.noBackslashEscapes)
        dialect.apostrophe = StringForm(quote: UInt8(ascii: "'"), hasBackslash: hasBackslash)
        if !settings.contains(.ansiQuotes) {
            dialect.doubleQuoteString = StringForm(
                quote: UInt8(ascii: "\""), hasBackslash: hasBackslash)
        }
        dialect.identifierQuote = "`"
        dialect.hasBacktickIdentifiers = true
        dialect.hasHashComments = true
        dialect.hasExecutableComments = true
        dialect.hasCharacterSetIntroducers = true
        dialect.code = .mysql
        dialect.timeForm = .spaced
        dialect.dashCommentNeedsSpace = true
        dialect.nameMarks = Array("@:?".utf8)
        dialect.setBooleanWords()
        var binding = SQLBinding(verbs: ["INSERT", "REPLACE"], placeholder: .question)
        binding.isRowWise = true
        binding.server = "MariaDB"
        dialect.binding = binding
        dialect.commitsDefinitions = true
        dialect.hidesTables = true
        dialect.repeatHint = { table in
            "give \(table) a unique key and end with ON DUPLICATE KEY UPDATE …"
        }
        dialect.advice.ignoring = SQLAdvice.Ignoring(
            effect: "IGNORE takes errors about values for warnings: one that does not fit is cut "
                + "or changed, or its row left out",
            words: "IGNORE", instead: { "ON DUPLICATE KEY UPDATE \($0) = \($0)" })
        dialect.lacks = SQLLack.mysql
        dialect.parsing = SQLParsing(
            verbs: SQLParsing.rowVerbs.union(["TRUNCATE"]),
            forget: "DEALLOCATE PREPARE segledger_check"
        ) { [dialect] in "PREPARE segledger_check FROM \(dialect.literal($0))" }
        dialect.sessionRules = .mysql
        return dialect
    }
}

extension SQLSettings {
    /// `sql_mode` ANSI_QUOTES: `"…"` names a column instead of being a string.
    static let ansiQuotes = SQLSettings("sql_mode", "ANSI_QUOTES")
    /// `sql_mode` NO_BACKSLASH_ESCAPES: a backslash in a string is a backslash.
    static let noBackslashEscapes = SQLSettings("sql_mode", "NO_BACKSLASH_ESCAPES")
}

/// What a connector of MySQL may state.
enum MySQLSettings {
    static let all = [
        SQLSetting("sql_mode", words: ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"], isList: true)
    ]
}
