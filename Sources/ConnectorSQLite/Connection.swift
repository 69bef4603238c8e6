internal import Connector
internal import GRDBSQLite
internal import Glibc
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// An open database: blocking calls, made on the session's thread.
///
/// Invariants:
/// - the operator's SQL is compiled under an authorizer that refuses BEGIN, COMMIT, ROLLBACK and
///   savepoints, so it cannot leave the transaction it runs in, and every PRAGMA that could set
///   something, so that a session stays as it was opened;
/// - every wait, for a lock or for a statement, ends with the statement timeout or a cancellation.
final class SQLiteConnection: @unchecked Sendable {  // `handle`: one thread, then deinit
    private let handle: OpaquePointer
    private var isOpen = true
    private var statements = KeptStatements()
    private let guardian = StatementGuard()
    let watch: SQLiteWatch
    /// In the transaction that is open.
    var checksConstraintsAtOnce = false

    init(_ configuration: SQLiteConfiguration) throws(TargetFailure) {
        try Self.requireDirectory(configuration.directory)
        try Self.requireFiles(configuration.path)
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(configuration.path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let extended = opened.map(sqlite3_extended_errcode) ?? code
            sqlite3_close_v2(opened)
            throw SQLiteFailures.failure(
                code: extended, message: String(cString: sqlite3_errstr(code)))
        }
        handle = opened
        watch = SQLiteWatch(timeoutMilliseconds: configuration.statementTimeoutMilliseconds)
        sqlite3_extended_result_codes(handle, 1)
        let context = Unmanaged.passUnretained(watch).toOpaque()
        sqlite3_progress_handler(
            handle, 1000,
            { context in
                let watch = Unmanaged<SQLiteWatch>.fromOpaque(context!).takeUnretainedValue()
                return watch.verdict == .goOn ? 0 : 1
            }, context)
        sqlite3_busy_handler(
            handle,
            { context, attempt in
                let watch = Unmanaged<SQLiteWatch>.fromOpaque(context!).takeUnretainedValue()
                return watch.waitForLock(attempt: Int(attempt)) ? 1 : 0
            }, context)
        // Set once: setting it makes SQLite compile every kept statement anew.
        sqlite3_set_authorizer(
            handle,
            { context, action, name, _, _, _ in
                let guardian = Unmanaged<StatementGuard>.fromOpaque(context!).takeUnretainedValue()
                return guardian.allows(action, name) ? SQLITE_OK : SQLITE_DENY
            }, Unmanaged.passUnretained(guardian).toOpaque())
        try applySettings(configuration.sqlSettings)
    }

    /// What the file's own rules need of a session, stated whatever SQLite was built with.
    private func applySettings(_ settings: SQLSettings) throws(TargetFailure) {
        // Acknowledged is durable, whatever SQLite was built with.
        try run("PRAGMA synchronous = FULL")
        for (name, setting) in SQLiteDialect.settings {
            let value = settings.contains(setting) ? "1" : "0"
            try run("PRAGMA \(name) = \(value)")
            guard try run("PRAGMA \(name)") == [[value]] else {
                throw SQLiteFailures.settingNotKept(name)
            }
        }
    }

    deinit {
        close()
    }

    /// An open transaction is rolled back. May be called again.
    func close() {
        guard isOpen else { return }
        statements.finalizeAll()
        sqlite3_close_v2(handle)
        isOpen = false
    }

