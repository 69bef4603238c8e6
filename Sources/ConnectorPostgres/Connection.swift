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
/// - what libpq reads has passed the gate: before the login nothing that would give the password
///   away, after it no more at once than memory can be spared for;
/// - texts of the server reach nobody but `PostgresFailures`: notices are dropped, and libpq's own
///   message holds only severity and SQLSTATE (PQERRORS_SQLSTATE).
final class PostgresConnection: @unchecked Sendable {  // `handle`: one thread, then deinit
    /// How much later than the server's own statement timeout the client gives up.
    private static let graceMilliseconds = 2000

    let handle: OpaquePointer
    let signal = CancelSignal()
    private let statementTimeoutMilliseconds: Int
    private var cancelRequest: CancelRequest?
    private var deadline: UInt64 = 0
    /// The wait reacts to `signal`: not while a transaction ends, nor twice.
    private var isCancellable = false
    /// When the server is asked again to cancel what runs; nil: it is not being cancelled.
    private var cancelRepetition: CancelRepetition?
    private(set) var isLost = false
    var statements = KeptStatements()
    /// The beginning of the delivery that comes next, under way.
    var ahead: (deliveryID: String, pipeline: PostgresPipeline)?
    /// Until a pooler is found between here and the server.
    var bindsValues = true
    /// What the session's settings have to stay.
    private(set) var watch: PostgresSessionWatch
    /// Of the comparison, prepared.
    var comparisonName: String?
    private var isOpen = true
    private var gate: SocketGate?

    init(_ configuration: PostgresConfiguration) throws(TargetFailure) {
        PostgresEnvironment.isCleared
        try configuration.requireAuthority()
        watch = PostgresSessionWatch(
            configuration.sqlSettings,
            statementTimeoutMilliseconds: configuration.statementTimeoutMilliseconds)
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
        gate = nil
    }

