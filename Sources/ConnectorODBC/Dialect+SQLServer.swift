internal import Connector
internal import SQLTemplate
internal import SegmentModel

extension ODBCDialect {
    /// SQL Server 2016 and later, Azure SQL Database.
    ///
    /// The driver's manual-commit mode is IMPLICIT_TRANSACTIONS: a transaction begins with the
    /// first statement that reads or writes a table, and not with a SELECT of none.
    package static let sqlServer = ODBCDialect(
        databaseName: "Microsoft SQL Server",
        reading: SQLDialect.sqlServer,
        settings: sqlServerSettings,
        transactionBegin: [
            "SELECT TOP (1) object_id FROM sys.objects; " + sqlServerTransaction
        ],
        transactionCheck: [sqlServerTransaction],
        // XACT_ABORT: an error takes the whole transaction back.
        keepsTransactionOnError: false,
        openTransactionCount: "SELECT @@TRANCOUNT",
        cursor: ODBCCursorSQL(
            number: "CAST(? AS bigint)",
            columns: "SELECT name FROM sys.columns "
                + "WHERE object_id = OBJECT_ID(N'segledger_cursor', N'U')",
            migrations: embedded("mssql")),
        codeForm: .native,
        failures: sqlServerFailures,
        repeatedKeyCodes: ["2601", "2627"]
    )
    .with {
        $0.keywords = ODBCKeyword.sqlServer
        $0.gradeQuestions = SQLServerCatalog.gradeQuestions
        $0.watched = sqlServerWatched.map(\.setting)
    }

    /// A new number for each transaction, how deep it is nested, and whether it can commit; then
    /// the settings.
    private static let sqlServerTransaction =
        "SELECT CURRENT_TRANSACTION_ID(), @@TRANCOUNT, XACT_STATE(), "
        + sqlServerWatched.map(\.expression).joined(separator: ", ")

    /// What a procedure, a trigger or a dynamic statement sets, the server puts back at its end; a
    /// SET in the middle of a batch it does not. DATEFORMAT is told by what a date comes to.
    private static let sqlServerWatched: [(setting: WatchedSetting, expression: String)] = [
        (WatchedSetting("SET options", "decide how values are read and refused"), "@@OPTIONS"),
        (
            WatchedSetting("DATEFORMAT", "decides which day a value is"),
            "CONVERT(char(8), CAST('01/02/03' AS datetime), 112)"
        ),
        (WatchedSetting("LANGUAGE", "decides which day a value is"), "@@LANGUAGE"),
        (WatchedSetting("DATEFIRST", "decides which day begins a week"), "@@DATEFIRST"),
        (WatchedSetting("TEXTSIZE", "decides where a text is cut"), "@@TEXTSIZE"),
        (WatchedSetting("LOCK_TIMEOUT", "decides how long locks are awaited"), "@@LOCK_TIMEOUT"),
        (WatchedSetting("the database", "decides which tables are meant"), "DB_NAME()"),
        (WatchedSetting("the user", "decides what may be done"), "USER_NAME()"),
    ]

    /// What templates rely on, whatever the server's, the database's or the login's own settings
    /// are. SET LANGUAGE sets a date format too, so it comes first.
    @Sendable private static func sqlServerSettings(
        _ settings: SQLSettings, _ statementTimeoutMilliseconds: Int
    ) -> [String] {
        let isQuotingNames = !settings.contains(.doubleQuotedStrings)
        return [
            """
            SET LANGUAGE us_english; SET DATEFORMAT ymd; SET XACT_ABORT ON; SET ANSI_NULLS ON; \
            SET QUOTED_IDENTIFIER \(isQuotingNames ? "ON" : "OFF"); SET ANSI_PADDING ON; \
            SET ANSI_WARNINGS ON; SET ARITHABORT ON; SET CONCAT_NULL_YIELDS_NULL ON; \
            SET NUMERIC_ROUNDABORT OFF; SET NOCOUNT OFF; SET IMPLICIT_TRANSACTIONS OFF; \
            SET TEXTSIZE 2147483647; SET ROWCOUNT 0; SET DATEFIRST 7; \
            SET LOCK_TIMEOUT \(statementTimeoutMilliseconds); \
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED
            """
        ]
    }

    static func embedded(_ folder: String) -> CursorMigrations {
        CursorMigrations(
            EmbeddedMigrations.files.filter { $0.folder == folder }.map { ($0.name, $0.sql) })
    }
}
