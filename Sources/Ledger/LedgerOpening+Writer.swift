internal import FrameCodec
internal import MerkleTree
internal import SegmentModel
internal import StorageIO

extension LedgerOpening {
    /// Recovers the tail, brings the manifest up to date and makes the writer.
    mutating func makeWriter() throws -> LedgerWriter {
        if chunks.isEmpty { try createFirstChunk() } else { try recoverTail() }
        let last = chunks[chunks.count - 1]
        let tail = try ChunkFile(
            handle: last.handle, chunkID: last.header.chunkID, byteCount: last.byteCount,
            frameCount: last.frameCount, checksum: last.checksum)
        let manifest = try makeManifest()
        if let tornPath {
            try fileSystem.rename(tornPath, to: tornPath + ".torn")
            try fileSystem.syncDirectory(directory)
        }
        let snapshots = makeSnapshots(tail)
        try computeFingerprint()
        let shared = LedgerShared(dictionary: takeDictionary(), published: published)
        let saltState = last.header.saltState.isEmpty ? newSaltState() : last.header.saltState
        let sealing = try makeSealing(shared, manifest, saltState, snapshots.snapshots)
        let keeper = LedgerKeeper(options.background, report: options.report)
        // A question is not kept waiting for what it did not ask for.
        if options.access == .write {
            if let job = snapshots.firstJob { keeper.add(job) }
            if sealing.hasWork { keeper.add { try sealing.work.sealWaiting() } }
        }
        return LedgerWriter(
            tail: tail, header: last.header, needsMark: !(lastScan?.endsWithMark ?? true),
            parts: LedgerWriter.Parts(
                shared: shared, manifest: manifest,
                spares: SpareChunks(
                    directory: directory, byteCount: options.sizes.chunkByteCount,
                    fileSystem: fileSystem, random: random),
                isInline: options.background == .inline, keeper: keeper, sealing: sealing.work,
                snapshots: snapshots.snapshots,
                clock: options.clock, fileSystem: fileSystem, directory: directory,
                sizes: options.sizes, random: random, saltState: saltState))
    }

    private func newSaltState() -> [UInt8] { SaltTree(secret: random.bytes(32)).encoded() }

    // MARK: The manifest

    /// The manifest as it must be, written if the file differs.
    private func makeManifest() throws -> ManifestFile {
        var wanted =
            manifest
            ?? LedgerManifest(
                ledger: chunks[0].header.ledger, timeline: chunks[0].header.timeline)
        wanted.chunks = chunks.map { chunk in
            LedgerManifest.Chunk(
                chunkID: chunk.header.chunkID, firstPosition: chunk.header.firstPosition,
                replacedChunkID: chunk.header.replacedChunkID,
                seal: chunk.footer.map {
                    LedgerManifest.Seal(
                        footerOffset: UInt64($0.offset), byteCount: UInt64(chunk.byteCount),
                        root: $0.content.root)
                })
        }
        let file = ManifestFile(wanted, directory: directory, fileSystem)
        if manifest == wanted { return file }
        if hasDamagedManifest { try moveManifestAside() }
        do throws(ManifestFile.UpdateError) {
            try file.update { _ in }
        } catch {
            switch error {
            case .unchanged(let error), .unknown(let error): throw error
            }
        }
        return file
    }

    private func moveManifestAside() throws {
        let path = directory + "/" + LedgerDirectory.manifest
        var aside = path + ".aside"
        var number = 1
        while try fileSystem.exists(aside) {
            number += 1
            aside = path + ".aside-\(number)"
        }
        try fileSystem.rename(path, to: aside)
    }

    // MARK: Sealing

    /// Sealed chunks come first; whatever follows them, but the tail, waits to be sealed.
    private func makeSealing(
        _ shared: LedgerShared, _ manifest: ManifestFile, _ saltState: [UInt8],
        _ snapshots: LedgerSnapshots
    ) throws -> (work: LedgerSealing, hasWork: Bool) {
        let sealedCount = chunks.firstIndex { $0.footer == nil } ?? chunks.count
        var range = CompactRange()
        if sealedCount > 0 {
            let chunk = chunks[sealedCount - 1]
            let found = CompactRange(encoded: chunk.footer!.content.range)
            guard let found, found.begin == 0, found.end == chunk.end.rawValue,
                found.root().bytes == chunk.footer!.content.root
            else {
                throw refusal(chunk.handle.path, "the footer's Merkle range does not give its root")
            }
            range = found
        }
        let work = LedgerSealing(
            ChunkSealer(
                directory: directory, fileSystem: fileSystem, sizes: options.sizes,
                random: random, clock: options.clock),
            after: range, saltState: saltState, shared: shared, manifest: manifest,
            snapshots: snapshots)
        let waiting = chunks[sealedCount...].dropLast()
        for chunk in waiting {
            work.add(
                ChunkSealer.Tail(
                    handle: chunk.handle, header: chunk.header, byteCount: chunk.byteCount,
                    frameCount: chunk.frameCount, fieldNames: chunk.fieldNames))
        }
        return (work, !waiting.isEmpty)
    }

