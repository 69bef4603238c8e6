internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// One chunk as readers see it.
struct PublishedChunk {
    var handle: ChunkHandle
    var chunkID: UInt64
    var firstPosition: Position
    var index: ChunkIndex
}

/// What readers see: chunks, index and end move together, after the sync.
struct PublishedState {
    struct Waiter {
        var position: Position
        var continuation: CheckedContinuation<Bool, Never>
    }

    /// Where a frame is to be read.
    struct Place {
        var handle: ChunkHandle
        var chunkID: UInt64
        var entry: ChunkIndex.Entry
    }

    var chunks: [PublishedChunk] = []
    var end = Position(0)
    /// Of the fingerprint at `end`; nil: nobody has computed it yet.
    var digest: UInt128?
    var isClosed = false
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0

    /// Removes and returns the waiters whose event is there, or all once closed.
    mutating func takeReadyWaiters() -> [CheckedContinuation<Bool, Never>] {
        if waiters.isEmpty { return [] }
        let ready = waiters.filter { isClosed || $0.value.position < end }
        for key in ready.keys { waiters.removeValue(forKey: key) }
        return ready.values.map(\.continuation)
    }

    /// The frame that holds a position.
    func place(containing position: Position) -> Place? {
        guard position < end else { return nil }
        let number = chunks.partitionIndex(where: { $0.firstPosition > position }) - 1
        return chunks[number].index.frame(containing: position).map { place($0, chunk: number) }
    }

    /// The first frame with an event of the segment that ends after `position`.
    func place(of segment: SegmentID, after position: Position?) -> Place? {
        var number = 0
        if let position {
            number = max(0, chunks.partitionIndex(where: { $0.firstPosition > position }) - 1)
        }
        while number < chunks.count {
            if let entry = chunks[number].index.frame(of: segment, after: position) {
                return place(entry, chunk: number)
            }
            number += 1
        }
        return nil
    }

    /// The first frame whose newest platform event is later than `time`, and the last platform
    /// event before that frame.
    func place(after time: Timestamp) -> (later: Place?, lastPlatform: Position?) {
        let number = chunks.partitionIndex(where: { $0.index.lastTime > time })
        guard number < chunks.count else { return (nil, lastPlatform(through: chunks.count)) }
        let entries = chunks[number].index.entries
        let index = entries.partitionIndex(where: { $0.lastTime > time })
        precondition(index < entries.count, "a chunk's time comes from one of its frames")
        let before =
            entries[..<index].last { $0.lastPlatformPosition != nil }?.lastPlatformPosition
        return (
            place(entries[index], chunk: number), before ?? lastPlatform(through: number)
        )
    }

    /// The newest platform event of the first `count` chunks.
    private func lastPlatform(through count: Int) -> Position? {
        for chunk in chunks[..<count].reversed() {
            let entry = chunk.index.entries.last { $0.lastPlatformPosition != nil }
            if let entry { return entry.lastPlatformPosition }
        }
        return nil
    }

    /// The first frame that ends after `position` and has an event recorded after `time`.
    func place(recordedAfter time: Timestamp, endingAfter position: Position) -> Place? {
        for (number, chunk) in chunks.enumerated() {
            let entries = chunk.index.entries
            guard let last = entries.last, last.recordedAt > time, last.endPosition > position
            else { continue }
            let index = entries.partitionIndex(where: {
                $0.endPosition > position && $0.recordedAt > time
            })
            return place(entries[index], chunk: number)
        }
        return nil
    }

    private func place(_ entry: ChunkIndex.Entry, chunk number: Int) -> Place {
        Place(handle: chunks[number].handle, chunkID: chunks[number].chunkID, entry: entry)
    }
}

/// What callers hand to the writer.
struct AppendQueue {
    struct Submission {
        var batch: EventBatch
        var continuation: CheckedContinuation<AppendResult, any Error>

        var byteCount: Int {
            batch.bytes.count + batch.events.count * 64 + batch.ordinals.count * 4
        }
    }

    var submissions: [Submission] = []
    var byteCount = 0
    /// Callers that wait for room.
    var blocked: [CheckedContinuation<Void, Never>] = []
    var poison: Failure?
    var isStopped = false
    var closing: CheckedContinuation<Void, any Error>?
}
