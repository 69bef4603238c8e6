internal import SQLTemplate
internal import SegmentModel

/// How SQL Server reads SQL. Source:
/// https://learn.microsoft.com/sql/t-sql/data-types/constants-transact-sql.
extension SQLDialect {
    static func sqlServer(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("SQL Server", settings)
        dialect.settingNames = SQLServerSettings.all.map(\.name)
        dialect.hasBracketIdentifiers = true
        dialect.isBracketDoubled = true
        dialect.stringPrefixes = Array("n".utf8)
        dialect.code = .sqlServer
        dialect.blockComments = .nested
        dialect.nameMarks = Array("@#:?".utf8)
        dialect.hasNationalStrings = true
        dialect.hasUnsettledReturns = true
        dialect.hasLineContinuation = true
        dialect.timeForm = .withoutZone
        if settings.contains(.doubleQuotedStrings) {
            dialect.doubleQuoteString = StringForm(
                quote: UInt8(ascii: "\""), hasBackslash: false, takesValues: false)
        }
        dialect.hasBlocks = true
        dialect.repeatHint = { "write MERGE INTO \($0) …" }
        dialect.advice.cuttingTypes = [
            "VARCHAR": true, "NVARCHAR": true, "CHAR": true, "NCHAR": true,
        ]
        dialect.advice.wholeType = "nvarchar(max)"
        dialect.advice.place = { "CHARINDEX(\($0), \($1))" }
        dialect.lacks = SQLLack.sqlServer
        // https://learn.microsoft.com/sql/t-sql/queries/table-value-constructor-transact-sql
        dialect.valueRowCountMax = 1000
        dialect.parsing = SQLParsing { [dialect] in
            "EXEC sp_describe_first_result_set @tsql = N\(dialect.literal($0))"
        }
        dialect.sessionRules = .sqlServer
        return dialect
    }
}

extension SQLSettings {
    /// `QUOTED_IDENTIFIER OFF`: `"…"` is a string instead of a name.
    static let doubleQuotedStrings = SQLSettings("quoted_identifier", "off")
}

/// What a connector of SQL Server may state.
enum SQLServerSettings {
    static let all = [SQLSetting("quoted_identifier", words: ["on", "off"], standard: "on")]
}
