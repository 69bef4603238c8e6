internal import SegmentModel

/// `n` texts, known from elsewhere how many.
///
/// ```
/// n = 0: nothing
/// else:  form 1 byte, then
///   0 prefixes   bytes shared with the text before: integers | bytes that follow: integers | these
///   1 hex        digits / 2: integers | lower-case digits, two a byte, high digit first
///   2 uuid       16 bytes each: lower-case 8-4-4-4-12
///   3 template   all are equally long: TextTemplate | for each of its numbers: integers
///   4 counted    prefix, suffix: varint and bytes each | integers: the number between, printed
///                without leading zeros
///   5 choices    distinct count varint | the distinct texts as a column of another form |
///                integers: which, from 0
/// ```
///
/// "Integers" is an `IntegerColumn`. All forms give back every text byte for byte.
enum TextColumn {
    enum Form: UInt8 {
        case prefixes = 0
        case hex = 1
        case uuid = 2
        case template = 3
        case counted = 4
        case choices = 5
    }

    /// Texts from which on a form with a head of its own pays.
    private static let patternCountMin = 8

    typealias Texts = UnsafeBufferPointer<Frame.Slice>

    /// Appends the column in a form that suits the texts.
    ///
    /// - Parameter bytes: what the texts are slices of.
    static func encode(
        _ texts: Texts, in bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter, mayChoose: Bool = true
    ) {
        guard texts.count > 0 else { return }
        if texts.count >= patternCountMin {
            if let template = TextTemplate(texts, bytes) {
                writer.byte(Form.template.rawValue)
                template.encode(texts, bytes, scratch, &writer)
                return
            }
            if let pattern = CountedPattern(texts, bytes) {
                writer.byte(Form.counted.rawValue)
                pattern.encode(texts, bytes, scratch, &writer)
                return
            }
            if mayChoose, let choices = TextChoices(texts, bytes, scratch) {
                writer.byte(Form.choices.rawValue)
                choices.encode(texts.count, bytes, scratch, &writer)
                return
            }
        }
        if encodeHex(texts, bytes, scratch, &writer) { return }
        writer.byte(Form.prefixes.rawValue)
        encodePrefixes(texts, bytes, scratch, &writer)
    }

    private static func encodePrefixes(
        _ texts: Texts, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) {
        let shared = scratch.values.reserve(texts.count)
        let rest = scratch.others.reserve(texts.count)
        var previous = Frame.Slice.empty
        for index in 0..<texts.count {
            let text = texts[index]
            let limit = Int(min(previous.count, text.count))
            var count = 0
            let left = bytes + Int(previous.offset)
            let right = bytes + Int(text.offset)
            while count < limit, left[count] == right[count] { count &+= 1 }
            shared[index] = Int64(count)
            rest[index] = Int64(Int(text.count) - count)
            previous = text
            writer.textByteCount += Int(text.count)
        }
        IntegerColumn.encode(shared, texts.count, .scattered, scratch, &writer)
        IntegerColumn.encode(rest, texts.count, .scattered, scratch, &writer)
        for index in 0..<texts.count {
            writer.append(
                UnsafeRawBufferPointer(
                    start: bytes + texts[index].range.upperBound - Int(rest[index]),
                    count: Int(rest[index])))
        }
    }

    /// Hex digits and UUIDs, when that is what all the texts are.
    private static func encodeHex(
        _ texts: Texts, _ bytes: UnsafePointer<UInt8>, _ scratch: CodecScratch,
        _ writer: inout PayloadWriter
    ) -> Bool {
        let isUUID = texts.allSatisfy { HexText.isUUID(bytes + Int($0.offset), Int($0.count)) }
        guard isUUID || texts.allSatisfy({ HexText.isHex(bytes + Int($0.offset), Int($0.count)) })
        else { return false }
        writer.byte(isUUID ? Form.uuid.rawValue : Form.hex.rawValue)
        if !isUUID {
            let counts = scratch.values.reserve(texts.count)
            for index in 0..<texts.count { counts[index] = Int64(texts[index].count / 2) }
            IntegerColumn.encode(counts, texts.count, .scattered, scratch, &writer)
        }
        for text in texts {
            HexText.pack(bytes + Int(text.offset), Int(text.count), &writer)
            writer.textByteCount += Int(text.count)
        }
        return true
    }
}
