internal import FrameCodec

/// Writes the frames of a chunk under another salt.
enum ChunkCopy {
    /// - Parameters:
    ///   - bytes: whole frames, the chunk header first; checked before.
    ///   - header: takes the place of the chunk header; the same length.
    static func resalted(_ bytes: [UInt8], header: ChunkHeader) throws -> [UInt8] {
        var output = ChunkFile.firstFrame(header)
        var offset = output.count
        output.reserveCapacity(bytes.count)
        while offset < bytes.count {
            var frame = try bytes.withUnsafeBytes { all in
                try FrameHeader(UnsafeRawBufferPointer(rebasing: all[offset...]))
            }
            frame.salt = header.chunkID
            frame.encode(into: &output)
            output.append(
                contentsOf: bytes[offset + FrameHeader.byteCount..<offset + frame.frameByteCount])
            offset += frame.frameByteCount
        }
        return output
    }
}
