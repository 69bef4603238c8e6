internal import CMariaDB
internal import Connector
internal import Glibc
internal import SegmentModel
internal import StorageIO

/// A handle of libmariadb and the gate before its socket, while it connects and while it works.
///
/// A call that would block suspends itself and says what it waits for
/// (https://mariadb.com/kb/en/using-the-non-blocking-library/); `wait` waits for that.
///
/// Invariants:
/// - the library reads a server's greeting only after it was looked at: where the mode asks for TLS
///   and the server offers none, not even the user's name is sent;
/// - what the library reads has passed the gate, but for the handshake of TLS, in which it blocks
///   on the socket itself (for whole seconds of the connect timeout, at most).
final class MySQLLine {
    enum Readiness {
        case ready(CInt), overdue, cancelled
    }

    /// Of a suspended call: libmariadb's default of 64 KiB is tight for name resolution and TLS.
    private static let callStackByteCount = 1 << 20

    let handle: UnsafeMutablePointer<MYSQL>
    private var gate: SocketGate?

    /// Connects and logs in.
    ///
    /// - Parameter database: nil: none is chosen.
    init(
        _ configuration: MySQLConfiguration, database: String?, timeoutMilliseconds: Int
    ) throws(TargetFailure) {
        blockBrokenPipeSignal()
        _ = MySQLOptions.startLibrary
        guard let handle = mysql_init(nil) else { throw MySQLFailures.outOfMemory }
        self.handle = handle
        do throws(TargetFailure) {
            try connect(
                configuration, database, until: Self.nanoseconds(after: timeoutMilliseconds))
        } catch {
            close(isLost: true)
            throw error
        }
    }

    /// Once. Without a connection nothing is said to the server.
    func close(isLost: Bool) {
        if isLost { shutDown() }
        mysql_close(handle)
        gate = nil
    }

    /// Ends both directions, so that no call waits for the server.
    func shutDown() {
        gate?.shutDown()
        let socket = mysql_get_socket(handle)
        if socket >= 0 { shutdown(socket, CInt(SHUT_RDWR)) }
    }

    static func nanoseconds(after milliseconds: Int) -> UInt64 {
        monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    }

    // MARK: Connecting

    private func connect(
        _ configuration: MySQLConfiguration, _ database: String?, until deadline: UInt64
    ) throws(TargetFailure) {
        try configuration.requireAuthority()
        var stackByteCount = Self.callStackByteCount
        mysql_options(handle, MYSQL_OPT_NONBLOCK, &stackByteCount)
        let milliseconds = configuration.connectTimeoutMilliseconds
        MySQLOptions.set(configuration, connectTimeoutMilliseconds: milliseconds, on: handle)
        let texts = CStrings([
            configuration.host, configuration.user, configuration.password ?? "", database ?? "",
        ])
        // Several statements in a query of the operator's; rows found, as other targets count.
        let flags = CUnsignedLong(CLIENT_MULTI_STATEMENTS) | CUnsignedLong(CLIENT_FOUND_ROWS)
        var opened: UnsafeMutablePointer<MYSQL>?
        var isGreeted = false
        var wanted = mysql_real_connect_start(
            &opened, handle, texts[0], texts[1], texts[2], database == nil ? nil : texts[3],
            CUnsignedInt(configuration.port), nil, flags)
        while wanted != 0 {
            let ready = try wait(wanted, until: deadline, signal: nil)
            guard case .ready(let events) = ready else { throw MySQLFailures.connectOverdue }
            if !isGreeted, isSocketConnected {
                setKeepAlive()
                try readGreeting(configuration, until: deadline)
                isGreeted = true
            }
            if isGreeted, gate == nil, mysql_get_ssl_cipher(handle) != nil { try standBetween() }
            wanted = mysql_real_connect_cont(&opened, handle, events)
        }
        withExtendedLifetime(texts) {}
        guard opened != nil else {
            throw MySQLFailures.connectFailure(
                of: handle,
                QueryVocabulary([configuration.host, configuration.user, configuration.database]))
        }
        let hasTLS = mysql_get_ssl_cipher(handle) != nil
        guard hasTLS || !configuration.needsTLS else { throw MySQLFailures.noTLS }
        if gate == nil { try standBetween() }
        gate?.restartCount()
    }

