internal import Connector
internal import SegmentModel

/// What MySQL and MariaDB want to read.
///
/// The statements on the cursor do without RETURNING, which MySQL does not have. Their parameters
/// are those of `CursorSQL`, as text; where a number is compared it is cast, because MySQL compares
/// a number with a text as floating point.
enum MySQLDialect {
    private static let key = "integration = ? AND segment_id = CAST(? AS SIGNED)"

    private static let isExpected = """
        WHERE \(key) AND ledger = ? AND epoch = CAST(? AS SIGNED)
            AND position = CAST(? AS SIGNED) AND profile_count = CAST(? AS SIGNED)
            AND fingerprint = ?
        """

    static let readCursor = "SELECT \(CursorSQL.columns) FROM segledger_cursor WHERE \(key)"

    static let readPage = """
        \(CursorSQL.page) WHERE integration = ? AND segment_id >= CAST(? AS SIGNED)
        ORDER BY segment_id LIMIT \(CursorSQL.pageRowCount)
        """

    static let claimCursor = """
        INSERT INTO segledger_cursor (integration, segment_id, \(CursorSQL.columns))
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON DUPLICATE KEY UPDATE epoch = epoch + 1
        """

    /// One row if the lane's row is the expected one, and nobody else moves it before the end of
    /// the transaction.
    static let lockCursor = "SELECT 1 FROM segledger_cursor \(isExpected) FOR UPDATE"

    static let advanceCursor = """
        UPDATE segledger_cursor
        SET ledger = ?, epoch = ?, position = ?, profile_count = ?, resync = ?, queries = ?,
            fingerprint = ?
        \(isExpected)
        """

    /// In front of a statement that is not to wait where another holds the row. MariaDB from 10.3
    /// on: https://mariadb.com/kb/en/wait-and-nowait/
    static let atOnce = "SET STATEMENT innodb_lock_wait_timeout = 0 FOR "

    static let cursorMigrations = CursorMigrations(
        EmbeddedMigrations.files.map { ($0.name, $0.sql) })

    /// Asked before the table is created: CREATE TABLE IF NOT EXISTS wants the right to create even
    /// where the table is there.
    static let cursorColumns = """
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'segledger_cursor'
        """

    /// An engine without transactions would keep no promise.
    static let cursorTable = """
        SELECT t.engine, e.transactions
        FROM information_schema.tables AS t
            LEFT JOIN information_schema.engines AS e ON e.engine = t.engine
        WHERE t.table_schema = DATABASE() AND t.table_name = 'segledger_cursor'
        """

    // MARK: Transactions

    private static let savepoint = "segledger"

    /// A transaction of Segledger's begins with a savepoint, which every end of a transaction
    /// removes, also one that is followed by a new beginning.
    static let begin = [start, "SAVEPOINT \(savepoint)"]
    /// Of one in which nothing runs that could end it.
    static let start = "START TRANSACTION"
    /// Ends before COMMIT with the error `savepointMissing` if it is no longer the transaction that
    /// `begin` began.
    ///
    /// - Parameter statements: run in between.
    static func commit(behind statements: [String]) -> [String] {
        ["RELEASE SAVEPOINT \(savepoint)"] + statements + [commit]
    }
    static let commit = "COMMIT"
    /// ER_SP_DOES_NOT_EXIST
    static let savepointMissing: CUnsignedInt = 1305

    // MARK: Settings of a session

    /// Modes that values need to arrive whole (INV-7): without them a server cuts or replaces what
    /// does not fit; the second is for tables without transactions.
    private static let requiredModes = ["STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"]
    /// A mode of MariaDB's that makes an empty text NULL.
    private static let forbiddenModes: Set<String> = ["EMPTY_STRING_IS_NULL"]
    /// Names for several modes, which stand beside them. Set again, each would set all of its own.
    private static let combinations: Set<String> = [
        "ANSI", "DB2", "MAXDB", "MSSQL", "MYSQL323", "MYSQL40", "POSTGRESQL", "TRADITIONAL",
    ]
    private static let statedModes: [(name: String, setting: SQLSettings)] = [
        ("ANSI_QUOTES", .ansiQuotes), ("NO_BACKSLASH_ESCAPES", .noBackslashEscapes),
    ]

