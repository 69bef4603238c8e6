package import SegmentModel
package import StorageIO

extension FileLedger {
    package enum Access: Sendable {
        /// Take the lock, recover what a crash left, append. Creates a ledger where there is none.
        case write
        /// Take the lock if it is free (then as `write`, but nothing is created); otherwise read
        /// what the process that holds it has written.
        case read
        /// Read what is there and change nothing: no lock is taken, nothing recovered.
        case look
    }

    package struct Options: Sendable {
        package var directory: String
        package var access: Access
        package var fileSystem: any FileSystem = LocalFileSystem()
        package var clock: any WallClock = SystemClock()
        package var sizes = LedgerSizes()
        package var background = BackgroundWork.thread
        /// Called before anything is cut: a position that others know to have been durable. The
        /// ledger must reach it (INV-3).
        package var witness: @Sendable (LedgerIdentity) throws -> Position? = { _ in nil }
        /// Gets what sealing and other work in the background fails with. The ledger goes on.
        package var report: @Sendable (Failure) -> Void = { _ in }
        /// Takes the place of the system's random numbers, for tests that replay.
        package var randomNumber: (@Sendable () -> UInt64)?

        package init(directory: String, access: Access) {
            self.directory = directory
            self.access = access
        }
    }

    /// How often a reader starts again because the process that writes has put another file in the
    /// place of the one that it was about to open.
    private static let readAttemptCount = 10

    /// Opens a ledger: reads its manifest and the dictionary's snapshot, scans and checks what
    /// comes behind that (without a snapshot: every chunk), recovers the tail.
    ///
    /// - Throws: `ledgerLocked`, `ledgerCorrupt`, `formatUnknown`, `notFound` (nothing to read),
    ///   or what the file system says. No event is changed on disk unless it succeeds.
    /// - Complexity: O(bytes of the snapshot and of the ledger behind it).
    /// - Concurrency: blocks; call it on an owned thread.
    package static func open(_ options: Options) throws -> FileLedger {
        do {
            var attempt = 1
            while true {
                var opening = LedgerOpening(options)
                do {
                    return try opening.run()
                } catch let error as StorageError
                    where error.failure.code == .notFound && attempt < readAttemptCount
                    && !opening.isWriting
                {
                    attempt += 1
                }
            }
        } catch let error as StorageError {
            throw error.failure.wrapped("opening the ledger")
        }
    }
}
