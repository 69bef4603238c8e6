internal import SegmentModel

/// All values that one frame holds of one field.
///
/// ```
/// tags: integers | for all tags 3: the numbers: integers
/// | for all tags 4: scales: integers | the digits without the point, as numbers: integers
/// | for all tags 6: a TextColumn | for all tags 5 and 7: a TextColumn
/// ```
///
/// | tag | value |
/// |---|---|
/// | 0 1 2 | null, false, true |
/// | 3 | an integer of at most 18 digits |
/// | 4 | a decimal: `-1.50` is scale 2, number -150; scale 1...17, at most 18 digits |
/// | 5 | any other number: its text |
/// | 6 | text |
/// | 7 | an array or an object: its JSON |
///
/// A number takes form 3 or 4 only if that prints its very text.
enum FieldColumn {
    enum Tag: UInt8 {
        case null = 0
        case `false` = 1
        case `true` = 2
        case integer = 3
        case decimal = 4
        case number = 5
        case text = 6
        case json = 7
    }

    static let digitCountMax = 18

    /// Appends the values of some changes.
    static func encode(
        _ indexes: ArraySlice<UInt32>, of changes: UnsafeBufferPointer<Frame.FieldChange>,
        in bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch, _ writer: inout PayloadWriter
    ) {
        let values = FieldColumnSource(indexes, changes, bytes, scratch)
        values.encodeTags(&writer)
        values.encodeIntegers(&writer)
        values.encodeDecimals(&writer)
        values.encodeTexts(&writer) { $0 == Tag.text.rawValue }
        values.encodeTexts(&writer) { $0 == Tag.number.rawValue || $0 == Tag.json.rawValue }
    }

    /// Reads the values of some changes into these.
    static func decode(
        _ indexes: ArraySlice<UInt32>, of changes: UnsafeMutablePointer<Frame.FieldChange>,
        _ reader: inout PayloadReader, _ output: inout TextOutput, _ scratch: CodecScratch
    ) throws(FrameError) {
        let values = try FieldColumnTarget(indexes, changes, &reader, scratch)
        try values.decodeIntegers(&reader, &output)
        try values.decodeDecimals(&reader, &output)
        try values.decodeTexts(&reader, &output) { $0 == Tag.text.rawValue }
        try values.decodeTexts(&reader, &output) {
            $0 == Tag.number.rawValue || $0 == Tag.json.rawValue
        }
    }
}
