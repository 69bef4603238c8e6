/// A profile's field, decoded. Hot paths use `FieldKind` and bytes instead.
package enum FieldValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// The number's own text (JSON grammar).
    case number(String)
    case text(String)
    /// An array or an object as compact JSON text.
    case json(String)

    /// Equal in kind and bytes: texts that only look the same are two values.
    package static func == (left: FieldValue, right: FieldValue) -> Bool {
        left.kind == right.kind && left.bytes.elementsEqual(right.bytes)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        for byte in bytes { hasher.combine(byte) }
    }

    package init(kind: FieldKind, bytes: some Collection<UInt8>) {
        switch kind {
        case .null: self = .null
        case .false: self = .boolean(false)
        case .true: self = .boolean(true)
        case .number: self = .number(String(decoding: bytes, as: UTF8.self))
        case .text: self = .text(String(decoding: bytes, as: UTF8.self))
        case .json: self = .json(String(decoding: bytes, as: UTF8.self))
        }
    }

    package var kind: FieldKind {
        switch self {
        case .null: .null
        case .boolean(let value): value ? .true : .false
        case .number: .number
        case .text: .text
        case .json: .json
        }
    }

    /// The value's bytes as `FieldKind` says; empty for null and booleans.
    package var bytes: String.UTF8View {
        switch self {
        case .null, .boolean: "".utf8
        case .number(let text), .text(let text), .json(let text): text.utf8
        }
    }
}
