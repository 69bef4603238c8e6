internal import CMariaDB
internal import StorageIO

/// Interrupts the statement of a connection from another thread, over a second short connection.
struct MySQLCancelRequest: Sendable {
    let configuration: MySQLConfiguration
    /// The server's number of the connection.
    let connectionID: UInt

    /// Sends `KILL QUERY` and waits for its end only so long; false: it may still be under way.
    ///
    /// The thread may stay behind, but not for ever: each step of it has the same limit.
    func send(waitingMilliseconds: Int) -> Bool {
        let done = WakeUp()
        startDetachedThread(name: "mysql-cancel") {
            run(timeoutMilliseconds: waitingMilliseconds)
            done.signal()
        }
        return done.wait(milliseconds: waitingMilliseconds)
    }

    private func run(timeoutMilliseconds: Int) {
        blockBrokenPipeSignal()
        guard let handle = mysql_init(nil) else { return }
        defer { mysql_close(handle) }
        MySQLOptions.set(configuration, connectTimeoutMilliseconds: timeoutMilliseconds, on: handle)
        var seconds = CUnsignedInt((timeoutMilliseconds + 999) / 1000)
        mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &seconds)
        mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &seconds)
        let isOpen = mysql_real_connect(
            handle, configuration.host, configuration.user, configuration.password, nil,
            CUnsignedInt(configuration.port), nil, 0)
        guard isOpen != nil else { return }
        // Whether it helped is seen on the connection itself.
        mysql_query(handle, "KILL QUERY \(connectionID)")
    }
}
