internal import FrameCodec
internal import SegmentModel
internal import StorageIO

extension LedgerOpening {
    /// Opens the next chunk: scans and checks it, and folds it into dictionary and index; or, where
    /// it is sealed and the dictionary needs nothing of it, reads its footer.
    mutating func open(_ planned: Planned, isLast: Bool) throws {
        let path = directory + "/" + planned.name
        guard try fileSystem.exists(path) else {
            // For a reader: the writer may just have put a sealed chunk in its place.
            if !isWriting { throw StorageError(call: "open", path: path, errno: 2) }
            throw refusal(path, "the file is missing, but the manifest names it")
        }
        let file = try fileSystem.open(path, isWriting && isLast ? .readWrite : .read)
        let handle = ChunkHandle(file, path: path)
        if let seal = planned.seal, let end = planned.end, end <= dictionaryPosition {
            if try openSealed(handle, planned.name, seal, end: end) { return }
            notices.append("\(path): the footer is damaged; the chunk's blocks were read instead")
        }
        try scan(handle, planned, isLast: isLast)
    }

    // MARK: Sealed

    /// Takes the index from the footer; false if the footer cannot be trusted.
    private mutating func openSealed(
        _ handle: ChunkHandle, _ name: String, _ seal: LedgerManifest.Seal, end: Position
    ) throws -> Bool {
        let first = try handle.file.readFirstFrame()
        let header = try header(first, handle.path)
        try checkHeader(header, handle.path, name)
        let offset = Int(seal.footerOffset)
        let bytes = try handle.file.read(count: Int(seal.byteCount) - offset, at: offset)
        let size = try handle.file.size()
        let firstByteCount = ChunkFile.firstFrame(header).count
        let found = bytes.withUnsafeBytes { bytes in
            SealedEnding(bytes, header, end: end)
        }
        guard let found, size == Int(seal.byteCount), found.footer.root == seal.root,
            found.footer.blocks.reduce(firstByteCount, { $0 + $1.byteCount }) == offset,
            found.footer.blocks.reduce(0, { $0 + $1.eventCount })
                == Int(end.rawValue - header.firstPosition.rawValue)
        else { return false }
        published.chunks.append(
            PublishedChunk(
                handle: handle, chunkID: header.chunkID, firstPosition: header.firstPosition,
                index: ChunkIndex(
                    found.footer, firstBlockOffset: firstByteCount,
                    firstPosition: header.firstPosition, timeBefore: header.lastTime)))
        published.end = end
        chunks.append(
            Opened(
                header: header, handle: handle, byteCount: size, frameCount: found.frameCount,
                footer: (offset, found.footer), end: end, isEnded: true))
        return true
    }

    /// Footer and end of a sealed chunk; nil if they are not what they must be.
    private struct SealedEnding {
        let footer: ChunkFooter
        let frameCount: UInt64

        init?(_ bytes: UnsafeRawBufferPointer, _ header: ChunkHeader, end: Position) {
            do throws(FrameError) {
                let frame = try FrameHeader(bytes)
                guard frame.kind == .footer, frame.salt == header.chunkID,
                    frame.frameByteCount < bytes.count
                else { return nil }
                footer = try ChunkScan.footer(frame, bytes)
                let last = try FrameHeader(
                    UnsafeRawBufferPointer(rebasing: bytes[frame.frameByteCount...]))
                guard last.kind == .end, last.salt == header.chunkID, last.firstPosition == end,
                    last.frameNumber == frame.frameNumber + 1
                else { return nil }
                frameCount = last.frameNumber + 1
            } catch {
                // The blocks say what the footer cannot.
                return nil
            }
        }
    }

    // MARK: Scanned

