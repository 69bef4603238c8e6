internal import CODBC
internal import Connector
internal import StorageIO

/// An open connection of the driver manager: blocking calls, made on the session's thread.
///
/// Invariants:
/// - every call that can reach the network is registered with the watch, which ends it or gives the
///   session up; after that the connection is lost and refuses all work;
/// - messages of the server and the driver reach nobody but `ODBCFailures`.
final class ODBCConnection: @unchecked Sendable {  // `handle`: one thread, then deinit
    /// Where the connection stands between statements.
    enum Transaction {
        case none, open
        /// A statement failed: the server may have rolled back all of it, or only that statement.
        case failed
        /// A query ended it, and may have begun another.
        case ended
    }

    let handle: SQLHDBC
    let dialect: ODBCDialect
    let watch: ODBCWatch
    /// Where a piece of a result is put.
    let piece = ODBCStatement.allocatePiece()
    var transaction = Transaction.none
    /// The row that `transactionBegin` returned, without the settings.
    var transactionToken: [String?] = []
    /// What `dialect.watched` were at the first beginning, which is the session's opening.
    var settings: [String?]?
    let configuration: ODBCConfiguration
    private(set) var isLost = false
    private var isOpen = true
    private var isCommittingEach = true
    /// An interruption may still wait in the server for the next statement.
    private var isInterruptionLeft = false

    init(
        _ configuration: ODBCConfiguration, _ dialect: ODBCDialect, _ watch: ODBCWatch
    ) throws(TargetFailure) {
        self.configuration = configuration
        self.dialect = dialect
        self.watch = watch
        blockBrokenPipeSignal()
        do throws(TargetFailure) {
            handle = try Self.connect(configuration, dialect, watch)
        } catch {
            piece.deallocate()
            watch.stop()
            throw error
        }
        try requireDatabase()
    }

    deinit {
        close()
        piece.deallocate()
    }

    var statementTimeoutSeconds: Int { (configuration.statementTimeoutMilliseconds + 999) / 1000 }

    private static func connect(
        _ configuration: ODBCConfiguration, _ dialect: ODBCDialect, _ watch: ODBCWatch
    ) throws(TargetFailure) -> SQLHDBC {
        guard let environment = ODBCEnvironment.shared else { throw ODBCFailures.outOfMemory }
        var allocated: SQLHANDLE?
        let code = SQLAllocHandle(SQLSMALLINT(SQL_HANDLE_DBC), environment.raw, &allocated)
        guard isSuccess(code), let handle = allocated else { throw ODBCFailures.outOfMemory }
        func set(_ attribute: CInt, milliseconds: Int) {
            let seconds = SQLPOINTER(bitPattern: UInt((milliseconds + 999) / 1000))
            // Drivers without it say so here; the watch keeps the time in any case.
            SQLSetConnectAttr(handle, attribute, seconds, SQL_IS_UINTEGER)
        }
        set(SQL_ATTR_LOGIN_TIMEOUT, milliseconds: configuration.connectTimeoutMilliseconds)
        set(
            SQL_ATTR_CONNECTION_TIMEOUT,
            milliseconds: configuration.statementTimeoutMilliseconds
                + ODBCWatch.graceMilliseconds)
        watch.enter(
            nil, milliseconds: configuration.connectTimeoutMilliseconds,
            failure: ODBCFailures.connectOverdue)
        var units = Array(configuration.connectionString.utf16)
        let result = SQLDriverConnectW(
            handle, nil, &units, SQLSMALLINT(units.count), nil, 0, nil,
            SQLUSMALLINT(SQL_DRIVER_NOPROMPT))
        let isOverdue = watch.leave() != .none
        guard isSuccess(result) else {
            var failure = ODBCFailures.connectFailure(
                ODBCDiagnostic.all(SQL_HANDLE_DBC, handle), dialect)
            if isOverdue, failure.class == .transient { failure = ODBCFailures.connectOverdue }
            SQLFreeHandle(SQLSMALLINT(SQL_HANDLE_DBC), handle)
            throw failure
        }
        return handle
    }

    /// That the database is of the kind whose SQL is sent to it.
    private func requireDatabase() throws(TargetFailure) {
        var name = [SQLWCHAR](repeating: 0, count: 256)
        var byteCount: SQLSMALLINT = 0
        let code = SQLGetInfoW(
            handle, SQLUSMALLINT(SQL_DBMS_NAME), &name, SQLSMALLINT(name.count * 2), &byteCount)
        let found = String(decoding: name.prefix { $0 != 0 }, as: UTF16.self)
        guard isSuccess(code), found == dialect.databaseName else {
            throw ODBCFailures.otherDatabase(found, wanted: dialect.databaseName)
        }
    }

