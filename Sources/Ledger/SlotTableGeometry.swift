/// How many pages a `SlotTable` has, and which page a hash belongs to, also while the table grows.
///
/// There are 4 to 7 times a power of two: that power of groups, of as many pages. A *dense* table
/// takes one page more a group when 4/5 of it are full, so that it is never less than 5/8 full
/// later on; another doubles when 3/4 are full and is never less than 3/8 full: it is searched
/// faster, and moves its slots a quarter as often.
struct SlotTableGeometry: Hashable, Sendable {
    let isDense: Bool
    /// Pages of a group.
    private(set) var factor = 4
    /// There are 2 to the power of so many groups.
    private(set) var groupShift = 0
    /// Groups that stand in the next geometry already, the first ones.
    var migratedGroupCount = 0

    static let groupShiftMax = 18

    init(isDense: Bool) { self.isDense = isDense }

    /// nil unless the numbers are possible.
    init?(isDense: Bool, factor: Int, groupShift: Int, migratedGroupCount: Int) {
        self.init(isDense: isDense)
        guard (4...7).contains(factor), isDense || factor == 4,
            (0...Self.groupShiftMax).contains(groupShift),
            (0..<1 << groupShift).contains(migratedGroupCount)
        else { return nil }
        self.factor = factor
        self.groupShift = groupShift
        self.migratedGroupCount = migratedGroupCount
    }

    /// The smallest that holds `count` slots without growing.
    init(isDense: Bool, count: Int, slotsPerPage: Int) {
        self.init(isDense: isDense)
        while countMax(slotsPerPage: slotsPerPage) < count { self = next }
    }

    /// Pages that a group takes more when the table grows.
    @inline(__always)
    var step: Int { isDense ? 1 : 4 }

    var groupCount: Int { 1 << groupShift }
    var pageCount: Int { factor << groupShift }
    var isMigrating: Bool { migratedGroupCount > 0 }

    /// Pages in use: the moved groups have theirs of the next geometry.
    var storedPageCount: Int { pageCount + migratedGroupCount * step }

    /// Slots in use at which the table begins to grow.
    func countMax(slotsPerPage: Int) -> Int {
        isDense ? pageCount * slotsPerPage / 5 * 4 : pageCount * slotsPerPage / 4 * 3
    }

    var next: SlotTableGeometry {
        var next = self
        next.migratedGroupCount = 0
        next.factor += step
        if next.factor == 8 {
            next.factor = 4
            next.groupShift += 1
        }
        precondition(next.groupShift <= Self.groupShiftMax, "a table of 2^32 slots is full")
        return next
    }

    /// Whether the group of a hash has moved.
    @inline(__always)
    func isMigrated(_ hash: UInt32) -> Bool {
        UInt64(hash) &>> UInt64(32 - groupShift) < UInt64(migratedGroupCount)
    }

    /// The page of a hash, and how far into it its home lies, in 2^-32.
    @inline(__always)
    func place(_ hash: UInt32, in isNext: Bool) -> (page: Int, remainder: UInt32) {
        let pageCount = (isNext ? factor + step : factor) << groupShift
        let product = UInt64(hash) &* UInt64(pageCount)
        return (Int(product &>> 32), UInt32(truncatingIfNeeded: product))
    }
}
