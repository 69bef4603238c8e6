package import FrameCodec
package import SegmentModel
internal import StorageIO

extension LedgerCopySource {
    /// A chunk that was read whole.
    package struct CheckedChunk: Sendable {
        package var path: String
        package var header: ChunkHeader
        /// Position after its last event.
        package var end: Position
        /// Of a sealed chunk.
        package var footer: ChunkFooter?
    }

    /// Like `read`, and checks besides what reading does without: that the manifest and the
    /// footers of sealed chunks say what the chunks hold, and that nothing stands behind a chunk's
    /// end.
    ///
    /// - Parameters:
    ///   - begin: gets each chunk's header before its frames.
    ///   - visit: gets each frame.
    ///   - end: gets each chunk after its frames.
    ///   - report: gets what is wrong without making the events unreadable; reading goes on.
    /// - Throws: `ledgerCorrupt` or `formatUnknown`, naming file, offset and positions; what the
    ///   closures throw.
    package func check(
        begin: (ChunkHeader) throws -> Void, visit: (Frame) throws -> Void,
        end: (CheckedChunk) throws -> Void, report: (Failure) throws -> Void
    ) throws -> Totals {
        var contents: SealedContents?
        var header: ChunkHeader?
        return try walk(
            begin: {
                (header, contents) = ($0, SealedContents($0))
                try begin($0)
            },
            visit: { found, _ in
                contents!.add(found.frame, offset: found.offset, byteCount: found.byteCount)
                try visit(found.frame)
                return true
            },
            end: { _, footer in
                let (header, contents) = (header!, contents!)
                let chunk = CheckedChunk(
                    path: path(of: header), header: header, end: contents.end, footer: footer)
                if let footer {
                    if let failure = disagreement(footer, chunk, contents) { try report(failure) }
                    if let failure = try disagreement(
                        ofManifestWith: contents.seal(footer), chunk)
                    {
                        try report(failure)
                    }
                }
                try end(chunk)
            })
    }

    /// What the ledger's salts come from, as the first chunk that has it says; nil: none has.
    package func saltState() throws -> [UInt8]? {
        do {
            for name in try chunkNames() where try fileSystem.exists(chunks + "/" + name) {
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

    private func disagreement(
        _ footer: ChunkFooter, _ chunk: CheckedChunk, _ contents: SealedContents
    ) -> Failure? {
        guard !contents.isDescribed(by: footer) else { return nil }
        return Failure(
            .ledgerCorrupt,
            "\(chunk.path): the footer at byte \(contents.footerOffset) does not say what the "
                + "blocks of positions \(chunk.header.firstPosition) to "
                + "\(chunk.end.predecessor?.description ?? "0") hold",
            hint: "the events themselves are whole; restore a backup that verifies with 'segledger "
                + "restore --from DIR --into NEW'")
    }

    private func disagreement(
        ofManifestWith seal: LedgerManifest.Seal, _ chunk: CheckedChunk
    ) throws -> Failure? {
        guard case .read(let manifest) = try ManifestFile.read(chunks, fileSystem),
            // The process that writes may have put another file in this one's place by now.
            let entry = manifest.chunks.first(where: { $0.chunkID == chunk.header.chunkID })
        else { return nil }
        let path = chunks + "/" + LedgerDirectory.manifest
        guard entry.seal != seal || entry.firstPosition != chunk.header.firstPosition else {
            return nil
        }
        return Failure(
            .ledgerCorrupt, "\(path): it does not say of \(chunk.path) what the file itself says",
            hint: "the events themselves are whole; move \(path) out of the directory, and the "
                + "next command that writes makes it again from the chunks")
    }
}

extension LedgerIdentity {
    package init(of header: ChunkHeader) {
        self.init(ledger: hex(header.ledger), timeline: hex(header.timeline))
    }
}

/// What the footer of a chunk has to say, from its blocks.
package struct SealedContents {
    private let header: ChunkHeader
    private var index: ChunkIndex
    private var firstTime: Timestamp?

    package init(_ header: ChunkHeader) {
        self.header = header
        index = ChunkIndex(timeBefore: header.lastTime)
    }

    package mutating func add(_ frame: Frame, offset: Int, byteCount: Int) {
        index.add(frame, offset: offset, byteCount: byteCount)
        firstTime = firstTime ?? frame.events.first { !$0.kind.isSystem }?.time
    }

    /// Position after the last event.
    package var end: Position { index.entries.last?.endPosition ?? header.firstPosition }

    package var footerOffset: Int {
        index.entries.last.map { $0.offset + $0.byteCount } ?? ChunkFile.firstFrame(header).count
    }

    package func isDescribed(by footer: ChunkFooter) -> Bool {
        let none = Timestamp(rawValue: Int64.min)
        return footer.blocks == index.footerBlocks && footer.postings == index.footerPostings
            && footer.firstTime == firstTime ?? none
            && footer.lastTime == (firstTime == nil ? none : index.lastTime)
    }

    /// What the manifest has to say of a chunk with this footer.
    package func seal(_ footer: ChunkFooter) -> LedgerManifest.Seal {
        var frame: [UInt8] = []
        var codec = FrameCodec()
        let header = codec.encode(
            payload: footer.encoded(),
            header: FrameHeader(
                kind: .footer, salt: 1, frameNumber: 0, durableUpTo: 0, firstPosition: end),
            into: &frame)
        let end = footerOffset + header.frameByteCount + FrameHeader.byteCount
        return LedgerManifest.Seal(
            footerOffset: UInt64(footerOffset), byteCount: UInt64(end), root: footer.root)
    }
}
