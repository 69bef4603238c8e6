package import FrameCodec
internal import GRDB
internal import Glibc
package import Ledger
package import SegmentModel
internal import StorageIO
internal import Synchronization

/// State folded from the ledger, in one SQLite file of the data directory. Disposable: delete it,
/// fold again, and it is equal (INV-5).
///
/// Invariants:
/// - data and checkpoint commit in one transaction;
/// - nothing stored depends on when or in what portions it was folded;
/// - one process writes; others may read at the same time (WAL).
///
/// SQLite runs on GRDB's own queues, so that no call blocks the cooperative pool, except `open`.
package final class ProjectionStore: Sendable {
    package static let fileName = "projections.sqlite"

    package let identity: LedgerIdentity
    package let isReadOnly: Bool
    private let pool: DatabasePool
    private let shelf: ReaderShelf
    /// Used on the writer's queue only.
    let folding: FoldContext
    private let log: WriteAheadLog
    /// As of the last commit of this store; a store opened to read asks the file.
    private let committed: Mutex<Position>

    private init(
        pool: DatabasePool, shelf: ReaderShelf, identity: LedgerIdentity, isReadOnly: Bool,
        folding: FoldContext, log: WriteAheadLog, checkpoint: Position
    ) {
        self.pool = pool
        self.shelf = shelf
        self.identity = identity
        self.isReadOnly = isReadOnly
        self.folding = folding
        self.log = log
        committed = Mutex(checkpoint)
    }

    /// Opens the projections of `directory`; creates them unless `readOnly`. Blocks on files.
    ///
    /// - Throws: `projectionInvalid` for projections of another ledger or timeline,
    ///   `formatUnknown` for ones of another version, `notFound` if there are none to read.
    package static func open(
        directory: String, identity: LedgerIdentity, readOnly: Bool, decoder: SystemEventDecoder
    ) throws -> ProjectionStore {
        try open(
            directory: directory, identity: identity, readOnly: readOnly, decoder: decoder,
            migrations: Migration.embedded)
    }

    static func open(
        directory: String, identity: LedgerIdentity, readOnly: Bool, decoder: SystemEventDecoder,
        migrations: [Migration] = Migration.embedded, limits: FoldLimits = FoldLimits()
    ) throws -> ProjectionStore {
        let path = "\(directory)/\(fileName)"
        if readOnly, access(path, F_OK) != 0 {
            throw noProjections
        }
        try requireFiles(directory)
        if !readOnly { try makeFile(directory) }
        return try mappingDatabaseErrors("opening the projections") {
            let openedPath = readOnly ? readablePath(directory) : path
            let pool = try DatabasePool(
                path: openedPath, configuration: databaseConfiguration(readOnly: readOnly))
            let checkpoint: Position
            if readOnly {
                checkpoint = try pool.read { database in
                    try checkReadable(migrations, identity, database)
                    return try ProjectionReader(database).checkpoint()
                }
            } else {
                checkpoint = try pool.write { database in
                    try Migration.apply(migrations, to: database)
                    try claim(for: identity, database)
                    return try ProjectionReader(database).checkpoint()
                }
            }
            return ProjectionStore(
                pool: pool,
                shelf: ReaderShelf(
                    path: openedPath, configuration: databaseConfiguration(readOnly: true)),
                identity: identity, isReadOnly: readOnly,
                folding: FoldContext(decoder: decoder, limits: limits),
                log: WriteAheadLog(
                    databasePath: path, byteCountTarget: limits.logByteCount),
                checkpoint: checkpoint)
        }
    }

    /// Removes the projections of `directory`, which no process may have open.
    package static func delete(directory: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            let path = "\(directory)/\(fileName)\(suffix)"
            guard unlink(path) != 0, errno != ENOENT else { continue }
            throw Failure(
                .storageFailed, "deleting \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// The next position to fold, as of this store's last commit; for a store opened to read, as
    /// of when it was opened (`ProjectionReader.checkpoint()` is current).
    package func checkpoint() -> Position {
        committed.withLock { $0 }
    }

    /// Folds the frames; events already folded are skipped.
    ///
    /// - Throws: `projectionInvalid` for a gap between the checkpoint and the frames, and what the
    ///   decoder throws; the projections then are as they were, or as they were after some of the
    ///   frames, if these are too many for one transaction.
    package func fold(
        _ frames: [Frame], fieldName: @escaping @Sendable (UInt32) -> String
    ) async throws {
        guard let end = frames.last?.endPosition else { return }
        repeat {
            try await fold(before: end, fieldName: fieldName) { _ in frames }
        } while checkpoint() < end
    }

    /// Folds in one transaction: up to the position `end`, the end of `source`, or as much as a
    /// transaction takes. `fieldName` is what a number stands for in the ledger; `source` gives
    /// frames from a position on, some at a time; it may block.
    ///
    /// - Throws: as `fold(_:)` does, and what `source` throws; the projections then are as they
    ///   were.
    package func fold(
        before end: Position, fieldName: @escaping @Sendable (UInt32) -> String,
        _ source: @escaping @Sendable (Position) throws -> [Frame]
    ) async throws {
        precondition(!isReadOnly, "a store opened to read folds nothing")
        let (folding, log) = (folding, log)
        do {
            let position = try await pool.write { database in
                var fold = try Fold(
                    context: folding, database: database, fieldName: fieldName)
                return try fold.run(before: end, source)
            }
            committed.withLock { $0 = max($0, position) }
            try await pool.writeWithoutTransaction { try log.bound($0) }
        } catch let error as DatabaseError {
            throw Failure(error, doing: "folding into the projections")
        }
    }

    /// Runs `body` on a consistent snapshot.
    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (ProjectionReader) throws -> Result
    ) async throws -> Result {
        do {
            return try await pool.read { try body(ProjectionReader($0)) }
        } catch let error as DatabaseError {
            throw Failure(error, doing: "reading the projections")
        }
    }

    /// Runs `body` on a consistent snapshot, on the thread that calls.
    ///
    /// - Concurrency: blocks; call it on an owned thread.
    package func readHere<Result>(
        _ body: (ProjectionReader) throws -> Result
    ) throws -> Result {
        do {
            return try shelf.read { try body(ProjectionReader($0)) }
        } catch let error as DatabaseError {
            throw Failure(error, doing: "reading the projections")
        }
    }

    /// Closes the connections. Every later call fails.
    package func close() throws {
        try mappingDatabaseErrors("closing the projections") {
            try shelf.close()
            try pool.close()
        }
    }
}

extension ProjectionStore {
    private static let noProjections = Failure(
        .notFound, "there are no projections yet",
        hint: "start segledger serve, or run a command that writes, once")

    /// Refuses anything but regular files where SQLite opens some: it would wait for a pipe's other
    /// end for ever.
    static func requireFiles(_ directory: String) throws {
        do throws(StorageError) {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try RegularFile.requireAtMost("\(directory)/\(fileName)\(suffix)")
            }
        } catch {
            throw error.failure
        }
    }

    /// Makes the file, empty and for this user alone; SQLite gives its mode to its other files.
    private static func makeFile(_ directory: String) throws {
        do throws(StorageError) {
            try RegularFile.makeIfMissing("\(directory)/\(fileName)")
        } catch {
            throw error.failure
        }
    }

    /// What SQLite opens to read. It wants to create the files of its write-ahead log even then,
    /// which a directory that cannot be written does not allow: as long as there is no log, and so
    /// no writer, such a file is as good as immutable (https://sqlite.org/wal.html, "Read-Only
    /// Databases").
    static func readablePath(_ directory: String) -> String {
        let path = "\(directory)/\(fileName)"
        if access(directory, W_OK) == 0 || access(path + "-wal", F_OK) == 0 { return path }
        let reserved: Set<Character> = ["%", "?", "#"]
        let escaped = path.map { character in
            reserved.contains(character)
                ? "%" + String(character.asciiValue!, radix: 16, uppercase: true)
                : String(character)
        }
        return "file:\(escaped.joined())?immutable=1"
    }

    private static func databaseConfiguration(readOnly: Bool) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.readonly = readOnly
        configuration.label = "projections"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            if database.configuration.readonly { return }
            // The ledger can give the last transactions again, so a commit need not be synced; a
            // checkpoint is, so the file stays consistent. See WriteAheadLog for the rest.
            try database.execute(
                sql: """
                    PRAGMA synchronous = NORMAL;
                    PRAGMA cache_size = -16384;
                    PRAGMA wal_autocheckpoint = 4096;
                    """)
        }
        return configuration
    }

    private static func checkReadable(
        _ migrations: [Migration], _ identity: LedgerIdentity, _ database: Database
    ) throws {
        guard try database.tableExists("applied_migration") else { throw noProjections }
        let count = try Migration.checkApplied(migrations, in: database)
        guard count == migrations.count else {
            throw Failure(
                .formatUnknown, "the projections were written by an earlier version",
                hint: Failure.rebuildHint)
        }
        try check(identity, database)
    }

    /// Puts the ledger's name on new projections, and checks it on old ones.
    private static func claim(for identity: LedgerIdentity, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO origin (ledger, timeline)
                SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM origin)
                """, arguments: [identity.ledger, identity.timeline])
        try check(identity, database)
    }

    private static func check(_ identity: LedgerIdentity, _ database: Database) throws {
        let isSame =
            try Bool.fetchOne(
                database, sql: "SELECT ledger = ? AND timeline = ? FROM origin",
                arguments: [identity.ledger, identity.timeline]) ?? false
        if isSame { return }
        throw Failure(
            .projectionInvalid, "the projections belong to another ledger or timeline",
            hint: Failure.rebuildHint)
    }
}
