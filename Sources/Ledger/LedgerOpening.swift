internal import FrameCodec
internal import MerkleTree
internal import SegmentModel
internal import StorageIO

/// One opening of a ledger, step by step (docs/internals/recovery.md).
struct LedgerOpening: ~Copyable {
    /// A chunk that belongs to the ledger, in its place.
    struct Planned {
        var name: String
        var seal: LedgerManifest.Seal?
        /// Where the next chunk begins; nil where that is not known, and for the last.
        var end: Position?
    }

    /// A chunk that was read.
    struct Opened {
        var header: ChunkHeader
        var handle: ChunkHandle
        var byteCount: Int
        var frameCount: UInt64
        /// Of a sealed chunk.
        var footer: (offset: Int, content: ChunkFooter)?
        var end: Position
        /// It ends with an end frame.
        var isEnded: Bool
        /// Field names known before its first event.
        var fieldNames: [[UInt8]] = []
        /// CRC-32C of its bytes; of the last chunk.
        var checksum: UInt32 = 0

        /// What the next chunk may call its predecessor: this file, or the tail that it was.
        func isPredecessor(_ predecessor: ChunkHeader.Predecessor) -> Bool {
            predecessor == footer?.content.replaced
                || predecessor
                    == ChunkHeader.Predecessor(
                        chunkID: header.chunkID, byteCount: UInt64(byteCount),
                        frameCount: frameCount)
        }
    }

    let options: FileLedger.Options
    let directory: String
    let random: RandomSource
    var notices: [String] = []
    /// The lock is held: files are opened to be written.
    private(set) var isWriting = false
    var manifest: LedgerManifest?
    /// A manifest was found and could not be read.
    private(set) var hasDamagedManifest = false
    var dictionary: LedgerDictionary
    /// The events before it came into the dictionary by its snapshot.
    var dictionaryPosition = Position(0)
    /// What the snapshot stands for, whether or not it was taken.
    var snapshotPosition: Position?
    /// Where the snapshot was taken that `dictionary` began as.
    var snapshotPlace: DictionarySnapshot.Place?
    /// A chunk that was read to know the snapshot again.
    var readAhead: (name: String, bytes: [UInt8])?
    var published = PublishedState()
    var chunks: [Opened] = []
    /// The last chunk's scan; nil for one that was just made.
    var lastScan: ChunkScan?
    /// CRC-32C of those of the last chunk's good bytes that no frame says to be durable, as they
    /// were scanned.
    var lastChecksum: UInt32 = 0
    /// A torn chunk that another has taken the place of.
    var tornPath: String?

    init(_ options: FileLedger.Options) {
        self.options = options
        directory = LedgerDirectory.chunks(options.directory)
        random = options.randomNumber.map(RandomSource.init) ?? .system
        dictionary = LedgerDictionary(seed: random.number())
    }

    var fileSystem: any FileSystem { options.fileSystem }

    mutating func run() throws -> FileLedger {
        let exists = try LedgerDirectory.hasLedger(options.directory, fileSystem)
        if options.access != .write, !exists {
            throw Failure(
                .notFound, "there is no ledger in \(options.directory)",
                hint: "name the data directory with --data, or begin with 'segledger append'")
        }
        if options.access == .write { try fileSystem.makeDirectory(directory) }
        let lock = try takeLock()
        isWriting = lock != nil
        do {
            let planned = try plan()
            try readSnapshot()
            for (number, chunk) in planned.enumerated() {
                try open(chunk, isLast: number == planned.count - 1)
            }
            try checkWitness()
            try checkSnapshot()
            guard let lock else {
                let shared = LedgerShared(dictionary: takeDictionary(), published: published)
                return FileLedger(
                    identity: identity, notices: notices, shared: shared, writer: nil, lock: nil)
            }
            try tidy(planned)
            let writer = try makeWriter()
            return FileLedger(
                identity: identity, notices: notices, shared: writer.parts.shared, writer: writer,
                lock: lock)
        } catch {
            lock?.release()
            throw error
        }
    }

