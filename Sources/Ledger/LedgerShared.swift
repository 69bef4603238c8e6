internal import FrameCodec
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// What the writer thread and the readers share. Lock order: `dictionary` before `published`;
/// neither is held across an await or a system call, except that the writer holds `dictionary`
/// while it builds frames.
final class LedgerShared: Sendable {
    let dictionary: Mutex<LedgerDictionary>
    let published = Mutex(PublishedState())

    init(dictionary: consuming LedgerDictionary) {
        self.dictionary = Mutex(dictionary)
    }

    var end: Position { published.withLock { $0.end } }

    func addChunk(_ file: any File, path: String, firstPosition: Position) {
        published.withLock {
            $0.chunks.append(
                PublishedState.Chunk(file: file, path: path, firstPosition: firstPosition))
        }
    }

    /// Shows durable frames to readers and wakes those who wait for them.
    func publish(_ frames: [(frame: Frame, offset: Int, byteCount: Int)]) {
        let ready = published.withLock { state in
            for one in frames {
                state.index.add(
                    one.frame, chunk: state.chunks.count - 1, offset: one.offset,
                    byteCount: one.byteCount)
                state.end = one.frame.endPosition
            }
            return state.takeReadyWaiters()
        }
        for waiter in ready { waiter.resume(returning: true) }
    }

    func markClosed() {
        let ready = published.withLock { state in
            state.isClosed = true
            return state.takeReadyWaiters()
        }
        for waiter in ready { waiter.resume(returning: false) }
    }
}
