internal import CMariaDB
internal import Connector
internal import Glibc
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// An open connection over libmariadb's non-blocking calls: used on the session's thread.
///
/// A call that would block suspends itself; `complete` waits on the `MySQLLine` and resumes it.
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
    /// Where the connection stands between statements.
    enum Transaction {
        case none, open
        /// A statement failed: the server may have rolled back all of it, or only that statement.
        case failed
    }

    private enum Interruption {
        case none, cancelled, overdue
    }

    var handle: UnsafeMutablePointer<MYSQL> { line.handle }
    private let line: MySQLLine
    let signal = CancelSignal()
    let isMariaDB: Bool
    var transaction = Transaction.none
    /// How the open transaction began, if it is a delivery's: that of the next one, ahead of it.
    var begun: MySQLBeginning?
    /// Bytes of a query that the server takes; known after `applySettings`.
    var queryByteCountMax = Int.max
    /// What the session's settings have to stay; known after `applySettings`.
    var watch: MySQLSessionWatch?
    /// No query of the operator's has run since the settings were last compared.
    var isCompared = true
    private let configuration: MySQLConfiguration
    private var keptStatements = KeptStatements()
    private var statementParts: [String: [String]] = [:]
    let dialect: SQLDialect
    private var deadline: UInt64 = 0
    private var isCancellable = false
    private var interruption = Interruption.none
    /// When the server is asked again to end what runs; nil: it is not being interrupted.
    private var cancelRepetition: CancelRepetition?
    /// An interruption may still wait in the server for the next statement.
    private var isInterruptionLeft = false
    private(set) var isLost = false
    private var isOpen = true

    init(_ configuration: MySQLConfiguration) throws(TargetFailure) {
        self.configuration = configuration
        dialect = .mysql(configuration.sqlSettings)
        line = try MySQLLine(
            configuration, database: configuration.database,
            timeoutMilliseconds: configuration.connectTimeoutMilliseconds)
        isMariaDB = mariadb_connection(line.handle) != 0
    }

    deinit {
        close()
    }

    /// An open transaction is rolled back by the server. May be called again.
    func close() {
        guard isOpen else { return }
        isOpen = false
        // Nothing waits for a server that is lost.
        if isLost { line.shutDown() }
        keptStatements.close()
        line.close(isLost: isLost)
    }

    /// Gives up a connection whose answer is not read to its end.
    func giveUp(_ failure: TargetFailure) -> TargetFailure {
        isLost = true
        line.shutDown()
        return failure
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

    /// MySQL 8.0 and MariaDB.
    var hasRoles: Bool { isMariaDB || mysql_get_server_version(handle) >= 80_000 }

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

    // MARK: Waiting

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
        cancelRepetition = nil
        // MySQL limits SELECT alone; there the client interrupts what takes too long.
        let grace = isMariaDB ? Self.graceMilliseconds : 0
        deadline = MySQLLine.nanoseconds(after: configuration.statementTimeoutMilliseconds + grace)
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
    /// - Parameter byteCountMax: of what the call reads.
    /// - Throws: when the connection is lost; the call is then left suspended.
    func complete(
        _ wanted: CInt, readingAtMost byteCountMax: Int = AnswerLimits.messageByteCountMax,
        resume: (CInt) -> CInt
    ) throws(TargetFailure) {
        line.restartCount(byteCountMax: byteCountMax)
        var wanted = wanted
        while wanted != 0 {
            switch try readiness(wanted) {
            case .ready(let events): wanted = resume(events)
            case .cancelled: try interrupt(.cancelled)
            case .overdue: try interrupt(.overdue)
            }
        }
    }

    private func readiness(_ wanted: CInt) throws(TargetFailure) -> MySQLLine.Readiness {
        let cancelSignal = isCancellable && interruption == .none ? signal : nil
        do throws(TargetFailure) {
            return try line.wait(wanted, until: deadline, signal: cancelSignal)
        } catch {
            throw giveUp(error)
        }
    }

    /// Asks the server to end the statement, again while it has time to say so; then the connection
    /// is given up. The end of a transaction is never interrupted.
    private func interrupt(_ reason: Interruption) throws(TargetFailure) {
        guard isCancellable, cancelRepetition?.isOver != true else {
            isLost = true
            var failure =
                interruption == .cancelled ? MySQLFailures.cancelled : MySQLFailures.overdue
            failure.isConnectionLost = true
            throw failure
        }
        if cancelRepetition == nil {
            interruption = reason
            cancelRepetition = CancelRepetition()
        }
        isInterruptionLeft = true
        let request = MySQLCancelRequest(
            configuration: configuration, connectionID: UInt(mysql_thread_id(handle)))
        let isSent = request.send(waitingMilliseconds: CancelRepetition.graceMilliseconds)
        deadline = cancelRepetition?.nextDeadline(isSent: isSent) ?? 0
    }
}
