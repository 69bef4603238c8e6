internal import SegmentModel

/// The values of one field's changes, on their way into a `FieldColumn`.
struct FieldColumnSource {
    private let indexes: ArraySlice<UInt32>
    private let changes: UnsafeBufferPointer<Frame.FieldChange>
    private let bytes: UnsafePointer<UInt8>
    private let scratch: CodecScratch
    private let tags: UnsafeMutablePointer<UInt8>

    init(
        _ indexes: ArraySlice<UInt32>, _ changes: UnsafeBufferPointer<Frame.FieldChange>,
        _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch
    ) {
        self.indexes = indexes
        self.changes = changes
        self.bytes = bytes
        self.scratch = scratch
        tags = scratch.tags.reserve(indexes.count)
        for (place, index) in indexes.enumerated() {
            let tag: FieldColumn.Tag
            switch changes[Int(index)].kind {
            case .null: tag = .null
            case .false: tag = .false
            case .true: tag = .true
            case .text: tag = .text
            case .json: tag = .json
            case .number:
                let number = shortNumber(index)
                tag = number.map { $0.scale == 0 ? .integer : .decimal } ?? .number
            }
            tags[place] = tag.rawValue
        }
    }

    private func shortNumber(_ index: UInt32) -> ShortNumber? {
        let value = changes[Int(index)].value
        return ShortNumber(
            UnsafeBufferPointer(start: bytes + Int(value.offset), count: Int(value.count)))
    }

    func encodeTags(_ writer: inout PayloadWriter) {
        let values = scratch.values.reserve(indexes.count)
        for place in 0..<indexes.count { values[place] = Int64(tags[place]) }
        IntegerColumn.encode(values, indexes.count, .scattered, scratch, &writer)
    }

    func encodeIntegers(_ writer: inout PayloadWriter) {
        let values = scratch.values.reserve(indexes.count)
        var count = 0
        for (place, index) in indexes.enumerated()
        where tags[place] == FieldColumn.Tag.integer.rawValue {
            guard let number = shortNumber(index) else { continue }
            values[count] = number.mantissa
            count += 1
            writer.textByteCount += Int(changes[Int(index)].value.count)
        }
        IntegerColumn.encode(values, count, .ordered, scratch, &writer)
    }

    func encodeDecimals(_ writer: inout PayloadWriter) {
        let values = scratch.values.reserve(indexes.count)
        let scales = scratch.others.reserve(indexes.count)
        var count = 0
        for (place, index) in indexes.enumerated()
        where tags[place] == FieldColumn.Tag.decimal.rawValue {
            guard let number = shortNumber(index) else { continue }
            values[count] = number.mantissa
            scales[count] = Int64(number.scale)
            count += 1
            writer.textByteCount += Int(changes[Int(index)].value.count)
        }
        IntegerColumn.encode(scales, count, .scattered, scratch, &writer)
        IntegerColumn.encode(values, count, .ordered, scratch, &writer)
    }

    /// The values whose tags are the ones asked for, as they stand.
    func encodeTexts(_ writer: inout PayloadWriter, where isChosen: (UInt8) -> Bool) {
        let slices = scratch.slices.reserve(indexes.count)
        var count = 0
        for (place, index) in indexes.enumerated() where isChosen(tags[place]) {
            slices[count] = changes[Int(index)].value
            count += 1
        }
        TextColumn.encode(
            UnsafeBufferPointer(start: slices, count: count), in: bytes, scratch, &writer)
    }
}