    /// The server's `sql_mode` with what is stated and what is needed; everything else is kept.
    static func sqlMode(from current: String, settings: SQLSettings) -> String {
        let stated = statedModes.map(\.name)
        let kept = modes(current).filter {
            !combinations.contains($0) && !forbiddenModes.contains($0)
                && !requiredModes.contains($0) && !stated.contains($0)
        }
        let set = statedModes.filter { settings.contains($0.setting) }.map(\.name)
        return (kept + requiredModes + set).joined(separator: ",")
    }

    /// What is wrong with a session's `sql_mode`, as a sentence; nil: nothing.
    static func faultOfSQLMode(_ current: String, settings: SQLSettings) -> String? {
        let current = Set(modes(current))
        for (name, setting) in statedModes {
            let isStated = settings.contains(setting)
            if current.contains(name) != isStated {
                return "the server keeps \(name) \(isStated ? "off" : "on") in its sql_mode, "
                    + "and the queries are written for \(isStated ? "on" : "off")"
            }
        }
        if let mode = requiredModes.first(where: { !current.contains($0) }) {
            return "the server keeps \(mode) off in its sql_mode, and values could be cut"
        }
        if let mode = forbiddenModes.first(where: current.contains) {
            return "the server keeps \(mode) on in its sql_mode, which changes values"
        }
        return nil
    }

    /// Only letters, digits and `_` are in a mode's name; anything else is not passed on.
    private static func modes(_ list: String) -> [String] {
        list.split(separator: ",").map(String.init).filter { mode in
            mode.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x5F
            }
        }
    }

    /// A rebuild renders its next batch between two statements of one transaction.
    private static let idleSecondsMin = 10

    /// Level, number and message of what the last statement warned of.
    static let readWarnings = "SHOW WARNINGS"

    /// What a session must have, in small letters, once `settings` ran, and what it is otherwise.
    static let requiredValues = [
        ("character_set_client", "utf8mb4", "the server does not read and write utf8mb4"),
        ("character_set_connection", "utf8mb4", "the server does not read and write utf8mb4"),
        ("character_set_results", "utf8mb4", "the server does not read and write utf8mb4"),
        ("autocommit", "1", "the server keeps autocommit off"),
        ("completion_type", "no_chain", "the server keeps another completion_type"),
        ("time_zone", "+00:00", "the server keeps another time_zone than UTC"),
    ]

    /// `SET NAMES` once more: a server can be told to ignore what a client says when it connects
    /// (`skip-character-set-client-handshake`), and then reads bytes in a character set of its own.
    /// In UTC a TIMESTAMP is the moment that a query writes, whatever the server's zone is.
    /// Only MariaDB limits the time of every statement, MySQL that of SELECT; only MariaDB, from
    /// 10.3 on, ends a session that rests in a transaction, and holds its locks:
    /// https://mariadb.com/kb/en/transaction-timeouts/
    static func settings(
        sqlMode: String, isMariaDB: Bool, statementTimeoutMilliseconds: Int
    ) -> String {
        let seconds = Double(statementTimeoutMilliseconds) / 1000
        let timeout =
            isMariaDB
            ? "max_statement_time = \(seconds) /*M!100300 , idle_transaction_timeout = "
                + "\(max(idleSecondsMin, (statementTimeoutMilliseconds + 999) / 1000)) */"
            : "max_execution_time = \(statementTimeoutMilliseconds)"
        // MariaDB gives the columns of JSON_TABLE the set of the database, and MySQL that of the
        // connection. A query can meet as many warnings as it has rows.
        let sets = isMariaDB ? ", character_set_database = utf8mb4" : ""
        return "SET NAMES utf8mb4; SET SESSION sql_mode = '\(sqlMode)', autocommit = 1, "
            + "completion_type = 0, max_error_count = 65535\(sets), time_zone = '+00:00', "
            + "timestamp = DEFAULT, sql_auto_is_null = 0, "
            + "sql_select_limit = 18446744073709551615, lc_time_names = 'en_US', \(timeout)"
    }
}
