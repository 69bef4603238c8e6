internal import SegmentModel

/// Values that break what is not escaped, not encoded, cut, rounded or converted.
enum LabValues {
    static let hostileTexts = [
        "'", "''", "\\", "\\'", "a\\", "\"", "`", "--", "/* */", ";", "%", "_", "$$", "{x}", "?",
        ":a", "@a", " spaces ", "tab\tline\nend", "\\\n", "NULL", "1); DROP TABLE lab; --",
        "é", "e\u{301}", "日本語", "😀", "👩‍👩‍👧", "‘quotes’",
        "שלום", "\u{202E}abc", "\u{1}\u{7F}\u{85}",
        "007", "1e5", "true", "2026-03-12T10:00:00Z",
    ]

    /// With digits that a binary fraction, or an integer of any size, would lose.
    static let numbers = [
        "0", "7", "-7", "1.10", "-12.50", "1e5", "0.1", "9007199254740993",
        "12345678901234567890", "1e400",
    ]

    /// Two to remove together, and one to keep: as binary fractions it is the first.
    static let neighbours = ["9007199254740992", "7", "9007199254740993"]

    /// One of each kind that JSON has beside texts.
    static let others: [FieldValue] =
        numbers.map { .number($0) } + [
            .boolean(true), .boolean(false), .json("[1,\"a\"]"), .json("{\"a\":\"it's\"}"),
        ]

    /// Texts of 256, 4,000 and 65,536 bytes.
    static let longTexts = [256, 4000, 65_536].map { count in
        let piece = "a'b\\c\"d"
        let whole = String(repeating: piece, count: count / piece.utf8.count)
        return whole + String(repeating: "e", count: count - whole.utf8.count)
    }

    /// Texts that differ and that a key may take for one, and two that no key of the kind does.
    static let pairs: [(first: String, second: String, what: String, control: String)] = [
        ("lab-k", "LAB-K", "case", "lab-l"), ("lab-e", "lab-é", "accents", "lab-f"),
        ("lab-s", "lab-s ", "spaces at the end", "lab-t"),
        ("7", "007", "leading zeros, as numbers do,", "8"),
    ]

    /// As a person can read it.
    static func shown(_ value: FieldValue) -> String {
        switch value {
        case .null: "nothing"
        case .boolean(let flag): flag ? "true" : "false"
        case .number(let text): "the number \(text)"
        case .json(let text): "the JSON \(text)"
        case .text(let text):
            text.utf8.count > 100
                ? "a text of \(text.utf8.count) bytes"
                : String(
                    text.unicodeScalars.flatMap { scalar -> [Character] in
                        switch scalar {
                        case "\n": ["\\", "n"]
                        case "\t": ["\\", "t"]
                        case _
                        where scalar.properties.generalCategory == .control
                            || scalar.properties.generalCategory == .format:
                            Array("\\u{\(String(scalar.value, radix: 16))}")
                        default: [Character(scalar)]
                        }
                    })
        }
    }
}
