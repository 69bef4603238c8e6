import FrameCodec
import Glibc
import SegmentModel

// Writes what the fuzzers begin with, from frames as the tests make them: FOLDER/frame/N,
// FOLDER/payload/N and FOLDER/column/N.

@main struct WriteSeeds {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            fatalError("usage: WriteSeeds FOLDER")
        }
        let folder = CommandLine.arguments[1]
        for seed in UInt64(0)..<300 {
            var frames = GeneratedFrames(seed: seed)
            var codec = FrameCodec()
            var bytes: [UInt8] = []
            let template = FrameHeader(
                kind: .data, salt: 1, frameNumber: 1, durableUpTo: 64,
                firstPosition: Position(0))
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
    }

    static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "wb") else { fatalError("cannot write \(path)") }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else {
            fatalError("cannot write \(path)")
        }
    }
}
