import Foundation
import FrameCodec
import SegmentModel
import Testing

@Suite("Any frame") struct GeneratedFrameTests {
    /// The seed of SEGLEDGER_SEED, or seeds that never change.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SEGLEDGER_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return Array(0..<(environment["SEGLEDGER_LONG"] == "1" ? 5000 : 60))
    }()

    static func decoded(_ frame: Frame) throws -> Frame {
        let (_, bytes) = FrameCodecTests.encoded(frame)
        return try bytes.withUnsafeBytes { try FrameCodec.decode(try FrameHeader($0), in: $0) }
    }

    @Test("INV-2: generated frames read back as they were written")
    func roundTrip() throws {
        for seed in Self.seeds {
            var frames = GeneratedFrames(seed: seed)
            for _ in 0..<2 {
                let frame = frames.next()
                let decoded = try Self.decoded(frame)
                let isSame = FrameCodecTests.content(decoded) == FrameCodecTests.content(frame)
                #expect(isSame, "seed \(seed)")
            }
        }
    }

    @Test("INV-2: one block of several frames, read back, says what the frames say")
    func merged() throws {
        for seed in Self.seeds {
            var frames = GeneratedFrames(seed: seed)
            var block = frames.next()
            var events = FrameMergingTests.events(block)
            var profiles = block.newProfiles.map(block.string)
            for _ in 0..<3 {
                let next = frames.next()
                events += FrameMergingTests.events(next)
                profiles += next.newProfiles.map(next.string)
                block.append(next)
            }
            let decoded = try Self.decoded(block)
            #expect(FrameMergingTests.events(decoded) == events, "seed \(seed)")
            #expect(decoded.newProfiles.map(decoded.string) == profiles, "seed \(seed)")
            #expect(decoded.firstPosition == block.firstPosition, "seed \(seed)")
            #expect(decoded.recordedAt == block.recordedAt, "seed \(seed)")
        }
    }

    @Test("INV-2: a decoded frame encodes to the bytes that it came from")
    func stable() throws {
        for seed in Self.seeds {
            var frames = GeneratedFrames(seed: seed)
            let (_, bytes) = FrameCodecTests.encoded(frames.next())
            let decoded = try bytes.withUnsafeBytes {
                try FrameCodec.decode(try FrameHeader($0), in: $0)
            }
            #expect(FrameCodecTests.encoded(decoded).1 == bytes, "seed \(seed)")
        }
    }

    @Test("INV-2: damaged payloads give a frame or an error, never a trap")
    func damaged() throws {
        for seed in Self.seeds {
            var frames = GeneratedFrames(seed: seed)
            let (header, bytes) = FrameCodecTests.encoded(frames.next())
            let payload = try bytes.withUnsafeBytes { try FrameCodec.payload(of: header, in: $0) }
            var random = SeededGenerator(seed: ~seed)
            for _ in 0..<40 {
                var damaged = payload
                for _ in 0...random.below(3) {
                    let value = [0, 1, 0x7F, 0x80, 0xFF, UInt8(random.below(256))]
                    // Most columns that say much of others stand at the front.
                    let reach = random.chance(4) ? min(64, damaged.count) : damaged.count
                    let place = random.below(reach)
                    damaged[place] = value[random.below(6)]
                }
                do {
                    let frame = try FrameCodec.decode(header, payload: damaged)
                    #expect(frame.events.count == Int(header.eventCount), "seed \(seed)")
                } catch {
                    #expect(!error.description.isEmpty, "seed \(seed)")
                }
            }
        }
    }
}
