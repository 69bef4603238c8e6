internal import FrameCodec
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// What the writer thread, the keeper and the readers share. Lock order: `dictionary` before
/// `published`; `queue` by itself. None is held across an await or a system call; the writer holds
/// `dictionary` while it builds frames.
final class LedgerShared: Sendable {
    let dictionary: Mutex<LedgerDictionary>
    let published: Mutex<PublishedState>
    let queue = Mutex(AppendQueue())

    init(dictionary: consuming LedgerDictionary, published: PublishedState) {
        self.dictionary = Mutex(dictionary)
        self.published = Mutex(published)
    }

    var end: Position { published.withLock { $0.end } }

    func addChunk(_ chunk: PublishedChunk) {
        published.withLock { $0.chunks.append(chunk) }
    }

    /// Puts a sealed chunk in the place of the tail that it was made of. Readers that hold the old
    /// file read on in it.
    func replaceChunk(_ chunkID: UInt64, with chunk: PublishedChunk) {
        published.withLock { state in
            let number = state.chunks.firstIndex { $0.chunkID == chunkID }
            guard let number else { preconditionFailure("a sealed tail is one of the chunks") }
            state.chunks[number] = chunk
        }
    }

    /// Shows durable frames to readers and wakes those who wait for them.
    ///
    /// - Parameter digest: of the ledger's fingerprint behind them.
    func publish(
        _ frames: [(frame: Frame, offset: Int, byteCount: Int)], digest: UInt128
    ) {
        let ready = published.withLock { state in
            let last = state.chunks.count - 1
            for one in frames {
                state.chunks[last].index.add(
                    one.frame, offset: one.offset, byteCount: one.byteCount)
                state.end = one.frame.endPosition
            }
            state.digest = digest
            return state.takeReadyWaiters()
        }
        for waiter in ready { waiter.resume(returning: true) }
    }

    /// INV-4: from now on nothing is written any more. Returns what callers are told.
    func poison(_ error: StorageError) -> Failure {
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

    var isPoisoned: Bool { queue.withLock { $0.poison != nil } }

    func markClosed() {
        let ready = published.withLock { state in
            state.isClosed = true
            return state.takeReadyWaiters()
        }
        for waiter in ready { waiter.resume(returning: false) }
    }
}
