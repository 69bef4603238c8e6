internal import SegmentModel

/// Payload to content: reads the columns that `PayloadEncoder` writes, and checks every number, so
/// that any bytes give a frame or an error. Counts are checked before memory is taken for them.
struct PayloadDecoder {
    /// Text of a frame at most, after it is written out.
    static let textByteCountMax = 256 << 20

    private let header: FrameHeader
    let scratch = CodecScratch()
    var reader: PayloadReader
    var output: TextOutput
    var frame: Frame

    /// How much is decoded. What is left out is not checked either.
    enum Depth {
        case whole
        /// Events and ordinals.
        case changes
        /// Events alone.
        case events
    }

    static func decode(
        _ header: FrameHeader, _ bytes: UnsafeRawBufferPointer, _ depth: Depth = .whole
    ) throws(FrameError) -> Frame {
        var reader = PayloadReader(bytes)
        let textByteCount = Int(try reader.fixed32())
        guard textByteCount <= textByteCountMax, header.eventCount <= Limits.frameEventCountMax,
            header.changeCount <= Limits.frameChangeCountMax
        else { throw .content(.count) }
        var decoded: Result<Frame, FrameError> = .failure(.content(.count))
        // Not cleared beforehand: malformed bytes can claim much and be refused at once.
        // At least a byte: threads share the one empty array, and would all set its length.
        let text = [UInt8](unsafeUninitializedCapacity: max(1, textByteCount)) { memory, count in
            let memory = UnsafeMutableBufferPointer(rebasing: memory[..<textByteCount])
            var decoder = PayloadDecoder(header, reader, TextOutput(memory))
            do throws(FrameError) {
                try decoder.run(depth)
                count = textByteCount - decoder.output.remaining
                decoded = .success(decoder.frame)
            } catch {
                decoded = .failure(error)
            }
        }
        var frame = try decoded.get()
        frame.bytes = text
        return frame
    }

    private init(_ header: FrameHeader, _ reader: PayloadReader, _ output: TextOutput) {
        self.header = header
        self.reader = reader
        self.output = output
        frame = Frame(firstPosition: header.firstPosition, firstOrdinal: 0, firstFieldName: 0)
    }

    private mutating func run(_ depth: Depth) throws(FrameError) {
        if header.version >= 3 {
            let low = UInt64(bitPattern: try reader.fixed64())
            let digest = UInt128(UInt64(bitPattern: try reader.fixed64())) << 64 | UInt128(low)
            if digest != 0 { frame.digestBefore = digest }
        }
        frame.firstOrdinal = try reader.number32()
        frame.firstFieldName = try reader.number32()
        let profileCount = try reader.count(atMost: Int(header.changeCount))
        let nameCount = try reader.count(atMost: Limits.ledgerFieldNameCountMax)
        guard Int(frame.firstOrdinal) + profileCount <= Int(UInt32.max),
            Int(frame.firstFieldName) + nameCount <= Int(UInt32.max)
        else { throw .content(.count) }
        try events(Int(header.eventCount))
        if depth == .events { return }
        try ordinals(Int(header.changeCount))
        if depth == .changes { return }
        frame.newFieldNames = try texts(nameCount)
        frame.newProfiles = try texts(profileCount)
        try records()
        try fields()
        guard reader.remaining == 0, output.remaining == 0 else { throw .content(.trailing) }
    }

    private mutating func texts(_ count: Int) throws(FrameError) -> [Frame.Slice] {
        guard count > 0 else { return [] }
        var texts = [Frame.Slice](repeating: .empty, count: count)
        try texts.withUnsafeMutableBufferPointer { texts throws(FrameError) in
            try TextColumn.decode(
                count, &reader, &output, scratch, into: texts.baseAddress!)
        }
        return texts
    }
}