    private func takeLock() throws -> (any FileLock)? {
        if options.access == .look { return nil }
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

    var identity: LedgerIdentity {
        let header = chunks[0].header
        return LedgerIdentity(ledger: hex(header.ledger), timeline: hex(header.timeline))
    }

    /// Hands the dictionary over; an empty one stays behind.
    mutating func takeDictionary() -> LedgerDictionary {
        var dictionary = LedgerDictionary(seed: 1)
        swap(&dictionary, &self.dictionary)
        return dictionary
    }

    private func checkWitness() throws {
        guard !chunks.isEmpty, let witness = try options.witness(identity) else { return }
        try check(witness, of: "the projections have")
    }

    /// INV-3: what others know to have been durable is there.
    func check(_ witness: Position, of witnesses: String) throws {
        guard witness > published.end else { return }
        throw Failure(
            .ledgerCorrupt,
            "\(directory): \(witnesses) seen \(witness) events, the ledger holds only "
                + "\(published.end): acknowledged events are missing",
            hint: "put the missing files back or restore a backup with 'segledger restore'; if the "
                + "ledger itself was replaced on purpose, run 'segledger rebuild-projections'")
    }

    // MARK: Which files

    /// The manifest says which files are the ledger. Where there is none that can be read, the
    /// chunks themselves do: each names its predecessor, and the file that it takes the place of.
    private mutating func plan() throws -> [Planned] {
        guard try fileSystem.exists(directory) else { return [] }
        switch try ManifestFile.read(directory, fileSystem) {
        case .read(let manifest):
            self.manifest = manifest
            let ends = manifest.chunks.dropFirst().map(\.firstPosition) + [nil]
            return zip(manifest.chunks, ends).map { chunk, end in
                Planned(
                    name: LedgerDirectory.chunkName(chunk.firstPosition, chunk.chunkID),
                    seal: chunk.seal, end: end)
            }
        case .damaged(.version(let version)):
            throw corruption(
                path: directory + "/" + LedgerDirectory.manifest, offset: 0, from: Position(0),
                through: nil, .version(version))
        case .damaged(let error):
            hasDamagedManifest = true
            notices.append(
                "\(directory)/\(LedgerDirectory.manifest) is damaged (\(error)): the chunks were "
                    + "read instead, and follow each other without a gap")
        case .absent:
            break
        }
        let names = try fileSystem.list(directory).filter(LedgerDirectory.isChunk)
        let replaced = Set(try names.compactMap { try replacedName($0) })
        return names.filter { !replaced.contains($0) }.map { Planned(name: $0, seal: nil) }
    }

    /// The name of the file that a chunk takes the place of.
    private func replacedName(_ name: String) throws -> String? {
        let file = try fileSystem.open(directory + "/" + name, .read)
        let bytes = try file.readFirstFrame()
        try file.close()
        return bytes.withUnsafeBytes { bytes in
            do throws(FrameError) {
                let header = try ChunkScan.header(bytes).1
                return header.replacedChunkID.map {
                    LedgerDirectory.chunkName(header.firstPosition, $0)
                }
            } catch {
                // The scan that follows reports it with its place.
                return nil
            }
        }
    }

    /// Takes away what crashes left: files of zeros and unfinished ones, which hold nothing, and
    /// tails whose events stand in a sealed chunk. Every other file that is no part of the ledger
    /// is moved aside, never deleted.
    private func tidy(_ planned: [Planned]) throws {
        var hasChanged = false
        let kept = Set(planned.map(\.name))
        var sealedAway: Set<String> = []
        for chunk in manifest?.chunks ?? [] where chunk.seal != nil {
            guard let old = chunk.replacedChunkID else { continue }
            sealedAway.insert(LedgerDirectory.chunkName(chunk.firstPosition, old))
        }
        for name in try fileSystem.list(directory) {
            let path = directory + "/" + name
            if LedgerDirectory.isSpare(name) || sealedAway.contains(name)
                || (name.hasSuffix(LedgerDirectory.unfinished) && isOurs(name))
            {
                try fileSystem.remove(path)
                hasChanged = true
            } else if LedgerDirectory.isChunk(name), !kept.contains(name) {
                try fileSystem.rename(path, to: path + ".aside")
                hasChanged = true
            }
        }
        if hasChanged { try fileSystem.syncDirectory(directory) }
    }

    private func isOurs(_ name: String) -> Bool {
        let finished = String(name.dropLast(LedgerDirectory.unfinished.count))
        return [LedgerDirectory.manifest, LedgerDirectory.snapshot].contains(finished)
            || LedgerDirectory.isChunk(finished)
    }
}

extension File {
    /// The bytes of the first frame, as far as they are there.
    func readFirstFrame() throws(StorageError) -> [UInt8] {
        let start = try read(count: 4096, at: 0)
        var byteCount = start.count
        start.withUnsafeBytes { bytes in
            do throws(FrameError) {
                byteCount = try FrameHeader(bytes).frameByteCount
            } catch {
                // Who decodes it says what is wrong.
            }
        }
        return byteCount <= start.count ? start : try read(count: byteCount, at: 0)
    }
}