    private static func requireDirectory(_ path: String) throws(TargetFailure) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw TargetFailure(
                class: .permanent, targetCode: "SQLITE_CANTOPEN",
                message: "the directory \(path) of the database does not exist",
                hint: "create the directory, or correct the connector's url")
        }
    }

    /// Refuses anything but regular files where SQLite opens some: with a pipe it would wait for
    /// the other end for ever.
    private static func requireFiles(_ path: String) throws(TargetFailure) {
        do throws(StorageError) {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try RegularFile.requireAtMost(path + suffix)
            }
        } catch {
            throw TargetFailure(
                class: .permanent, targetCode: "SQLITE_CANTOPEN", message: error.failure.message,
                hint: "name the database's file in the connector's url")
        }
    }

    // MARK: Statements

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs one statement of Segledger's own and returns its rows as text.
    @discardableResult
    func run(_ sql: String, _ parameters: [String] = []) throws(TargetFailure) -> [[String?]] {
        watch.startStatement()
        let statement = try ownStatement(sql)
        defer { sqlite3_reset(statement) }
        for (index, parameter) in parameters.enumerated() {
            // SQLITE_TRANSIENT: SQLite copies the text.
            let destructor = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            try check(
                sqlite3_bind_text(
                    statement, CInt(index + 1), parameter, CInt(parameter.utf8.count), destructor))
        }
        var rows: [[String?]] = []
        while try step(statement) { rows.append(Self.row(statement)) }
        return rows
    }

    private func ownStatement(_ sql: String) throws(TargetFailure) -> OpaquePointer? {
        if let kept = statements.own(sql) { return kept }
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v2(handle, sql, -1, &statement, nil))
        statements.keep(statement, own: sql)
        return statement
    }

    // MARK: Bound values

    /// Runs a query whose values stand beside its text; it stays compiled for the next such one.
    func execute(_ query: BoundQuery) throws(TargetFailure) -> Int {
        watch.startStatement()
        try checkVerdict()
        guardian.isOperators = true
        defer { guardian.isOperators = false }
        let statement = try boundStatement(query.shape)
        let before = sqlite3_total_changes64(handle)
        try query.bytes.withUnsafeBufferPointer { (bytes) throws(TargetFailure) in
            defer {
                sqlite3_reset(statement)
                sqlite3_clear_bindings(statement)
            }
            for (index, value) in query.values.enumerated() {
                try check(
                    bind(value, query.shape.type(ofValue: index), bytes, statement, CInt(index + 1))
                )
            }
            while try step(statement) {}
        }
        return Int(sqlite3_total_changes64(handle) - before)
    }

    private func boundStatement(_ shape: BoundShape) throws(TargetFailure) -> OpaquePointer? {
        if let kept = statements.find(shape) { return kept }
        var statement: OpaquePointer?
        var code = SQLITE_OK
        shape.sql.withUnsafeBufferPointer { sql in
            sql.withMemoryRebound(to: CChar.self) { sql in
                code = sqlite3_prepare_v3(
                    handle, sql.baseAddress, CInt(sql.count),
                    CUnsignedInt(SQLITE_PREPARE_PERSISTENT), &statement, nil)
            }
        }
        try check(code)
        guard sqlite3_bind_parameter_count(statement) == CInt(shape.valueCount) else {
            sqlite3_finalize(statement)
            throw SQLiteFailures.unbindable
        }
        statements.keep(statement, for: shape)
        return statement
    }

    /// SQLITE_STATIC: the bytes stay until the statement has forgotten them.
    private func bind(
        _ value: BoundQuery.Value, _ type: BoundShape.ValueType,
        _ bytes: UnsafeBufferPointer<UInt8>, _ statement: OpaquePointer?, _ place: CInt
    ) -> CInt {
        guard !value.isNull else { return sqlite3_bind_null(statement, place) }
        // Each value is followed by a zero byte, so there is a first.
        let start = UnsafeRawPointer(bytes.baseAddress! + Int(value.offset))
        if type == .text {
            return sqlite3_bind_text(
                statement, place, start.assumingMemoryBound(to: CChar.self), value.count, nil)
        }
        let digits = UnsafeRawBufferPointer(start: start, count: Int(value.count))
        // The renderer has seen that it is one.
        let number = Int64(String(decoding: digits, as: UTF8.self)) ?? 0
        return sqlite3_bind_int64(statement, place, number)
    }

    // MARK: The operator's text

    /// Runs every statement of the operator's SQL; `onRow` is given each row of each of them.
    private func runAll(
        _ sql: [UInt8], onRow: (OpaquePointer?) throws(TargetFailure) -> Void
    ) throws(TargetFailure) {
        guard !sql.hasZeroByte else { throw SQLiteFailures.zeroByte }
        guard sql.count < Int(CInt.max) else { throw SQLiteFailures.tooLong }
        watch.startStatement()
        try checkVerdict()
        guardian.isOperators = true
        defer { guardian.isOperators = false }
        // With its zero byte counted in, SQLite reads the text in place instead of copying the
        // rest of it for every statement.
        let text = sql + [0]
        try text.withUnsafeBufferPointer { (buffer) throws(TargetFailure) in
            try buffer.withMemoryRebound(to: CChar.self) { (buffer) throws(TargetFailure) in
                var start = buffer.baseAddress!
                let end = start + sql.count
                while start < end {
                    var statement: OpaquePointer?
                    var tail: UnsafePointer<CChar>?
                    let byteCount = CInt(end - start + 1)
                    try check(sqlite3_prepare_v2(handle, start, byteCount, &statement, &tail))
                    defer { sqlite3_finalize(statement) }
                    // nil: only white space or a comment was left.
                    if statement != nil {
                        while try step(statement) { try onRow(statement) }
                    }
                    start = tail ?? end
                }
            }
        }
    }

    /// Runs the operator's SQL and returns the rows that it inserted, changed or deleted.
    func execute(_ sql: [UInt8]) throws(TargetFailure) -> Int {
        let before = sqlite3_total_changes64(handle)
        try runAll(sql) { _ in }
        return Int(sqlite3_total_changes64(handle) - before)
    }

    func query(_ sql: [UInt8]) throws(TargetFailure) -> [[String?]] {
        var rows = KeptRows()
        try runAll(sql) { (statement) throws(TargetFailure) in
            try rows.append(Self.row(statement))
        }
        return rows.rows
    }

    /// Whether the file is no longer the one that bears the name: replaced, moved or removed. What
    /// is written goes where nobody looks then.
    ///
    /// https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html#sqlitefcntlhasmoved
    func requireUnmoved() throws(TargetFailure) {
        var hasMoved: CInt = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        if code == SQLITE_OK, hasMoved != 0 { throw SQLiteFailures.fileReplaced }
    }

    /// Rows of the last INSERT, UPDATE or DELETE.
    var changeCount: Int { Int(sqlite3_changes64(handle)) }

    /// Rolls back if there is a transaction: SQLite may have ended it itself.
    func rollback() throws(TargetFailure) {
        guard isInTransaction else { return }
        watch.lower()
        try run("ROLLBACK")
    }

    /// Whether foreign keys are violated that are checked at COMMIT:
    /// https://sqlite.org/c3ref/c_dbstatus_options.html
    var hasUnresolvedKeys: Bool {
        var (current, highest): (CInt, CInt) = (0, 0)
        let code = sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
        return code == SQLITE_OK && current > 0
    }

    // MARK: Results

    private func step(_ statement: OpaquePointer?) throws(TargetFailure) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    private func check(_ code: CInt) throws(TargetFailure) {
        if code != SQLITE_OK { throw failure(code) }
    }

    private func checkVerdict() throws(TargetFailure) {
        if watch.verdict != .goOn { throw failure(SQLITE_INTERRUPT) }
    }

    private func failure(_ code: CInt) -> TargetFailure {
        if code & 0xFF == SQLITE_INTERRUPT {
            return watch.verdict == .overdue ? SQLiteFailures.overdue : SQLiteFailures.cancelled
        }
        if code & 0xFF == SQLITE_AUTH, guardian.hasRefusedSetting {
            return SQLiteFailures.settingRefused
        }
        return SQLiteFailures.failure(
            code: code, message: String(cString: sqlite3_errmsg(handle)))
    }

    private static func row(_ statement: OpaquePointer?) -> [String?] {
        (0..<sqlite3_column_count(statement)).map { column in
            guard let text = sqlite3_column_text(statement, column) else { return nil }
            let count = Int(sqlite3_column_bytes(statement, column))
            return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
        }
    }
}
