package import Connector
package import SQLTemplate
package import SegmentModel

/// What a database behind ODBC wants to read: its statements, its settings, its errors.
package struct ODBCDialect: Sendable {
    /// How a failure's code is written.
    package enum CodeForm: Sendable {
        /// The database's own number.
        case native
        /// `ORA-00942`.
        case oracle
        /// The SQLSTATE; the number where the state says nothing.
        case sqlState
    }

    /// What `SQLGetInfo` calls the database (SQL_DBMS_NAME).
    package var databaseName: String
    /// What a connection string may hold, by keywords in small letters.
    package var keywords = ODBCKeyword.common
    /// How the server reads SQL.
    package var reading: @Sendable (SQLSettings) -> SQLDialect
    /// For clients that take one statement a call: how a query is cut. nil: it goes over whole.
    package var splitRules: SQLDialect?
    /// Run once a session, one call each.
    package var settings: @Sendable (SQLSettings, _ statementTimeoutMilliseconds: Int) -> [String]
    /// Settings that must stay what they were when the session opened: the last columns of the
    /// rows that `transactionBegin` and `transactionCheck` return.
    package var watched: [WatchedSetting] = []
    /// Run at the beginning of a transaction. The last one's row, if it returns one, identifies it.
    package var transactionBegin: [String]
    /// Run after each query: fails, or returns another row, where the query ended the transaction.
    package var transactionCheck: [String]
    /// The server rolls back a statement that fails, and no more: the check can be asked after one.
    package var keepsTransactionOnError: Bool
    /// Statements that set a savepoint, and that go back to it. nil: after a failed statement the
    /// transaction can only be rolled back.
    package var savepoint: (set: String, undo: String)?
    /// nil: nothing is known of the tables.
    package var gradeQuestions: ODBCGradeQuestions?
    /// A statement that has deferred constraints checked at each statement of the transaction.
    package var constraintsAtOnce: String?
    /// A question that returns one row with `0` where no transaction is open, outside of one.
    package var openTransactionCount: String?
    /// A statement that takes an interruption which came too late.
    package var nothing: String
    package var cursor: ODBCCursorSQL
    /// Text goes to the driver as UTF-16, which it takes as it is, whatever the character set of
    /// driver and system are. Otherwise as UTF-8, for drivers that break UTF-16.
    package var hasWideText = true
    /// SQL's type of a parameter that is a text: SQL_WVARCHAR or SQL_VARCHAR.
    package var hasNationalParameters = true
    /// The driver keeps SQL_ATTR_QUERY_TIMEOUT without changing the query.
    package var hasQueryTimeout = true
    package var codeForm: CodeForm
    /// By the database's own number.
    package var failures: [Int: ODBCFailure]
    /// By SQLSTATE, before the classes that all databases share.
    package var failuresByState: [String: ODBCFailure] = [:]
    /// Codes, as `codeForm` writes them, of a key that is there already.
    package var repeatedKeyCodes: Set<String>

    package init(
        databaseName: String, reading: @escaping @Sendable (SQLSettings) -> SQLDialect,
        splitRules: SQLDialect? = nil,
        settings: @escaping @Sendable (SQLSettings, Int) -> [String] = { _, _ in [] },
        transactionBegin: [String], transactionCheck: [String], keepsTransactionOnError: Bool,
        openTransactionCount: String? = nil, nothing: String = "SELECT 1", cursor: ODBCCursorSQL,
        codeForm: CodeForm, failures: [Int: ODBCFailure], repeatedKeyCodes: Set<String>
    ) {
        self.databaseName = databaseName
        self.reading = reading
        self.splitRules = splitRules
        self.settings = settings
        self.transactionBegin = transactionBegin
        self.transactionCheck = transactionCheck
        self.keepsTransactionOnError = keepsTransactionOnError
        self.openTransactionCount = openTransactionCount
        self.nothing = nothing
        self.cursor = cursor
        self.codeForm = codeForm
        self.failures = failures
        self.repeatedKeyCodes = repeatedKeyCodes
    }
}

/// The statements on `segledger_cursor`. Their parameters are those of `CursorSQL`, as texts; where
/// a number is stored or compared it is cast. They do without what only some databases have.
package struct ODBCCursorSQL: Sendable {
    let read: String
    let raiseEpoch: String
    let insert: String
    /// Changes nothing, and counts one row if it is the expected one: nobody else moves it before
    /// the end of the transaction.
    let lock: String
    let advance: String
    /// Reads a page of an integration's rows.
    let readPage: String
    /// Names the table's columns; none: there is no table.
    let columns: String
    let migrations: CursorMigrations

    /// `number` is a placeholder as a number, for example `CAST(? AS bigint)`.
    /// `page` ends a SELECT after so many rows.
    package init(
        number: String, columns: String, migrations: CursorMigrations,
        page: (Int) -> String = { "OFFSET 0 ROWS FETCH NEXT \($0) ROWS ONLY" }
    ) {
        let key = "integration = ? AND segment_id = \(number)"
        let isExpected = """
            WHERE \(key) AND ledger = ? AND epoch = \(number)
                AND position = \(number) AND profile_count = \(number)
                AND fingerprint = ?
            """
        let numbers = [String](repeating: number, count: 5).joined(separator: ", ")
        read = "SELECT \(CursorSQL.columns) FROM segledger_cursor WHERE \(key)"
        readPage = """
            \(CursorSQL.page) WHERE integration = ? AND segment_id >= \(number)
            ORDER BY segment_id \(page(CursorSQL.pageRowCount))
            """
        raiseEpoch = "UPDATE segledger_cursor SET epoch = epoch + 1 WHERE \(key)"
        insert = """
            INSERT INTO segledger_cursor (integration, segment_id, \(CursorSQL.columns))
            VALUES (?, \(number), ?, \(numbers), ?)
            """
        lock = "UPDATE segledger_cursor SET epoch = epoch \(isExpected)"
        advance = """
            UPDATE segledger_cursor
            SET ledger = ?, epoch = \(number), position = \(number), profile_count = \(number),
                resync = \(number), queries = \(number), fingerprint = ?
            \(isExpected)
            """
        self.columns = columns
        self.migrations = migrations
    }

    /// Every statement, for tests that have another parser read them.
    package var statements: [String] {
        [read, readPage, raiseEpoch, insert, lock, advance, columns] + migrations.creation
            + migrations.additions.map(\.sql)
    }
}
