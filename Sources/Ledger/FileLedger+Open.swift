internal import FrameCodec
package import SegmentModel
package import StorageIO
internal import Synchronization

extension FileLedger {
    package enum Access: Sendable {
        /// Take the lock, recover what a crash left, append. Creates a ledger where there is none.
        case write
        /// Take the lock if it is free (then as `write`, but nothing is created); otherwise read
        /// what the process that holds it has written.
        case read
    }

    package struct Options: Sendable {
        package var directory: String
        package var access: Access
        package var fileSystem: any FileSystem = LocalFileSystem()
        package var clock: any WallClock = SystemClock()
        /// Called before anything is cut: a position that others know to have been durable. The
        /// ledger must reach it (INV-3).
        package var witness: @Sendable (LedgerIdentity) throws -> Position? = { _ in nil }

        package init(directory: String, access: Access) {
            self.directory = directory
            self.access = access
        }
    }

    /// Opens a ledger: scans it, checks every frame, recovers the tail.
    ///
    /// - Throws: `ledgerLocked`, `ledgerCorrupt`, `formatUnknown`, `notFound` (nothing to read),
    ///   or what the file system says. Nothing is changed on disk unless it succeeds.
    /// - Complexity: O(bytes of the ledger).
    /// - Concurrency: blocks; call it on an owned thread.
    package static func open(_ options: Options) throws -> FileLedger {
        do {
            var opening = Opening(options)
            return try opening.run()
        } catch let error as StorageError {
            throw error.failure.wrapped("opening the ledger")
        }
    }
}

/// One opening of a ledger, step by step.
private struct Opening: ~Copyable {
    let options: FileLedger.Options
    let directory: String
    var notices: [String] = []
    /// The lock is held: files are opened to be written.
    var isWriting = false
    var dictionary = LedgerDictionary(seed: randomNumber())
    var state = PublishedState()
    /// The last chunk's scan.
    var last: (scan: ChunkScan, path: String, file: any File)?

    init(_ options: FileLedger.Options) {
        self.options = options
        directory = LedgerDirectory.chunks(options.directory)
    }

    var fileSystem: any FileSystem { options.fileSystem }

    mutating func run() throws -> FileLedger {
        let exists = try LedgerDirectory.hasLedger(options.directory, fileSystem)
        if options.access == .read, !exists {
            throw Failure(
                .notFound, "there is no ledger in \(options.directory)",
                hint: "name the data directory with --data, or begin with 'segledger append'")
        }
        if options.access == .write { try fileSystem.makeDirectory(directory) }
        let lock = try takeLock()
        isWriting = lock != nil
        if isWriting { try finishReplacements() }
        try scanAll()
        try checkWitness()
        guard let lock else { return finishReading() }
        if last == nil { try createFirstChunk() }
        let writer = try makeWriter()
        return FileLedger(
            identity: identity, notices: notices, shared: writer.shared, writer: writer.writer,
            lock: lock)
    }

    private func takeLock() throws -> (any FileLock)? {
        do throws(StorageError) {
            if let lock = try fileSystem.lock(LedgerDirectory.lock(options.directory)) {
                return lock
            }
        } catch {
            // A directory that cannot be written is still read as it is.
            if options.access == .read, error.failure.code == .storageReadOnly { return nil }
            throw error
        }
        guard options.access == .read else {
            throw Failure(
                .ledgerLocked, "\(options.directory) is held by another segledger process",
                hint: "stop that process, or name another directory with --data")
        }
        return nil
    }

    /// A copy made by an earlier recovery names the chunk that it replaces: move that one aside.
    /// Files that were never finished are moved aside too; nothing is deleted.
    private mutating func finishReplacements() throws {
        var hasMoved = false
        for name in try fileSystem.list(directory) where name.hasSuffix(".chunk.new") {
            try fileSystem.rename(directory + "/" + name, to: directory + "/" + name + ".aside")
            hasMoved = true
        }
        for name in try fileSystem.list(directory) where LedgerDirectory.isChunk(name) {
            let file = try fileSystem.open(directory + "/" + name, .read)
            let bytes = try file.read(count: 4096, at: 0)
            try file.close()
            guard let header = headerIfWhole(bytes), let replaced = header.replacedChunkID else {
                continue
            }
            let old = directory + "/" + LedgerDirectory.chunkName(header.firstPosition, replaced)
            if try fileSystem.exists(old) {
                try fileSystem.rename(old, to: old + ".torn")
                hasMoved = true
            }
        }
        if hasMoved { try fileSystem.syncDirectory(directory) }
    }

