internal import GRDB
internal import Synchronization

/// Connections for short reads on the thread that asks: as many as ask at once, kept for the next
/// time. What `DatabasePool` does around each read would cost more than the read.
final class ReaderShelf: Sendable {
    private let path: String
    private let configuration: Configuration
    /// nil: closed.
    private let idle = Mutex<[DatabaseQueue]?>([])

    /// Nothing is opened before it is needed.
    init(path: String, configuration: Configuration) {
        self.path = path
        self.configuration = configuration
    }

    /// Runs `body` in a transaction that reads.
    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        let connection = try take()
        let result = Swift.Result { try connection.read(body) }
        try putBack(connection)
        return try result.get()
    }

    private func take() throws -> DatabaseQueue {
        let connection = try idle.withLock { idle in
            guard idle != nil else {
                throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "it is closed")
            }
            return idle?.popLast()
        }
        return try connection ?? DatabaseQueue(path: path, configuration: configuration)
    }

    private func putBack(_ connection: DatabaseQueue) throws {
        let isOpen = idle.withLock { idle in
            idle?.append(connection)
            return idle != nil
        }
        if !isOpen { try connection.close() }
    }

    func close() throws {
        let connections = idle.withLock { $0.take() }
        for connection in connections ?? [] { try connection.close() }
    }
}
