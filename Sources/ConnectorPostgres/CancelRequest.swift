internal import CLibPQ
internal import StorageIO

/// What libpq needs to cancel a connection's statement from another thread.
final class CancelRequest: @unchecked Sendable {  // libpq only reads it after PQgetCancel
    private let handle: OpaquePointer

    /// nil: the connection is gone.
    init?(connection: OpaquePointer) {
        guard let handle = PQgetCancel(connection) else { return nil }
        self.handle = handle
    }

    deinit {
        PQfreeCancel(handle)
    }

    /// Asks the server to cancel, and waits for its answer only so long; false: it may still be
    /// under way. PQcancel blocks without a limit, so it gets a thread that may stay behind.
    @discardableResult
    func send(waitingMilliseconds: Int) -> Bool {
        let done = WakeUp()
        startDetachedThread(name: "postgres-cancel") {
            var message = [CChar](repeating: 0, count: 256)
            // Whether it helped is seen on the connection itself.
            PQcancel(self.handle, &message, CInt(message.count))
            done.signal()
        }
        return done.wait(milliseconds: waitingMilliseconds)
    }
}