    private func headerIfWhole(_ bytes: [UInt8]) -> ChunkHeader? {
        bytes.withUnsafeBytes { bytes in
            do throws(FrameError) {
                return try ChunkScan.header(bytes).1
            } catch {
                // The scan that follows reports it with its place.
                return nil
            }
        }
    }

    // MARK: Scanning

    private mutating func scanAll() throws {
        let names =
            try fileSystem.exists(directory)
            ? fileSystem.list(directory).filter(LedgerDirectory.isChunk) : []
        for (number, name) in names.enumerated() {
            try scan(name, isLast: number == names.count - 1)
        }
    }

    private mutating func scan(_ name: String, isLast: Bool) throws {
        let path = directory + "/" + name
        let file = try fileSystem.open(path, isWriting ? .readWrite : .read)
        let bytes = try file.readAll()
        let chunk = state.chunks.count
        let expected = state.end
        var at = 0
        let scan: ChunkScan
        do {
            scan = try bytes.withUnsafeBytes { bytes in
                try ChunkScan(bytes) { found in
                    at = found.offset
                    try dictionary.fold(found.frame)
                    state.index.add(
                        found.frame, chunk: chunk, offset: found.offset,
                        byteCount: found.byteCount)
                }
            }
        } catch let error as FrameError {
            throw corruption(path: path, offset: at, from: expected, through: nil, error)
        }
        state.chunks.append(
            PublishedState.Chunk(file: file, path: path, firstPosition: expected))
        try check(scan, path, name, isLast: isLast)
        state.end = scan.nextPosition
        last = (scan, path, file)
    }

    /// The chunk is the one that belongs here, and it ends as it may.
    private func check(
        _ scan: ChunkScan, _ path: String, _ name: String, isLast: Bool
    ) throws {
        func refuse(_ what: String) -> Failure {
            Failure(
                .ledgerCorrupt, "\(path): \(what)",
                hint: "a file of the ledger is missing, doubled or exchanged: put the files back "
                    + "as they were, or restore a backup with 'segledger restore'")
        }
        guard scan.header.firstPosition == state.end else {
            throw refuse(
                "the chunk begins at position \(scan.header.firstPosition), but position "
                    + "\(state.end) comes next")
        }
        guard name == LedgerDirectory.chunkName(scan.header.firstPosition, scan.header.chunkID)
        else { throw refuse("the file's name does not fit its content") }
        if let last {
            let previous = ChunkHeader.Predecessor(
                chunkID: last.scan.header.chunkID, byteCount: UInt64(last.scan.goodByteCount),
                frameCount: last.scan.frameCount)
            guard scan.header.predecessor == previous,
                scan.header.ledger == last.scan.header.ledger,
                scan.header.timeline == last.scan.header.timeline
            else { throw refuse("the chunk does not follow the one before it") }
        } else if scan.header.predecessor != nil {
            throw refuse("the chunks before it are missing")
        }
        if case .corrupt(let offset, let error) = scan.ending {
            throw corruption(
                path: path, offset: offset, from: scan.nextPosition, through: nil, error)
        }
        if !isLast, scan.ending != .sealed {
            throw refuse("the chunk has no end, but another follows")
        }
    }

    private func checkWitness() throws {
        guard last != nil, let witness = try options.witness(identity), witness > state.end else {
            return
        }
        throw Failure(
            .ledgerCorrupt,
            "\(directory): the projections have seen \(witness) events, the ledger holds only "
                + "\(state.end): acknowledged events are missing",
            hint: "put the missing files back or restore a backup with 'segledger restore'; if the "
                + "ledger itself was replaced on purpose, run 'segledger rebuild-projections'")
    }

    private var identity: LedgerIdentity {
        let header = last!.scan.header
        return LedgerIdentity(ledger: hex(header.ledger), timeline: hex(header.timeline))
    }

    private mutating func finishReading() -> FileLedger {
        FileLedger(
            identity: identity, notices: [], shared: makeShared(), writer: nil, lock: nil)
    }

    /// Hands the dictionary over; an empty one stays behind.
    private mutating func makeShared() -> LedgerShared {
        var dictionary = LedgerDictionary(seed: 1)
        swap(&dictionary, &self.dictionary)
        let shared = LedgerShared(dictionary: dictionary)
        let state = self.state
        shared.published.withLock { $0 = state }
        return shared
    }

    // MARK: The tail

