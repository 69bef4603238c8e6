/// Finding bytes in bytes, linear in both whatever stands in them.
///
/// Source: D. Knuth, J. Morris, V. Pratt, "Fast Pattern Matching in Strings", 1977.
struct ByteSearch {
    private let part: UnsafeBufferPointer<UInt8>
    /// By length of what has matched: how much of it still matches, moved on.
    private let fallbacks: [Int]

    /// `part` is at least one byte and outlives the search.
    init(_ part: UnsafeBufferPointer<UInt8>) {
        self.part = part
        var fallbacks = [0, 0]
        var matched = 0
        for index in part.indices.dropFirst() {
            while matched > 0, part[index] != part[matched] { matched = fallbacks[matched] }
            if part[index] == part[matched] { matched += 1 }
            fallbacks.append(matched)
        }
        self.fallbacks = fallbacks
    }

    /// Where `part` begins in `whole`, at or behind `start`; nil if it is not there.
    func first(in whole: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
        var matched = 0
        for index in whole.indices.dropFirst(start) {
            while matched > 0, whole[index] != part[matched] { matched = fallbacks[matched] }
            if whole[index] == part[matched] { matched += 1 }
            if matched == part.count { return index + 1 - matched }
        }
        return nil
    }

    static func contains(
        _ part: UnsafeBufferPointer<UInt8>, in whole: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        part.isEmpty || ByteSearch(part).first(in: whole) != nil
    }
}
