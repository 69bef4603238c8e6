internal import SQLTemplate
internal import SegmentModel

/// How PostgreSQL reads SQL. Source:
/// https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
extension SQLDialect {
    static func postgresql(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("PostgreSQL", settings)
        dialect.settingNames = PostgresSettings.all.map(\.name)
        dialect.apostrophe = StringForm(
            quote: UInt8(ascii: "'"), hasBackslash: settings.contains(.backslashEscapes))
        dialect.hasEscapeStrings = true
        dialect.hasUnicodeStrings = true
        dialect.longEscapes = [
            LongEscape(starts: "01234567", digitCountMax: 2, digits: .octal),
            LongEscape(starts: "x", digitCountMax: 2), LongEscape(starts: "u", digitCountMax: 4),
            LongEscape(starts: "U", digitCountMax: 8),
        ]
        dialect.joiningPrefixes = Array("bx".utf8)
        // `char '…'` and `name '…'` cut what does not fit.
        dialect.introducingWords = ["UESCAPE", "CHAR", "CHARACTER", "NCHAR", "NAME"]
        dialect.code = .postgresql
        dialect.hasDollarQuotes = true
        dialect.blockComments = .nested
        dialect.lineCommentEndsAtReturn = true
        dialect.nameMarks = Array(":".utf8)
        dialect.setBooleanWords()
        // The protocol counts the parameters in 16 bits.
        var binding = SQLBinding(
            verbs: ["INSERT", "UPDATE", "DELETE", "MERGE"],
            placeholder: .numbered(UInt8(ascii: "$")))
        binding.hasBooleans = true
        binding.hasShortIntegers = true
        dialect.binding = binding
        dialect.repeatHint = { table in
            "give \(table) a unique key and end with ON CONFLICT (…) DO UPDATE SET …"
        }
        dialect.advice.hasSlashOperators = true
        dialect.advice.hasArrays = true
        dialect.advice.place = { "strpos(\($1), \($0))" }
        // https://www.postgresql.org/docs/current/datatype-datetime.html, 8.5.1.4
        // https://www.postgresql.org/docs/current/datatype-character.html
        dialect.advice.cuttingTypes = [
            "VARCHAR": false, "CHARACTER": true, "CHAR": true, "BPCHAR": false, "NAME": true,
        ]
        dialect.advice.momentTypes = ["DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMETZ"]
        dialect.lacks = SQLLack.postgresql
        dialect.parsing = SQLParsing(forget: "DEALLOCATE segledger_check") {
            "PREPARE segledger_check AS \($0)"
        }
        dialect.sessionRules = .postgresql
        return dialect
    }
}

extension SQLSettings {
    /// `standard_conforming_strings = off`: a backslash in `'…'` escapes.
    static let backslashEscapes = SQLSettings("standard_conforming_strings", "off")
}

/// What a connector of PostgreSQL may state.
enum PostgresSettings {
    static let all = [
        SQLSetting("standard_conforming_strings", words: ["on", "off"], standard: "on")
    ]
}
