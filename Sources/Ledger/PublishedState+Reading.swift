internal import FrameCodec
internal import SegmentModel
internal import StorageIO

extension PublishedState.Place {
    /// Reads the frame and decodes it, as far as `decode` does.
    ///
    /// - Throws: `ledgerCorrupt` naming file, offset and positions.
    func decode(
        _ decode: (FrameHeader, UnsafeRawBufferPointer) throws(FrameError) -> Frame
    ) throws -> Frame {
        do {
            let bytes = try handle.file.read(count: entry.byteCount, at: entry.offset)
            return try bytes.withUnsafeBytes { buffer in
                let header = try FrameHeader(buffer)
                guard header.salt == chunkID, header.firstPosition == entry.firstPosition,
                    header.eventCount == UInt32(entry.eventCount)
                else { throw FrameError.header }
                return try decode(header, buffer)
            }
        } catch let error as FrameError {
            throw corruption(
                path: handle.path, offset: entry.offset, from: entry.firstPosition,
                through: entry.endPosition.predecessor, error)
        } catch let error as StorageError {
            throw error.failure
        }
    }
}
