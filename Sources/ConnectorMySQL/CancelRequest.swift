internal import CMariaDB
internal import Connector
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
        do throws(TargetFailure) {
            let line = try MySQLLine(
                configuration, database: nil, timeoutMilliseconds: timeoutMilliseconds)
            let deadline = MySQLLine.nanoseconds(after: timeoutMilliseconds)
            let sql = "KILL QUERY \(connectionID)"
            var status: CInt = 0
            var isLost = true
            defer { line.close(isLost: isLost) }
            var wanted = mysql_real_query_start(
                &status, line.handle, sql, CUnsignedLong(sql.utf8.count))
            while wanted != 0 {
                guard
                    case .ready(let events) = try line.wait(
                        wanted, until: deadline, signal: nil)
                else { return }
                wanted = mysql_real_query_cont(&status, line.handle, events)
            }
            isLost = status != 0
        } catch {
            // Whether it helped is seen on the connection itself.
        }
    }
}
