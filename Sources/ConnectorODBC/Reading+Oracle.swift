internal import SQLTemplate
internal import SegmentModel

/// How Oracle reads SQL. Source:
/// https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/Literals.html.
extension SQLDialect {
    static func oracle(_ settings: SQLSettings = []) -> SQLDialect {
        var dialect = SQLDialect("Oracle", settings)
        dialect.hasAlternativeQuoting = true
        dialect.stringPrefixes = Array("n".utf8)
        dialect.code = .oracle
        dialect.nameMarks = Array("@#:?".utf8)
        dialect.literalByteCountMax = 4000
        dialect.hasUnsettledReturns = true
        dialect.timeForm = .keyword
        dialect.hasBlocks = true
        dialect.keepsBlocksWhole = true
        dialect.commitsDefinitions = true
        dialect.repeatHint = { "write MERGE INTO \($0) …" }
        dialect.advice.cuttingTypes = [
            "VARCHAR2": true, "NVARCHAR2": true, "VARCHAR": true, "CHAR": true, "NCHAR": true,
        ]
        dialect.advice.wholeType = "VARCHAR2(4000)"
        dialect.advice.place = { "INSTR(\($1), \($0))" }
        dialect.lacks = SQLLack.oracle
        // What defines something would run while it is parsed, so that it is not asked about.
        dialect.parsing = SQLParsing { [dialect] in
            """
            DECLARE c INTEGER := DBMS_SQL.OPEN_CURSOR; BEGIN DBMS_SQL.PARSE(c, \
            \(dialect.literal($0)), DBMS_SQL.NATIVE); DBMS_SQL.CLOSE_CURSOR(c); END;
            """
        }
        dialect.sessionRules = .oracle
        return dialect
    }
}
