internal import Ledger
package import SegmentModel

/// What a row is known by, where several profiles may have the same: the values of the fields that
/// `remove_profiles` reads. Equal are values of one kind and the same bytes.
package struct RowKey: Hashable, Sendable {
    /// Ascending, each once.
    package let names: [ExactText]
    /// By name; nil: the profile lacks the field.
    package let values: [FieldValue?]

    /// nil: a profile with none of the fields has no key.
    package init?(names: [ExactText], values: [FieldValue?]) {
        precondition(names.count == values.count, "a row key has a value, or none, for each name")
        guard values.contains(where: { $0 != nil }) else { return nil }
        self.names = names
        self.values = values
    }

    /// What the projections know it by: two keys may have the same.
    var hash: Int64 {
        var encoding = RowKeyEncoding()
        for (name, value) in zip(names, values) {
            encoding.append(name)
            guard let value else {
                encoding.appendMissing()
                continue
            }
            Array(value.bytes).withUnsafeBytes { encoding.append(value.kind, $0) }
        }
        return encoding.hash
    }
}

/// A row key as bytes, of which its hash is made.
///
///     key     fields, by name
///     field   name byte count varint | name | kind u8 | value byte count varint | value
///     a field that the profile lacks: kind 255, and no more
struct RowKeyEncoding {
    private static let missing: UInt8 = 0xFF
    /// Any fixed key will do: equal hashes only cost a look at the fields.
    private static let sip = SipHash(key0: 0x524F_574B_4559_0001, key1: 0x5345_474C_4544_4745)

    private var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ name: ExactText) {
        Varint.append(UInt64(name.text.utf8.count), to: &bytes)
        bytes.append(contentsOf: name.text.utf8)
    }

    mutating func append(_ kind: FieldKind, _ value: UnsafeRawBufferPointer) {
        bytes.append(kind.rawValue)
        Varint.append(UInt64(value.count), to: &bytes)
        bytes.append(contentsOf: value)
    }

    mutating func appendMissing() { bytes.append(Self.missing) }

    /// 63 bits, so that it is a positive number in every language.
    var hash: Int64 {
        bytes.withUnsafeBytes {
            Int64(bitPattern: UInt64(truncatingIfNeeded: Self.sip($0)) >> 1)
        }
    }
}
