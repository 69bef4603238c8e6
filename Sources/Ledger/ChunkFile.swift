internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// A chunk that is written to: where its frames end, and how far zeros were written ahead.
///
/// Zeros ahead make a sync cheaper (no metadata changes with it) and make a full disk show itself
/// before a frame is begun.
struct ChunkFile {
    let file: any File
    let path: String
    let chunkID: UInt64
    /// Where the next frame goes.
    var byteCount: Int
    /// Everything before it is durable.
    var durableByteCount: Int
    var frameCount: UInt64
    private(set) var reservedByteCount: Int

    private static let reserveStepMin = 256 << 10
    private static let reserveStepMax = 16 << 20

    init(
        file: any File, path: String, chunkID: UInt64, byteCount: Int, frameCount: UInt64
    ) throws(StorageError) {
        self.file = file
        self.path = path
        self.chunkID = chunkID
        self.byteCount = byteCount
        durableByteCount = byteCount
        self.frameCount = frameCount
        reservedByteCount = try file.size()
    }

    /// Makes sure that `count` bytes can be written without the file growing.
    mutating func reserve(_ count: Int) throws(StorageError) {
        let needed = byteCount + count
        guard needed > reservedByteCount else { return }
        let step = min(max(reservedByteCount, Self.reserveStepMin), Self.reserveStepMax)
        var target = max(needed, reservedByteCount + step)
        target =
            (target + FrameHeader.alignment - 1) / FrameHeader.alignment
            * FrameHeader.alignment
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        while reservedByteCount < target {
            let part = min(zeros.count, target - reservedByteCount)
            let offset = reservedByteCount
            var failure: StorageError?
            zeros.withUnsafeBytes { buffer in
                do throws(StorageError) {
                    try file.write(UnsafeRawBufferPointer(rebasing: buffer[0..<part]), at: offset)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            reservedByteCount += part
        }
        try file.syncAll()
    }

    /// Writes encoded frames at the end and syncs them.
    mutating func append(_ bytes: [UInt8], frameCount count: Int) throws(StorageError) {
        var failure: StorageError?
        bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                try file.write(buffer, at: byteCount)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        try file.sync()
        byteCount += bytes.count
        durableByteCount = byteCount
        frameCount += UInt64(count)
    }

    /// Writes a frame without payload: a mark, or the end of the file.
    mutating func append(_ kind: FrameHeader.Kind, at position: Position) throws(StorageError) {
        try reserve(FrameHeader.byteCount)
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
        try file.truncate(to: byteCount)
        try file.syncAll()
        reservedByteCount = byteCount
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
        let temporary = path + ".new"
        let file = try fileSystem.open(temporary, .createNew)
        var chunk = try ChunkFile(
            file: file, path: path, chunkID: header.chunkID, byteCount: 0, frameCount: 0)
        try chunk.reserve(bytes.count)
        try chunk.append(bytes, frameCount: Int(frameCount))
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
