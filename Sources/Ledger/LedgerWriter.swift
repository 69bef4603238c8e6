internal import FrameCodec
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// The ledger's one writer: owns the tail on a thread of its own and does group commit.
///
/// Invariants:
/// - one `pwrite` and one `fdatasync` for all callers that wait; they resume together, after it;
/// - after a failed write or sync nothing more is written (INV-4): the queue is poisoned;
/// - room is reserved before the dictionary moves: a full disk refuses a group whole;
/// - when idle, an empty synced mark follows the last frame.
final class LedgerWriter: @unchecked Sendable {  // the tail belongs to the writer's thread alone
    /// What the writer works with; safe to share.
    struct Parts: Sendable {
        var shared: LedgerShared
        var manifest: ManifestFile
        var spares: SpareChunks
        /// All is done on the writer's thread, and a mark is written at the end alone, whatever
        /// time passes.
        var isInline: Bool
        var keeper: LedgerKeeper
        var sealing: LedgerSealing
        var snapshots: LedgerSnapshots
        var clock: any WallClock
        var fileSystem: any FileSystem
        var directory: String
        var sizes: LedgerSizes
        var random: RandomSource
        /// For chunks of a ledger that had no salts.
        var saltState: [UInt8]
    }

    let parts: Parts
    private let wakeUp = WakeUp()
    private var tail: ChunkFile
    private var header: ChunkHeader
    private let encoder: FrameEncoder
    /// Over all events that were given to frames.
    private var chain: FingerprintChain
    private var fieldNames = FieldNameHashes()
    private var needsMark: Bool
    /// Spares were asked for since this tail began.
    private var hasAskedForSpares = false

    init(tail: ChunkFile, header: ChunkHeader, needsMark: Bool, parts: Parts) {
        self.tail = tail
        self.header = header
        self.needsMark = needsMark
        self.parts = parts
        encoder = FrameEncoder(isInline: parts.isInline)
        guard let digest = parts.shared.published.withLock({ $0.digest }) else {
            preconditionFailure("opening to write computes the ledger's fingerprint")
        }
        chain = FingerprintChain(digest: digest)
    }

    private var shared: LedgerShared { parts.shared }

    func start() {
        startDetachedThread(name: "ledger-writer") { self.runUntilStopped() }
        parts.keeper.start()
    }

    func signal() { wakeUp.signal() }

    // MARK: The loop

    private func runUntilStopped() {
        while true {
            var (group, isStopped, unblocked) = takeGroup()
            for caller in unblocked { caller.resume() }
            if !group.isEmpty {
                commit(&group)
                parts.keeper.runInline()
            } else if isStopped {
                close()
                return
            } else if needsMark, !parts.isInline {
                if !wakeUp.wait(milliseconds: parts.sizes.idleMilliseconds) { mark() }
            } else {
                wakeUp.wait()
            }
        }
    }

    /// What goes down with the next sync: everything that waits, up to a size.
    private func takeGroup() -> (
        [AppendQueue.Submission], isStopped: Bool, unblocked: [CheckedContinuation<Void, Never>]
    ) {
        shared.queue.withLock { queue in
            var count = 0
            var byteCount = 0
            while count < queue.submissions.count, byteCount < Limits.groupByteCountTarget {
                byteCount += queue.submissions[count].byteCount
                count += 1
            }
            // Handed over, not shared: what is read here is no longer what callers append to.
            var group: [AppendQueue.Submission] = []
            if count == queue.submissions.count {
                swap(&group, &queue.submissions)
            } else {
                group.append(contentsOf: queue.submissions[..<count])
                queue.submissions.removeFirst(count)
            }
            queue.byteCount -= byteCount
            var unblocked: [CheckedContinuation<Void, Never>] = []
            if queue.byteCount <= Limits.appendQueueByteCountMax {
                swap(&unblocked, &queue.blocked)
            }
            return (group, queue.isStopped, unblocked)
        }
    }

    /// The batches are let go of before their callers go on: these may use the memory again.
    private func commit(_ group: inout [AppendQueue.Submission]) {
        let callers = group.map(\.continuation)
        do throws(Failure) {
            if let poison = shared.queue.withLock({ $0.poison }) { throw poison }
            try makeRoom(for: group)
            let results = build(group)
            group.removeAll()
            try writeFrames()
            for (caller, result) in zip(callers, results) { caller.resume(returning: result) }
        } catch {
            for caller in callers { caller.resume(throwing: error) }
        }
    }

    // MARK: Frames

