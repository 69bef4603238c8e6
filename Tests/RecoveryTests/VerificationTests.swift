import Foundation
import FrameCodec
import Ledger
import Recovery
import SegmentModel
import StorageIO
import StorageTesting
import Testing

/// What a verification says of ledgers that were damaged in every way that a file can be.
@Suite struct VerificationTests {
    private let scratch: Scratch
    private let folder: String
    private let seed: Comment
    private let end: Position

    /// A ledger of several sealed chunks and a tail, closed.
    init() async throws {
        var generator = SeededGenerator()
        seed = Comment(rawValue: "SEGLEDGER_SEED=\(generator.seed)")
        scratch = try Scratch()
        folder = scratch.path + "/ledger"
        var options = FileLedger.Options(directory: scratch.path, access: .write)
        options.background = .inline
        options.sizes.chunkByteCount = 3 << 10
        options.sizes.frameChangeCount = 16
        options.sizes.spareCount = 1
        let ledger = try FileLedger.open(options)
        var world = World()
        try await world.fill(ledger, batchCount: 40, &generator)
        end = ledger.end
        try await ledger.close()
    }

    private func verify(
        _ depth: LedgerRecovery.VerificationDepth = .deep
    ) throws -> VerificationReport {
        try LedgerRecovery.verify(scratch.path, depth)
    }

