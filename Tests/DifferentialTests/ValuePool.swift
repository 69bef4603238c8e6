import SegmentModel
import ServerTesting

/// The values of one run of the regime: harmless ones, which are the same for all of its
/// statements, and hostile ones, of which each statement gets some.
///
/// A harmless text is a *marker*: it begins with what could finish an escape, and goes on with
/// letters that stand nowhere else, so that one that lost its beginning or its end is noticed.
struct ValuePool: Sendable {
    static let memberCount = 6
    static let textFields = ["v", "w", "id", "l0", "l1", "a", "composed", "decomposed"]
    static let numberFields = ["n", "m"]

    /// Of a field, member by member.
    let markers: [String: [String]]
    let segmentName: String
    let hostileTexts: [String]
    let hostileNumbers: [String]
    /// Texts that stand for none of the values, and are like them to who compares loosely.
    private static let decoys = [
        "00", "0.0", "1.1", "100000", "c-1", " 0", "0 ", "1e05", "", "true", "1.100", "-01", "+1",
    ]

    private static let beginnings = ["4a", "12", "n", "x41", "u0041", "0"]

    private static let pieces = [
        "'", "''", "'''", "\\", "\\\\", "\\\\\\", "\\'", "'\\", "\\\"", "\"", "\"\"", "`", "[", "]",
        "]]", "--", "-- ", "#", "# ", "/*", "*/", "/*!", "/*+", ";", "%", "_", "$", "$$", "$a$",
        "q'[", "]'", "{", "}", "{x}", "{p:Int32}", "?", ":a", "@a", "&", "|", "||", "(", ")", ",",
        "=", "\n", "\r", "\r\n", "\t", " ", "\\\n", "\\\r\n", "\\0", "\\N", "\\x27", "\\u0027",
        "27", "0027", "x27", "x'27'", "N'", "E'", "U&'", "0x27", "NULL", "\u{1}", "\u{8}", "\u{1A}",
        "\u{7F}", "\u{80}", "\u{A0}", "é", "‘", "’", "“", "”", "＇", "日本", "𝄞", "😀", "縗", "ソ", "表",
        "\u{FEFF}", "1); DROP TABLE canary; --", "' OR '1'='1", "'; DELETE FROM canary; --",
        "\\'; DELETE FROM canary; -- ", "*/ DELETE FROM canary; /*", "]; DELETE FROM canary; --",
        "', version(), '", "a", "Z", "0", "-1", "47", "12",
    ]

    init(random: inout SeededGenerator) {
        var markers: [String: [String]] = [:]
        for field in Self.textFields {
            markers[field] = Self.beginnings.map { $0 + Self.letters(&random) }
        }
        for field in Self.numberFields {
            markers[field] = Self.beginnings.map { _ in
                String(Int.random(in: 7_111_111...9_999_998, using: &random))
            }
        }
        self.markers = markers
        segmentName = "n" + Self.letters(&random)
        var texts = Set(Self.pieces)
        while texts.count < 320 { texts.insert(Self.hostile(&random)) }
        hostileTexts = texts.subtracting(Self.decoys).sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        var numbers: Set<String> = [
            "0", "-1", "1", "1e5", "1.10", "-0.5", "12345678901234567890123", "0.1", "-7", "1E-2",
            "9223372036854775808", "120", "1.0", "-1e2",
        ]
        while numbers.count < 24 {
            numbers.insert(String(Int.random(in: -99_999...99_999, using: &random)))
        }
        hostileNumbers = numbers.sorted()
    }

    private static func letters(_ random: inout SeededGenerator) -> String {
        String((0..<8).map { _ in Array("ghjkpqvwyz").randomElement(using: &random)! })
    }

    private static func hostile(_ random: inout SeededGenerator) -> String {
        let one = pieces.randomElement(using: &random)!
        if Int.random(in: 0..<12, using: &random) == 0 {
            return String(repeating: one, count: Int.random(in: 2...9, using: &random))
        }
        return (0..<Int.random(in: 1...5, using: &random)).reduce(into: "") { text, _ in
            text += pieces.randomElement(using: &random)!
        }
    }

    /// All texts that `pool` holds; a text's number is its place.
    var stored: [String] {
        (markers.values.flatMap { $0 } + hostileTexts + hostileNumbers + Self.decoys)
    }
}

/// What the members of one statement hold, harmless and hostile.
struct TrialValues: Sendable {
    /// By field, member by member: `ValuePool.textFields` and `numberFields`.
    var hostile: [String: [String]]
    var segmentName: String

    init(_ pool: ValuePool, random: inout SeededGenerator) {
        hostile = [:]
        for field in ValuePool.textFields {
            hostile[field] = Self.distinct(pool.hostileTexts, &random)
        }
        for field in ValuePool.numberFields {
            hostile[field] = Self.distinct(pool.hostileNumbers, &random)
        }
        segmentName = pool.hostileTexts.randomElement(using: &random)!
    }

    /// As many as members, no two of them equal by Unicode either.
    private static func distinct(_ choices: [String], _ random: inout SeededGenerator) -> [String] {
        var chosen: [String] = []
        while chosen.count < ValuePool.memberCount {
            let one = choices.randomElement(using: &random)!
            if !chosen.contains(one) { chosen.append(one) }
        }
        return chosen
    }
}
