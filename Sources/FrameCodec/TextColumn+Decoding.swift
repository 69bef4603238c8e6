internal import SegmentModel

extension TextColumn {
    /// Reads `count` texts and puts their bytes out.
    static func decode(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>,
        mayChoose: Bool = true
    ) throws(FrameError) {
        guard count > 0 else { return }
        guard let form = Form(rawValue: try reader.byte()) else { throw .content(.kind) }
        switch form {
        case .prefixes: try decodePrefixes(count, &reader, &output, scratch, into: slices)
        case .hex: try decodeHex(count, &reader, &output, scratch, into: slices)
        case .uuid:
            for index in 0..<count {
                let offset = output.count
                HexText.unpackUUID(
                    try reader.take(16), to: try output.take(HexText.uuidByteCount))
                slices[index] = output.slice(offset, HexText.uuidByteCount)
            }
        case .template:
            try TextTemplate.decode(count, &reader, &output, scratch, into: slices)
        case .counted:
            try CountedPattern.decode(count, &reader, &output, scratch, into: slices)
        case .choices:
            guard mayChoose else { throw .content(.kind) }
            try TextChoices.decode(count, &reader, &output, scratch, into: slices)
        }
    }

    private static func decodePrefixes(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>
    ) throws(FrameError) {
        let shared = scratch.values.reserve(count)
        let rest = scratch.others.reserve(count)
        try IntegerColumn.decode(count, &reader, into: shared)
        try IntegerColumn.decode(count, &reader, into: rest)
        var previousCount = 0
        for index in 0..<count {
            let shared = shared[index]
            let rest = rest[index]
            guard shared >= 0, shared <= Int64(previousCount), rest >= 0,
                rest <= Int64(reader.remaining)
            else { throw .content(.slice) }
            let offset = output.count
            let previous = output.last(previousCount)
            let target = try output.take(Int(shared))
            target.update(from: previous, count: Int(shared))
            _ = try output.store(try reader.take(Int(rest)))
            previousCount = output.count - offset
            slices[index] = output.slice(offset, previousCount)
        }
    }

    private static func decodeHex(
        _ count: Int, _ reader: inout PayloadReader, _ output: inout TextOutput,
        _ scratch: CodecScratch, into slices: UnsafeMutablePointer<Frame.Slice>
    ) throws(FrameError) {
        let lengths = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: lengths)
        for index in 0..<count {
            guard lengths[index] >= 0, lengths[index] <= Int64(reader.remaining) else {
                throw .content(.slice)
            }
            let length = Int(lengths[index])
            let offset = output.count
            HexText.unpack(try reader.take(length), to: try output.take(2 * length))
            slices[index] = output.slice(offset, 2 * length)
        }
    }
}