    private func connect(_ configuration: PostgresConfiguration) throws(TargetFailure) {
        setDeadline(milliseconds: configuration.connectTimeoutMilliseconds)
        var wanted = POLLOUT
        while PQstatus(handle) != CONNECTION_BAD {
            if let gate {
                // libpq connects anew where TLS failed, to go on without it.
                guard gate.isOn(PQsocket(handle)) else { throw PostgresFailures.handshake }
            } else if PQstatus(handle) != CONNECTION_STARTED {
                try standBetween(configuration)
            }
            guard try pollSocket(wanted) == .ready else { throw PostgresFailures.connectOverdue }
            if gate == nil, isSocketConnected { try standBetween(configuration) }
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

    /// libpq looks at a socket that is not connected itself, and tries its next address.
    private var isSocketConnected: Bool {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) == 1 && Int32(descriptor.revents) == POLLOUT
    }

    /// Before libpq has read a byte.
    private func standBetween(_ configuration: PostgresConfiguration) throws(TargetFailure) {
        let login = PostgresLoginCheck(
            asksForTLS: configuration.asksForTLS, allowsCleartext: configuration.allowsCleartext)
        guard
            let gate = SocketGate(
                on: PQsocket(handle), inspection: login,
                byteCountMax: AnswerLimits.loginByteCountMax)
        else { throw PostgresFailures.noDescriptors }
        self.gate = gate
        // A notice is thrown away as it comes, and counts no longer.
        PQsetNoticeReceiver(
            handle,
            { gate, _ in
                if let gate {
                    Unmanaged<SocketGate>.fromOpaque(gate).takeUnretainedValue().restartCount()
                }
            }, Unmanaged.passUnretained(gate).toOpaque())
    }

    /// States the settings and notes what they are. As statements, not as startup options, which
    /// connection poolers refuse.
    func applySettings() throws(TargetFailure) {
        let exchange = PostgresExchange(self)
        let row = try exchange.run("\(watch.statement); \(PostgresSessionWatch.question)").rows
        let fault = watch.note(row.first ?? [], processID: PQbackendPID(handle))
        if let fault { throw PostgresFailures.settingNotKept(fault) }
        guard !watch.isPooled else { return }
        let name = statements.newName()
        try exchange.run("PREPARE \(name) AS \(watch.comparison)")
        comparisonName = name
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
        cancelRepetition = nil
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

    private func pollSocket(_ events: Int32) throws(TargetFailure) -> Readiness {
        while true {
            let socket = PQsocket(handle)
            // A broken socket is ready: the next call of libpq says what happened.
            guard socket >= 0 else { return .ready }
            // Asked before the socket, which a server can keep ready for ever.
            let now = monotonicNanoseconds()
            guard now < deadline else { return .overdue }
            if isCancellable, signal.isRaised { return .cancelled }
            if let gate, try isReady(gate, socket, events) { return .ready }
            let milliseconds = min((deadline - now) / 1_000_000 + 1, 60_000)
            var descriptors = [
                gate?.awaited(reading: events & POLLIN != 0)
                    ?? pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(
                    fd: isCancellable ? signal.readEnd : -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, CInt(milliseconds))
            if count < 0, errno != EINTR { return .ready }
            if count > 0, gate == nil, descriptors[0].revents != 0 { return .ready }
        }
    }

    private func isReady(
        _ gate: SocketGate, _ socket: CInt, _ events: Int32
    ) throws(TargetFailure) -> Bool {
        do throws(TargetFailure) {
            return try gate.isReady(
                socket, reading: events & POLLIN != 0, writing: events & POLLOUT != 0)
        } catch {
            isLost = true
            throw error
        }
    }

    /// Waits until the socket can be read, or also written.
    ///
    /// - Throws: when the deadline is over; the connection is then lost.
    private func awaitSocket(_ events: Int32) throws(TargetFailure) {
        while true {
            switch try pollSocket(events) {
            case .ready: return
            case .cancelled:
                isCancellable = false
                cancelRepetition = CancelRepetition()
                askToCancel()
            case .overdue:
                if cancelRepetition?.isOver == false {
                    askToCancel()
                    continue
                }
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

    /// The server then has a little time to say so.
    private func askToCancel() {
        let isSent = cancelRequest?.send(waitingMilliseconds: CancelRepetition.graceMilliseconds)
        deadline = cancelRepetition?.nextDeadline(isSent: isSent ?? false) ?? 0
    }

    // MARK: Bytes in and out

    /// Hands all of what was sent to the kernel.
    func flush() throws(TargetFailure) {
        while true {
            let isLeft = PQflush(handle) == 1
            gate?.carryOut()
            if !isLeft, gate?.isDrained ?? true { return }
            try awaitSocket(POLLIN | POLLOUT)
            // The server may be waiting for us to read before it reads on.
            if PQconsumeInput(handle) == 0 { return }
        }
    }

    /// The next result, which the caller clears; nil: none is left for this statement. Rows come
    /// one by one.
    func nextResult() throws(TargetFailure) -> OpaquePointer? {
        gate?.byteCountMax = AnswerLimits.rowByteCountMax
        while PQisBusy(handle) == 1 {
            try awaitSocket(POLLIN)
            // On a broken connection PQgetResult does not block and returns the error.
            if PQconsumeInput(handle) == 0 { break }
        }
        gate?.restartCount()
        return PQgetResult(handle)
    }

    /// Of the statement that was sent last, or of the next one in a pipeline.
    func takeRowsOneByOne() { PQsetSingleRowMode(handle) }

    /// Gives up a connection whose answer is not read to its end.
    func giveUp(_ failure: TargetFailure) -> TargetFailure {
        isLost = true
        return failure
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

    /// The server reports each change of some settings by itself.
    ///
    /// - Throws: if one is not as it was stated; the connection is lost then.
    func requireReportedSettings() throws(TargetFailure) {
        let changed = watch.reportedChanges(on: handle)
        guard changed.isEmpty else {
            throw completed(.settingsChanged(changed, isPooled: watch.isPooled))
        }
    }

    /// The prepared comparison is not there: a pooler's work that was not noticed before.
    func noticePooler() {
        (bindsValues, comparisonName) = (false, nil)
        watch.noticePooler()
    }

    var transactionStatus: PGTransactionStatusType { PQtransactionStatus(handle) }
}