    private mutating func scan(
        _ handle: ChunkHandle, _ planned: Planned, isLast: Bool
    ) throws {
        let bytes = try takeReadAhead(planned.name) ?? handle.file.readUpToZeros()
        let expected = published.end
        let known = dictionaryPosition
        let header = try header(bytes, handle.path)
        try checkHeader(header, handle.path, planned.name)
        guard header.firstFieldName <= dictionary.fieldNames.count else {
            throw refusal(handle.path, "the chunk counts on field names that were never given")
        }
        let fieldNames = dictionary.fieldNames(before: header.firstFieldName)
        var index = ChunkIndex(timeBefore: header.lastTime)
        var at = 0
        let scan: ChunkScan
        do {
            scan = try bytes.withUnsafeBytes { bytes in
                var scan = try ChunkScan(bytes)
                try scan.visitFrames(in: bytes, depth: { $0.end <= known ? .events : .whole }) {
                    at = $0.offset
                    if $0.frame.endPosition > known { try dictionary.fold($0.frame) }
                    index.add($0.frame, offset: $0.offset, byteCount: $0.byteCount)
                }
                return scan
            }
        } catch let error as FrameError {
            throw corruption(
                path: handle.path, offset: at, from: expected, through: nil, error)
        }
        try checkEnding(scan, handle.path, planned, isLast: isLast)
        published.chunks.append(
            PublishedChunk(
                handle: handle, chunkID: header.chunkID, firstPosition: expected, index: index))
        published.end = scan.nextPosition
        chunks.append(
            Opened(
                header: header, handle: handle, byteCount: scan.goodByteCount,
                frameCount: scan.frameCount, footer: scan.footer, end: scan.nextPosition,
                isEnded: scan.ending == .sealed, fieldNames: fieldNames))
        lastScan = scan
        if isLast { setChecksums(of: bytes, scan) }
    }

    private mutating func takeReadAhead(_ name: String) -> [UInt8]? {
        guard readAhead?.name == name else { return nil }
        defer { readAhead = nil }
        return readAhead?.bytes
    }

    private mutating func setChecksums(of bytes: [UInt8], _ scan: ChunkScan) {
        let start = min(scan.durableUpTo, scan.goodByteCount)
        bytes.withUnsafeBytes { bytes in
            let good = UnsafeRawBufferPointer(rebasing: bytes[..<scan.goodByteCount])
            chunks[chunks.count - 1].checksum = crc32c(good)
            lastChecksum = crc32c(UnsafeRawBufferPointer(rebasing: good[start...]))
        }
    }

    // MARK: Checks

    private func header(_ bytes: [UInt8], _ path: String) throws -> ChunkHeader {
        do {
            return try bytes.withUnsafeBytes { try ChunkScan.header($0).1 }
        } catch let error as FrameError {
            throw corruption(
                path: path, offset: 0, from: published.end, through: nil, error)
        }
    }

    /// The chunk is the one that belongs here.
    private func checkHeader(_ header: ChunkHeader, _ path: String, _ name: String) throws {
        guard header.firstPosition == published.end else {
            throw refusal(
                path,
                "the chunk begins at position \(header.firstPosition), but position "
                    + "\(published.end) comes next")
        }
        guard name == LedgerDirectory.chunkName(header.firstPosition, header.chunkID) else {
            throw refusal(path, "the file's name does not fit its content")
        }
        let isOfThisLedger =
            manifest.map { $0.ledger == header.ledger && $0.timeline == header.timeline } ?? true
        guard isOfThisLedger else { throw refusal(path, "the chunk is of another ledger") }
        guard let previous = chunks.last else {
            if header.predecessor == nil { return }
            throw refusal(path, "the chunks before it are missing")
        }
        guard let predecessor = header.predecessor, previous.isPredecessor(predecessor),
            header.ledger == previous.header.ledger, header.timeline == previous.header.timeline
        else { throw refusal(path, "the chunk does not follow the one before it") }
    }

    /// The chunk ends as it may.
    private func checkEnding(
        _ scan: ChunkScan, _ path: String, _ planned: Planned, isLast: Bool
    ) throws {
        if case .corrupt(let offset, let error) = scan.ending {
            throw corruption(
                path: path, offset: offset, from: scan.nextPosition, through: nil, error)
        }
        if !isLast, scan.ending != .sealed {
            throw refusal(path, "the chunk has no end, but another follows")
        }
        guard let seal = planned.seal else { return }
        guard let footer = scan.footer, footer.offset == Int(seal.footerOffset),
            scan.goodByteCount == Int(seal.byteCount), footer.content.root == seal.root
        else { throw refusal(path, "the sealed chunk is not the one that the manifest names") }
    }

    func refusal(_ path: String, _ what: String) -> Failure {
        Failure(
            .ledgerCorrupt, "\(path): \(what)",
            hint: "a file of the ledger is missing, doubled or exchanged: put the files back "
                + "as they were, or restore a backup with 'segledger restore'")
    }
}
