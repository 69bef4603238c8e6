import KindTesting
import SQLTemplate
import SegmentModel

/// Which hostile text stands where which marker stood.
struct Substitution {
    struct Key {
        var marker: [UInt8]
        /// A function can make the same of a marker and another text of a hostile one.
        var hostile: [[UInt8]]
        var isNumber = false
    }

    /// The longest first.
    private(set) var keys: [Key] = []
    /// All runs of five letters of markers.
    private var fragments: Set<UInt64> = []
    private var firstBytes: Set<UInt8> = []

    init(_ source: String, _ pool: ValuePool, _ values: TrialValues) {
        for (field, markers) in pool.markers {
            let isNumber = ValuePool.numberFields.contains(field)
            for (marker, hostile) in zip(markers, values.hostile[field]!) {
                add(marker, hostile, isNumber: isNumber)
            }
        }
        add(pool.segmentName, values.segmentName)
        let harmless = Members(pool.markers, segmentName: pool.segmentName)
        let hostile = Members(values.hostile, segmentName: values.segmentName)
        for tag in Set(SourcePiece.pieces(of: source)) where tag.hasSuffix(")}") {
            let markers = Self.texts(of: tag, harmless)
            let texts = Self.texts(of: tag, hostile)
            guard markers.count == texts.count else { continue }
            for (marker, text) in zip(markers, texts) where marker.count > 5 {
                insert(Key(marker: marker, hostile: [text]))
                // `json` writes quotes of its own, which can meet those of the template.
                if Self.isQuoted(marker), Self.isQuoted(text) {
                    insert(
                        Key(
                            marker: Array(marker.dropFirst().dropLast()),
                            hostile: [Array(text.dropFirst().dropLast())]))
                }
            }
        }
        keys.sort { $0.marker.count > $1.marker.count }
        firstBytes = Set(keys.map { $0.marker[0] })
    }

    private mutating func add(_ marker: String, _ hostile: String, isNumber: Bool = false) {
        let bytes = Array(marker.utf8)
        insert(Key(marker: bytes, hostile: [Array(hostile.utf8)], isNumber: isNumber))
        guard !isNumber else { return }
        let letters = bytes.suffix(8)
        for start in letters.indices.dropLast(4) {
            fragments.insert(Self.packed(letters[start..<start + 5]))
        }
    }

    private mutating func insert(_ key: Key) {
        guard let known = keys.firstIndex(where: { $0.marker == key.marker }) else {
            return keys.append(key)
        }
        keys[known].hostile += key.hostile
    }

    private static func isQuoted(_ text: [UInt8]) -> Bool {
        let quote = UInt8(ascii: "\"")
        return text.count > 1 && text.first == quote && text.last == quote
    }

    private static func packed(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1 | 0x20) }
    }

    /// What a tag with a function writes for each member, by the rendering for SQLite, whose
    /// quoting has one rule.
    private static func texts(of tag: String, _ members: Members) -> [[UInt8]] {
        let template = TriedTemplate(source: "'\(tag)'", frame: .single)
        guard let compiled = template.compiled(for: SQLRules(.sqlite)) else { return [] }
        var texts: [[UInt8]] = []
        for profile in members.profiles {
            guard let sql = try? compiled.render([profile], members.scope) else { return [] }
            var text: [UInt8] = []
            var isDoubled = false
            for byte in sql.dropFirst().dropLast() {
                isDoubled = byte == UInt8(ascii: "'") && !isDoubled
                if !isDoubled { text.append(byte) }
            }
            texts.append(text)
        }
        return texts
    }

    enum Part {
        case constant([UInt8])
        case key(Key)
    }

    /// A harmless cell in parts.
    ///
    /// - Parameter takesQuotes: a quote that can be a text's own is; else it is the template's.
    func parts(of cell: [UInt8], takesQuotes: Bool = true) -> [Part] {
        var parts: [Part] = []
        var constant: [UInt8] = []
        var index = 0
        while index < cell.count {
            guard firstBytes.contains(cell[index]),
                let key = keys.first(where: {
                    (takesQuotes || !Self.isQuoted($0.marker))
                        && cell[index...].starts(with: $0.marker)
                })
            else {
                constant.append(cell[index])
                index += 1
                continue
            }
            if !constant.isEmpty { parts.append(.constant(constant)) }
            constant = []
            parts.append(.key(key))
            index += key.marker.count
        }
        if !constant.isEmpty { parts.append(.constant(constant)) }
        return parts
    }

    /// Whether a part of a marker stands in a text that holds no whole one.
    func holdsFragment(_ constant: [UInt8]) -> Bool {
        guard constant.count >= 5 else { return false }
        return (0...constant.count - 5).contains {
            fragments.contains(Self.packed(constant[$0..<$0 + 5]))
        }
    }

    /// The hostile text of a whole marker.
    func hostile(of marker: String) -> String? {
        let bytes = Array(marker.utf8)
        return keys.first { $0.marker == bytes }.map {
            String(decoding: $0.hostile[0], as: UTF8.self)
        }
    }
}
