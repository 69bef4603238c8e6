internal import SegmentModel

/// The field names of the profile before, by their place: the next profile of an event mostly has
/// the same ones, which then are neither stored nor compared with each other again.
///
/// Invariant: names 0..<count are pairwise different and stand in the batch.
struct PlainNames {
    /// A name of 1 to `byteCountMax` bytes in words as `TextBlock` reads them, zeros behind it.
    struct Name {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var count = 0

        @inline(__always)
        static func == (left: Name, right: Name) -> Bool {
            let first = (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1)
            let second = (left.words.2 ^ right.words.2) | (left.words.3 ^ right.words.3)
            return first | second | UInt64(truncatingIfNeeded: left.count ^ right.count) == 0
        }
    }

    struct Entry {
        var name = Name()
        var slice = EventBatch.Slice.empty
    }

    static let countMax = 32
    static let byteCountMax = 32

    private let entries: UnsafeMutablePointer<Entry>
    private(set) var count: Int

    /// - Parameter entries: room for `countMax` of them, of which `count` are names.
    init(_ entries: UnsafeMutablePointer<Entry>, count: Int) {
        self.entries = entries
        self.count = count
    }

    /// Where the name stands in the batch, if it is the one at this place.
    @inline(__always)
    func slice(of name: Name, at index: Int) -> EventBatch.Slice? {
        index < count && entries[index].name == name ? entries[index].slice : nil
    }

    /// Puts a name that was stored at `slice` in this place and forgets those behind it.
    /// False if it stands in an earlier place: then the object gives it twice.
    mutating func replace(at index: Int, _ name: Name, slice: EventBatch.Slice) -> Bool {
        precondition(index <= count && index < PlainNames.countMax, "names come in order")
        for earlier in 0..<index where entries[earlier].name == name { return false }
        entries[index] = Entry(name: name, slice: slice)
        count = index + 1
        return true
    }

    mutating func removeAll() { count = 0 }
}
