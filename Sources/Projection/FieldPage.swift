internal import SegmentModel

/// How the fields of profiles are stored (docs/decisions/0006).
///
/// A *block* is 32 profiles whose ordinals share all but their last five bits. Its history stands
/// in pages: each begins with the block's fields as they were (the base) and goes on with what
/// changed, in ledger order. So one page tells the fields of a profile at any position from its
/// first record to the next page's.
///
///     page    base byte count varint | base | records
///     base    profiles with fields, ascending:
///             place in the block u8 | byte count varint | fields, by name number
///     record  positions since the record before (at first: since the page's) varint
///             | place in the block u8 | byte count varint | fields as the event gave them
///     field   name number varint | kind u8 | value
///     value   nothing for null and booleans; else byte count varint | bytes; with the kind's top
///             bit set, position varint of the change: the bytes are a row of `field_value`
///
/// A page is closed once its records are longer than its base and than `recordByteCountMin`; that
/// depends on the records alone, as does everything here (INV-5).
enum FieldPage {
    /// Ordinals of a block share all but this many bits.
    static let blockBitCount: UInt32 = 5
    static let profileCount = 1 << Int(blockBitCount)
    static let recordByteCountMin = 1024
    /// Longer values stand apart, so that a page stays small.
    static let valueByteCountMax = 256
    static let outlyingBit: UInt8 = 0x80

    static func block(of ordinal: UInt32) -> UInt32 { ordinal >> blockBitCount }

    static func place(of ordinal: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: ordinal) & UInt8(profileCount - 1)
    }

    /// Rows of the block's pages, by page number.
    static func rows(of block: UInt32) -> ClosedRange<Int64> {
        let first = Int64(block) << 32
        return first...(first | 0xFFFF_FFFF)
    }

    static let damaged = Failure(
        .projectionInvalid, "the projections hold profile fields that cannot be read",
        hint: Failure.rebuildHint)
}

/// Goes through a page's entries: the base's, then the records. Checks what it reads.
struct FieldPageScan {
    struct Entry {
        /// The page's for the base's entries.
        var position: UInt64
        var place: UInt8
        /// Where in the page the fields stand.
        var fields: Range<Int>
    }

    private let bytes: UnsafeRawBufferPointer
    /// Where the records begin.
    let baseEnd: Int
    private var index: Int
    private var position: UInt64

    /// - Throws: `projectionInvalid`, as `next` does, for bytes that are no page.
    init(_ bytes: UnsafeRawBufferPointer, position: UInt64) throws {
        self.bytes = bytes
        self.position = position
        index = 0
        guard let count = Varint.read(bytes, &index), count <= UInt64(bytes.count - index) else {
            throw FieldPage.damaged
        }
        baseEnd = index + Int(count)
    }

    /// Whether the next entry is one of the base.
    var isInBase: Bool { index < baseEnd }

    mutating func next() throws -> Entry? {
        if index == bytes.count { return nil }
        let isRecord = !isInBase
        if isRecord {
            guard let step = Varint.read(bytes, &index) else { throw FieldPage.damaged }
            position &+= step
        }
        let end = isRecord ? bytes.count : baseEnd
        guard index < end, bytes[index] < UInt8(FieldPage.profileCount) else {
            throw FieldPage.damaged
        }
        let place = bytes[index]
        index += 1
        guard let count = Varint.read(bytes, &index), index <= end, count <= UInt64(end - index)
        else { throw FieldPage.damaged }
        let fields = index..<index + Int(count)
        index = fields.upperBound
        return Entry(position: position, place: place, fields: fields)
    }
}