    // MARK: The tail

    private mutating func createFirstChunk() throws {
        let header = ChunkHeader(
            ledger: random.bytes(16), timeline: random.bytes(16), chunkID: random.chunkID(),
            createdAt: options.clock.now(), firstPosition: Position(0), firstOrdinal: 0,
            firstFieldName: 0, predecessor: nil, replacedChunkID: nil,
            lastTime: dictionary.lastTime, lastRecordedAt: dictionary.lastRecordedAt,
            saltState: newSaltState())
        try use(
            header, bytes: ChunkFile.firstFrame(header), frameCount: 1,
            index: ChunkIndex(timeBefore: header.lastTime))
        try fileSystem.syncDirectory(options.directory)
    }

    /// Creates a chunk and takes it as the last one.
    private mutating func use(
        _ header: ChunkHeader, bytes: [UInt8], frameCount: UInt64, index: ChunkIndex
    ) throws {
        let chunk = try ChunkFile.create(
            header, bytes: bytes, frameCount: frameCount, directory: directory, fileSystem)
        published.chunks.append(
            PublishedChunk(
                handle: chunk.handle, chunkID: header.chunkID,
                firstPosition: header.firstPosition, index: index))
        chunks.append(
            Opened(
                header: header, handle: chunk.handle, byteCount: chunk.byteCount,
                frameCount: frameCount, footer: nil, end: published.end, isEnded: false,
                checksum: chunk.checksum))
        lastScan = nil
    }

    private mutating func recoverTail() throws {
        guard let scan = lastScan else { preconditionFailure("the last chunk is always scanned") }
        switch scan.ending {
        case .sealed:
            try startChunkAfterLast()
        case .torn(let offset):
            try replaceTornChunk(scan, cutAt: offset)
        case .clean:
            guard scan.frameCount > 1, !scan.endsWithMark else { return }
            // The last frames may be in memory only: make them durable, then see what the disk has.
            // Those before them are durable: they say so.
            let last = chunks[chunks.count - 1]
            try last.handle.file.syncAll()
            try last.handle.file.dropCache()
            let again = try last.handle.file.read(
                count: scan.goodByteCount - scan.durableUpTo, at: scan.durableUpTo)
            guard again.withUnsafeBytes({ crc32c($0) }) == lastChecksum else {
                throw Failure(
                    .storageFailed,
                    "\(last.handle.path): the disk does not return what was written to it",
                    hint: "check the disk and the system's log; then start again")
            }
        case .corrupt:
            preconditionFailure("a corrupt chunk was refused while scanning")
        }
    }

    private mutating func startChunkAfterLast() throws {
        let last = chunks[chunks.count - 1]
        var header = last.header
        header.chunkID = random.chunkID()
        header.createdAt = options.clock.now()
        header.firstPosition = last.end
        header.firstOrdinal = UInt32(dictionary.profiles.count)
        header.firstFieldName = UInt32(dictionary.fieldNames.count)
        header.predecessor = ChunkHeader.Predecessor(
            chunkID: last.header.chunkID, byteCount: UInt64(last.byteCount),
            frameCount: last.frameCount)
        header.replacedChunkID = nil
        header.lastTime = dictionary.lastTime
        header.lastRecordedAt = dictionary.lastRecordedAt
        if header.saltState.isEmpty { header.saltState = newSaltState() }
        try use(
            header, bytes: ChunkFile.firstFrame(header), frameCount: 1,
            index: ChunkIndex(timeBefore: header.lastTime))
    }

    /// INV-4: the good prefix goes to a new file; the old one is kept aside.
    private mutating func replaceTornChunk(_ scan: ChunkScan, cutAt offset: Int) throws {
        let torn = chunks.removeLast()
        let old = published.chunks.removeLast()
        let prefix = try torn.handle.file.read(count: scan.goodByteCount, at: 0)
        var header = torn.header
        header.chunkID = random.chunkID()
        header.replacedChunkID = torn.header.chunkID
        let bytes = try ChunkCopy.resalted(prefix, header: header)
        try use(header, bytes: bytes, frameCount: scan.frameCount, index: old.index)
        tornPath = torn.handle.path
        notices.append(
            "the last write was cut off by a crash before it was acknowledged: "
                + "the ledger goes on after byte \(offset); the old file is kept as "
                + "\(torn.handle.path).torn")
    }
}