    /// Gives the group's events to frames, and these to the encoder; says what became of each
    /// batch.
    private func build(_ group: [AppendQueue.Submission]) -> [AppendResult] {
        let now = parts.clock.now()
        var position = shared.end
        var frameNumber = tail.frameCount
        var results: [AppendResult] = []
        shared.dictionary.withLock { dictionary in
            var builder = FrameBuilder(position: position, now: now, dictionary: &dictionary)
            for one in group {
                var result = AppendResult()
                // A full frame goes out when it is known whether its batch goes on behind it.
                var full: Frame?
                for index in one.batch.events.indices {
                    let isOthers = index == 0 && builder.sharesBytes && !builder.isEmpty
                    if isOthers || builder.isFull(parts.sizes) {
                        position = position.advanced(by: builder.frame.events.count)
                        full = builder.frame
                        if index == 0 {
                            encode(&full, &frameNumber, dictionary, isContinued: false)
                        }
                        builder = FrameBuilder(
                            position: position, now: now, dictionary: &dictionary)
                    }
                    guard builder.add(one.batch, index, &dictionary) else {
                        result.duplicateCount += 1
                        continue
                    }
                    encode(&full, &frameNumber, dictionary, isContinued: true)
                    Self.count(builder.frame, &result)
                }
                encode(&full, &frameNumber, dictionary, isContinued: false)
                results.append(result)
            }
            var last = builder.isEmpty ? nil : Optional(builder.frame)
            encode(&last, &frameNumber, dictionary, isContinued: false, isLast: true)
        }
        return results
    }

    private static func count(_ frame: Frame, _ result: inout AppendResult) {
        let event = frame.events[frame.events.count - 1]
        let position = frame.firstPosition.advanced(by: frame.events.count - 1)
        result.eventCount += 1
        if event.kind == .profilesAdded || event.kind == .profilesRemoved {
            result.changeCount += Int(event.ordinalCount)
        }
        result.firstPosition = result.firstPosition ?? position
        result.lastPosition = position
    }

    private func encode(
        _ frame: inout Frame?, _ number: inout UInt64, _ dictionary: borrowing LedgerDictionary,
        isContinued: Bool, isLast: Bool = false
    ) {
        guard var whole = frame.take() else { return }
        whole.digestBefore = chain.digest
        fieldNames.extend(dictionary.fieldNames)
        chain.add(whole, names: fieldNames)
        var header = FrameHeader(
            kind: .data, salt: tail.chunkID, frameNumber: number,
            durableUpTo: UInt64(tail.durableByteCount), firstPosition: whole.firstPosition)
        header.isContinued = isContinued
        number += 1
        encoder.add(whole, header, isLast: isLast)
    }

    /// Makes the group's frames durable and shows them to readers.
    private func writeFrames() throws(Failure) {
        let frames = encoder.finish()
        guard !frames.isEmpty else { return }
        var offset = tail.byteCount
        let placed = frames.map { one in
            defer { offset += one.bytes.count }
            return (one.frame, offset: offset, byteCount: one.bytes.count)
        }
        let bytes = frames.count == 1 ? frames[0].bytes : frames.flatMap(\.bytes)
        do throws(StorageError) {
            try tail.append(bytes, frameCount: frames.count)
        } catch {
            throw shared.poison(error)
        }
        needsMark = true
        shared.publish(placed, digest: chain.digest)
        snapshotDictionary(after: bytes.count, on: .group)
    }

    // MARK: Idle, end

    /// INV-4: nothing, if an earlier write failed.
    private func mark() {
        guard !shared.isPoisoned else {
            needsMark = false
            return
        }
        do throws(StorageError) {
            try appendMark()
        } catch {
            _ = shared.poison(error)
        }
    }

    /// Without room for it the mark is left out: it comes behind the next frame.
    private func appendMark() throws(StorageError) {
        needsMark = false
        do throws(StorageError) {
            try tail.reserve(2 * FrameHeader.byteCount, step: parts.sizes.reserveByteCount)
        } catch {
            guard error.isDiskFull, !tail.isLost else { throw error }
            return
        }
        try tail.append(.mark, at: shared.end)
    }

    private func close() {
        var failure: Failure?
        if shared.isPoisoned {
            parts.keeper.drop()
        } else {
            do throws(StorageError) {
                if needsMark { try appendMark() }
                try tail.cutReserve()
            } catch {
                failure = error.failure.wrapped("closing the ledger")
                parts.keeper.drop()
            }
        }
        encoder.stop()
        parts.keeper.finish()
        if !shared.isPoisoned, failure == nil {
            do throws(StorageError) {
                try parts.spares.removeAll()
            } catch {
                failure = error.failure.wrapped("closing the ledger")
            }
        }
        let closing = shared.queue.withLock { queue in
            defer { queue.closing = nil }
            return queue.closing
        }
        shared.markClosed()
        if let failure { closing?.resume(throwing: failure) } else { closing?.resume() }
    }
}

// MARK: - Room

extension LedgerWriter {
    /// Raw bytes at most; what is stored is never larger.
    private func byteCountMax(_ group: [AppendQueue.Submission]) -> Int {
        var count = 0
        for one in group {
            count +=
                one.batch.bytes.count + one.batch.events.count * 192
                + one.batch.profiles.count * 16 + one.batch.fields.count * 24
                + one.batch.ordinals.count * 4
        }
        return count + (count / parts.sizes.framePayloadByteCount + group.count + 2) * 512
    }