    private func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private func paths(_ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(suffix) }.sorted().map { folder + "/" + $0 }
    }

    private func frames(_ path: String) throws -> [FrameFinding] {
        var frames: [FrameFinding] = []
        _ = try FileInspection.inspect(path) { finding in
            if case .frame(let frame) = finding { frames.append(frame) }
        }
        return frames
    }

    /// All files with what is in them.
    private func content() throws -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            content[name] = try read(folder + "/" + name)
        }
        return content
    }

    @Test("A whole ledger has no faults, and the roots of all its sealed chunks are compared")
    func whole() throws {
        let before = try content()
        let report = try verify()
        #expect(report.faults == [], seed)
        #expect(report.remarks == [], seed)
        #expect(report.end == end && report.isReadWhole, seed)
        #expect(report.sealedChunkCount > 1, seed)
        #expect(report.comparedRootCount == report.sealedChunkCount, seed)
        #expect(report.root != nil && report.sha256 != nil, seed)
        #expect(try content() == before, seed)
    }

    @Test("INV-2: each flipped bit of each file is found where it is, and nothing is changed")
    func flippedBits() throws {
        for path in try paths(".chunk") + paths("MANIFEST") {
            let bytes = try read(path)
            let frames = try frames(path)
            let last = try #require(frames.last)
            for offset in stride(
                from: 0, to: last.offset + last.header.frameByteCount, by: 41)
            {
                let frame = try #require(frames.last { $0.offset <= offset })
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(offset % 8)
                try write(damaged, path)
                let report = try verify(.quick)
                let message = Comment(rawValue: "\(path) \(offset) \(seed) \(report.faults)")
                if try paths(".chunk").last == path, offset >= last.offset {
                    // The closing mark of the tail: nobody was told of it.
                    #expect(report.faults == [] && report.remarks.count == 1, message)
                    continue
                }
                #expect(report.faults.count == 1, message)
                #expect(report.faults.first?.path == path, message)
                #expect(report.faults.first?.offset == frame.offset, message)
                let hasEvents = frame.header.eventCount > 0
                #expect(
                    report.faults.first?.firstPosition
                        == (hasEvents ? frame.header.firstPosition : nil), message)
                #expect(
                    report.faults.first?.lastPosition
                        == (hasEvents ? frame.endPosition.predecessor : nil), message)
                #expect(report.faults.first?.hint.isEmpty == false, message)
                #expect(try read(path) == damaged, message)
            }
            try write(bytes, path)
        }
    }

    @Test("All faults are told, not only the first, each with its own positions")
    func manyFaults() throws {
        let chunks = try paths(".chunk")
        var expected: [Position] = []
        for path in chunks.dropFirst().dropLast() {
            var bytes = try read(path)
            let data = try #require(try frames(path).last { $0.header.eventCount > 0 })
            bytes[data.offset + 70] ^= 4
            try write(bytes, path)
            expected.append(data.header.firstPosition)
        }
        var manifest = try read(folder + "/MANIFEST")
        manifest[70] ^= 1
        try write(manifest, folder + "/MANIFEST")
        let report = try verify()
        #expect(report.faults.compactMap(\.firstPosition) == expected, seed)
        #expect(report.faults.count == expected.count + 1, seed)
        let save = "--to @\(try #require(expected[0].predecessor))'"
        #expect(report.faults.contains { $0.hint.contains(save) }, seed)
    }

    @Test("INV-2: a missing chunk is named with the positions that it held")
    func missingChunk() throws {
        let manifest = try #require(
            try frames(folder + "/MANIFEST").compactMap { frame -> LedgerManifest? in
                if case .manifest(let manifest) = frame.content { manifest } else { nil }
            }.first)
        for (number, path) in try paths(".chunk").enumerated() {
            let bytes = try read(path)
            try FileManager.default.removeItem(atPath: path)
            let report = try verify()
            #expect(report.faults.count == 1, "\(path) \(report.faults) \(seed)")
            #expect(report.faults.first?.path == path)
            #expect(report.faults.first?.firstPosition == manifest.chunks[number].firstPosition)
            let next =
                number + 1 < manifest.chunks.count ? manifest.chunks[number + 1].firstPosition : nil
            #expect(report.faults.first?.lastPosition == next?.predecessor, seed)
            try write(bytes, path)
        }
        try FileManager.default.removeItem(atPath: folder + "/MANIFEST")
        let report = try verify()
        #expect(report.faults.map(\.path) == [folder + "/MANIFEST"])
        #expect(report.isReadWhole)
    }

    @Test("Exchanged, cut and lengthened files, and a file of another ledger, are called so")
    func misplacedFiles() async throws {
        let chunks = try paths(".chunk")
        let (first, second) = (try read(chunks[0]), try read(chunks[1]))
        try write(second, chunks[0])
        try write(first, chunks[1])
        let exchanged = try verify()
        #expect(exchanged.faults.map(\.path) == [chunks[0], chunks[1]], "\(exchanged.faults)")
        #expect(exchanged.faults.allSatisfy { $0.what.contains("name does not fit") })
        try write(second, chunks[1])
        for count in stride(from: 0, to: first.count, by: 64) {
            try write(Array(first[..<count]), chunks[0])
            let cut = try verify(.quick)
            #expect(cut.faults.count == 1, "\(count) \(cut.faults) \(seed)")
            #expect(cut.faults.first?.path == chunks[0], "\(count) \(seed)")
        }
        try write(first + [UInt8](repeating: 7, count: 64), chunks[0])
        #expect(try verify(.quick).faults.map(\.offset) == [first.count])
        let foreign = try await VerificationTests()
        try write(try foreign.read(try foreign.paths(".chunk")[0]), chunks[0])
        #expect(try verify(.quick).faults.first?.path == chunks[0])
    }

    @Test("A footer and a root whose checksums are right, and that do not fit the events")
    func wrongContent() throws {
        let path = try paths(".chunk")[0]
        let bytes = try read(path)
        let frame = try #require(try frames(path).first { $0.header.kind == .footer })
        guard case .footer(var footer) = frame.content else {
            Issue.record("a footer frame holds a footer")
            return
        }
        footer.root[3] ^= 1
        var changed = Array(bytes[..<frame.offset])
        var codec = FrameCodec()
        _ = codec.encode(payload: footer.encoded(), header: frame.header, into: &changed)
        changed += bytes[changed.count...]
        try write(changed, path)
        let rooted = try verify()
        #expect(rooted.faults.contains { $0.what.contains("Merkle root") }, "\(rooted.faults)")
        #expect(rooted.faults.contains { $0.path.hasSuffix("MANIFEST") })
        #expect(rooted.comparedRootCount == rooted.sealedChunkCount - 1)
        #expect(try verify(.quick).faults.count == 1)
        footer.root[3] ^= 1
        footer.blocks[0].lastPlatformIndex = nil
        footer.blocks[0].recordedAt = footer.blocks[0].recordedAt.advanced(byMicroseconds: 1)
        changed = Array(bytes[..<frame.offset])
        _ = codec.encode(payload: footer.encoded(), header: frame.header, into: &changed)
        if changed.count + 64 == bytes.count {
            try write(changed + bytes[changed.count...], path)
            #expect(try verify().faults.contains { $0.what.contains("footer") })
        }
    }

    @Test("A file made ahead that does not hold zeros, and one that nobody knows, are named")
    func otherFiles() throws {
        let spare = folder + "/00000000000000aa.spare"
        var bytes = [UInt8](repeating: 0, count: 3 << 20)
        try write(bytes, spare)
        #expect(try verify(.quick).faults == [])
        bytes[2_000_000] = 1
        try write(bytes, spare)
        let report = try verify(.quick)
        #expect(report.faults.map(\.path) == [spare])
        #expect(report.isReadWhole)
        try FileManager.default.removeItem(atPath: spare)
        try write([1], folder + "/notes")
        #expect(try verify(.quick).remarks.count == 1)
    }
}
