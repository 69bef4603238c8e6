internal import GRDB
internal import Glibc
internal import Synchronization

/// Keeps SQLite's write-ahead log small.
///
/// The writer's connection alone writes and checkpoints: two that do can damage the file, up to
/// SQLite 3.51.2 (sqlite.org/wal.html, "WAL-reset bug"). SQLite begins the log anew by itself once
/// a commit finds it checkpointed and no reader in it; while readers come and go without a gap it
/// only grows. Then the writer waits for them.
final class WriteAheadLog: Sendable {
    private let path: String
    private let byteCountTarget: Int
    /// Doubles while a reader stays in the log for longer than the writer waits.
    private let limit: Mutex<Int>

    /// `byteCountTarget`: bytes beyond which the writer waits for readers.
    init(databasePath: String, byteCountTarget: Int) {
        path = databasePath + "-wal"
        self.byteCountTarget = byteCountTarget
        limit = Mutex(byteCountTarget)
    }

    /// Empties the log if it has grown too large. On the writer's queue, outside a transaction.
    func bound(_ database: Database) throws {
        let byteCount = self.byteCount
        guard byteCount > limit.withLock({ $0 }) else { return }
        do {
            try database.checkpoint(.truncate)
            limit.withLock { $0 = byteCountTarget }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            limit.withLock { $0 = byteCount * 2 }
        }
    }

    private var byteCount: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
