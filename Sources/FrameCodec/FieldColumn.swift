internal import SegmentModel

/// All values that one frame holds of one field, as columns: tags, numbers, texts, JSON.
///
/// | tag | value |
/// |---|---|
/// | 0 1 2 | null, false, true |
/// | 3 | integer: zig-zag varint in the number column |
/// | 4 | decimal: scale varint and zig-zag mantissa in the number column |
/// | 5 | any other number: its text, as a JSON value |
/// | 6 | text: in the text columns |
/// | 7 | JSON: length varint and bytes in the JSON column |
enum FieldColumn {
    static func encode(
        _ changes: [Frame.FieldChange], in bytes: [UInt8], _ writer: inout PayloadWriter
    ) {
        let forms = changes.map { Form($0, in: bytes) }
        for form in forms { writer.byte(form.tag) }
        for form in forms {
            switch form {
            case .integer(let number): writer.signed(number)
            case .decimal(let scale, let mantissa):
                writer.varint(scale)
                writer.signed(mantissa)
            default: break
            }
        }
        let texts = zip(changes, forms).filter { $0.1.tag == 6 }.map(\.0.value)
        PayloadEncoder.texts(texts, in: bytes, &writer)
        for (change, form) in zip(changes, forms) where form.tag == 5 || form.tag == 7 {
            writer.varint(UInt64(change.value.count))
            writer.append(bytes[change.value.range])
        }
    }

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
        let texts = try TextColumns.decode(count: textCount, &reader, into: &output)
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
        return try TextColumns.slice(offset, output.count - offset)
    }

    private static func store(
        _ bytes: UnsafeRawBufferPointer, _ output: inout [UInt8]
    ) throws(FrameError) -> Frame.Slice {
        let offset = output.count
        output.append(contentsOf: bytes)
        return try TextColumns.slice(offset, bytes.count)
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

    /// How a value is stored. A number takes the short form only if that prints the same text.
    enum Form {
        case null, no, yes, integer(Int64), decimal(scale: Int, mantissa: Int64), number, text, json

        init(_ change: Frame.FieldChange, in bytes: [UInt8]) {
            switch change.kind {
            case .null: self = .null
            case .false: self = .no
            case .true: self = .yes
            case .text: self = .text
            case .json: self = .json
            case .number:
                self = Form.shortNumber(bytes[change.value.range]) ?? .number
            }
        }

        var tag: UInt8 {
            switch self {
            case .null: 0
            case .no: 1
            case .yes: 2
            case .integer: 3
            case .decimal: 4
            case .number: 5
            case .text: 6
            case .json: 7
            }
        }

        private static func shortNumber(_ text: ArraySlice<UInt8>) -> Form? {
            guard text.count <= 19 else { return nil }
            let digits = text.filter { $0 != UInt8(ascii: ".") }
            guard let mantissa = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
            guard let point = text.firstIndex(of: UInt8(ascii: ".")) else {
                return String(mantissa).utf8.elementsEqual(text) ? .integer(mantissa) : nil
            }
            let scale = text.endIndex - point - 1
            guard decimalText(scale: scale, mantissa: mantissa).utf8.elementsEqual(text) else {
                return nil
            }
            return .decimal(scale: scale, mantissa: mantissa)
        }
    }
}
