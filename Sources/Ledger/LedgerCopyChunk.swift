internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// A chunk of a copy, built in memory. Each frame says that all before it is durable: the file is
/// synced whole before anybody can find it.
struct LedgerCopyChunk {
    let header: ChunkHeader
    private var bytes: [UInt8]
    private var frameCount: UInt64 = 1
    private var codec = FrameCodec()

    init(_ header: ChunkHeader) {
        self.header = header
        bytes = ChunkFile.firstFrame(header)
    }

    /// What the chunk after this one says of it.
    var asPredecessor: ChunkHeader.Predecessor {
        ChunkHeader.Predecessor(
            chunkID: header.chunkID, byteCount: UInt64(bytes.count), frameCount: frameCount)
    }

    /// Adds a frame as it is stored elsewhere. `isEnd`: the last of the copy; what its batch went
    /// on with is left out.
    mutating func append(
        stored: UnsafeRawBufferPointer, isEnd: Bool
    ) throws(FrameError) {
        var frame = try FrameHeader(stored)
        frame.salt = header.chunkID
        frame.frameNumber = frameCount
        frame.durableUpTo = UInt64(bytes.count)
        if isEnd { frame.isContinued = false }
        frame.encode(into: &bytes)
        bytes.append(contentsOf: stored[FrameHeader.byteCount..<frame.frameByteCount])
        frameCount += 1
    }

    mutating func append(_ frame: Frame) {
        _ = codec.encode(
            frame, header: frameHeader(.data, at: frame.firstPosition), into: &bytes)
        frameCount += 1
    }

    /// Adds a mark, or the end of a chunk that another follows.
    mutating func append(_ kind: FrameHeader.Kind, at position: Position) {
        _ = codec.encode(payload: [], header: frameHeader(kind, at: position), into: &bytes)
        frameCount += 1
    }

    private func frameHeader(_ kind: FrameHeader.Kind, at position: Position) -> FrameHeader {
        FrameHeader(
            kind: kind, salt: header.chunkID, frameNumber: frameCount,
            durableUpTo: UInt64(bytes.count), firstPosition: position)
    }

    /// Writes the file, synced, and drops it from the cache: what is read next comes from the disk.
    func write(to directory: String, _ fileSystem: any FileSystem) throws(StorageError) {
        var chunk = try ChunkFile.create(
            header, bytes: bytes, frameCount: frameCount, directory: directory, fileSystem)
        try chunk.cutReserve()
        try chunk.file.dropCache()
        try chunk.file.close()
    }
}
