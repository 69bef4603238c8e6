internal import FrameCodec
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// The file that names the ledger's chunks, replaced whole: written under another name, synced,
/// renamed, directory synced. After a crash it is the old one or the new one.
final class ManifestFile: Sendable {
    private let directory: String
    private let fileSystem: any FileSystem
    private let current: Mutex<LedgerManifest>

    /// `manifest`: as it stands in the file, or, for a new ledger, without chunks.
    init(_ manifest: LedgerManifest, directory: String, _ fileSystem: any FileSystem) {
        self.directory = directory
        self.fileSystem = fileSystem
        current = Mutex(manifest)
    }

    var manifest: LedgerManifest { current.withLock { $0 } }

    private var path: String { directory + "/" + LedgerDirectory.manifest }

    /// Where an update that failed left the files.
    enum UpdateError: Error {
        /// Nothing but an unfinished copy was touched: it can be tried again.
        case unchanged(StorageError)
        /// Old or new manifest, nobody knows: nothing more may be acknowledged.
        case unknown(StorageError)
    }

    /// Writes the changed manifest, runs `between` once it cannot fail for want of room, and puts
    /// it in place.
    ///
    /// - Concurrency: blocks; one update at a time.
    func update(
        between: () throws(StorageError) -> Void = {}, _ change: (inout LedgerManifest) -> Void
    ) throws(UpdateError) {
        var failure: UpdateError?
        current.withLock { manifest in
            var next = manifest
            next.generation += 1
            change(&next)
            do throws(StorageError) {
                try prepare(next)
            } catch {
                failure = .unchanged(error)
                return
            }
            do throws(StorageError) {
                try between()
                try fileSystem.rename(path + LedgerDirectory.unfinished, to: path)
                try fileSystem.syncDirectory(directory)
            } catch {
                failure = .unknown(error)
                return
            }
            manifest = next
        }
        if let failure { throw failure }
    }

    private func prepare(_ manifest: LedgerManifest) throws(StorageError) {
        let temporary = path + LedgerDirectory.unfinished
        if try fileSystem.exists(temporary) { try fileSystem.remove(temporary) }
        let bytes = Self.encode(manifest)
        let file = try fileSystem.open(temporary, .createNew)
        do throws(StorageError) {
            try file.write(bytes, at: 0)
            try file.syncAll()
        } catch {
            try file.close()
            throw error
        }
        try file.close()
    }

    private static func encode(_ manifest: LedgerManifest) -> [UInt8] {
        var output: [UInt8] = []
        var codec = FrameCodec()
        let header = FrameHeader(
            kind: .manifest, salt: manifest.generation, frameNumber: 0, durableUpTo: 0,
            firstPosition: Position(0))
        _ = codec.encode(payload: manifest.encoded(), header: header, into: &output)
        return output
    }

    // MARK: Reading

    enum Found {
        case absent
        case damaged(FrameError)
        case read(LedgerManifest)
    }

    static func read(
        _ directory: String, _ fileSystem: any FileSystem
    ) throws(StorageError) -> Found {
        let path = directory + "/" + LedgerDirectory.manifest
        guard try fileSystem.exists(path) else { return .absent }
        let file = try fileSystem.open(path, .read)
        let bytes = try file.readAll(path, limit: Limits.chunkByteCountMax)
        try file.close()
        do throws(FrameError) {
            return .read(try decode(bytes))
        } catch {
            return .damaged(error)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(FrameError) -> LedgerManifest {
        var result: Result<LedgerManifest, FrameError> = .failure(.truncated)
        bytes.withUnsafeBytes { bytes in
            do throws(FrameError) {
                let header = try FrameHeader(bytes)
                guard header.kind == .manifest, header.frameByteCount == bytes.count else {
                    throw .header
                }
                let payload = try FrameCodec.payload(of: header, in: bytes)
                result = try .success(payload.manifest())
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }
}

extension [UInt8] {
    fileprivate func manifest() throws(FrameError) -> LedgerManifest {
        var result: Result<LedgerManifest, FrameError> = .failure(.truncated)
        withUnsafeBytes { bytes in
            do throws(FrameError) {
                result = .success(try LedgerManifest(payload: bytes))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }
}
