internal import FrameCodec
internal import SegmentModel

extension ChunkScan {
    struct Found {
        var frame: Frame
        var offset: Int
        var byteCount: Int
    }

    /// How much of a frame is decoded.
    enum Depth {
        case whole
        /// No ordinals, no fields, no new names.
        case events
    }

    /// Walks through a file and hands each data frame of a whole batch to `visit`.
    ///
    /// - Throws: the chunk header's error; what `visit` throws.
    init(_ bytes: UnsafeRawBufferPointer, visit: (Found) throws -> Void) throws {
        try self.init(bytes)
        try visitFrames(in: bytes, visit)
    }

    /// Decodes the frames and hands them on in their order, batch by batch. Where one's content
    /// breaks the format, the scan ends before its batch, as corrupt.
    ///
    /// - Parameters:
    ///   - bytes: those that were walked through.
    ///   - depth: of each frame, given where it stands.
    /// - Throws: what `visit` throws.
    mutating func visitFrames(
        in bytes: UnsafeRawBufferPointer,
        depth: @escaping @Sendable (Place) -> Depth = { _ in .whole },
        _ visit: (Found) throws -> Void
    ) throws {
        let decoding = FrameDecoding(bytes, frames, depth: depth)
        defer { decoding.finish() }
        var batch: [Found] = []
        for (number, portion) in decoding.portions.enumerated() {
            let (frames, error) = decoding.take(number)
            for (place, frame) in zip(portion, frames) {
                batch.append(
                    Found(
                        frame: frame, offset: place.offset,
                        byteCount: place.header.frameByteCount))
                if place.header.isContinued { continue }
                for one in batch { try visit(one) }
                batch.removeAll(keepingCapacity: true)
            }
            if let error {
                end(before: portion.startIndex + frames.count, error)
                return
            }
        }
    }
}
