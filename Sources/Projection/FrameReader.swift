internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO
internal import Synchronization

/// Reads a ledger's frames in portions, the next one on a thread of its own while the last one is
/// folded, so that catching up takes as long as the slower of the two.
///
/// Invariant: one caller at a time. At most two portions are in memory.
final class FrameReader: Sendable {
    /// What a portion holds at most, beside the two limits; at least one frame.
    private static let frameCountMax = 4096

    private let shared: FrameReaderThread
    private let held = Mutex<[Frame]>([])

    init(_ ledger: any Ledger) {
        shared = FrameReaderThread { position, end in
            try Self.read(ledger, from: position, before: end)
        }
    }

    deinit {
        shared.stop()
    }

    /// The frames from the one that holds `position` on, some of those that begin before `end`.
    /// Blocks, on an owned thread or a database's queue.
    ///
    /// - Throws: `ledgerCorrupt`.
    func frames(from position: Position, before end: Position) throws -> [Frame] {
        let rest = held.withLock { $0.filter { $0.endPosition > position } }
        if let first = rest.first, first.firstPosition <= position { return rest }
        let frames = try shared.take(from: position, before: end)
        held.withLock { $0 = frames }
        if let last = frames.last, last.endPosition < end {
            shared.ask(from: last.endPosition, before: end)
        }
        return frames
    }

    /// Lets go of the frames that end at or before a position.
    func release(before position: Position) {
        held.withLock { $0.removeAll { $0.endPosition <= position } }
    }

    private static func read(
        _ ledger: any Ledger, from position: Position, before end: Position
    ) throws -> [Frame] {
        var frames: [Frame] = []
        var next = position
        var (changeCount, byteCount) = (0, 0)
        while next < end, frames.count < frameCountMax,
            changeCount < Limits.replayPortionChangeCountTarget,
            byteCount < Limits.replayPortionByteCountTarget
        {
            guard let frame = try ledger.frame(containing: next) else {
                throw Failure(
                    .ledgerCorrupt, "the ledger holds no event at position \(next)",
                    hint: "segledger verify")
            }
            next = frame.endPosition
            changeCount += frame.changeCount
            byteCount += frame.bytes.count
            frames.append(frame)
        }
        return frames
    }
}

/// The thread that reads ahead. Apart from `FrameReader`, which it does not keep alive.
private final class FrameReaderThread: Sendable {
    private struct Request {
        var position: Position
        var end: Position
        /// nil: being read.
        var answer: Result<[Frame], any Error>?
    }

    private struct State {
        var request: Request?
        var isStopped = false
    }

    private let read: @Sendable (Position, Position) throws -> [Frame]
    private let state = Mutex(State())
    private let asked = WakeUp()
    private let answered = WakeUp()

    init(_ read: @escaping @Sendable (Position, Position) throws -> [Frame]) {
        self.read = read
        startDetachedThread(name: "projector") { self.run() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        asked.signal()
    }

    /// Begins to read ahead. Precondition: what was asked before has been taken.
    func ask(from position: Position, before end: Position) {
        state.withLock { $0.request = Request(position: position, end: end) }
        asked.signal()
    }

    /// What was asked for, once it is there; read here if something else was asked, or nothing.
    func take(from position: Position, before end: Position) throws -> [Frame] {
        while let request = state.withLock({ $0.request }) {
            guard let answer = request.answer else {
                answered.wait()
                continue
            }
            state.withLock { $0.request = nil }
            if request.position == position { return try answer.get() }
        }
        return try read(position, end)
    }

    private func run() {
        while true {
            asked.wait()
            let (request, isStopped) = state.withLock { ($0.request, $0.isStopped) }
            if isStopped { return }
            guard let request, request.answer == nil else { continue }
            let answer = Result { try read(request.position, request.end) }
            state.withLock { $0.request?.answer = answer }
            answered.signal()
        }
    }
}