    /// An open transaction is rolled back. May be called again.
    func close() {
        guard isOpen else { return }
        isOpen = false
        watch.enter(nil, milliseconds: ODBCWatch.graceMilliseconds, failure: ODBCFailures.closed)
        // Otherwise a transaction that is open refuses the end of the connection.
        if !isCommittingEach {
            SQLEndTran(SQLSMALLINT(SQL_HANDLE_DBC), handle, SQLSMALLINT(SQL_ROLLBACK))
        }
        SQLDisconnect(handle)
        SQLFreeHandle(SQLSMALLINT(SQL_HANDLE_DBC), handle)
        _ = watch.leave()
        watch.stop()
    }

    // MARK: Calls

    private func requireUsable() throws(TargetFailure) {
        if watch.abandonment.isAbandoned { isLost = true }
        guard isOpen, !isLost else { throw ODBCFailures.closed }
    }

    /// Runs one text and returns what its results come to.
    ///
    /// - Throws: also if the connection is lost, or the operation was cancelled meanwhile.
    func run(
        _ text: String, _ parameters: [String] = [], wantsRows: Bool, isCancellable: Bool = true
    ) throws(TargetFailure) -> ODBCResults {
        try requireUsable()
        if isInterruptionLeft {
            isInterruptionLeft = false
            try takeInterruption()
        }
        if isCancellable, watch.isRaised { throw ODBCFailures.cancelled }
        let statement = try ODBCStatement(on: self)
        watch.enter(
            isCancellable ? ODBCWatch.Statement(raw: statement.handle) : nil,
            milliseconds: configuration.statementTimeoutMilliseconds,
            failure: ODBCFailures.unanswered)
        var results = ODBCResults()
        var failure: TargetFailure?
        do throws(TargetFailure) {
            results = try statement.run(text, parameters, wantsRows: wantsRows)
        } catch {
            failure = error
        }
        let interruption = watch.leave()
        // Not before: until then another thread may cancel it.
        statement.free()
        isInterruptionLeft = interruption != .none
        if let failure { throw completed(failure, interruption) }
        try requireUsable()
        return results
    }

    /// Gives an interruption that came too late a statement of its own.
    private func takeInterruption() throws(TargetFailure) {
        do throws(TargetFailure) {
            _ = try run(dialect.nothing, wantsRows: false, isCancellable: false)
        } catch {
            if isLost { throw error }
        }
    }

    func completed(
        _ failure: TargetFailure, _ interruption: ODBCWatch.Interruption
    ) -> TargetFailure {
        var failure = failure
        if watch.abandonment.isAbandoned { failure.isConnectionLost = true }
        if failure.isConnectionLost { isLost = true }
        switch interruption {
        case .none: return failure
        case .cancelled: failure.message = ODBCFailures.cancelled.message
        case .overdue: failure.message = ODBCFailures.overdue.message
        }
        failure.class = .transient
        failure.hint = interruption == .overdue ? ODBCFailures.overdue.hint : nil
        return failure
    }

    /// What a handle says of its last call, which failed.
    func failure(_ kind: CInt, _ handle: SQLHANDLE?) -> TargetFailure {
        var failure = ODBCFailures.failure(ODBCDiagnostic.all(kind, handle), dialect)
        if isDead {
            failure.isConnectionLost = true
            failure.class = .transient
        }
        return failure
    }

    /// As far as the driver knows, which does not ask the server.
    private var isDead: Bool {
        var value: SQLUINTEGER = 0
        let code = SQLGetConnectAttr(handle, SQL_ATTR_CONNECTION_DEAD, &value, 0, nil)
        return isSuccess(code) && value == SQLUINTEGER(SQL_CD_TRUE)
    }

    // MARK: Transactions

    /// Whether each statement is committed as it runs; sent to the server only where it changes.
    func setCommittingEach(_ isOn: Bool) throws(TargetFailure) {
        guard isOn != isCommittingEach else { return }
        try call(ODBCFailures.unanswered) {
            let value = SQLPOINTER(bitPattern: UInt(isOn ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF))
            return SQLSetConnectAttr(handle, SQL_ATTR_AUTOCOMMIT, value, SQL_IS_UINTEGER)
        }
        isCommittingEach = isOn
    }

    func endTransaction(_ completion: CInt) throws(TargetFailure) {
        var unanswered = ODBCFailures.unanswered
        unanswered.isOutcomeUnknown = completion == SQL_COMMIT
        try call(unanswered) {
            SQLEndTran(SQLSMALLINT(SQL_HANDLE_DBC), handle, SQLSMALLINT(completion))
        }
    }

    /// A call of the connection's own, which nothing cancels.
    private func call(
        _ unanswered: TargetFailure, _ body: () -> SQLRETURN
    ) throws(TargetFailure) {
        try requireUsable()
        watch.enter(
            nil, milliseconds: configuration.statementTimeoutMilliseconds, failure: unanswered)
        let code = body()
        let failure = isSuccess(code) ? nil : failure(SQL_HANDLE_DBC, handle)
        let interruption = watch.leave()
        if let failure { throw completed(failure, interruption) }
        try requireUsable()
    }
}
