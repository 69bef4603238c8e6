internal import SegmentModel

/// What stands at each place of equally long texts, eight places at a time.
enum ByteClasses {
    struct Seen {
        /// Two texts differ here; then all have digits or letters `a` to `f`.
        var differs: Bool
        var hasLetter: Bool
    }

    /// Bits of the eight bytes of a word, over all texts: a byte's highest bit, or any of its bits.
    private struct Word {
        var first: UInt64
        var differences: UInt64 = 0
        var letters: UInt64 = 0
        var others: UInt64 = 0

        @inline(__always)
        mutating func add(_ word: UInt64) {
            differences |= word ^ first
            let notDigit = ByteClasses.beyond(word ^ ByteClasses.each(0x30), 9)
            // `a` to `f` less 0x60 is 1 to 6.
            let rest = word ^ ByteClasses.each(0x60)
            let letter = ~ByteClasses.beyond(rest, 6) & ByteClasses.beyond(rest, 0)
            letters |= letter
            others |= notDigit & ~letter
        }

        /// Some byte differs and is no digit of any kind.
        @inline(__always)
        var isFree: Bool { others & ByteClasses.beyond(differences, 0) != 0 }
    }

    /// Texts after which it is asked whether there still is a template.
    private static let checkInterval = 64

    /// - Parameter byteCount: of each text, at least 1.
    /// - Returns: nil if texts differ in something that is neither a digit nor `a` to `f`.
    /// - Complexity: one pass over the texts, given up soon after the first that does not fit.
    static func seen(
        _ texts: TextColumn.Texts, _ bytes: UnsafePointer<UInt8>, _ byteCount: Int
    ) -> [Seen]? {
        let wordCount = (byteCount + 7) / 8
        return withUnsafeTemporaryAllocation(of: Word.self, capacity: wordCount) { words in
            let first = UnsafeRawPointer(bytes + Int(texts[0].offset))
            for number in 0..<wordCount {
                words[number] = Word(first: word(first, number, byteCount))
            }
            var untilCheck = checkInterval
            for text in texts {
                let start = UnsafeRawPointer(bytes + Int(text.offset))
                for number in 0..<wordCount {
                    words[number].add(word(start, number, byteCount))
                }
                untilCheck -= 1
                if untilCheck > 0 { continue }
                untilCheck = checkInterval
                if words.contains(where: \.isFree) { return nil }
            }
            if words.contains(where: \.isFree) { return nil }
            return (0..<byteCount).map { index in
                let place = place(index, wordCount, byteCount)
                let word = words[place.word]
                return Seen(
                    differs: word.differences >> place.shift & 0xFF != 0,
                    hasLetter: word.letters >> place.shift & 0x80 != 0)
            }
        }
    }

    /// Eight bytes of a text; its last eight as the last word, which overlaps the one before; a
    /// shorter text with zeros behind it.
    @inline(__always)
    private static func word(_ text: UnsafeRawPointer, _ number: Int, _ byteCount: Int) -> UInt64 {
        if byteCount >= 8 {
            let offset = min(number * 8, byteCount - 8)
            return UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in 0..<byteCount {
            word |= UInt64(text.load(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * index)
        }
        return word
    }

    private static func place(
        _ index: Int, _ wordCount: Int, _ byteCount: Int
    ) -> (word: Int, shift: UInt64) {
        let number = index / 8
        let offset = byteCount >= 8 ? min(number * 8, byteCount - 8) : 0
        return (number, UInt64(8 * (index - offset)))
    }

    @inline(__always)
    private static func each(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// The highest bit of each byte that is greater than `limit`; `limit` is below 0x80.
    @inline(__always)
    private static func beyond(_ word: UInt64, _ limit: UInt8) -> UInt64 {
        (word | ((word & each(0x7F)) &+ each(0x7F - limit))) & each(0x80)
    }
}
