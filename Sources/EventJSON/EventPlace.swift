internal import SegmentModel

/// Where in an event's line the parser stands, for messages. Cheap to move; text only on a fault.
struct EventPlace {
    enum Member {
        case none, id, fields
    }

    var key: EventKey?
    /// Index in `profiles`, `tags` or `groups`; -1 outside of them.
    var index = -1
    var member = Member.none
    /// The field's name, in the batch's bytes.
    var field: EventBatch.Slice?

    /// For example `profiles[3].fields.CustomID`; empty for the event itself.
    ///
    /// Field names are the platform's words, not values (INV-10); an odd one stands in quotes.
    func path(in bytes: [UInt8]) -> String {
        guard let key else { return "" }
        var path = key.rawValue
        if index >= 0 { path += "[\(index)]" }
        switch member {
        case .none: break
        case .id: path += ".id"
        case .fields: path += ".fields"
        }
        if let field { path += "." + printableName(bytes[field.range]) }
        return path
    }
}

/// A key for a message: as it is where it is a plain word, else as a JSON string; cut at 64 bytes.
func printableName(_ bytes: some Collection<UInt8>) -> String {
    let isPlain =
        !bytes.isEmpty
        && bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    var output: [UInt8] = []
    if isPlain {
        output.append(contentsOf: bytes.prefix(64))
    } else {
        appendJSONString(bytes.prefix(64), to: &output)
    }
    if bytes.count > 64 { output.append(contentsOf: "…".utf8) }
    return String(decoding: output, as: UTF8.self)
}
