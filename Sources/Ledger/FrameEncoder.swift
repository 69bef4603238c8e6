internal import FrameCodec
internal import StorageIO
internal import Synchronization

/// Encodes the frames of one group, each by itself: the last one on the writer's thread, those
/// before it on a thread of its own while the writer builds the next. A group of one frame never
/// leaves the writer's thread.
///
/// Invariants:
/// - frames come out in the order in which they went in, whichever thread encoded them;
/// - one group at a time: `finish` ends it.
final class FrameEncoder: Sendable {
    /// A frame and its bytes.
    typealias Encoded = (frame: Frame, bytes: [UInt8])

    private struct State {
        var jobs: [(frame: Frame, header: FrameHeader)] = []
        var results: [[UInt8]] = []
        /// The first job that nobody has begun.
        var next = 0
        var doneCount = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeUp = WakeUp()
    private let done = WakeUp()
    /// Of the writer's thread.
    private let codec = Mutex(FrameCodec())

    /// `isInline`: all is done on the writer's thread.
    init(isInline: Bool) {
        if !isInline { startDetachedThread(name: "ledger-encoder") { self.runUntilStopped() } }
    }

    /// The next frame of the group. One that is followed by another is begun at once.
    func add(_ frame: Frame, _ header: FrameHeader, isLast: Bool) {
        state.withLock { state in
            state.jobs.append((frame, header))
            state.results.append([])
        }
        if !isLast { wakeUp.signal() }
    }

    /// Encodes what nobody has begun, waits for the rest and returns the group.
    func finish() -> [Encoded] {
        codec.withLock { codec in
            while encodeNext(&codec) {}
        }
        while !isDone { done.wait() }
        return state.withLock { state in
            let group = zip(state.jobs, state.results).map { ($0.frame, $1) }
            state = State(isStopped: state.isStopped)
            return group
        }
    }

    private var isDone: Bool { state.withLock { $0.doneCount == $0.jobs.count } }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp.signal()
    }

    private func runUntilStopped() {
        var codec = FrameCodec()
        while !state.withLock({ $0.isStopped }) {
            while encodeNext(&codec) {}
            wakeUp.wait()
        }
    }

    /// False if there is nothing left to begin.
    private func encodeNext(_ codec: inout FrameCodec) -> Bool {
        let job = state.withLock { state -> (number: Int, frame: Frame, header: FrameHeader)? in
            guard state.next < state.jobs.count else { return nil }
            defer { state.next += 1 }
            return (state.next, state.jobs[state.next].frame, state.jobs[state.next].header)
        }
        guard let job else { return false }
        var bytes: [UInt8] = []
        _ = codec.encode(job.frame, header: job.header, into: &bytes)
        state.withLock { state in
            state.results[job.number] = bytes
            state.doneCount += 1
        }
        done.signal()
        return true
    }
}
