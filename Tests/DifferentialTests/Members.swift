import SQLTemplate
import SegmentModel

/// Profiles and scope of one rendering.
struct Members: Sendable {
    var profiles: [SampleProfile]
    var scope: RenderScope

    init(_ values: [String: [String]], segmentName: String) {
        profiles = (0..<ValuePool.memberCount).map { member in
            func value(_ field: String) -> String { values[field]![member] }
            return SampleProfile(
                id: value("id"),
                fields: [
                    "v": .text(value("v")), "w": .text(value("w")),
                    "n": .number(value("n")), "m": .number(value("m")),
                    "b": .boolean(member % 2 == 0), "k": .text("k"), "y": .null,
                    // Two names, though they look alike and are equal by Unicode.
                    "\u{E9}": .text(value("composed")), "e\u{301}": .text(value("decomposed")),
                    "d": .text("2026-03-12T10:00:00Z"),
                    "l": .json("[\(Self.quoted(value("l0"))),\(Self.quoted(value("l1")))]"),
                    "o": .json("{\"a\":\(Self.quoted(value("a")))}"),
                ])
        }
        scope = RenderScope(
            segmentID: SegmentID(42), segmentName: segmentName, integrationName: "crm",
            eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
            deliveryID: "d-1")
    }

    /// As a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<"\u{20}", "'":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
