/// Profile ordinals as a growing row of bits, one a profile.
struct OrdinalSet: Equatable {
    private var words: [UInt64] = []
    private(set) var count = 0

    mutating func insert(_ ordinal: UInt32) {
        let word = Int(ordinal >> 6)
        while words.count <= word { words.append(0) }
        let bit: UInt64 = 1 << UInt64(ordinal & 63)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    mutating func remove(_ ordinal: UInt32) {
        let word = Int(ordinal >> 6)
        guard word < words.count else { return }
        let bit: UInt64 = 1 << UInt64(ordinal & 63)
        if words[word] & bit != 0 { count -= 1 }
        words[word] &= ~bit
    }

    mutating func removeAll() {
        words.removeAll(keepingCapacity: true)
        count = 0
    }

    func contains(_ ordinal: UInt32) -> Bool {
        let word = Int(ordinal >> 6)
        return word < words.count && words[word] >> UInt64(ordinal & 63) & 1 == 1
    }

    /// Visits the ordinals in ascending order.
    func forEach(_ body: (UInt32) -> Void) {
        for (index, var word) in words.enumerated() {
            while word != 0 {
                body(UInt32(index * 64 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
    }

    static func == (left: OrdinalSet, right: OrdinalSet) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left.words, right.words).allSatisfy { $0 == $1 }
    }
}
