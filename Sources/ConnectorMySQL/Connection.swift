internal import CMariaDB
internal import Connector
internal import Glibc
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// An open connection over libmariadb's non-blocking calls: used on the session's thread.
///
/// A call that would block suspends itself and says what it waits for
/// (https://mariadb.com/kb/en/using-the-non-blocking-library/); `complete` waits and resumes it.
///
/// Invariants:
/// - no wait outlives its deadline by more than `graceMilliseconds` twice, whatever the network
///   does (name resolution excepted, and the TLS handshake's own limit of whole seconds);
/// - a statement that is cancelled or overdue is interrupted on the server first; where that does
///   not help, the connection is lost and refuses all work;
/// - an interruption that came too late never meets the next statement;
/// - messages of the server reach nobody but `MySQLFailures`.
final class MySQLConnection: @unchecked Sendable {  // `handle`: one thread, then deinit
    /// How long the server has to say that it was interrupted; and how much later than its own
    /// statement timeout the client gives up.
    private static let graceMilliseconds = 2000
    /// Of a suspended call: libmariadb's default of 64 KiB is tight for name resolution and TLS.
    private static let callStackByteCount = 1 << 20

    /// Where the connection stands between statements.
    enum Transaction {
        case none, open
        /// A statement failed: the server may have rolled back all of it, or only that statement.
        case failed
    }

    private enum Interruption {
        case none, cancelled, overdue
    }

    let handle: UnsafeMutablePointer<MYSQL>
    let signal = CancelSignal()
    let isMariaDB: Bool
    var transaction = Transaction.none
    /// How the open transaction began, if it is a delivery's: that of the next one, ahead of it.
    var begun: MySQLBeginning?
    /// Bytes of a query that the server takes; known after `applySettings`.
    var queryByteCountMax = Int.max
    private let configuration: MySQLConfiguration
    private var keptStatements = KeptStatements()
    private var statementParts: [String: [String]] = [:]
    let dialect: SQLDialect
    private var deadline: UInt64 = 0
    private var isCancellable = false
    private var interruption = Interruption.none
    /// An interruption may still wait in the server for the next statement.
    private var isInterruptionLeft = false
    private(set) var isLost = false
    private var isOpen = true

    init(_ configuration: MySQLConfiguration) throws(TargetFailure) {
        self.configuration = configuration
        dialect = .mysql(configuration.sqlSettings)
        blockBrokenPipeSignal()
        _ = MySQLOptions.startLibrary
        guard let handle = mysql_init(nil) else { throw MySQLFailures.outOfMemory }
        do throws(TargetFailure) {
            try Self.connect(handle, configuration)
        } catch {
            Self.close(handle, isLost: true)
            throw error
        }
        self.handle = handle
        isMariaDB = mariadb_connection(handle) != 0
        setKeepAlive()
    }

    deinit {
        close()
    }

    /// An open transaction is rolled back by the server. May be called again.
    func close() {
        guard isOpen else { return }
        isOpen = false
        // Without a connection nothing is said to the server.
        if isLost { shutdown(mysql_get_socket(handle), CInt(SHUT_RDWR)) }
        keptStatements.close()
        Self.close(handle, isLost: isLost)
    }

    private static func close(_ handle: UnsafeMutablePointer<MYSQL>, isLost: Bool) {
        let socket = mysql_get_socket(handle)
        if isLost, socket >= 0 { shutdown(socket, CInt(SHUT_RDWR)) }
        mysql_close(handle)
    }

    private static func connect(
        _ handle: UnsafeMutablePointer<MYSQL>, _ configuration: MySQLConfiguration
    ) throws(TargetFailure) {
        var stackByteCount = callStackByteCount
        mysql_options(handle, MYSQL_OPT_NONBLOCK, &stackByteCount)
        MySQLOptions.set(
            configuration, connectTimeoutMilliseconds: configuration.connectTimeoutMilliseconds,
            on: handle)
        let deadline = nanoseconds(after: configuration.connectTimeoutMilliseconds)
        let texts = CStrings([
            configuration.host, configuration.user, configuration.password ?? "",
            configuration.database,
        ])
        // Several statements in a query of the operator's; rows found, as other targets count.
        let flags = CUnsignedLong(CLIENT_MULTI_STATEMENTS) | CUnsignedLong(CLIENT_FOUND_ROWS)
        var opened: UnsafeMutablePointer<MYSQL>?
        var wanted = mysql_real_connect_start(
            &opened, handle, texts[0], texts[1], texts[2], texts[3],
            CUnsignedInt(configuration.port), nil, flags)
        while wanted != 0 {
            let ready = poll(handle, wanted, until: deadline, signal: nil)
            guard case .ready(let events) = ready else { throw MySQLFailures.connectOverdue }
            wanted = mysql_real_connect_cont(&opened, handle, events)
        }
        withExtendedLifetime(texts) {}
        guard opened != nil else {
            throw MySQLFailures.connectFailure(
                of: handle,
                QueryVocabulary([configuration.host, configuration.user, configuration.database]))
        }
        let needsTLS = [.require, .verifyCA, .verifyFull].contains(configuration.tls)
        guard !needsTLS || mysql_get_ssl_cipher(handle) != nil else { throw MySQLFailures.noTLS }
    }

