internal import SQLTemplate
internal import SegmentModel

/// How ClickHouse reads SQL. Source: https://clickhouse.com/docs/sql-reference/syntax, and its
/// `src/Parsers/Lexer.cpp`.
extension SQLDialect {
    static func clickHouse(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("ClickHouse", settings)
        dialect.apostrophe = StringForm(
            quote: UInt8(ascii: "'"), hasBackslash: true, isQuoteBackslashed: true)
        dialect.hasBacktickIdentifiers = true
        dialect.hasIdentifierBackslash = true
        dialect.longEscapes = [LongEscape(starts: "x", digitCountMax: 2, digits: .anything)]
        dialect.castsLiteralText = true
        dialect.hasFormatData = true
        dialect.code = .clickHouse
        dialect.hasDollarQuotes = true
        dialect.hasHashComments = true
        dialect.hashCommentNeedsSpace = true
        dialect.hasSlashComments = true
        dialect.hasCurlyQuotes = true
        dialect.hasUnsettledReturns = true
        dialect.blockComments = .unsettled
        dialect.nameMarks = Array("@:?".utf8)
        dialect.setBooleanWords()
        dialect.hasTransactions = false
        dialect.repeatHint = { "use the engine ReplacingMergeTree for \($0)" }
        dialect.advice.place = { "position(\($1), \($0))" }
        dialect.lacks = SQLLack.clickHouse
        dialect.parsing = SQLParsing(
            verbs: SQLParsing.rowVerbs.union(["TRUNCATE", "ALTER"]), unknownWord: "EXPLAIN"
        ) { "EXPLAIN AST \($0)" }
        dialect.keyHint = { _, _, columns in
            "use the engine ReplacingMergeTree with ORDER BY (\(columns))"
        }
        dialect.sessionRules = .clickHouse
        return dialect
    }
}
