internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Reads and checks NDJSON on a thread of its own, and cuts it into parts that are appended whole.
///
/// One part at a time: who asks for the next has the one before. A part's memory can be given back,
/// for fresh memory costs as much as the parsing.
final class EventReader: Sendable {
    private let input: InputFile
    private let thread = OwnedThread(name: "event-reader")
    /// Locked by the thread's one job at a time.
    private let parts: Mutex<EventPartReader>
    private let spare = Mutex<EventBatch?>(nil)

    init(_ input: InputFile, now: Timestamp) {
        self.input = input
        parts = Mutex(EventPartReader(now: now))
    }

    deinit { thread.stop() }

    /// The next part; nil at the end of the input.
    ///
    /// - Throws: `inputRefused` naming the line; `CancellationError` once the input is cancelled.
    func next() async throws -> EventBatch? {
        try await thread.run { [self] in
            let used = spare.withLock { $0.take() }
            return try parts.withLock { try $0.next(from: input, into: used ?? EventBatch()) }
        }
    }

    /// Gives the memory of a part that is appended to the part after the next.
    func reuse(_ batch: consuming EventBatch) {
        let used = batch
        spare.withLock { $0 = used }
    }
}
