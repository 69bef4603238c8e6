internal import StorageIO
internal import Synchronization

/// Files of zeros made ahead, so that the next chunk needs no room, no new blocks and no change of
/// a file's length when the writer gets there. A spare that is there is whole, synced, and its name
/// durable; it becomes a chunk by a header and a rename, and is never used twice.
final class SpareChunks: Sendable {
    private let directory: String
    private let byteCount: Int
    private let fileSystem: any FileSystem
    private let random: RandomSource
    private let ready = Mutex<[UInt64]>([])

    init(
        directory: String, byteCount: Int, fileSystem: any FileSystem, random: RandomSource
    ) {
        self.directory = directory
        self.byteCount = byteCount
        self.fileSystem = fileSystem
        self.random = random
    }

    /// Makes spares until `count` are there. Blocks; one thread at a time.
    func make(count: Int) throws(StorageError) {
        while ready.withLock({ $0.count }) < count {
            let id = random.chunkID()
            let path = path(id)
            let file = try fileSystem.open(path + LedgerDirectory.unfinished, .createNew)
            do throws(StorageError) {
                try file.writeZeros(from: 0, to: byteCount)
                try file.syncAll()
            } catch {
                try file.close()
                try fileSystem.remove(path + LedgerDirectory.unfinished)
                throw error
            }
            try file.close()
            try fileSystem.rename(path + LedgerDirectory.unfinished, to: path)
            try fileSystem.syncDirectory(directory)
            ready.withLock { $0.append(id) }
        }
    }

    /// The id of a spare, which is the caller's from now on; nil if there is none.
    func take() -> UInt64? { ready.withLock { $0.popLast() } }

    func path(_ id: UInt64) -> String { directory + "/" + LedgerDirectory.spareName(id) }

    /// Removes what is left. Nothing was ever written to it but zeros.
    func removeAll() throws(StorageError) {
        while let id = take() { try fileSystem.remove(path(id)) }
    }
}

extension File {
    func writeZeros(from start: Int, to end: Int) throws(StorageError) {
        let zeros = [UInt8](repeating: 0, count: min(1 << 20, max(0, end - start)))
        var offset = start
        while offset < end {
            let part = end - offset < zeros.count ? Array(zeros[..<(end - offset)]) : zeros
            try write(part, at: offset)
            offset += part.count
        }
    }
}
