import Foundation
import FrameCodec
import Ledger
import Recovery
import SegmentModel
import StorageTesting
import Testing

@Suite struct FileInspectionTests {
    /// The file of a ledger with about twenty frames, and how many events are in it.
    private static func chunk(
        _ scratch: Scratch, _ generator: inout SeededGenerator
    ) async throws -> (path: String, eventCount: Int) {
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 20, &generator)
        let end = ledger.end
        try await ledger.close()
        let folder = scratch.path + "/ledger"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                .first { $0.hasSuffix(".chunk") })
        return (folder + "/" + name, Int(end.rawValue))
    }

    private static func inspect(
        _ bytes: [UInt8], _ scratch: Scratch
    ) throws -> (findings: [FileFinding], summary: FileInspection.Summary) {
        let path = scratch.path + "/inspected"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        var findings: [FileFinding] = []
        let summary = try FileInspection.inspect(path) { findings.append($0) }
        return (findings, summary)
    }

    /// The findings are all of the file, in order.
    private static func isGapless(_ findings: [FileFinding], _ byteCount: Int) -> Bool {
        var offset = 0
        for finding in findings {
            guard finding.offset == offset else { return false }
            switch finding {
            case .frame(let frame): offset += frame.header.frameByteCount
            case .gap(let gap): offset += gap.byteCount
            }
        }
        // The last frame may be cut.
        return offset >= byteCount
    }

    private static func frames(_ findings: [FileFinding]) -> [FrameFinding] {
        findings.compactMap { finding in
            if case .frame(let frame) = finding { frame } else { nil }
        }
    }

    @Test("A whole file: every frame, every event, and zeros at the end that are no fault")
    func wholeFile() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let (path, eventCount) = try await Self.chunk(scratch, &generator)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        let (findings, summary) = try Self.inspect(bytes + zeros, scratch)
        #expect(summary.eventCount == eventCount)
        #expect(summary.faultCount == 0 && !summary.isCorrupt)
        #expect(Self.isGapless(findings, bytes.count + zeros.count))
        var position = 0
        for frame in Self.frames(findings) {
            guard case .events(let content) = frame.content else { continue }
            #expect(content.firstPosition == Position(UInt64(position)))
            position += content.events.count
        }
        #expect(position == eventCount)
        guard case .chunk = Self.frames(findings)[0].content else {
            Issue.record("the first frame is the chunk's header")
            return
        }
    }

    @Test("INV-3: one flipped bit is found where it is, and what follows is found all the same")
    func flippedBits() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let (path, eventCount) = try await Self.chunk(scratch, &generator)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let good = Self.frames(try Self.inspect(bytes, scratch).findings)
        let last = try #require(good.last)
        let end = last.offset + last.header.frameByteCount
        for offset in stride(from: 0, to: end, by: 7) {
            var damaged = bytes
            damaged[offset] ^= UInt8(1) << UInt8(offset % 8)
            let (findings, summary) = try Self.inspect(damaged, scratch)
            let hit = try #require(good.last { $0.offset <= offset })
            let message = "offset \(offset), SEGLEDGER_SEED=\(generator.seed)"
            #expect(summary.faultCount == 1, "\(message)")
            #expect(summary.firstFaultOffset == hit.offset, "\(message)")
            #expect(summary.eventCount == eventCount - Int(hit.header.eventCount), "\(message)")
            #expect(summary.isCorrupt == (hit.offset < last.header.durableUpTo), "\(message)")
            #expect(Self.isGapless(findings, damaged.count), "\(message)")
        }
    }

    @Test("Every length to which a file can be cut has findings")
    func cutFiles() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let (path, _) = try await Self.chunk(scratch, &generator)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)).prefix(1500))
        for count in 0...bytes.count {
            let (findings, summary) = try Self.inspect(Array(bytes[..<count]), scratch)
            #expect(Self.isGapless(findings, count), "\(count)")
            #expect(summary.byteCount == count)
            #expect(findings.dropLast().allSatisfy { !$0.isFault }, "\(count)")
        }
    }

    @Test("Any bytes have findings: pieces of files of other ledgers and noise")
    func anyBytes() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let other = try Scratch()
        let paths = [
            try await Self.chunk(scratch, &generator).path,
            try await Self.chunk(other, &generator).path,
        ]
        let files = try paths.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        for round in 0..<100 {
            var bytes: [UInt8] = []
            for _ in 0...generator.below(6) {
                let file = files[generator.below(2)]
                let start = generator.below(file.count / 64) * 64
                bytes += file[start...].prefix(generator.below(20) * 64)
                let noise = generator.below(4) * 64
                bytes += (0..<noise).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            }
            let (findings, summary) = try Self.inspect(bytes, scratch)
            let message = "round \(round), SEGLEDGER_SEED=\(generator.seed)"
            #expect(Self.isGapless(findings, bytes.count), "\(message)")
            #expect(summary.faultCount == findings.count { $0.isFault }, "\(message)")
        }
    }

    @Test("Frames of another file, a missing frame and a doubled one are called so")
    func misplacedFrames() async throws {
        var generator = SeededGenerator()
        let (scratch, other) = (try Scratch(), try Scratch())
        let path = try await Self.chunk(scratch, &generator).path
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let foreign = [UInt8](
            try Data(
                contentsOf: URL(fileURLWithPath: try await Self.chunk(other, &generator).path)))
        let frames = Self.frames(try Self.inspect(bytes, scratch).findings)
        func piece(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
            let end = frames[range.upperBound - 1]
            return Array(
                bytes[frames[range.lowerBound].offset..<end.offset + end.header.frameByteCount])
        }
        let data = try #require(frames.firstIndex { $0.header.eventCount > 0 })
        let frame = frames[data]
        let missing = Self.frames(
            try Self.inspect(
                piece(bytes, 0..<data) + piece(bytes, data + 1..<data + 3), scratch
            ).findings)
        #expect(missing[data].faults.contains(.number(expected: frame.header.frameNumber)))
        let doubled = Self.frames(
            try Self.inspect(
                piece(bytes, 0..<data + 1) + piece(bytes, data..<data + 2), scratch
            ).findings)
        #expect(doubled[data + 1].faults.contains(.position(expected: frame.endPosition)))
        let mixed = Self.frames(
            try Self.inspect(
                piece(bytes, 0..<2) + foreign[..<frames[0].header.frameByteCount], scratch
            ).findings)
        #expect(mixed[2].faults == [.salt])
    }
}
