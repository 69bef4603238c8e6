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
    private var seal: LedgerManifest.Seal?

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

    /// The chunk with what closes it: the mark of a last one, or the end, behind the footer of a
    /// chunk that was sealed. The frames stand where they stood in the original: its footer holds.
    consuming func finished(
        at position: Position, footer: ChunkFooter?, isLast: Bool
    ) -> LedgerCopyChunk {
        var chunk = self
        let footerOffset = chunk.bytes.count
        if let footer { chunk.append(.footer, footer.encoded(), at: position) }
        chunk.append(isLast ? .mark : .end, [], at: position)
        chunk.seal = footer.map {
            LedgerManifest.Seal(
                footerOffset: UInt64(footerOffset), byteCount: UInt64(chunk.bytes.count),
                root: $0.root)
        }
        return chunk
    }

    private mutating func append(
        _ kind: FrameHeader.Kind, _ payload: [UInt8], at position: Position
    ) {
        _ = codec.encode(payload: payload, header: frameHeader(kind, at: position), into: &bytes)
        frameCount += 1
    }

    var manifest: LedgerManifest.Chunk {
        LedgerManifest.Chunk(
            chunkID: header.chunkID, firstPosition: header.firstPosition, replacedChunkID: nil,
            seal: seal)
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
        try chunk.handle.file.dropCache()
        try chunk.handle.close()
    }
}