    /// Room for the group, and for a mark and an end behind it.
    private func makeRoom(for group: [AppendQueue.Submission]) throws(Failure) {
        let count = byteCountMax(group) + 2 * FrameHeader.byteCount
        guard shared.dictionary.withLock({ $0.profiles.records.hasRoom(byteCount: count) }) else {
            throw Failure(
                .storageFull, "the profiles' ids and current fields fill the 32 GiB that they may",
                hint: "begin another ledger; docs/reference/limits.md names the limit")
        }
        // What is written is mostly far less than the count, so a chunk that is half empty goes on.
        let size = parts.sizes.chunkByteCount
        let isFull = tail.byteCount >= size / 2 && tail.byteCount + count > size
        if isFull, tail.frameCount > 1 { try startNextChunk(roomFor: count) }
        do throws(StorageError) {
            try tail.reserve(count, step: parts.sizes.reserveByteCount)
        } catch {
            throw error.isDiskFull && !tail.isLost ? error.failure : shared.poison(error)
        }
        askForSpares()
    }

    /// Ends this chunk and starts the next. A full disk changes nothing.
    private func startNextChunk(roomFor count: Int) throws(Failure) {
        let end = shared.end
        let next: NextChunk
        do throws(StorageError) {
            next = try NextChunk(
                nextHeader(at: end), from: parts.spares,
                byteCountMin: min(count + (1 << 12), parts.sizes.chunkByteCount),
                directory: parts.directory, parts.fileSystem)
        } catch {
            throw error.isDiskFull ? error.failure : shared.poison(error)
        }
        do throws(ManifestFile.UpdateError) {
            try parts.manifest.update(
                between: { () throws(StorageError) in
                    try tail.append(.end, at: end)
                    try next.publish(in: parts.directory, parts.fileSystem)
                },
                { manifest in
                    manifest.chunks.append(
                        LedgerManifest.Chunk(
                            chunkID: next.header.chunkID, firstPosition: end,
                            replacedChunkID: nil))
                })
            try use(next)
        } catch {
            throw refusal(error, next)
        }
    }

    private func refusal(_ error: ManifestFile.UpdateError, _ next: NextChunk) -> Failure {
        switch error {
        case .unchanged(let error) where error.isDiskFull:
            do throws(StorageError) {
                try next.discard(parts.fileSystem)
            } catch {
                return shared.poison(error)
            }
            return error.failure
        case .unchanged(let error), .unknown(let error):
            return shared.poison(error)
        }
    }

    private func nextHeader(at end: Position) -> ChunkHeader {
        var next = header
        next.chunkID = parts.random.chunkID()
        next.createdAt = parts.clock.now()
        next.firstPosition = end
        next.predecessor = tail.endedAsPredecessor
        next.replacedChunkID = nil
        if next.saltState.isEmpty { next.saltState = parts.saltState }
        shared.dictionary.withLock { dictionary in
            next.firstOrdinal = UInt32(dictionary.profiles.count)
            next.firstFieldName = UInt32(dictionary.fieldNames.count)
            next.lastTime = dictionary.lastTime
            next.lastRecordedAt = dictionary.lastRecordedAt
        }
        return next
    }

    /// The next chunk is the tail from now on; the one before it waits to be sealed.
    private func use(_ next: NextChunk) throws(ManifestFile.UpdateError) {
        let full = ChunkSealer.Tail(
            handle: tail.handle, header: header, byteCount: tail.byteCount,
            frameCount: tail.frameCount,
            fieldNames: shared.dictionary.withLock { $0.fieldNames(before: header.firstFieldName) })
        let handle = ChunkHandle(next.file, path: next.path)
        do throws(StorageError) {
            tail = try ChunkFile(
                handle: handle, chunkID: next.header.chunkID, byteCount: next.byteCount,
                frameCount: 1, checksum: next.checksum)
        } catch {
            throw .unknown(error)
        }
        header = next.header
        hasAskedForSpares = false
        shared.addChunk(
            PublishedChunk(
                handle: handle, chunkID: next.header.chunkID,
                firstPosition: next.header.firstPosition,
                index: ChunkIndex(timeBefore: next.header.lastTime)))
        // The snapshot first: it saves an opening after a crash the most, and sealing may need it.
        snapshotDictionary(after: 0, on: .roll)
        let sealing = parts.sealing
        sealing.add(full)
        parts.keeper.add { try sealing.sealWaiting() }
    }

    /// Has the dictionary written as it stands behind the tail's last frame, if it is time.
    private func snapshotDictionary(
        after byteCount: Int, on occasion: LedgerSnapshots.Occasion
    ) {
        let place = DictionarySnapshot.Place(at: shared.end, in: tail, header)
        let job = shared.dictionary.withLock {
            parts.snapshots.job(after: byteCount, at: place, on: occasion, &$0)
        }
        guard let job else { return }
        let sealing = parts.sealing
        parts.keeper.add {
            try job()
            try sealing.sealWaiting()
        }
    }

    /// A quarter of a chunk says that there is more to come.
    private func askForSpares() {
        guard !hasAskedForSpares, tail.byteCount >= parts.sizes.chunkByteCount / 4 else { return }
        hasAskedForSpares = true
        let (spares, count) = (parts.spares, parts.sizes.spareCount)
        parts.keeper.add { try spares.make(count: count) }
    }
}
