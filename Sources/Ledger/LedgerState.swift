internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// What readers see: chunks, index and end move together, after the sync.
struct PublishedState {
    struct Chunk {
        var file: any File
        var path: String
        var firstPosition: Position
    }

    struct Waiter {
        var position: Position
        var continuation: CheckedContinuation<Bool, Never>
    }

    var chunks: [Chunk] = []
    var index = FrameIndex()
    var end = Position(0)
    var isClosed = false
    var waiters: [UInt64: Waiter] = [:]
    var nextWaiter: UInt64 = 0

    /// Removes and returns the waiters whose event is there, or all once closed.
    mutating func takeReadyWaiters() -> [CheckedContinuation<Bool, Never>] {
        let ready = waiters.filter { isClosed || $0.value.position < end }
        for key in ready.keys { waiters.removeValue(forKey: key) }
        return ready.values.map(\.continuation)
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
