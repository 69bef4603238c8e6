internal import FrameCodec
internal import MerkleTree
internal import SegmentModel
internal import StorageIO

/// Writes the frames of a sealed chunk: header, blocks, footer, end.
struct SealedChunkWriter {
    struct Written {
        var index: ChunkIndex
        var range: CompactRange
        var digest: EventDigest
        var footerOffset: Int
        var byteCount: Int
    }

    /// Bytes that are handed to the file at once.
    private static let bufferByteCount = 4 << 20

    private let file: any File
    private let header: ChunkHeader
    private let sizes: LedgerSizes
    private var hasher: LeafHasher
    private var range: CompactRange
    private var digest: EventDigest
    private var codec = FrameCodec()
    private var index: ChunkIndex
    private var firstTime: Timestamp?
    /// Frames of the block that is not written yet.
    private var open: Frame?
    private var buffer: [UInt8]
    /// Where `buffer` goes.
    private var bufferOffset = 0
    private var frameCount: UInt64 = 1

    init(
        _ file: any File, _ header: ChunkHeader, _ sizes: LedgerSizes, hasher: LeafHasher,
        range: CompactRange, digest: EventDigest
    ) {
        self.file = file
        self.header = header
        self.sizes = sizes
        self.hasher = hasher
        self.range = range
        self.digest = digest
        index = ChunkIndex(timeBefore: header.lastTime)
        buffer = ChunkFile.firstFrame(header)
    }

    private var byteCount: Int { bufferOffset + buffer.count }

    /// Takes the next frame of the tail.
    ///
    /// - Throws: `LeafError`, `StorageError`.
    mutating func add(_ frame: Frame) throws {
        try hasher.add(frame, into: &range)
        digest.add(frame)
        firstTime = firstTime ?? frame.events.first { !$0.kind.isSystem }?.time
        if let block = open, !fits(frame, behind: block) { try writeBlock() }
        if open == nil {
            open = frame
        } else {
            open!.append(frame)
        }
    }

    private func fits(_ frame: Frame, behind block: Frame) -> Bool {
        block.ordinals.count + frame.ordinals.count <= sizes.frameChangeCount
            && block.events.count + frame.events.count <= sizes.blockEventCount
            && block.payloadByteCountEstimate + frame.payloadByteCountEstimate
                <= sizes.framePayloadByteCount
    }

    private mutating func writeBlock() throws(StorageError) {
        guard let frame = open.take() else { return }
        let offset = byteCount
        _ = codec.encode(
            frame, header: frameHeader(.data, at: frame.firstPosition), into: &buffer)
        frameCount += 1
        index.add(frame, offset: offset, byteCount: byteCount - offset)
        if buffer.count >= Self.bufferByteCount { try flush() }
    }

    private func frameHeader(_ kind: FrameHeader.Kind, at position: Position) -> FrameHeader {
        // The file gets its name once it is synced whole: whoever can read a frame of it knows
        // that all before it is durable.
        FrameHeader(
            kind: kind, salt: header.chunkID, frameNumber: frameCount,
            durableUpTo: UInt64(byteCount), firstPosition: position)
    }

    private mutating func flush() throws(StorageError) {
        try file.write(buffer, at: bufferOffset)
        bufferOffset += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is left, the footer and the end, and syncs.
    mutating func finish(replacing tail: ChunkSealer.Tail) throws(StorageError) -> Written {
        try writeBlock()
        let end = index.entries.last?.endPosition ?? header.firstPosition
        let footer = ChunkFooter(
            replaced: ChunkHeader.Predecessor(
                chunkID: tail.header.chunkID, byteCount: UInt64(tail.byteCount),
                frameCount: tail.frameCount),
            firstTime: firstTime ?? Timestamp(rawValue: Int64.min),
            lastTime: firstTime == nil ? Timestamp(rawValue: Int64.min) : index.lastTime,
            root: range.root().bytes, range: range.encoded(), blocks: index.footerBlocks,
            postings: index.footerPostings)
        let footerOffset = byteCount
        _ = codec.encode(
            payload: footer.encoded(), header: frameHeader(.footer, at: end), into: &buffer)
        frameCount += 1
        _ = codec.encode(payload: [], header: frameHeader(.end, at: end), into: &buffer)
        frameCount += 1
        let byteCount = byteCount
        try flush()
        try file.syncAll()
        return Written(
            index: index, range: range, digest: digest, footerOffset: footerOffset,
            byteCount: byteCount)
    }
}
