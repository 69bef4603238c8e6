internal import FrameCodec
internal import SegmentModel

/// All fields of one profile, as `profile_fields` stores them:
///
///     count varint
///     count times: name number varint | kind byte | length varint | value bytes
///
/// Varints are LEB128 of at most 32 bits. Names ascend and are distinct; no kind is `.null`. So
/// equal sets have equal bytes.
struct FieldSet {
    private struct Field {
        var name: UInt32
        var kind: FieldKind
        var value: [UInt8]
    }

    private var fields: [Field] = []

    init() {}

    /// - Throws: `projectionInvalid` for bytes that are no field set.
    init(decoding bytes: UnsafeRawBufferPointer) throws {
        try Self.forEachField(of: bytes) { name, kind, value in
            fields.append(Field(name: name, kind: kind, value: Array(value)))
        }
    }

    /// Sets the field, or deletes it (`.null`).
    mutating func apply(_ change: Frame.FieldChange, value: ArraySlice<UInt8>) {
        let index = fields.firstIndex { $0.name >= change.name } ?? fields.endIndex
        if index < fields.endIndex, fields[index].name == change.name {
            fields.remove(at: index)
        }
        if change.kind == .null { return }
        fields.insert(
            Field(name: change.name, kind: change.kind, value: Array(value)), at: index)
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(fields.reduce(5) { $0 + $1.value.count + 11 })
        Self.appendVarint(UInt32(fields.count), to: &bytes)
        for field in fields {
            Self.appendVarint(field.name, to: &bytes)
            bytes.append(field.kind.rawValue)
            Self.appendVarint(UInt32(field.value.count), to: &bytes)
            bytes.append(contentsOf: field.value)
        }
        return bytes
    }

    /// Calls `body` with each field of an encoded set, by name number, without a copy.
    ///
    /// - Throws: `projectionInvalid` for bytes that are no field set, and what `body` throws.
    static func forEachField(
        of bytes: UnsafeRawBufferPointer,
        _ body: (UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var index = 0
        let count = try readVarint(bytes, &index)
        for _ in 0..<count {
            let name = try readVarint(bytes, &index)
            guard index < bytes.count, let kind = FieldKind(rawValue: bytes[index]) else {
                throw damaged
            }
            index += 1
            let length = Int(try readVarint(bytes, &index))
            guard length <= bytes.count - index else { throw damaged }
            try body(name, kind, UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]))
            index += length
        }
        guard index == bytes.count else { throw damaged }
    }

    private static func appendVarint(_ value: UInt32, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func readVarint(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int
    ) throws -> UInt32 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while index < bytes.count, shift < 35 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard let short = UInt32(exactly: value) else { throw damaged }
                return short
            }
            shift += 7
        }
        throw damaged
    }

    private static let damaged = Failure(
        .projectionInvalid, "the projections hold profile fields that cannot be read",
        hint: Failure.rebuildHint)
}
