package import FrameCodec
package import SegmentModel
internal import StorageIO
internal import Synchronization

/// The ledger in files of one data directory (docs/internals/ledger-format.md).
///
/// Open it with `open(_:)`, end with `close()`. The writer runs on its own thread; reads run on the
/// caller's.
package final class FileLedger: Ledger {
    package let identity: LedgerIdentity
    /// What opening had to mend, as sentences for the operator.
    package let notices: [String]
    let shared: LedgerShared
    /// nil: opened to read.
    private let writer: LedgerWriter?
    private let lock: (any FileLock)?
    private let cache = Mutex(FrameCache())
    /// Of frames without their field records.
    private let changesCache = Mutex(FrameCache())

    init(
        identity: LedgerIdentity, notices: [String], shared: LedgerShared, writer: LedgerWriter?,
        lock: (any FileLock)?
    ) {
        self.identity = identity
        self.notices = notices
        self.shared = shared
        self.writer = writer
        self.lock = lock
        writer?.start()
    }

    /// Whether this process may append.
    package var isWritable: Bool { writer != nil }

    package var end: Position { shared.end }

    package var profileCount: Int { shared.dictionary.withLock { $0.profiles.count } }

    // MARK: Writing

    package func append(_ batch: EventBatch) async throws -> AppendResult {
        guard let writer else {
            throw Failure(
                .ledgerLocked, "the data directory is held by another process",
                hint: "stop that process, or wait until it has ended")
        }
        guard !batch.isEmpty else { return AppendResult() }
        if !batch.ordinals.isEmpty { try batch.checkOrdinals(profileCount: profileCount) }
        await waitForRoom()
        return try await withCheckedThrowingContinuation { continuation in
            let submission = AppendQueue.Submission(batch: batch, continuation: continuation)
            let refusal: Failure? = shared.queue.withLock { queue in
                if let poison = queue.poison { return poison }
                precondition(!queue.isStopped, "append after close")
                queue.submissions.append(submission)
                queue.byteCount += submission.byteCount
                return nil
            }
            if let refusal {
                continuation.resume(throwing: refusal)
            } else {
                writer.signal()
            }
        }
    }

    /// The queue is bounded: callers beyond it wait here until the writer has taken what is there.
    private func waitForRoom() async {
        while shared.queue.withLock({ $0.byteCount > Limits.appendQueueByteCountMax }) {
            await withCheckedContinuation { continuation in
                let isRoom = shared.queue.withLock { queue in
                    if queue.byteCount <= Limits.appendQueueByteCountMax { return true }
                    queue.blocked.append(continuation)
                    return false
                }
                if isRoom { continuation.resume() }
            }
        }
    }

    package func close() async throws {
        if let writer {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                shared.queue.withLock { queue in
                    precondition(!queue.isStopped, "a ledger is closed once")
                    queue.isStopped = true
                    queue.closing = continuation
                }
                writer.signal()
            }
        } else {
            shared.markClosed()
        }
        let handles = shared.published.withLock { $0.chunks.map(\.handle) }
        do throws(StorageError) {
            for handle in handles { try handle.close() }
        } catch {
            throw error.failure
        }
        lock?.release()
    }

    // MARK: Waiting

    package func waitForEvent(at position: Position) async -> Bool {
        let key = shared.published.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = shared.published.withLock { state in
                    if position < state.end { return true }
                    if state.isClosed || Task.isCancelled || writer == nil { return false }
                    state.waiters[key] = PublishedState.Waiter(
                        position: position, continuation: continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = shared.published.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume(returning: false)
        }
    }

    // MARK: Reading

    package func frame(containing position: Position) throws -> Frame? {
        try shared.published.withLock { $0.place(containing: position) }.map(read)
    }

    package func frame(of segment: SegmentID, after position: Position?) throws -> Frame? {
        try shared.published.withLock { $0.place(of: segment, after: position) }.map(read)
    }

    package func changes(of segment: SegmentID, after position: Position?) throws -> Frame? {
        let place = shared.published.withLock { $0.place(of: segment, after: position) }
        guard let place else { return nil }
        let key = FrameCache.Key(chunkID: place.chunkID, offset: place.entry.offset)
        if let frame = cache.withLock({ $0.frame(key) }) { return frame }
        if let frame = changesCache.withLock({ $0.frame(key) }) { return frame }
        let frame = try place.decode(FrameCodec.decodeChanges)
        changesCache.withLock { $0.insert(frame, key) }
        return frame
    }

    func read(_ place: PublishedState.Place) throws -> Frame {
        let key = FrameCache.Key(chunkID: place.chunkID, offset: place.entry.offset)
        if let frame = cache.withLock({ $0.frame(key) }) { return frame }
        let frame = try place.decode(FrameCodec.decode)
        cache.withLock { $0.insert(frame, key) }
        return frame
    }

    package func position(at moment: Moment) throws -> Position? {
        switch moment {
        case .position(let position):
            guard position < end else {
                throw Failure(
                    .notFound, "the ledger has no position \(position); it ends before \(end)",
                    hint: "give a position below \(end)")
            }
            return position
        case .time(let time):
            return try lastPosition(notAfter: time)
        }
    }

    /// docs/decisions/0002: the last platform event whose ledger time is not later, and the system
    /// events right behind it that were not recorded later.
    private func lastPosition(notAfter time: Timestamp) throws -> Position? {
        let (later, before) = shared.published.withLock { $0.place(after: time) }
        var lastPlatform = before
        var cut = end
        if let later {
            let frame = try read(later)
            for (index, event) in frame.events.enumerated() where !event.kind.isSystem {
                let position = frame.firstPosition.advanced(by: index)
                guard event.time <= time else {
                    cut = position
                    break
                }
                lastPlatform = position
            }
        }
        let start = lastPlatform.map { $0.advanced(by: 1) } ?? Position(0)
        return min(try firstPosition(recordedAfter: time, from: start), cut).predecessor
    }

    /// The first event at or behind `start` that was recorded after `time`; the end without one.
    private func firstPosition(
        recordedAfter time: Timestamp, from start: Position
    ) throws -> Position {
        let place = shared.published.withLock {
            $0.place(recordedAfter: time, endingAfter: start)
        }
        guard let frame = try place.map(read) else { return end }
        for (index, event) in frame.events.enumerated() where event.recordedAt > time {
            let position = frame.firstPosition.advanced(by: index)
            if position >= start { return position }
        }
        preconditionFailure("the frame's last event was recorded later")
    }

    // MARK: The dictionary

    package func ordinal(of profileID: String) -> ProfileOrdinal? {
        var profileID = profileID
        return profileID.withUTF8 { key in
            shared.dictionary.withLock { $0.profiles.find(UnsafeRawBufferPointer(key)) }
        }.map { ProfileOrdinal($0) }
    }

    package func profileID(of ordinal: ProfileOrdinal) -> String {
        shared.dictionary.withLock { $0.profiles.string(of: Int(ordinal.rawValue)) }
    }

    package func fieldName(_ number: UInt32) -> String {
        shared.dictionary.withLock { $0.fieldNames.string(of: Int(number)) }
    }
}

