package import FrameCodec
package import SegmentModel
package import StorageIO

/// Copies a ledger up to a position into another directory (INV-9).
///
/// Invariants:
/// - the source is only read;
/// - the copy stands under a temporary name until it is whole, synced and checked: after any
///   failure nothing in the target looks like a ledger;
/// - same ledger id and same events; other salts and chunk ids, so that files of the two are never
///   taken for each other.
///
/// Blocks: call it on an owned thread.
package struct LedgerCopy {
    package enum Timeline: Sendable {
        /// A backup: the same history.
        case kept
        /// A restore: from here on another history.
        case new
    }

    private let source: LedgerCopySource
    private let target: String
    private let fileSystem: any FileSystem

    package init(
        of source: LedgerCopySource, into target: String,
        fileSystem: any FileSystem = LocalFileSystem()
    ) {
        self.source = source
        self.target = target
        self.fileSystem = fileSystem
    }

    private var partial: String { target + "/ledger.partial" }

    /// Writes the copy.
    ///
    /// - Parameters:
    ///   - cut: the last position to copy; nil: everything.
    ///   - visit: gets each frame of the source that the copy takes something of.
    ///   - check: gets the finished copy before it gets its name.
    /// - Returns: the position after the copy's last event.
    /// - Throws: `usageInvalid` if something stands in the target, `notFound` if the source does
    ///   not reach the cut, `ledgerCorrupt` if it is damaged before it; what the closures throw.
    package func run(
        through cut: Position?, timeline: Timeline,
        visit: (Frame) throws -> Void = { _ in },
        check: (LedgerCopySource) throws -> Void = { _ in }
    ) throws -> Position {
        do {
            try refuseUsedTarget()
            try fileSystem.makeDirectory(target)
            guard let lock = try fileSystem.lock(LedgerDirectory.lock(target)) else {
                throw Failure(
                    .ledgerLocked, "\(target) is held by another segledger process",
                    hint: "name another directory")
            }
            defer { lock.release() }
            try refuseUsedTarget()
            try fileSystem.makeDirectory(partial)
            try clear()
            return try fill(through: cut, timeline, visit, check)
        } catch let error as StorageError {
            throw error.failure.wrapped("copying the ledger")
        }
    }

    private func fill(
        through cut: Position?, _ timeline: Timeline, _ visit: (Frame) throws -> Void,
        _ check: (LedgerCopySource) throws -> Void
    ) throws -> Position {
        do {
            let end = try write(through: cut, timeline, visit)
            try check(LedgerCopySource(chunks: partial, fileSystem: fileSystem))
            try fileSystem.rename(partial, to: LedgerDirectory.chunks(target))
            try fileSystem.syncDirectory(target)
            try fileSystem.syncDirectory(parent)
            return end
        } catch {
            let first = (error as? StorageError)?.failure ?? error
            do {
                if try fileSystem.exists(partial) { try clear() }
            } catch {
                throw (first as? Failure)?.wrapped("copying; \(partial) can be deleted") ?? first
            }
            throw first
        }
    }

    private func write(
        through cut: Position?, _ timeline: Timeline, _ visit: (Frame) throws -> Void
    ) throws -> Position {
        let random = RandomSource.system
        let newTimeline = timeline == .new ? random.bytes(16) : nil
        var chunks: [LedgerManifest.Chunk] = []
        var chunk: LedgerCopyChunk?
        var predecessor: ChunkHeader.Predecessor?
        var end = Position(0)
        var last: ChunkHeader?
        try source.walk(
            begin: { original in
                var header = original
                header.timeline = newTimeline ?? original.timeline
                header.chunkID = random.chunkID()
                header.predecessor = predecessor
                header.replacedChunkID = nil
                chunk = LedgerCopyChunk(header)
            },
            visit: { found, bytes in
                try visit(found.frame)
                end = try Self.add(found, bytes, through: cut, to: &chunk!)
                return cut.map { end <= $0 } ?? true
            },
            end: { isLast, footer in
                let finished = chunk!.finished(at: end, footer: footer, isLast: isLast)
                predecessor = finished.asPredecessor
                try finished.write(to: partial, fileSystem)
                chunks.append(finished.manifest)
                last = finished.header
                chunk = nil
            })
        if let cut, end <= cut {
            throw Failure(
                .notFound, "the ledger has no position \(cut); it ends before \(end)",
                hint: "give a position below \(end)")
        }
        if let last { try writeManifest(chunks, like: last) }
        return end
    }

    private func writeManifest(
        _ chunks: [LedgerManifest.Chunk], like header: ChunkHeader
    ) throws(StorageError) {
        let manifest = LedgerManifest(ledger: header.ledger, timeline: header.timeline)
        do throws(ManifestFile.UpdateError) {
            try ManifestFile(manifest, directory: partial, fileSystem)
                .update { $0.chunks = chunks }
        } catch {
            switch error {
            case .unchanged(let error), .unknown(let error): throw error
            }
        }
    }

    /// Adds a frame, or its part up to the cut; returns the position after it.
    private static func add(
        _ found: ChunkScan.Found, _ bytes: UnsafeRawBufferPointer, through cut: Position?,
        to chunk: inout LedgerCopyChunk
    ) throws -> Position {
        let frame = found.frame
        let last = frame.endPosition.predecessor!
        if let cut, cut < last {
            let part = frame.ending(with: cut)
            chunk.append(part)
            return part.endPosition
        }
        let stored = UnsafeRawBufferPointer(
            rebasing: bytes[found.offset..<found.offset + found.byteCount])
        try chunk.append(stored: stored, isEnd: cut == last)
        return frame.endPosition
    }

    // MARK: The target

    /// Refuses a target with anything in it but what an interrupted copy leaves.
    private func refuseUsedTarget() throws {
        guard try fileSystem.exists(target) else { return }
        if try LedgerDirectory.hasLedger(target, fileSystem) {
            throw Failure(
                .usageInvalid, "\(target) holds a ledger already",
                hint: "name a new or an empty directory")
        }
        let chunks = LedgerDirectory.chunks(target)
        for name in try fileSystem.list(target) {
            let path = target + "/" + name
            if path == LedgerDirectory.lock(target) || path == partial { continue }
            if path == chunks, try fileSystem.list(chunks).isEmpty { continue }
            throw Failure(
                .usageInvalid, "\(target) is not empty: it holds \(name)",
                hint: "name a new or an empty directory")
        }
    }

    private func clear() throws(StorageError) {
        for name in try fileSystem.list(partial) { try fileSystem.remove(partial + "/" + name) }
    }

    private var parent: String {
        var path = target[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
