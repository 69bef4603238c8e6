internal import FrameCodec
internal import MerkleTree
internal import SegmentModel
internal import StorageIO

/// Turns a full tail chunk into a sealed one: the same events in large blocks, with a footer.
///
/// Invariants:
/// - the tail stays as it is until the manifest names the sealed chunk;
/// - what was written is read back from the disk, decoded and compared with the tail's events: it
///   is the same, or the sealed file is given up.
///
/// Blocks: runs on the keeper's thread.
struct ChunkSealer {
    /// A full tail.
    struct Tail: Sendable {
        var handle: ChunkHandle
        var header: ChunkHeader
        var byteCount: Int
        var frameCount: UInt64
        /// Field names known before its first event, by number.
        var fieldNames: [[UInt8]]
    }

    struct Sealed {
        var chunk: PublishedChunk
        var manifest: LedgerManifest.Chunk
        /// Of the ledger's events up to its end.
        var range: CompactRange
    }

    let directory: String
    let fileSystem: any FileSystem
    let sizes: LedgerSizes
    let random: RandomSource
    let clock: any WallClock

    /// Writes the sealed chunk, verifies it and gives it its name; the manifest is the caller's.
    ///
    /// - Parameters:
    ///   - range: of all events before the tail.
    ///   - saltState: for a tail of a ledger that had none.
    func seal(_ tail: Tail, after range: CompactRange, saltState: [UInt8]) throws -> Sealed {
        var header = tail.header
        header.chunkID = random.chunkID()
        header.createdAt = clock.now()
        header.replacedChunkID = tail.header.chunkID
        if header.saltState.isEmpty { header.saltState = saltState }
        let path =
            directory + "/" + LedgerDirectory.chunkName(header.firstPosition, header.chunkID)
        let temporary = path + LedgerDirectory.unfinished
        let file = try fileSystem.open(temporary, .createNew)
        do {
            let digest = EventDigest(seed: random.number())
            var writer = try SealedChunkWriter(
                file, header, sizes, hasher: hasher(header, tail), range: range, digest: digest)
            try read(tail) { try writer.add($0) }
            let written = try writer.finish(replacing: tail)
            try verify(file, written, digest)
            try file.close()
            try fileSystem.rename(temporary, to: path)
            try fileSystem.syncDirectory(directory)
            let handle = ChunkHandle(try fileSystem.open(path, .read), path: path)
            return Sealed(
                chunk: PublishedChunk(
                    handle: handle, chunkID: header.chunkID, firstPosition: header.firstPosition,
                    index: written.index),
                manifest: LedgerManifest.Chunk(
                    chunkID: header.chunkID, firstPosition: header.firstPosition,
                    replacedChunkID: tail.header.chunkID,
                    seal: LedgerManifest.Seal(
                        footerOffset: UInt64(written.footerOffset),
                        byteCount: UInt64(written.byteCount), root: written.range.root().bytes)),
                range: written.range)
        } catch {
            try giveUp(file, temporary, error)
        }
    }

    private func giveUp(_ file: any File, _ temporary: String, _ error: any Error) throws -> Never {
        do throws(StorageError) {
            try file.close()
            if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        } catch {
            // The first error is the one to report; the next opening moves the file aside.
        }
        throw error
    }

    private func hasher(_ header: ChunkHeader, _ tail: Tail) throws -> LeafHasher {
        guard let salts = SaltTree(encoded: header.saltState) else {
            throw Failure(
                .ledgerCorrupt, "\(tail.handle.path): the chunk's salts cannot be read",
                hint: "restore a backup with 'segledger restore'")
        }
        return LeafHasher(
            salts: salts, profileCount: header.firstOrdinal, fieldNames: tail.fieldNames)
    }

    private func read(_ tail: Tail, _ visit: (Frame) throws -> Void) throws {
        let bytes = try tail.handle.file.read(count: tail.byteCount, at: 0)
        let scan: ChunkScan
        do {
            scan = try bytes.withUnsafeBytes { try ChunkScan($0) { try visit($0.frame) } }
        } catch let error as FrameError {
            throw corruption(
                path: tail.handle.path, offset: 0, from: tail.header.firstPosition, through: nil,
                error)
        } catch let error as LeafError {
            throw Failure(
                .ledgerCorrupt, "\(tail.handle.path): \(error)",
                hint: "restore a backup with 'segledger restore'")
        }
        guard scan.ending == .sealed, scan.goodByteCount == tail.byteCount else {
            throw Failure(
                .ledgerCorrupt,
                "\(tail.handle.path): acknowledged data is damaged (positions from "
                    + "\(scan.nextPosition) on): it does not read as it was written",
                hint: "check the disk; restore a backup with 'segledger restore'")
        }
    }

    /// Reads everything back from the disk. `digest`: of nothing.
    private func verify(
        _ file: any File, _ written: SealedChunkWriter.Written, _ digest: EventDigest
    ) throws {
        try file.dropCache()
        var digest = digest
        var isGood = true
        for entry in written.index.entries {
            let bytes = try file.read(count: entry.byteCount, at: entry.offset)
            do {
                try bytes.withUnsafeBytes { buffer in
                    digest.add(try FrameCodec.decode(try FrameHeader(buffer), in: buffer))
                }
            } catch is FrameError {
                isGood = false
            }
        }
        guard isGood, digest.hasSameContent(as: written.digest) else {
            throw Failure(
                .storageFailed,
                "\(directory): a sealed chunk does not read back as it was written; it was given "
                    + "up, and nothing was lost",
                hint: "check the disk and the memory of this machine")
        }
    }
}
