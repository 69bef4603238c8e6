/// Profiles that were met. As long as their ordinals ascend, as those of most events do, nothing is
/// looked up.
struct OrdinalSet {
    private var ordinals: [UInt32] = []
    /// Indices of `ordinals`, -1 where free; at most half full. Empty while they ascend.
    private var table: [Int32] = []

    init(capacity: Int) { ordinals.reserveCapacity(capacity) }

    /// False if it is in already.
    mutating func insert(_ ordinal: UInt32) -> Bool {
        if table.isEmpty {
            if ordinals.last.map({ $0 < ordinal }) ?? true {
                ordinals.append(ordinal)
                return true
            }
            makeTable(count: 64)
        }
        let place = place(of: ordinal)
        guard table[place] < 0 else { return false }
        table[place] = Int32(ordinals.count)
        ordinals.append(ordinal)
        if ordinals.count * 2 > table.count { makeTable(count: table.count * 2) }
        return true
    }

    /// Where it stands, or where it would.
    private func place(of ordinal: UInt32) -> Int {
        let bitCount = table.count.trailingZeroBitCount
        // Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
        var place = Int((ordinal &* 0x9E37_79B9) >> UInt32(32 - bitCount))
        while table[place] >= 0, ordinals[Int(table[place])] != ordinal {
            place = (place + 1) & (table.count - 1)
        }
        return place
    }

    private mutating func makeTable(count: Int) {
        var size = count
        while size < ordinals.count * 2 { size *= 2 }
        table = Array(repeating: -1, count: size)
        for (index, ordinal) in ordinals.enumerated() {
            table[place(of: ordinal)] = Int32(index)
        }
    }
}
