package import FrameCodec
package import SegmentModel
internal import StorageIO

extension LedgerCopySource {
    /// A chunk that was read whole and is what the manifest and its own footer say.
    package struct CheckedChunk: Sendable {
        package var path: String
        package var header: ChunkHeader
        /// Position after its last event.
        package var end: Position
        /// Of a sealed chunk.
        package var footer: ChunkFooter?
    }

    /// Like `read`, and checks besides what reading does without: that the manifest can be read,
    /// and that it and the footers of sealed chunks say what the chunks hold.
    ///
    /// - Parameters:
    ///   - begin: gets each chunk's header before its frames.
    ///   - visit: gets each frame.
    ///   - end: gets each chunk after its frames.
    /// - Throws: `ledgerCorrupt` or `formatUnknown`, naming file, offset and positions; what the
    ///   closures throw.
    package func check(
        begin: (ChunkHeader) throws -> Void = { _ in }, visit: (Frame) throws -> Void,
        end: (CheckedChunk) throws -> Void = { _ in }
    ) throws -> Totals {
        var open: (header: ChunkHeader, index: ChunkIndex, firstTime: Timestamp?)?
        let totals = try walk(
            begin: { header in
                open = (header, ChunkIndex(timeBefore: header.lastTime), nil)
                try begin(header)
            },
            visit: { found, _ in
                open!.index.add(found.frame, offset: found.offset, byteCount: found.byteCount)
                open!.firstTime =
                    open!.firstTime ?? found.frame.events.first { !$0.kind.isSystem }?.time
                try visit(found.frame)
                return true
            },
            end: { _, footer in
                let (header, index, firstTime) = open!
                let chunk = CheckedChunk(
                    path: path(of: header), header: header,
                    end: index.entries.last?.endPosition ?? header.firstPosition, footer: footer)
                if let footer {
                    try check(footer, of: chunk, index, firstTime)
                    try checkManifest(footer, of: chunk, index)
                }
                try end(chunk)
            })
        try checkManifest()
        return totals
    }

    /// What the ledger's salts come from, as the first chunk that has it says; nil: none has.
    package func saltState() throws -> [UInt8]? {
        do {
            for name in try chunkNames() {
                let file = try fileSystem.open(chunks + "/" + name, .read)
                let bytes = try file.readFirstFrame()
                try file.close()
                do throws(FrameError) {
                    let state = try Self.header(bytes).saltState
                    if !state.isEmpty { return state }
                } catch {
                    // Reported with its place when the chunk's turn comes.
                    return nil
                }
            }
        } catch let error as StorageError {
            throw error.failure.wrapped("reading the ledger")
        }
        return nil
    }

    private func path(of header: ChunkHeader) -> String {
        chunks + "/" + LedgerDirectory.chunkName(header.firstPosition, header.chunkID)
    }

    private func check(
        _ footer: ChunkFooter, of chunk: CheckedChunk, _ index: ChunkIndex, _ firstTime: Timestamp?
    ) throws {
        let none = Timestamp(rawValue: Int64.min)
        guard footer.blocks == index.footerBlocks, footer.postings == index.footerPostings,
            footer.firstTime == firstTime ?? none,
            footer.lastTime == (firstTime == nil ? none : index.lastTime)
        else {
            throw Failure(
                .ledgerCorrupt,
                "\(chunk.path): the footer at offset \(index.footerOffset(of: chunk.header)) does "
                    + "not say what the blocks of positions \(chunk.header.firstPosition) to "
                    + "\(chunk.end.predecessor?.description ?? "0") hold",
                hint: "the events themselves are whole, but questions about one segment may miss "
                    + "some: restore a backup with 'segledger restore'")
        }
    }

    private func checkManifest(
        _ footer: ChunkFooter, of chunk: CheckedChunk, _ index: ChunkIndex
    ) throws {
        guard case .read(let manifest) = try ManifestFile.read(chunks, fileSystem),
            // The process that writes may have put another file in this one's place by now.
            let entry = manifest.chunks.first(where: { $0.chunkID == chunk.header.chunkID })
        else { return }
        let offset = index.footerOffset(of: chunk.header)
        var frame: [UInt8] = []
        var codec = FrameCodec()
        let header = codec.encode(
            payload: footer.encoded(),
            header: FrameHeader(
                kind: .footer, salt: 1, frameNumber: 0, durableUpTo: 0, firstPosition: chunk.end),
            into: &frame)
        let seal = LedgerManifest.Seal(
            footerOffset: UInt64(offset),
            byteCount: UInt64(offset + header.frameByteCount + FrameHeader.byteCount),
            root: footer.root)
        guard entry.seal == seal, entry.firstPosition == chunk.header.firstPosition else {
            throw Failure(
                .ledgerCorrupt,
                "\(chunks)/\(LedgerDirectory.manifest): it does not say of \(chunk.path) what the "
                    + "file itself says",
                hint: "move the manifest aside: the next 'segledger append' makes it again from "
                    + "the chunks")
        }
    }

    private func checkManifest() throws {
        if case .damaged(let error) = try ManifestFile.read(chunks, fileSystem) {
            throw Failure(
                .ledgerCorrupt,
                "\(chunks)/\(LedgerDirectory.manifest): it cannot be read (\(error)); the chunks "
                    + "themselves are whole",
                hint: "the next 'segledger append' makes it again from the chunks")
        }
    }
}

extension ChunkIndex {
    /// Where the footer stands in a sealed chunk with these blocks.
    fileprivate func footerOffset(of header: ChunkHeader) -> Int {
        entries.last.map { $0.offset + $0.byteCount } ?? ChunkFile.firstFrame(header).count
    }
}