    /// The library itself looks at a socket that is not connected, and tries its next address.
    private var isSocketConnected: Bool {
        var descriptor = pollfd(
            fd: mysql_get_socket(handle), events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) == 1 && Int32(descriptor.revents) == POLLOUT
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

    /// Looks at the greeting where it lies, in the socket.
    private func readGreeting(
        _ configuration: MySQLConfiguration, until deadline: UInt64
    ) throws(TargetFailure) {
        var bytes = [UInt8](repeating: 0, count: MySQLGreeting.byteCountMax)
        while true {
            let flags = CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)
            let count = recv(mysql_get_socket(handle), &bytes, bytes.count, flags)
            // The end of the connection, or its failure, is the library's to tell.
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return }
            switch MySQLGreeting(bytes.prefix(max(0, count))) {
            case .incomplete: break
            case .refusal: return
            case .foreign: throw MySQLFailures.notMySQL
            case .server(let offersTLS):
                guard offersTLS || !configuration.needsTLS else { throw MySQLFailures.noTLS }
                MySQLOptions.setTransport(configuration, offersTLS: offersTLS, on: handle)
                if !offersTLS || configuration.tls == .disable { try standBetween() }
                return
            }
            guard monotonicNanoseconds() < deadline else { throw MySQLFailures.connectOverdue }
            if count > 0 {
                // What was seen stays readable: more of it is asked for in steps.
                _ = poll(nil, 0, 1)
            } else {
                _ = try wait(MYSQL_WAIT_READ, until: deadline, signal: nil)
            }
        }
    }

    private func standBetween() throws(TargetFailure) {
        gate = SocketGate(
            on: mysql_get_socket(handle), inspection: nil,
            byteCountMax: AnswerLimits.loginByteCountMax)
        if gate == nil { throw MySQLFailures.noDescriptors }
    }

    // MARK: Working

    /// Counts what comes from now on anew: a call has ended, or a row was taken.
    ///
    /// - Parameter byteCountMax: of what comes next.
    func restartCount(byteCountMax: Int) {
        gate?.restartCount()
        gate?.byteCountMax = byteCountMax
    }

    /// Waits for what a suspended call waits for.
    func wait(
        _ wanted: CInt, until deadline: UInt64, signal: CancelSignal?
    ) throws(TargetFailure) -> Readiness {
        let reading = wanted & MYSQL_WAIT_READ != 0, writing = wanted & MYSQL_WAIT_WRITE != 0
        while true {
            let now = monotonicNanoseconds()
            // Asked before the socket, which a server can keep ready for ever.
            guard now < deadline else { return .overdue }
            if let signal, signal.isRaised { return .cancelled }
            let socket = mysql_get_socket(handle)
            if let gate {
                if try gate.isReady(socket, reading: reading, writing: writing) {
                    return .ready(wanted & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE))
                }
                var descriptors = [gate.awaited(reading: reading), Self.descriptor(of: signal)]
                _ = poll(&descriptors, 2, Self.milliseconds(from: now, to: deadline))
                continue
            }
            var events: Int32 = 0
            if reading { events |= POLLIN }
            if writing { events |= POLLOUT }
            if wanted & MYSQL_WAIT_EXCEPT != 0 { events |= POLLPRI }
            var descriptors = [
                pollfd(fd: socket, events: Int16(events), revents: 0), Self.descriptor(of: signal),
            ]
            let count = poll(&descriptors, 2, Self.milliseconds(from: now, to: deadline))
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
            if ready != 0 { return .ready(ready) }
        }
    }

    private static func descriptor(of signal: CancelSignal?) -> pollfd {
        pollfd(fd: signal?.readEnd ?? -1, events: Int16(POLLIN), revents: 0)
    }

    private static func milliseconds(from now: UInt64, to deadline: UInt64) -> CInt {
        CInt(min((deadline - now) / 1_000_000 + 1, 60_000))
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
