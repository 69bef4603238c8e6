internal import CLibPQ
internal import Connector
internal import Glibc
internal import SegmentModel
internal import StorageIO

/// An open connection over libpq's non-blocking calls: used on the session's thread.
///
/// Invariants:
/// - no wait outlives its deadline, whatever the network does (name resolution excepted, which
///   libpq leaves to the system's resolver);
/// - after a wait ran out or the socket broke the connection is lost and refuses all work;
/// - texts of the server reach nobody but `PostgresFailures`: notices are dropped, and libpq's own
///   message holds only severity and SQLSTATE (PQERRORS_SQLSTATE).
final class PostgresConnection: @unchecked Sendable {  // `handle`: one thread, then deinit
    /// How much later than the server's own statement timeout the client gives up.
    private static let graceMilliseconds = 2000

    let handle: OpaquePointer
    let signal = CancelSignal()
    private let sqlSettings: SQLSettings
    private let statementTimeoutMilliseconds: Int
    private var cancelRequest: CancelRequest?
    private var deadline: UInt64 = 0
    /// The wait reacts to `signal`: not while a transaction ends, nor twice.
    private var isCancellable = false
    private(set) var isLost = false
    var statements = KeptStatements()
    /// The beginning of the delivery that comes next, under way.
    var ahead: (deliveryID: String, pipeline: PostgresPipeline)?
    /// Until a pooler is found between here and the server.
    var bindsValues = true
    private var isOpen = true

