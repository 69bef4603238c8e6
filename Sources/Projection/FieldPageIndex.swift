/// The entries of a page by their place in the block, so that a block's profiles are read one after
/// the other without going through all of it each time.
struct FieldPageIndex {
    private static let none: Int32 = -1

    private var entries: [FieldPageScan.Entry] = []
    /// By entry: the next one of the same place.
    private var following: [Int32] = []
    /// By place: the first and the last entry.
    private var firsts = [Int32](repeating: none, count: FieldPage.profileCount)
    private var lasts = [Int32](repeating: none, count: FieldPage.profileCount)

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        following.removeAll(keepingCapacity: true)
        for place in firsts.indices { firsts[place] = Self.none }
    }

    /// - Throws: `projectionInvalid` for bytes that are no page; then the index is void.
    mutating func build(_ page: [UInt8], position: UInt64) throws {
        removeAll()
        if page.isEmpty { return }
        try page.withUnsafeBytes { bytes in
            var scan = try FieldPageScan(bytes, position: position)
            while let entry = try scan.next() {
                let (number, place) = (Int32(entries.count), Int(entry.place))
                entries.append(entry)
                following.append(Self.none)
                if firsts[place] == Self.none {
                    firsts[place] = number
                } else {
                    following[Int(lasts[place])] = number
                }
                lasts[place] = number
            }
        }
    }

    subscript(number: Int) -> FieldPageScan.Entry { entries[number] }

    func first(of place: UInt8) -> Int? { Self.optional(firsts[Int(place)]) }

    func next(after number: Int) -> Int? { Self.optional(following[number]) }

    private static func optional(_ number: Int32) -> Int? { number == none ? nil : Int(number) }
}
