internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// A chunk that waits to become the tail: its header is written and synced, its name is not its
/// own yet.
struct NextChunk {
    let header: ChunkHeader
    let file: any File
    /// Under which name it waits.
    let temporary: String
    let path: String
    /// Of its header, and the CRC-32C of it.
    let byteCount: Int
    let checksum: UInt32

    /// Writes the header into a spare, or into a new file where there is none.
    ///
    /// - Parameter byteCountMin: zeros that a new file gets at least.
    /// - Throws: nothing is left behind then.
    init(
        _ template: ChunkHeader, from spares: SpareChunks, byteCountMin: Int, directory: String,
        _ fileSystem: any FileSystem
    ) throws(StorageError) {
        var header = template
        let spare = spares.take()
        if let spare { header.chunkID = spare }
        path = directory + "/" + LedgerDirectory.chunkName(header.firstPosition, header.chunkID)
        temporary = spare.map(spares.path) ?? path + LedgerDirectory.unfinished
        file = try fileSystem.open(temporary, spare == nil ? .createNew : .readWrite)
        let frame = ChunkFile.firstFrame(header)
        byteCount = frame.count
        checksum = frame.withUnsafeBytes { crc32c($0) }
        self.header = header
        do throws(StorageError) {
            if spare == nil {
                try file.writeZeros(
                    from: 0, to: FrameHeader.aligned(max(byteCountMin, frame.count)))
            }
            try file.write(frame, at: 0)
            try file.syncAll()
        } catch {
            try discard(fileSystem)
            throw error
        }
    }

    /// Gives it its name, durably.
    func publish(in directory: String, _ fileSystem: any FileSystem) throws(StorageError) {
        try fileSystem.rename(temporary, to: path)
        try fileSystem.syncDirectory(directory)
    }

    /// Removes it before it was published.
    func discard(_ fileSystem: any FileSystem) throws(StorageError) {
        try file.close()
        try fileSystem.remove(temporary)
    }
}
