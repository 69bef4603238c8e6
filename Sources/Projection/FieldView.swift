internal import SegmentModel

/// The fields of one profile, as places in a page. Built by applying entries in order.
///
/// Invariant: names ascend and are distinct; no kind is `.null`. So equal fields are equal bytes.
struct FieldView {
    struct Field {
        var name: UInt32
        var kind: FieldKind
        /// Where in the page the value stands; empty if it stands apart.
        var value: Range<Int>
        /// Of the change whose row in `field_value` has the value.
        var outlyingPosition: UInt64?
    }

    private(set) var fields: [Field] = []

    mutating func removeAll() {
        fields.removeAll(keepingCapacity: true)
    }

    /// Sets the fields of an entry, and deletes those that it says are null.
    ///
    /// - Throws: `projectionInvalid` for bytes that are no fields.
    mutating func apply(_ entry: Range<Int>, of page: UnsafeRawBufferPointer) throws {
        let bytes = UnsafeRawBufferPointer(rebasing: page[..<entry.upperBound])
        var index = entry.lowerBound
        while index < bytes.count {
            set(try Self.readField(bytes, &index))
        }
    }

    @inline(__always)
    private static func readField(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int
    ) throws -> Field {
        guard let number = Varint.read(bytes, &index), let name = UInt32(exactly: number),
            index < bytes.count, let kind = FieldKind(rawValue: bytes[index] & 0x7F)
        else { throw FieldPage.damaged }
        let isOutlying = bytes[index] & FieldPage.outlyingBit != 0
        index += 1
        if isOutlying {
            guard kind.hasBytes, let position = Varint.read(bytes, &index) else {
                throw FieldPage.damaged
            }
            return Field(
                name: name, kind: kind, value: index..<index, outlyingPosition: position)
        }
        guard kind.hasBytes else { return Field(name: name, kind: kind, value: index..<index) }
        guard let count = Varint.read(bytes, &index), count <= UInt64(bytes.count - index) else {
            throw FieldPage.damaged
        }
        let value = index..<index + Int(count)
        index = value.upperBound
        return Field(name: name, kind: kind, value: value)
    }

    private mutating func set(_ field: Field) {
        guard let last = fields.last, last.name >= field.name else {
            if field.kind != .null { fields.append(field) }
            return
        }
        let index = fields.firstIndex { $0.name >= field.name } ?? fields.endIndex
        let isKnown = fields[index].name == field.name
        if field.kind == .null {
            if isKnown { fields.remove(at: index) }
        } else if isKnown {
            fields[index] = field
        } else {
            fields.insert(field, at: index)
        }
    }

    /// Appends the fields, as a page's base has them; `page` is the one they are places in.
    func encode(from page: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        for field in fields {
            Varint.append(UInt64(field.name), to: &output)
            if let position = field.outlyingPosition {
                output.append(field.kind.rawValue | FieldPage.outlyingBit)
                Varint.append(position, to: &output)
                continue
            }
            output.append(field.kind.rawValue)
            if !field.kind.hasBytes { continue }
            Varint.append(UInt64(field.value.count), to: &output)
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: page[field.value]))
        }
    }
}

extension FieldKind {
    /// Whether a value of the kind has bytes.
    var hasBytes: Bool {
        switch self {
        case .null, .false, .true: false
        case .number, .text, .json: true
        }
    }
}
