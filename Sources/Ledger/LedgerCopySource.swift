package import FrameCodec
package import SegmentModel
package import StorageIO

/// Reads a ledger's chunks in order without a lock and without changing anything: for copies and
/// checks, also of a ledger that another process writes, or that is damaged further on.
///
/// Invariants:
/// - a frame is handed out only after the checks that opening makes: checksums, gapless positions,
///   dense ordinals, the chain of chunks;
/// - damage is thrown when it is reached, after all before it was handed out.
///
/// Every call reads from the beginning and blocks: call it on an owned thread.
package struct LedgerCopySource: Sendable {
    /// What was read, up to where reading stopped.
    package struct Totals: Hashable, Sendable {
        package var chunkCount = 0
        /// Frames with events.
        package var frameCount = 0
        /// Bytes of whole frames in the chunks that were read to their end.
        package var byteCount = 0
        package var profileCount = 0
        /// Bytes after the last whole write: a crash left them, nobody was told of them.
        package var hasTornTail = false
    }

    /// Thrown through the scan when a reader has seen enough.
    private struct Stop: Error {}

    let chunks: String
    let fileSystem: any FileSystem

    /// - Throws: `notFound` if no ledger stands in the data directory.
    package init(
        directory: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws {
        guard try LedgerDirectory.hasLedger(directory, fileSystem) else {
            throw Failure(
                .notFound, "there is no ledger in \(directory)",
                hint: "name a data directory or a backup of one")
        }
        self.init(chunks: LedgerDirectory.chunks(directory), fileSystem: fileSystem)
    }

    /// `chunks`: the directory that holds the chunks themselves.
    init(chunks: String, fileSystem: any FileSystem) {
        self.chunks = chunks
        self.fileSystem = fileSystem
    }

    /// Hands out every frame until `visit` answers false.
    ///
    /// - Throws: `ledgerCorrupt` or `formatUnknown`, naming file, offset and positions; what
    ///   `visit` throws.
    @discardableResult
    package func read(_ visit: (Frame) throws -> Bool) throws -> Totals {
        try walk(begin: { _ in }, visit: { found, _ in try visit(found.frame) }, end: { _, _ in })
    }

    package func identity() throws -> LedgerIdentity {
        var identity: LedgerIdentity?
        try walk(
            begin: {
                identity = LedgerIdentity(ledger: hex($0.ledger), timeline: hex($0.timeline))
            }, visit: { _, _ in false }, end: { _, _ in })
        guard let identity else {
            preconditionFailure("a ledger without a chunk was refused before")
        }
        return identity
    }

    /// The last position that belongs to a time, as `Ledger.position(at:)` says
    /// (docs/decisions/0002); nil if nothing had happened yet. Damage after it does no harm.
    package func position(notAfter time: Timestamp) throws -> Position? {
        var last: Position?
        // System events count until one was recorded too late; the next platform event of the
        // time takes them in after all.
        var takesSystemEvents = true
        try read { frame in
            for (index, event) in frame.events.enumerated() {
                let position = frame.firstPosition.advanced(by: index)
                if event.kind.isSystem {
                    takesSystemEvents = takesSystemEvents && event.recordedAt <= time
                    if takesSystemEvents { last = position }
                } else if event.time <= time {
                    last = position
                    takesSystemEvents = true
                } else {
                    return false
                }
            }
            return true
        }
        return last
    }
}

extension LedgerCopySource {
    /// Goes through the chunks: `begin` with each header, `visit` with each frame and the bytes of
    /// its chunk until it answers false, `end` with whether no further chunk is read, and the
    /// footer of a sealed chunk that was read whole.
    @discardableResult
    func walk(
        begin: (ChunkHeader) throws -> Void,
        visit: (ChunkScan.Found, UnsafeRawBufferPointer) throws -> Bool,
        end: (_ isLast: Bool, _ footer: ChunkFooter?) throws -> Void
    ) throws -> Totals {
        var totals = Totals()
        var dictionary = LedgerDictionary(seed: RandomSource.system.number())
        var previous: ChunkScan?
        do {
            var number = 0
            while let chunk = try self.chunk(number) {
                try begin(try header(of: chunk.bytes, chunk.name, after: previous))
                totals.chunkCount += 1
                let scan = try scan(
                    chunk.bytes, chunk.name, from: previous?.nextPosition ?? Position(0),
                    &dictionary, &totals, visit)
                totals.profileCount = dictionary.profiles.count
                guard let scan else {
                    try end(true, nil)
                    return totals
                }
                try check(scan, chunk.name, isLast: chunk.isLast)
                totals.byteCount += scan.goodByteCount
                if case .torn = scan.ending { totals.hasTornTail = true }
                try end(chunk.isLast, scan.footer?.content)
                previous = scan
                number += 1
                if chunk.isLast { break }
            }
        } catch let error as StorageError {
            throw error.failure.wrapped("reading the ledger")
        }
        return totals
    }

    private struct ChunkBytes {
        var name: String
        var bytes: [UInt8]
        var isLast: Bool
    }

    /// How often a chunk is looked for again because the process that writes has put another file
    /// in its place.
    private static let attemptCount = 10

    /// The chunk with this number, counted from 0. Nil: there are no chunks.
    private func chunk(_ number: Int) throws -> ChunkBytes? {
        var attempt = 1
        while true {
            let names = try chunkNames()
            guard number < names.count else { return nil }
            let isLast = number == names.count - 1
            do throws(StorageError) {
                let bytes = try contents(of: names[number], isLast: isLast)
                return ChunkBytes(name: names[number], bytes: bytes, isLast: isLast)
            } catch {
                guard error.failure.code == .notFound else { throw error }
                guard attempt < Self.attemptCount else {
                    throw refusal(names[number], "the file is missing, but the manifest names it")
                }
                attempt += 1
            }
        }
    }

    /// The ledger's chunks: those that the manifest names; without one that can be read, those that
    /// are there and that no other takes the place of.
    package func chunkNames() throws -> [String] {
        if case .read(let manifest) = try ManifestFile.read(chunks, fileSystem) {
            return manifest.chunks.map {
                LedgerDirectory.chunkName($0.firstPosition, $0.chunkID)
            }
        }
        let names = try fileSystem.list(chunks).filter(LedgerDirectory.isChunk)
        var replaced: Set<String> = []
        for name in names {
            let file = try fileSystem.open(chunks + "/" + name, .read)
            let bytes = try file.readFirstFrame()
            try file.close()
            do throws(FrameError) {
                let header = try Self.header(bytes)
                if let old = header.replacedChunkID {
                    replaced.insert(LedgerDirectory.chunkName(header.firstPosition, old))
                }
            } catch {
                // Reported with its place when the chunk's turn comes: what is before it is good.
                continue
            }
        }
        return names.filter { !replaced.contains($0) }
    }

    static func header(_ bytes: [UInt8]) throws(FrameError) -> ChunkHeader {
        var result: Result<ChunkHeader, FrameError>?
        bytes.withUnsafeBytes { buffer in
            do throws(FrameError) {
                result = .success(try ChunkScan.header(buffer).1)
            } catch {
                result = .failure(error)
            }
        }
        return try result!.get()
    }

    /// A chunk that is being written may look damaged when the read overtakes a write: the last
    /// one is read once more then.
    private func contents(of name: String, isLast: Bool) throws(StorageError) -> [UInt8] {
        let path = chunks + "/" + name
        let file = try fileSystem.open(path, .read)
        func readAll() throws(StorageError) -> [UInt8] {
            try file.readAll(path, limit: Limits.chunkByteCountMax)
        }
        var bytes = try readAll()
        if isLast, !Self.isReadable(bytes) { bytes = try readAll() }
        try file.close()
        return bytes
    }

    private static func isReadable(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            do {
                if case .corrupt = try ChunkScan(buffer).ending { return false }
                return true
            } catch {
                return false
            }
        }
    }

    /// Nil: `visit` has seen enough.
    private func scan(
        _ bytes: [UInt8], _ name: String, from position: Position,
        _ dictionary: inout LedgerDictionary, _ totals: inout Totals,
        _ visit: (ChunkScan.Found, UnsafeRawBufferPointer) throws -> Bool
    ) throws -> ChunkScan? {
        var place = (offset: 0, position: position)
        do {
            return try bytes.withUnsafeBytes { buffer in
                try ChunkScan(buffer) { found in
                    place = (found.offset, found.frame.firstPosition)
                    try dictionary.fold(found.frame)
                    totals.frameCount += 1
                    guard try visit(found, buffer) else { throw Stop() }
                }
            }
        } catch is Stop {
            return nil
        } catch let error as FrameError {
            throw corruption(
                path: chunks + "/" + name, offset: place.offset, from: place.position,
                through: nil, error)
        }
    }

    // MARK: The chain of chunks

    private func header(
        of bytes: [UInt8], _ name: String, after previous: ChunkScan?
    ) throws -> ChunkHeader {
        let next = previous?.nextPosition ?? Position(0)
        let header: ChunkHeader
        do throws(FrameError) {
            header = try Self.header(bytes)
        } catch {
            throw corruption(
                path: chunks + "/" + name, offset: 0, from: next, through: nil, error)
        }
        guard header.firstPosition == next else {
            throw refusal(
                name,
                "the chunk begins at position \(header.firstPosition), but position \(next) "
                    + "comes next")
        }
        guard name == LedgerDirectory.chunkName(header.firstPosition, header.chunkID) else {
            throw refusal(name, "the file's name does not fit its content")
        }
        let follows =
            previous.map { previous in
                header.predecessor.map(previous.isPredecessor) ?? false
            } ?? (header.predecessor == nil)
        guard follows,
            previous.map({ $0.header.ledger == header.ledger }) ?? true,
            previous.map({ $0.header.timeline == header.timeline }) ?? true
        else { throw refusal(name, "the chunk does not follow the one before it") }
        return header
    }

    private func check(_ scan: ChunkScan, _ name: String, isLast: Bool) throws {
        if case .corrupt(let offset, let error) = scan.ending {
            throw corruption(
                path: chunks + "/" + name, offset: offset, from: scan.nextPosition, through: nil,
                error)
        }
        if !isLast, scan.ending != .sealed {
            throw refusal(name, "the chunk has no end, but another follows")
        }
    }

    private func refusal(_ name: String, _ what: String) -> Failure {
        Failure(
            .ledgerCorrupt, "\(chunks)/\(name): \(what)",
            hint: "a file of the ledger is missing, doubled or exchanged: put the files back as "
                + "they were, or restore a backup with 'segledger restore'")
    }
}
