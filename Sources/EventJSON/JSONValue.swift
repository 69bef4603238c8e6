package import SegmentModel

/// A JSON text as a tree: for small documents such as configurations and the bodies of system
/// events. Events of the platform never become one. Keys are told apart by their bytes.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// The number's own text.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([ExactText: JSONValue])

    /// Reads one JSON text, with nothing behind it. Repeated keys are refused.
    package init(_ bytes: some Collection<UInt8>) throws(JSONFault) {
        let copy = Array(bytes)
        self = try copy.withUnsafeBufferPointer { bytes throws(JSONFault) in
            var reader = JSONReader(UnsafeRawBufferPointer(bytes))
            let value = try JSONValue(reading: &reader)
            try reader.finish()
            return value
        }
    }

    package init(reading reader: inout JSONReader) throws(JSONFault) {
        switch try reader.peek() {
        case .null:
            try reader.readNull()
            self = .null
        case .boolean: self = .boolean(try reader.readBoolean())
        case .number:
            self = .number(
                String(decoding: reader.rawBytes(try reader.readNumber()), as: UTF8.self))
        case .string: self = .string(reader.string(try reader.readString()))
        case .array:
            try reader.enterArray()
            var values: [JSONValue] = []
            while try reader.nextElement() { values.append(try JSONValue(reading: &reader)) }
            self = .array(values)
        case .object:
            try reader.enterObject()
            var members: [ExactText: JSONValue] = [:]
            while let key = try reader.nextKey() {
                let value = try JSONValue(reading: &reader)
                guard members.updateValue(value, forKey: ExactText(reader.string(key))) == nil
                else {
                    throw JSONFault(
                        .rule, at: key.range.lowerBound - 1,
                        "holds an object that gives a key twice")
                }
            }
            self = .object(members)
        }
    }

    /// A member of an object; nil if there is none or this is no object.
    package subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var boolean: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    /// nil if this is no number or not an integer of this type.
    package func integer<Number: FixedWidthInteger>(_: Number.Type = Int.self) -> Number? {
        if case .number(let text) = self { Number(text) } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var object: [ExactText: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// As JSON text without spaces, the members in the order of their keys' bytes.
    package var compactText: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.text
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .boolean(let flag): writer.value(flag)
        case .number(let text): writer.raw(text.utf8)
        case .string(let text): writer.value(text)
        case .array(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(key.text)
                value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}