    private mutating func createFirstChunk() throws {
        let header = ChunkHeader(
            ledger: randomBytes(16), timeline: randomBytes(16), chunkID: randomNumber(),
            createdAt: options.clock.now(), firstPosition: Position(0), firstOrdinal: 0,
            firstFieldName: 0, predecessor: nil, replacedChunkID: nil,
            lastTime: dictionary.lastTime, lastRecordedAt: dictionary.lastRecordedAt)
        let bytes = ChunkFile.firstFrame(header)
        let chunk = try ChunkFile.create(
            header, bytes: bytes, frameCount: 1, directory: directory, fileSystem)
        try fileSystem.syncDirectory(options.directory)
        try use(chunk)
    }

    /// Takes a chunk that was just written as the last one.
    private mutating func use(_ chunk: ChunkFile) throws {
        let bytes = try chunk.file.read(count: chunk.byteCount, at: 0)
        let scan = try bytes.withUnsafeBytes { try ChunkScan($0) { _ in } }
        if let last, last.scan.header.chunkID == scan.header.replacedChunkID {
            try last.file.close()
            state.chunks.removeLast()
        }
        state.chunks.append(
            PublishedState.Chunk(
                file: chunk.file, path: chunk.path, firstPosition: scan.header.firstPosition))
        last = (scan, chunk.path, chunk.file)
    }

    private mutating func makeWriter() throws -> (shared: LedgerShared, writer: LedgerWriter) {
        try recoverTail()
        let (scan, path, file) = last!
        let tail = try ChunkFile(
            file: file, path: path, chunkID: scan.header.chunkID, byteCount: scan.goodByteCount,
            frameCount: scan.frameCount)
        let shared = makeShared()
        let writer = LedgerWriter(
            tail: tail, header: scan.header, needsMark: !scan.endsWithMark, shared: shared,
            clock: options.clock, fileSystem: fileSystem, directory: directory)
        return (shared, writer)
    }

    private mutating func recoverTail() throws {
        let (scan, path, file) = last!
        switch scan.ending {
        case .sealed:
            try startChunkAfter(scan)
        case .torn(let offset):
            try replaceTornChunk(scan, path: path, cutAt: offset)
        case .clean:
            guard scan.frameCount > 1, !scan.endsWithMark else { return }
            // The last frames may be in memory only: make them durable, then see what the disk has.
            try file.syncAll()
            try file.dropCache()
            let bytes = try file.readAll()
            let again = try bytes.withUnsafeBytes { try ChunkScan($0) { _ in } }
            guard again.goodByteCount == scan.goodByteCount else {
                throw Failure(
                    .storageFailed,
                    "\(path): the disk does not return what was written to it",
                    hint: "check the disk and the system's log; then start again")
            }
        case .corrupt:
            preconditionFailure("a corrupt chunk was refused while scanning")
        }
    }

    private mutating func startChunkAfter(_ scan: ChunkScan) throws {
        var header = scan.header
        header.chunkID = randomNumber()
        header.createdAt = options.clock.now()
        header.firstPosition = scan.nextPosition
        header.firstOrdinal = UInt32(dictionary.profiles.count)
        header.firstFieldName = UInt32(dictionary.fieldNames.count)
        header.predecessor = ChunkHeader.Predecessor(
            chunkID: scan.header.chunkID, byteCount: UInt64(scan.goodByteCount),
            frameCount: scan.frameCount)
        header.replacedChunkID = nil
        header.lastTime = dictionary.lastTime
        header.lastRecordedAt = dictionary.lastRecordedAt
        try use(
            try ChunkFile.create(
                header, bytes: ChunkFile.firstFrame(header), frameCount: 1, directory: directory,
                fileSystem))
    }

    /// INV-4: the good prefix goes to a new file; the old one is kept aside.
    private mutating func replaceTornChunk(
        _ scan: ChunkScan, path: String, cutAt offset: Int
    ) throws {
        let old = try last!.file.read(count: scan.goodByteCount, at: 0)
        var header = scan.header
        header.chunkID = randomNumber()
        header.replacedChunkID = scan.header.chunkID
        let bytes = try ChunkCopy.resalted(old, header: header)
        let chunk = try ChunkFile.create(
            header, bytes: bytes, frameCount: scan.frameCount, directory: directory, fileSystem)
        try use(chunk)
        try fileSystem.rename(path, to: path + ".torn")
        try fileSystem.syncDirectory(directory)
        notices.append(
            "the last write was cut off by a crash before it was acknowledged: "
                + "the ledger goes on after byte \(offset); the old file is kept as \(path).torn")
    }
}
