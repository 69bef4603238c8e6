internal import SegmentModel

/// All values that one frame of format version 1 holds of one field: tags, numbers, texts, JSON.
///
/// | tag | value |
/// |---|---|
/// | 0 1 2 | null, false, true |
/// | 3 | integer: zig-zag varint in the number column |
/// | 4 | decimal: scale varint and zig-zag mantissa in the number column |
/// | 5 | any other number: its text, as a JSON value |
/// | 6 | text: in the text columns |
/// | 7 | JSON: length varint and bytes in the JSON column |
enum FieldColumnVersion1 {
    /// Reads `count` values; their bytes go to the end of `output`.
    static func decode(
        count: Int, _ reader: inout PayloadReader, into output: inout [UInt8]
    ) throws(FrameError) -> [(FieldKind, Frame.Slice)] {
        let tags = try reader.take(count)
        var values: [(FieldKind, Frame.Slice)] = []
        values.reserveCapacity(count)
        for tag in tags {
            switch tag {
            case 0: values.append((.null, .empty))
            case 1: values.append((.false, .empty))
            case 2: values.append((.true, .empty))
            case 3: values.append((.number, try store(String(try reader.signed()), &output)))
            case 4:
                let scale = try reader.count(atMost: 18)
                let text = decimalText(scale: scale, mantissa: try reader.signed())
                values.append((.number, try store(text, &output)))
            case 5: values.append((.number, .empty))
            case 6: values.append((.text, .empty))
            case 7: values.append((.json, .empty))
            default: throw .content(.kind)
            }
        }
        let textCount = tags.reduce(0) { $0 + ($1 == 6 ? 1 : 0) }
        let texts = try TextColumnsVersion1.decode(count: textCount, &reader, into: &output)
        var nextText = 0
        for (index, tag) in tags.enumerated() {
            if tag == 6 {
                values[index].1 = texts[nextText]
                nextText += 1
            } else if tag == 5 || tag == 7 {
                let length = try reader.count(atMost: reader.remaining)
                values[index].1 = try store(try reader.take(length), &output)
            }
        }
        return values
    }

    private static func store(
        _ text: String, _ output: inout [UInt8]
    ) throws(FrameError) -> Frame.Slice {
        let offset = output.count
        output.append(contentsOf: text.utf8)
        return try TextColumnsVersion1.slice(offset, output.count - offset)
    }

    private static func store(
        _ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]
    ) throws(FrameError) -> Frame.Slice {
        let offset = output.count
        output.append(contentsOf: bytes)
        return try TextColumnsVersion1.slice(offset, bytes.count)
    }

    static func decimalText(scale: Int, mantissa: Int64) -> String {
        var digits = String(mantissa.magnitude)
        if digits.count <= scale {
            digits = String(repeating: "0", count: scale - digits.count + 1) + digits
        }
        let whole = digits.prefix(digits.count - scale)
        let fraction = digits.suffix(scale)
        return (mantissa < 0 ? "-" : "") + whole + (scale > 0 ? "." + fraction : "")
    }
}
