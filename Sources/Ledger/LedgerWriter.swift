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
final class LedgerWriter: @unchecked Sendable {  // `tail` and `codec` belong to the writer thread
    private static let idleMilliseconds = 50

    let queue = Mutex(AppendQueue())
    private let wakeUp = WakeUp()
    private let shared: LedgerShared
    private let clock: any WallClock
    private let fileSystem: any FileSystem
    private let directory: String
    private var tail: ChunkFile
    private var header: ChunkHeader
    private var codec = FrameCodec()
    private var needsMark: Bool

    init(
        tail: ChunkFile, header: ChunkHeader, needsMark: Bool, shared: LedgerShared,
        clock: any WallClock, fileSystem: any FileSystem, directory: String
    ) {
        self.tail = tail
        self.header = header
        self.needsMark = needsMark
        self.shared = shared
        self.clock = clock
        self.fileSystem = fileSystem
        self.directory = directory
    }

    func start() {
        startDetachedThread(name: "ledger-writer") { self.runUntilStopped() }
    }

    func signal() { wakeUp.signal() }

    // MARK: The loop

    private func runUntilStopped() {
        while true {
            let (group, isStopped, blocked) = queue.withLock { queue in
                defer {
                    queue.submissions.removeAll()
                    queue.byteCount = 0
                    queue.blocked.removeAll()
                }
                return (queue.submissions, queue.isStopped, queue.blocked)
            }
            for caller in blocked { caller.resume() }
            if !group.isEmpty {
                commit(group)
            } else if isStopped {
                close()
                return
            } else if needsMark {
                if !wakeUp.wait(milliseconds: Self.idleMilliseconds) { mark() }
            } else {
                wakeUp.wait()
            }
        }
    }

    private func commit(_ group: [AppendQueue.Submission]) {
        if let poison = queue.withLock({ $0.poison }) {
            for one in group { one.continuation.resume(throwing: poison) }
            return
        }
        do throws(Failure) {
            try makeRoom(for: group)
        } catch {
            for one in group { one.continuation.resume(throwing: error) }
            return
        }
        let encoded = encode(group)
        if encoded.frameCount > 0 {
            do throws(StorageError) {
                try tail.append(encoded.bytes, frameCount: encoded.frameCount)
            } catch {
                let failure = poison(error)
                for one in group { one.continuation.resume(throwing: failure) }
                return
            }
            needsMark = true
            shared.publish(encoded.frames)
        }
        for (one, result) in zip(group, encoded.results) {
            one.continuation.resume(returning: result)
        }
    }

    // MARK: Room

    /// Raw bytes at most; what is stored is never larger.
    private func byteCountMax(_ group: [AppendQueue.Submission]) -> Int {
        var count = 0
        for one in group {
            count +=
                one.batch.bytes.count + one.batch.events.count * 192
                + one.batch.profiles.count * 16 + one.batch.fields.count * 24
                + one.batch.ordinals.count * 4
        }
        return count + (count / Limits.framePayloadByteCountTarget + group.count + 2) * 512
    }

    private func makeRoom(for group: [AppendQueue.Submission]) throws(Failure) {
        let byteCount = byteCountMax(group)
        guard shared.dictionary.withLock({ $0.profiles.records.hasRoom(byteCount: byteCount) })
        else {
            throw Failure(
                .storageFull, "the profiles' ids and current fields fill the 32 GiB that they may",
                hint: "begin another ledger; docs/reference/limits.md names the limit")
        }
        do throws(StorageError) {
            if tail.byteCount >= Limits.chunkByteCountTarget { try startNextChunk() }
            try tail.reserve(byteCount + FrameHeader.byteCount)
        } catch {
            if error.isDiskFull { throw error.failure }
            throw poison(error)
        }
    }

