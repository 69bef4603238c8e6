internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// A chunk that is written to: where its frames end, and how far zeros were written ahead.
///
/// Zeros ahead make a sync cheaper (no metadata changes with it) and make a full disk show itself
/// before a frame is begun.
struct ChunkFile {
    let handle: ChunkHandle
    let chunkID: UInt64
    /// Where the next frame goes.
    var byteCount: Int
    /// Everything before it is durable.
    var durableByteCount: Int
    /// CRC-32C of everything before it.
    private(set) var checksum: UInt32
    var frameCount: UInt64
    private(set) var reservedByteCount: Int
    /// A write or a sync of it failed: what the disk has is unknown, so nothing more is written.
    private(set) var isLost = false

    private static let reserveStepMax = 16 << 20

    init(
        handle: ChunkHandle, chunkID: UInt64, byteCount: Int, frameCount: UInt64, checksum: UInt32
    ) throws(StorageError) {
        self.handle = handle
        self.chunkID = chunkID
        self.byteCount = byteCount
        self.checksum = checksum
        durableByteCount = byteCount
        self.frameCount = frameCount
        reservedByteCount = try handle.file.size()
    }

    /// Makes sure that `count` bytes can be written without the file growing.
    ///
    /// A full disk that shows itself in a write changes nothing that counts; in a sync, the file is
    /// lost (INV-4).
    ///
    /// - Parameter step: bytes by which it grows at least.
    mutating func reserve(_ count: Int, step: Int) throws(StorageError) {
        precondition(!isLost, "nothing is written to a file that failed before")
        let needed = byteCount + count
        guard needed > reservedByteCount else { return }
        let growth = min(max(reservedByteCount, step), Self.reserveStepMax)
        let target = FrameHeader.aligned(max(needed, reservedByteCount + growth))
        try handle.file.writeZeros(from: reservedByteCount, to: target)
        do throws(StorageError) {
            try handle.file.syncAll()
        } catch {
            isLost = true
            throw error
        }
        reservedByteCount = target
    }

    /// Writes encoded frames at the end and syncs them. An error loses the file (INV-4).
    mutating func append(_ bytes: [UInt8], frameCount count: Int) throws(StorageError) {
        precondition(!isLost, "nothing is written to a file that failed before")
        do throws(StorageError) {
            try handle.file.write(bytes, at: byteCount)
            try handle.file.sync()
        } catch {
            isLost = true
            throw error
        }
        byteCount += bytes.count
        durableByteCount = byteCount
        checksum = bytes.withUnsafeBytes { crc32c($0, after: checksum) }
        frameCount += UInt64(count)
    }

    /// Writes a frame without payload: a mark, or the end of the file. Room for it was reserved.
    mutating func append(_ kind: FrameHeader.Kind, at position: Position) throws(StorageError) {
        var output: [UInt8] = []
        let header = FrameHeader(
            kind: kind, salt: chunkID, frameNumber: frameCount,
            durableUpTo: UInt64(durableByteCount), firstPosition: position)
        var codec = FrameCodec()
        _ = codec.encode(payload: [], header: header, into: &output)
        try append(output, frameCount: 1)
    }

    /// Cuts the zeros off: the file is not written to any more.
    mutating func cutReserve() throws(StorageError) {
        try handle.file.truncate(to: byteCount)
        try handle.file.syncAll()
        reservedByteCount = byteCount
    }

    /// What the next chunk says of this one, once an end frame closes it.
    var endedAsPredecessor: ChunkHeader.Predecessor {
        ChunkHeader.Predecessor(
            chunkID: chunkID, byteCount: UInt64(byteCount + FrameHeader.byteCount),
            frameCount: frameCount + 1)
    }
}

extension ChunkFile {
    /// Creates a chunk under a temporary name, writes `bytes` (whole frames, the header first),
    /// syncs, renames and syncs the directory: it is there whole or not at all.
    static func create(
        _ header: ChunkHeader, bytes: [UInt8], frameCount: UInt64, directory: String,
        _ fileSystem: any FileSystem
    ) throws(StorageError) -> ChunkFile {
        let path =
            directory + "/" + LedgerDirectory.chunkName(header.firstPosition, header.chunkID)
        let temporary = path + LedgerDirectory.unfinished
        let file = try fileSystem.open(temporary, .createNew)
        var chunk = try ChunkFile(
            handle: ChunkHandle(file, path: path), chunkID: header.chunkID, byteCount: 0,
            frameCount: 0, checksum: 0)
        do throws(StorageError) {
            try chunk.append(bytes, frameCount: Int(frameCount))
            try file.syncAll()
            chunk.reservedByteCount = bytes.count
        } catch {
            try chunk.handle.close()
            try fileSystem.remove(temporary)
            throw error
        }
        try fileSystem.rename(temporary, to: path)
        try fileSystem.syncDirectory(directory)
        return chunk
    }

    /// The first frame of a chunk.
    static func firstFrame(_ header: ChunkHeader) -> [UInt8] {
        var output: [UInt8] = []
        var codec = FrameCodec()
        let frame = FrameHeader(
            kind: .chunk, salt: header.chunkID, frameNumber: 0, durableUpTo: 0,
            firstPosition: header.firstPosition)
        _ = codec.encode(payload: header.encoded(), header: frame, into: &output)
        return output
    }
}

extension FrameHeader {
    /// The next offset at which a frame may begin.
    static func aligned(_ offset: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }
}
