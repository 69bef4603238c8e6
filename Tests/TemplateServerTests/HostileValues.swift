/// Values that break what is not escaped, not encoded, or cut.
struct HostileValues {
    private static let pieces: [String] = [
        "'", "''", "'''", "\\", "\\\\", "\\'", "\\\"", "\"", "\"\"", "`", "[", "]", "--", "-- ",
        "#",
        "/*", "*/", "/*!", "/*+", ";", "%", "_", "$", "$$", "$a$", "q'[", "]'", "{", "}", "{x}",
        "{p:Int32}", "?", ":a", "@a", "@@v", "&", "|", "||", "(", ")", ",", "=", "\n", "\r", "\r\n",
        "\t", " ", "\\\n", "\\\r\n", "\\0", "\\N", "\\x27", "\\u0027", "x'27'", "N'", "E'", "U&'",
        "0x27", "NULL", "\u{1}", "\u{8}", "\u{1A}", "\u{1B}", "\u{7F}", "\u{80}", "\u{85}",
        "\u{A0}", "é", "\u{2BC}", "‘", "’", "“", "”", "\u{2028}", "\u{3000}", "＇", "日本", "𝄞", "😀",
        "\u{FEFF}", "\u{10FFFF}", "縗", "ｿ", "1); DROP TABLE canary; --", "' OR '1'='1",
        "'; DELETE FROM canary; --", "\\'; DELETE FROM canary; -- ", "*/ DELETE FROM canary; /*",
        "a", "Z", "0", "-1",
    ]

    private(set) var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// From empty to a few hundred bytes of UTF-8 without U+0000.
    mutating func next() -> [UInt8] {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return []
        case 1: return Array(Self.pieces.randomElement(using: &random)!.utf8)
        case 2:
            let one = Array(Self.pieces.randomElement(using: &random)!.utf8)
            return Array(repeatElement(one, count: Int.random(in: 2...60, using: &random)).joined())
        case 3:
            return (0..<Int.random(in: 1...40, using: &random)).flatMap { _ -> [UInt8] in
                let scalar = Unicode.Scalar(UInt32.random(in: 1...0x10FFFF, using: &random))
                return Array(String(Character(scalar ?? "\u{FFFD}")).utf8)
            }
        default:
            return (0..<Int.random(in: 1...8, using: &random)).flatMap { _ in
                Array(Self.pieces.randomElement(using: &random)!.utf8)
            }
        }
    }

    /// Bytes that are no UTF-8, without a zero byte.
    mutating func nextBytes() -> [UInt8] {
        (0..<Int.random(in: 1...24, using: &random)).map { _ in
            [0x27, 0x5C, 0x22, 0xC0, 0xBF, 0xE5, 0xFF, 0x81].randomElement(using: &random)!
                as UInt8
        }
    }
}
