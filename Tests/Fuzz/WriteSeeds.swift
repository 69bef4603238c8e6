import FrameCodec
import Glibc
import MerkleTree
import SegmentModel

// Writes what the fuzzers begin with, from frames as the tests make them: FOLDER/TARGET/N.

@main struct WriteSeeds {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            fatalError("usage: WriteSeeds FOLDER")
        }
        let folder = CommandLine.arguments[1]
        for seed in UInt64(0)..<300 { writeFrame(seed, folder) }
        for seed in 0..<20 {
            writeFiles(seed, folder)
            writeProofs(seed, folder)
        }
    }

    private static func writeFrame(_ seed: UInt64, _ folder: String) {
        var frames = GeneratedFrames(seed: seed)
        var codec = FrameCodec()
        var bytes: [UInt8] = []
        let template = FrameHeader(
            kind: .data, salt: 1, frameNumber: 1, durableUpTo: 64, firstPosition: Position(0))
        let header = codec.encode(frames.next(), header: template, into: &bytes)
        write(bytes, to: "\(folder)/frame/\(seed)")
        let payload = bytes.withUnsafeBytes { bytes in
            (try? FrameCodec.payload(of: header, in: bytes)) ?? []
        }
        let counts = [header.eventCount, header.changeCount].flatMap {
            [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
        }
        write([2] + counts + payload, to: "\(folder)/payload/\(seed)")
        // Columns of text stand in the later part of a payload.
        write(
            [UInt8(truncatingIfNeeded: seed)] + counts[0..<2] + payload.suffix(200),
            to: "\(folder)/column/\(seed)")
    }

    private static func writeFiles(_ seed: Int, _ folder: String) {
        let predecessor = ChunkHeader.Predecessor(chunkID: 7, byteCount: 640, frameCount: 3)
        let header = ChunkHeader(
            ledger: Array(repeating: 1, count: 16), timeline: Array(repeating: 2, count: 16),
            chunkID: 9, createdAt: Timestamp(rawValue: 5), firstPosition: Position(UInt64(seed)),
            firstOrdinal: 3, firstFieldName: 4, predecessor: seed % 2 == 0 ? nil : predecessor,
            replacedChunkID: seed % 3 == 0 ? nil : 8, lastTime: Timestamp(rawValue: .min),
            lastRecordedAt: Timestamp(rawValue: 6), saltState: salts().encoded())
        write([0] + header.encoded(), to: "\(folder)/files/header-\(seed)")
        let blocks = (0..<seed).map { index in
            ChunkFooter.Block(
                byteCount: 64 * (index + 1), eventCount: index + 1,
                recordedAt: Timestamp(rawValue: Int64(index) * 1_000_000),
                lastTime: Timestamp(rawValue: Int64(index)),
                lastPlatformIndex: index % 2 == 0 ? nil : index)
        }
        let postings = (0..<seed).map {
            ChunkFooter.Posting(segment: SegmentID(Int64($0) * 100 - 50), blocks: [UInt32($0)])
        }
        let range = range(seed)
        let footer = ChunkFooter(
            replaced: predecessor, firstTime: Timestamp(rawValue: 0),
            lastTime: Timestamp(rawValue: 9), root: range.root().bytes, range: range.encoded(),
            blocks: blocks, postings: postings)
        write([1] + footer.encoded(), to: "\(folder)/files/footer-\(seed)")
        var manifest = LedgerManifest(ledger: header.ledger, timeline: header.timeline)
        manifest.chunks = (0...seed).map { index in
            LedgerManifest.Chunk(
                chunkID: UInt64(index) + 1, firstPosition: Position(UInt64(index)),
                replacedChunkID: nil,
                seal: LedgerManifest.Seal(
                    footerOffset: 640, byteCount: 1280, root: range.root().bytes))
        }
        write([2] + manifest.encoded(), to: "\(folder)/files/manifest-\(seed)")
    }

    private static func writeProofs(_ seed: Int, _ folder: String) {
        let range = range(seed)
        write([0] + range.encoded(), to: "\(folder)/proofs/range-\(seed)")
        write([1] + salts().encoded(), to: "\(folder)/proofs/salts-\(seed)")
        var numbers: [UInt8] = []
        for number in [UInt64(seed / 2), UInt64(seed)] {
            withUnsafeBytes(of: number.littleEndian) { numbers.append(contentsOf: $0) }
        }
        let hashes = (0..<7).flatMap { TreeHash.leaf([UInt8($0)]).bytes }
        write([2] + numbers + hashes, to: "\(folder)/proofs/inclusion-\(seed)")
        write([3] + numbers + hashes, to: "\(folder)/proofs/consistency-\(seed)")
    }

    private static func range(_ leafCount: Int) -> CompactRange {
        var range = CompactRange()
        for index in 0..<leafCount { range.append(TreeHash.leaf([UInt8(index)])) }
        return range
    }

    private static func salts() -> SaltTree {
        SaltTree(secret: Array(repeating: 3, count: 32))
    }

    private static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "wb") else { fatalError("cannot write \(path)") }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else {
            fatalError("cannot write \(path)")
        }
    }
}