    /// Ends this chunk and starts the next.
    private func startNextChunk() throws(StorageError) {
        let end = shared.end
        try tail.append(.end, at: end)
        try tail.cutReserve()
        var next = header
        next.chunkID = randomNumber()
        next.createdAt = clock.now()
        next.firstPosition = end
        next.predecessor = ChunkHeader.Predecessor(
            chunkID: tail.chunkID, byteCount: UInt64(tail.byteCount), frameCount: tail.frameCount)
        next.replacedChunkID = nil
        shared.dictionary.withLock { dictionary in
            next.firstOrdinal = UInt32(dictionary.profiles.count)
            next.firstFieldName = UInt32(dictionary.fieldNames.count)
            next.lastTime = dictionary.lastTime
            next.lastRecordedAt = dictionary.lastRecordedAt
        }
        tail = try ChunkFile.create(
            next, bytes: ChunkFile.firstFrame(next), frameCount: 1, directory: directory,
            fileSystem)
        header = next
        shared.addChunk(tail.file, path: tail.path, firstPosition: end)
    }

    // MARK: Frames

    private struct Encoded {
        var bytes: [UInt8] = []
        var frames: [(frame: Frame, offset: Int, byteCount: Int)] = []
        var results: [AppendResult] = []

        var frameCount: Int { frames.count }
    }

    private func encode(_ group: [AppendQueue.Submission]) -> Encoded {
        let now = clock.now()
        var position = shared.end
        var encoded = Encoded()
        shared.dictionary.withLock { dictionary in
            var builder = FrameBuilder(position: position, now: now, dictionary: &dictionary)
            for one in group {
                var result = AppendResult()
                for index in one.batch.events.indices {
                    if builder.isFull {
                        position = position.advanced(by: builder.frame.events.count)
                        append(builder.frame, isContinued: index > 0, &encoded)
                        builder = FrameBuilder(
                            position: position, now: now, dictionary: &dictionary)
                    }
                    guard builder.add(one.batch, index, &dictionary) else {
                        result.duplicateCount += 1
                        continue
                    }
                    Self.count(builder.frame, &result)
                }
                encoded.results.append(result)
            }
            if !builder.isEmpty {
                append(builder.frame, isContinued: false, &encoded)
            }
        }
        return encoded
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

    private func append(_ frame: Frame, isContinued: Bool, _ encoded: inout Encoded) {
        var header = FrameHeader(
            kind: .data, salt: tail.chunkID,
            frameNumber: tail.frameCount + UInt64(encoded.frameCount),
            durableUpTo: UInt64(tail.durableByteCount), firstPosition: frame.firstPosition)
        header.isContinued = isContinued
        let start = encoded.bytes.count
        _ = codec.encode(frame, header: header, into: &encoded.bytes)
        encoded.frames.append((frame, tail.byteCount + start, encoded.bytes.count - start))
    }

    // MARK: Idle, poison, end

    private func mark() {
        do throws(StorageError) {
            try tail.append(.mark, at: shared.end)
            needsMark = false
        } catch {
            needsMark = false
            // A full disk refuses the zeros in front of the mark: it comes with the next frame.
            if !error.isDiskFull { _ = poison(error) }
        }
    }

    private func poison(_ error: StorageError) -> Failure {
        let failure = Failure(
            .ledgerPoisoned,
            "writing the ledger failed (\(error.failure.message)): whether the last events are "
                + "durable is unknown, and nothing more is written",
            hint: "start the command again: it recovers the ledger; events that carry an event_id "
                + "can be sent again safely")
        return queue.withLock { queue in
            queue.poison = queue.poison ?? failure
            return failure
        }
    }

    private func close() {
        let poison = queue.withLock { $0.poison }
        var failure: Failure? = nil
        if poison == nil {
            do throws(StorageError) {
                if needsMark { try tail.append(.mark, at: shared.end) }
                try tail.cutReserve()
            } catch {
                failure = error.failure.wrapped("closing the ledger")
            }
        }
        let closing = queue.withLock { queue in
            defer { queue.closing = nil }
            return queue.closing
        }
        shared.markClosed()
        if let failure { closing?.resume(throwing: failure) } else { closing?.resume() }
    }
}