    init(_ configuration: PostgresConfiguration) throws(TargetFailure) {
        sqlSettings = configuration.sqlSettings
        statementTimeoutMilliseconds = configuration.statementTimeoutMilliseconds
        let keywords = CStringArray(Array(configuration.parameters.keys))
        let values = CStringArray(Array(configuration.parameters.values))
        guard let handle = PQconnectStartParams(keywords.pointer, values.pointer, 0) else {
            throw PostgresFailures.lost("libpq is out of memory")
        }
        self.handle = handle
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        try connect(configuration)
        PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE)
        PQsetnonblocking(handle, 1)
        cancelRequest = CancelRequest(connection: handle)
    }

    deinit {
        close()
    }

    /// An open transaction is rolled back by the server. May be called again.
    func close() {
        if isOpen { PQfinish(handle) }
        isOpen = false
    }

    private func connect(_ configuration: PostgresConfiguration) throws(TargetFailure) {
        setDeadline(milliseconds: configuration.connectTimeoutMilliseconds)
        var wanted = POLLOUT
        while PQstatus(handle) != CONNECTION_BAD {
            guard pollSocket(Int16(wanted)) == .ready else { throw PostgresFailures.connectOverdue }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: wanted = POLLIN
            case PGRES_POLLING_WRITING: wanted = POLLOUT
            default: throw connectFailure(configuration)
            }
        }
        throw connectFailure(configuration)
    }

    private func connectFailure(_ configuration: PostgresConfiguration) -> TargetFailure {
        let names = ["host", "hostaddr", "port", "user", "dbname", "sslmode"]
        return PostgresFailures.connectFailure(
            String(cString: PQerrorMessage(handle)),
            QueryVocabulary(names.compactMap { configuration.parameters[$0] }))
    }

    func applySettings() throws(TargetFailure) {
        let sql = PostgresDialect.settings(
            sqlSettings, statementTimeoutMilliseconds: statementTimeoutMilliseconds)
        try PostgresExchange(self).run(sql)
    }

    // MARK: Waiting

    private enum Readiness {
        case ready, overdue, cancelled
    }

    private func setDeadline(milliseconds: Int) {
        deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    }

    /// Starts the clock of one statement.
    ///
    /// - Throws: if the connection is lost, or the operation was cancelled meanwhile.
    func startStatement(isCancellable: Bool) throws(TargetFailure) {
        guard isOpen, !isLost else { throw PostgresFailures.closed }
        if isCancellable, signal.isRaised { throw PostgresFailures.cancelled }
        try dropAhead()
        restartClock(isCancellable: isCancellable)
    }

    /// Starts the clock of what was sent before.
    func restartClock(isCancellable: Bool) {
        self.isCancellable = isCancellable
        setDeadline(milliseconds: statementTimeoutMilliseconds + Self.graceMilliseconds)
    }

    /// Waits for what was begun for a delivery that does not come, and takes it back.
    func dropAhead() throws(TargetFailure) {
        guard let ahead else { return }
        self.ahead = nil
        restartClock(isCancellable: true)
        do throws(TargetFailure) {
            _ = try ahead.pipeline.finish()
        } catch {
            if error.isConnectionLost { throw error }
        }
        try PostgresExchange(self).rollback()
    }

    private func pollSocket(_ events: Int16) -> Readiness {
        while true {
            let socket = PQsocket(handle)
            // A broken socket is ready: the next call of libpq says what happened.
            guard socket >= 0 else { return .ready }
            let now = monotonicNanoseconds()
            guard now < deadline else { return .overdue }
            let milliseconds = min((deadline - now) / 1_000_000 + 1, 60_000)
            var descriptors = [
                pollfd(fd: socket, events: events, revents: 0),
                pollfd(
                    fd: isCancellable ? signal.readEnd : -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, CInt(milliseconds))
            if count < 0, errno != EINTR { return .ready }
            guard count > 0 else { continue }
            if descriptors[0].revents != 0 { return .ready }
            return .cancelled
        }
    }

    /// Waits until the socket can be read, or also written.
    ///
    /// - Throws: when the deadline is over; the connection is then lost.
    private func awaitSocket(_ events: Int32) throws(TargetFailure) {
        while true {
            switch pollSocket(Int16(events)) {
            case .ready: return
            case .cancelled:
                // Once; the server then has a little time to say so.
                isCancellable = false
                cancelRequest?.send(waitingMilliseconds: Self.graceMilliseconds)
                setDeadline(milliseconds: Self.graceMilliseconds)
            case .overdue:
                isLost = true
                if signal.isRaised {
                    var failure = PostgresFailures.cancelled
                    failure.isConnectionLost = true
                    throw failure
                }
                cancelRequest?.send(waitingMilliseconds: Self.graceMilliseconds)
                throw PostgresFailures.overdue
            }
        }
    }

    // MARK: Bytes in and out

    /// Hands all of what was sent to the kernel.
    func flush() throws(TargetFailure) {
        while PQflush(handle) == 1 {
            try awaitSocket(POLLIN | POLLOUT)
            // The server may be waiting for us to read before it reads on.
            if PQconsumeInput(handle) == 0 { return }
        }
    }

    /// The next result, which the caller clears; nil: none is left for this statement.
    func nextResult() throws(TargetFailure) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            try awaitSocket(POLLIN)
            // On a broken connection PQgetResult does not block and returns the error.
            if PQconsumeInput(handle) == 0 { break }
        }
        return PQgetResult(handle)
    }

    /// The failure with the state of the connection added.
    func completed(_ failure: TargetFailure) -> TargetFailure {
        var failure = failure
        if failure.isConnectionLost { isLost = true }
        if PQstatus(handle) == CONNECTION_BAD {
            isLost = true
            failure.isConnectionLost = true
            failure.class = .transient
        }
        if failure.targetCode == "57014", signal.isRaised {
            failure.message = PostgresFailures.cancelled.message
            failure.report = nil
        }
        return failure
    }

    /// libpq refused to send.
    func sendFailure() -> TargetFailure {
        isLost = true
        return PostgresFailures.lost(String(cString: PQerrorMessage(handle)))
    }

    /// Whether the server reads SQL by the settings that templates were checked for (INV-7). It
    /// reports each change by itself; what it does not report counts as it was set.
    var readsAsStated: Bool {
        let strings = sqlSettings.contains(.backslashEscapes) ? "off" : "on"
        return isReported("standard_conforming_strings", as: strings)
            && isReported("client_encoding", as: "UTF8")
    }

    private func isReported(_ name: String, as value: String) -> Bool {
        PQparameterStatus(handle, name).map { String(cString: $0) == value } ?? true
    }

    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(handle) }
}
