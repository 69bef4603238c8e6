internal import FrameCodec
internal import StorageIO
internal import Synchronization

/// Decodes frames in portions for one caller, the next ones on a thread of its own meanwhile.
/// Few and small frames are decoded by the caller alone.
///
/// Invariants:
/// - whichever thread decodes a portion, the caller gets them one by one, in order;
/// - at most `windowLength` portions are decoded ahead;
/// - after `finish` no thread reads the bytes.
final class FrameDecoding: Sendable {
    /// Neighbours.
    typealias Portion = ArraySlice<ChunkScan.Place>
    /// The frames up to the first whose content breaks the format.
    typealias Decoded = (frames: [Frame], error: FrameError?)

    private struct State {
        /// The first portion that nobody has begun.
        var next = 0
        /// The portion that the caller wants, or is at.
        var wanted = 0
        /// By portion, as far as they were decoded and not taken.
        var results: [Int: Decoded] = [:]
        var isFinished = false
    }

    private static let windowLength = 8
    /// Raw bytes of a portion: frames are small where each commit has few events.
    private static let portionByteCountTarget = 256 << 10
    /// Portions from which on a second thread pays.
    private static let threadPortionCountMin = 4

    let portions: [Portion]
    private let bytes: Bytes
    private let depth: @Sendable (ChunkScan.Place) -> ChunkScan.Depth
    private let state = Mutex(State())
    private let wakeUp = WakeUp()
    private let done = WakeUp()
    private let ended = WakeUp()

    private struct Bytes: @unchecked Sendable {  // read only, and alive until `finish`
        let buffer: UnsafeRawBufferPointer
    }

    /// - Parameters:
    ///   - bytes: what the places are offsets in; they live until `finish`.
    ///   - depth: how much of a frame is decoded.
    init(
        _ bytes: UnsafeRawBufferPointer, _ places: [ChunkScan.Place],
        depth: @escaping @Sendable (ChunkScan.Place) -> ChunkScan.Depth
    ) {
        self.bytes = Bytes(buffer: bytes)
        self.depth = depth
        portions = Self.portions(places)
        if hasThread { startDetachedThread(name: "ledger-decoder") { self.decodeAhead() } }
    }

    private static func portions(_ places: [ChunkScan.Place]) -> [Portion] {
        var portions: [Portion] = []
        var start = 0
        var byteCount = 0
        for (number, place) in places.enumerated() {
            byteCount += Int(place.header.rawByteCount)
            if byteCount < portionByteCountTarget, number < places.count - 1 { continue }
            portions.append(places[start...number])
            (start, byteCount) = (number + 1, 0)
        }
        return portions
    }

    private var hasThread: Bool { portions.count >= Self.threadPortionCountMin }

    /// Portion `number`: the one after the last that was taken.
    func take(_ number: Int) -> Decoded {
        state.withLock { $0.wanted = number }
        wakeUp.signal()
        while true {
            let result = state.withLock { $0.results.removeValue(forKey: number) }
            if let result { return result }
            if let portion = begin() {
                finish(portion, decode(portions[portion]))
            } else {
                done.wait()
            }
        }
    }

    /// Ends the thread, whatever is left.
    func finish() {
        guard hasThread else { return }
        state.withLock { $0.isFinished = true }
        wakeUp.signal()
        ended.wait()
    }

    private func decodeAhead() {
        while !state.withLock({ $0.isFinished || $0.next == portions.count }) {
            if let portion = begin() {
                finish(portion, decode(portions[portion]))
            } else {
                wakeUp.wait()
            }
        }
        ended.signal()
    }

    private func begin() -> Int? {
        state.withLock { state in
            guard state.next < min(portions.count, state.wanted + Self.windowLength) else {
                return nil
            }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func finish(_ number: Int, _ result: Decoded) {
        state.withLock { $0.results[number] = result }
        done.signal()
    }

    private func decode(_ portion: Portion) -> Decoded {
        var frames: [Frame] = []
        for place in portion {
            let frame = UnsafeRawBufferPointer(rebasing: bytes.buffer[place.offset...])
            do throws(FrameError) {
                switch depth(place) {
                case .whole: frames.append(try FrameCodec.decode(place.header, in: frame))
                case .events: frames.append(try FrameCodec.decodeEvents(place.header, in: frame))
                }
            } catch {
                return (frames, error)
            }
        }
        return (frames, nil)
    }
}