/// The decoded frames that were read last.
struct FrameCache {
    struct Key: Hashable {
        var chunkID: UInt64
        var offset: Int
    }

    private static let countMax = 16
    private var frames: [(key: Key, frame: Frame)] = []

    func frame(_ key: Key) -> Frame? { frames.first { $0.key == key }?.frame }

    mutating func insert(_ frame: Frame, _ key: Key) {
        if frames.count == Self.countMax { frames.removeFirst() }
        frames.append((key, frame))
    }
}

/// INV-2: names file, offset and positions, and the way out.
func corruption(
    path: String, offset: Int, from first: Position, through last: Position?, _ error: FrameError
) -> Failure {
    let positions = last.map { "positions \(first) to \($0)" } ?? "positions from \(first) on"
    if case .version = error {
        return Failure(
            .formatUnknown, "\(path): at byte \(offset), \(error), which this version cannot read",
            hint: "open it with the version of segledger that wrote it, or a later one")
    }
    return Failure(
        .ledgerCorrupt,
        "\(path): acknowledged data is damaged at byte \(offset) (\(positions)): \(error)",
        hint: "keep the file as it is; restore a backup with 'segledger restore --from DIR "
            + "--into NEW', or save what is before it with 'segledger restore --from THIS --into "
            + "NEW --to @\(first.predecessor?.description ?? "POSITION")'")
}
