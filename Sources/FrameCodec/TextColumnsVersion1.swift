internal import SegmentModel

/// Text columns of format version 1: shared prefix lengths, rest lengths, rest bytes.
enum TextColumnsVersion1 {
    static func decode(
        count: Int, _ reader: inout PayloadReader, into output: inout [UInt8]
    ) throws(FrameError) -> [Frame.Slice] {
        guard count <= reader.remaining || count == 0 else { throw .content(.count) }
        var lengths: [(shared: Int, rest: Int)] = []
        lengths.reserveCapacity(count)
        for _ in 0..<count {
            lengths.append((try reader.count(atMost: expandedByteCountMax), 0))
        }
        for index in 0..<count {
            lengths[index].rest = try reader.count(atMost: reader.remaining)
        }
        var slices: [Frame.Slice] = []
        slices.reserveCapacity(count)
        var previous = 0..<0
        for (shared, rest) in lengths {
            guard shared <= previous.count else { throw .content(.slice) }
            let offset = output.count
            guard offset + shared + rest <= expandedByteCountMax else { throw .content(.count) }
            // Byte by byte: a slice of the array itself would make `append` copy all of it.
            for index in 0..<shared { output.append(output[previous.lowerBound + index]) }
            output.append(contentsOf: try reader.take(rest))
            slices.append(try slice(offset, shared + rest))
            previous = offset..<output.count
        }
        return slices
    }

    static func slice(_ offset: Int, _ count: Int) throws(FrameError) -> Frame.Slice {
        guard offset + count <= expandedByteCountMax else { throw .content(.count) }
        return Frame.Slice(offset: UInt32(offset), count: UInt32(count))
    }

    /// Text of a frame at most, after shared prefixes are written out.
    static let expandedByteCountMax = PayloadDecoder.textByteCountMax
}
