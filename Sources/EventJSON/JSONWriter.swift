/// Writes compact JSON text. Commas come by themselves; whoever writes closes what he opened.
///
/// Strings are escaped as little as JSON allows, so equal values give equal bytes.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8]
    private var needsComma = false

    /// Goes on behind what stands in `bytes`, for example lines that are complete.
    package init(appendingTo bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Ends a line: the next value stands on its own.
    package mutating func newLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    package mutating func key(_ name: some Collection<UInt8>) {
        separate()
        appendJSONString(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func key(_ name: String) { key(name.utf8) }

    package mutating func value(_ text: String) { string(text.utf8) }

    /// A string of UTF-8 bytes.
    package mutating func string(_ text: some Collection<UInt8>) {
        separate()
        appendJSONString(text, to: &bytes)
    }

    package mutating func value(_ number: some FixedWidthInteger) {
        raw(String(number).utf8)
    }

    /// Precondition: finite, JSON has no other numbers.
    package mutating func value(_ number: Double) {
        precondition(number.isFinite, "JSON has no word for a number that is not finite")
        raw(String(number).utf8)
    }

    package mutating func value(_ flag: Bool) { raw((flag ? "true" : "false").utf8) }

    package mutating func null() { raw("null".utf8) }

    /// Bytes that are JSON already: a number's text or a compact value.
    package mutating func raw(_ json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// A member whose value is null where it is nil.
    package mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: (some FixedWidthInteger)?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: Double?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }

    package mutating func member(_ name: String, _ value: Bool) {
        key(name)
        self.value(value)
    }

    package mutating func member(_ name: String, _ values: [String]) {
        key(name)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }

    /// Members of an object that is compact JSON already, without its braces.
    package mutating func members(ofObject json: some BidirectionalCollection<UInt8>) {
        let inside = json.dropFirst().dropLast()
        if !inside.isEmpty { raw(inside) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}

/// Writes a JSON string with its quotes, escaped as little as JSON allows.
func appendJSONString(_ text: some Collection<UInt8>, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 0x08: output.append(contentsOf: "\\b".utf8)
        case 0x09: output.append(contentsOf: "\\t".utf8)
        case 0x0A: output.append(contentsOf: "\\n".utf8)
        case 0x0C: output.append(contentsOf: "\\f".utf8)
        case 0x0D: output.append(contentsOf: "\\r".utf8)
        case 0..<0x20:
            output.append(contentsOf: "\\u00".utf8)
            output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
            let nibble = byte & 0x0F
            output.append(
                nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
        default: output.append(byte)
        }
    }
    output.append(UInt8(ascii: "\""))
}
