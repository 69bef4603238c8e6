internal import Connector
internal import SQLTemplate
internal import SegmentModel

extension ODBCDialect {
    /// Oracle Database 12.2 and later. Its client takes one statement a call.
    package static let oracle = ODBCDialect(
        databaseName: "Oracle",
        reading: SQLDialect.oracle, splitRules: .oracle(),
        settings: { _, _ in oracleSettings },
        // TRUE: a transaction begins here, and not with the first row that is written.
        transactionBegin: [
            "DECLARE id VARCHAR2(200); "
                + "BEGIN id := DBMS_TRANSACTION.LOCAL_TRANSACTION_ID(TRUE); END;",
            oracleTransaction,
        ],
        transactionCheck: [oracleTransaction],
        keepsTransactionOnError: true,
        nothing: "SELECT 1 FROM dual",
        cursor: ODBCCursorSQL(
            number: "CAST(? AS NUMBER(19))",
            columns: """
                SELECT column_name FROM user_tab_columns WHERE table_name = 'SEGLEDGER_CURSOR' \
                UNION SELECT c.column_name FROM all_synonyms s \
                JOIN all_tab_columns c ON c.owner = s.table_owner AND c.table_name = s.table_name \
                WHERE s.synonym_name = 'SEGLEDGER_CURSOR' AND s.owner IN (USER, 'PUBLIC')
                """,
            migrations: embedded("oracle")),
        codeForm: .oracle,
        failures: oracleFailures,
        repeatedKeyCodes: ["ORA-00001"]
    )
    .with {
        $0.keywords = ODBCKeyword.oracle
        $0.hasNationalParameters = false
        $0.watched = oracleWatched.map(\.setting)
        $0.gradeQuestions = OracleCatalog.gradeQuestions
        $0.constraintsAtOnce = "SET CONSTRAINTS ALL IMMEDIATE"
        $0.savepoint = (
            set: "SAVEPOINT segledger_query", undo: "ROLLBACK TO SAVEPOINT segledger_query"
        )
    }

    private static let oracleTransaction =
        "SELECT DBMS_TRANSACTION.LOCAL_TRANSACTION_ID, "
        + oracleWatched.map(\.expression).joined(separator: ", ") + " FROM dual"

    /// A procedure or a dynamic statement can run ALTER SESSION, which nobody takes back.
    private static let oracleWatched: [(setting: WatchedSetting, expression: String)] = [
        (
            WatchedSetting("an NLS parameter", "decides how values are read"),
            "(SELECT LISTAGG(parameter || '=' || value, ' ') WITHIN GROUP (ORDER BY parameter) "
                + "FROM nls_session_parameters)"
        ),
        (WatchedSetting("TIME_ZONE", "decides which moment a value is"), "SESSIONTIMEZONE"),
        (
            WatchedSetting("CURRENT_SCHEMA", "decides which tables are meant"),
            "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"
        ),
        (
            WatchedSetting("CURRENT_USER", "decides what may be done"),
            "SYS_CONTEXT('USERENV', 'CURRENT_USER')"
        ),
    ]

    /// What the literals of templates rely on. NLS_TERRITORY sets the others too, so it is first.
    private static let oracleSettings = [
        "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA'",
        """
        ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,' NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' \
        NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' \
        NLS_TIMESTAMP_TZ_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM' \
        NLS_COMP = 'BINARY' NLS_SORT = 'BINARY' NLS_CALENDAR = 'GREGORIAN'
        """,
        "ALTER SESSION SET TIME_ZONE = '+00:00'",
        // Acknowledged is durable, whatever the instance says.
        "ALTER SESSION SET COMMIT_WAIT = 'WAIT'",
    ]

    func with(_ change: (inout ODBCDialect) -> Void) -> ODBCDialect {
        var dialect = self
        change(&dialect)
        return dialect
    }
}