    private func setKeepAlive() {
        func set(_ level: CInt, _ option: CInt, _ value: CInt) {
            var value = value
            setsockopt(
                mysql_get_socket(handle), level, option, &value,
                socklen_t(MemoryLayout<CInt>.size))
        }
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(CInt(IPPROTO_TCP), TCP_KEEPIDLE, 30)
        set(CInt(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        set(CInt(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }

    /// One of Segledger's own statements with its parameters as literals.
    func filled(_ sql: String, _ parameters: [String]) -> String {
        let parts = parts(of: sql)
        precondition(parts.count == parameters.count + 1, "as many parameters as placeholders")
        var text = parts[0]
        for (parameter, part) in zip(parameters, parts.dropFirst()) {
            text += dialect.literal(parameter)
            text += part
        }
        return text
    }

    /// What stands between its placeholders.
    private func parts(of sql: String) -> [String] {
        if let known = statementParts[sql] { return known }
        let parts = sql.split(separator: "?", omittingEmptySubsequences: false).map(String.init)
        statementParts[sql] = parts
        return parts
    }

    // MARK: State

    /// Whether a statement can be told not to wait for a lock.
    var locksAtOnce: Bool { isMariaDB && mysql_get_server_version(handle) >= 100_300 }

    /// Whether the server has a transaction open, as its last answer said.
    var isServerInTransaction: Bool { hasServerStatus(SERVER_STATUS_IN_TRANS) }

    var isServerCommittingEach: Bool { hasServerStatus(SERVER_STATUS_AUTOCOMMIT) }

    private func hasServerStatus(_ flag: CInt) -> Bool {
        handle.pointee.server_status & CUnsignedInt(flag) != 0
    }

    /// The failure with what the connection knows of it.
    func completed(_ failure: TargetFailure) -> TargetFailure {
        var failure = failure
        if failure.isConnectionLost { isLost = true }
        if failure.targetCode == MySQLFailures.interruptedCode {
            switch interruption {
            case .none: break
            case .cancelled: failure = MySQLFailures.cancelled
            case .overdue: failure = MySQLFailures.overdue
            }
        }
        return failure
    }

    /// Prepares a statement of the operator's, once a session unless there are too many.
    func bulkStatement(_ shape: BoundShape) throws(TargetFailure) -> MySQLBulkStatement {
        if let statement = keptStatements.find(shape) { return statement }
        let statement = try MySQLBulkStatement(shape, on: self)
        keptStatements.keep(statement, for: shape)
        return statement
    }

    /// Whether the server reads SQL by the settings that templates were checked for (INV-7), as its
    /// last answer said. Only MariaDB tells whether `"…"` is a name.
    var readsAsStated: Bool {
        let settings = configuration.sqlSettings
        let keepsBackslashes = hasServerStatus(SERVER_STATUS_NO_BACKSLASH_ESCAPES)
        guard keepsBackslashes == settings.contains(.noBackslashEscapes) else { return false }
        guard isMariaDB else { return true }
        return hasServerStatus(SERVER_STATUS_ANSI_QUOTES) == settings.contains(.ansiQuotes)
    }

    // MARK: Waiting

    private enum Readiness {
        case ready(CInt), overdue, cancelled
    }

    private static func nanoseconds(after milliseconds: Int) -> UInt64 {
        monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    }

    /// Starts the clock of one statement.
    ///
    /// - Throws: if the connection is lost, or the operation was cancelled meanwhile.
    func startStatement(isCancellable: Bool) throws(TargetFailure) {
        guard isOpen, !isLost else { throw MySQLFailures.closed }
        if isInterruptionLeft {
            isInterruptionLeft = false
            try takeInterruption()
        }
        if isCancellable, signal.isRaised { throw MySQLFailures.cancelled }
        start(isCancellable: isCancellable)
    }

    private func start(isCancellable: Bool) {
        self.isCancellable = isCancellable
        interruption = .none
        // MySQL limits SELECT alone; there the client interrupts what takes too long.
        let grace = isMariaDB ? Self.graceMilliseconds : 0
        deadline = Self.nanoseconds(after: configuration.statementTimeoutMilliseconds + grace)
    }

    /// Gives an interruption that the server has not used a statement of its own.
    private func takeInterruption() throws(TargetFailure) {
        start(isCancellable: false)
        let nothing = "DO 0"
        var status: CInt = 0
        try complete(
            mysql_real_query_start(&status, handle, nothing, CUnsignedLong(nothing.utf8.count))
        ) { mysql_real_query_cont(&status, handle, $0) }
        guard status != 0 else { return }
        let failure = MySQLFailures.failure(of: handle)
        if failure.isConnectionLost { throw completed(failure) }
    }

    /// Runs a call to its end: `wanted` is what its start waits for, 0 if it has ended already.
    ///
    /// - Throws: when the connection is lost; the call is then left suspended.
    func complete(_ wanted: CInt, resume: (CInt) -> CInt) throws(TargetFailure) {
        var wanted = wanted
        while wanted != 0 {
            let cancelSignal = isCancellable && interruption == .none ? signal : nil
            switch Self.poll(handle, wanted, until: deadline, signal: cancelSignal) {
            case .ready(let events): wanted = resume(events)
            case .cancelled: try interrupt(.cancelled)
            case .overdue: try interrupt(.overdue)
            }
        }
    }

    /// Asks the server to end the statement, once; the second time the connection is given up. The
    /// end of a transaction is never interrupted.
    private func interrupt(_ reason: Interruption) throws(TargetFailure) {
        guard isCancellable, interruption == .none else {
            isLost = true
            var failure =
                interruption == .cancelled ? MySQLFailures.cancelled : MySQLFailures.overdue
            failure.isConnectionLost = true
            throw failure
        }
        interruption = reason
        isInterruptionLeft = true
        let request = MySQLCancelRequest(
            configuration: configuration, connectionID: UInt(mysql_thread_id(handle)))
        let isSent = request.send(waitingMilliseconds: Self.graceMilliseconds)
        deadline = isSent ? Self.nanoseconds(after: Self.graceMilliseconds) : 0
    }

    private static func poll(
        _ handle: UnsafeMutablePointer<MYSQL>, _ wanted: CInt, until deadline: UInt64,
        signal: CancelSignal?
    ) -> Readiness {
        var events: Int32 = 0
        if wanted & MYSQL_WAIT_READ != 0 { events |= POLLIN }
        if wanted & MYSQL_WAIT_WRITE != 0 { events |= POLLOUT }
        if wanted & MYSQL_WAIT_EXCEPT != 0 { events |= POLLPRI }
        while true {
            let now = monotonicNanoseconds()
            guard now < deadline else { return .overdue }
            let milliseconds = min((deadline - now) / 1_000_000 + 1, 60_000)
            var descriptors = [
                pollfd(fd: mysql_get_socket(handle), events: Int16(events), revents: 0),
                pollfd(fd: signal?.readEnd ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = Glibc.poll(&descriptors, 2, CInt(milliseconds))
            // A broken socket is ready: the call itself says what happened.
            let all = MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT
            if count < 0, errno != EINTR { return .ready(wanted & all) }
            guard count > 0 else { continue }
            let seen = Int32(descriptors[0].revents)
            if seen & (POLLERR | POLLHUP | POLLNVAL) != 0 { return .ready(wanted & all) }
            var ready: CInt = 0
            if seen & POLLIN != 0 { ready |= MYSQL_WAIT_READ }
            if seen & POLLOUT != 0 { ready |= MYSQL_WAIT_WRITE }
            if seen & POLLPRI != 0 { ready |= MYSQL_WAIT_EXCEPT }
            return ready != 0 ? .ready(ready) : .cancelled
        }
    }
}

/// C strings that live as long as this does.
final class CStrings {
    private let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) {
        pointers = texts.map { strdup($0) }
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }

    subscript(index: Int) -> UnsafePointer<CChar>? { pointers[index].map { UnsafePointer($0) } }
}
