internal import SegmentModel

/// The changes of one field that get their values from a `FieldColumn`.
struct FieldColumnTarget {
    private let indexes: ArraySlice<UInt32>
    private let changes: UnsafeMutablePointer<Frame.FieldChange>
    private let scratch: CodecScratch
    private let tags: UnsafeMutablePointer<UInt8>

    /// Reads the tags and gives each change its kind and an empty value.
    init(
        _ indexes: ArraySlice<UInt32>, _ changes: UnsafeMutablePointer<Frame.FieldChange>,
        _ reader: inout PayloadReader, _ scratch: CodecScratch
    ) throws(FrameError) {
        self.indexes = indexes
        self.changes = changes
        self.scratch = scratch
        tags = scratch.tags.reserve(indexes.count)
        let values = scratch.values.reserve(indexes.count)
        try IntegerColumn.decode(indexes.count, &reader, into: values)
        for (place, index) in indexes.enumerated() {
            guard let raw = UInt8(exactly: values[place]),
                let tag = FieldColumn.Tag(rawValue: raw)
            else { throw .content(.kind) }
            tags[place] = raw
            changes[Int(index)].value = .empty
            changes[Int(index)].kind =
                switch tag {
                case .null: .null
                case .false: .false
                case .true: .true
                case .integer, .decimal, .number: .number
                case .text: .text
                case .json: .json
                }
        }
    }

    private func count(where isChosen: (UInt8) -> Bool) -> Int {
        var count = 0
        for place in 0..<indexes.count where isChosen(tags[place]) { count += 1 }
        return count
    }

    func decodeIntegers(
        _ reader: inout PayloadReader, _ output: inout TextOutput
    ) throws(FrameError) {
        let tag = FieldColumn.Tag.integer.rawValue
        let count = count { $0 == tag }
        let numbers = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: numbers)
        var next = 0
        for (place, index) in indexes.enumerated() where tags[place] == tag {
            try store(ShortNumber(scale: 0, mantissa: numbers[next]), index, &output)
            next += 1
        }
    }

    func decodeDecimals(
        _ reader: inout PayloadReader, _ output: inout TextOutput
    ) throws(FrameError) {
        let tag = FieldColumn.Tag.decimal.rawValue
        let count = count { $0 == tag }
        let scales = scratch.others.reserve(count)
        let numbers = scratch.values.reserve(count)
        try IntegerColumn.decode(count, &reader, into: scales)
        try IntegerColumn.decode(count, &reader, into: numbers)
        var next = 0
        for (place, index) in indexes.enumerated() where tags[place] == tag {
            let scale = scales[next]
            guard scale > 0, scale < Int64(FieldColumn.digitCountMax) else {
                throw .content(.text)
            }
            try store(ShortNumber(scale: Int(scale), mantissa: numbers[next]), index, &output)
            next += 1
        }
    }

    private func store(
        _ number: ShortNumber, _ index: UInt32, _ output: inout TextOutput
    ) throws(FrameError) {
        guard number.mantissa.magnitude < Digits.power(FieldColumn.digitCountMax).magnitude else {
            throw .content(.text)
        }
        let offset = output.count
        let length = number.byteCount
        number.write(to: try output.take(length))
        changes[Int(index)].value = output.slice(offset, length)
    }

    /// Gives the values whose tags are the ones asked for their text.
    func decodeTexts(
        _ reader: inout PayloadReader, _ output: inout TextOutput,
        where isChosen: (UInt8) -> Bool
    ) throws(FrameError) {
        let count = count(where: isChosen)
        let slices = scratch.slices.reserve(count)
        try TextColumn.decode(count, &reader, &output, scratch, into: slices)
        var next = 0
        for (place, index) in indexes.enumerated() where isChosen(tags[place]) {
            changes[Int(index)].value = slices[next]
            next += 1
        }
    }
}
