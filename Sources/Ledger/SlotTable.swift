internal import CPrefetch

/// An open-addressing table of numbers, each of which begins with 32 bits of its key's hash; 0 is
/// an empty slot. What a slot means, and whether two are the same, is the owner's business.
///
/// Invariants:
/// - a slot's home is a monotone function of its hash: page by page, and inside a page; from there
///   it is sought forward, and around inside the page;
/// - every page has an empty slot, so that a search ends: 4/5 of all slots are taken at most (and
///   another sixteenth while it grows), and a page of thousands deviates from that by a few
///   hundredths (the hash is keyed);
/// - the number of pages is a `SlotTableGeometry`. To grow, groups of pages are spread over one or
///   two pages more, one group at a time while new slots come in: no insertion waits for more than
///   one group, some 50 µs.
struct SlotTable<Slot: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>:
    ~Copyable
{
    /// Where a search stands.
    struct Cursor {
        fileprivate let page: UnsafeMutablePointer<Slot>
        fileprivate var index: Int

        @inline(__always)
        var slot: Slot { page[index] }

        @inline(__always)
        mutating func advance() { index = (index + 1) & (SlotTable.slotsPerPage - 1) }
    }

    static var slotsPerPage: Int { MemoryPage.byteCount / MemoryLayout<Slot>.stride }

    private(set) var count: Int
    /// Grows whenever pages move, and cursors lead nowhere any more.
    private(set) var moveCount = 0
    private let pool: PagePool
    private(set) var geometry: SlotTableGeometry
    private var pages: PageList
    /// The pages of `geometry.next` as far as they are filled.
    private var nextPages: PageList
    /// Insertions are free until the table holds so many slots.
    private var stepCount: Int

    init(pool: PagePool, geometry: SlotTableGeometry) {
        self.pool = pool
        self.geometry = geometry
        count = 0
        pages = PageList()
        nextPages = PageList()
        for _ in 0..<geometry.pageCount { pages.append(MemoryPage(from: pool, isZeroed: true)) }
        stepCount = geometry.countMax(slotsPerPage: Self.slotsPerPage)
    }

    @inline(__always)
    private static func hash(_ slot: Slot) -> UInt32 {
        UInt32(truncatingIfNeeded: slot &>> Slot(truncatingIfNeeded: Slot.bitWidth - 32))
    }

    // MARK: Searching

    /// The beginning of a search: follow it until the slot is the one, or 0.
    @inline(__always)
    func cursor(_ hash: UInt32) -> Cursor {
        let isNext = geometry.isMigrated(hash)
        let place = geometry.place(hash, in: isNext)
        let base = isNext ? nextPages.base(place.page) : pages.base(place.page)
        return Cursor(
            page: base.assumingMemoryBound(to: Slot.self),
            index: Int((UInt64(place.remainder) &* UInt64(Self.slotsPerPage)) &>> 32))
    }

    /// Asks for the cache line in which a search begins.
    @inline(__always)
    func prefetch(_ hash: UInt32) {
        let cursor = cursor(hash)
        segledger_prefetch(cursor.page + cursor.index)
    }

    // MARK: Changing

    /// Adds a slot that is not there.
    ///
    /// - Parameter cursor: where the search for it ended just now.
    @inline(__always)
    mutating func insert(_ slot: Slot, at cursor: Cursor) {
        if count < stepCount, own(Self.hash(slot)) {
            cursor.page[cursor.index] = slot
            count += 1
        } else {
            insertAnew(slot)
        }
    }

    /// After pages have moved.
    @inline(never)
    private mutating func insertAnew(_ slot: Slot) {
        moveCount += 1
        if count >= stepCount { grow() }
        let hash = Self.hash(slot)
        _ = own(hash)
        var cursor = cursor(hash)
        while cursor.slot != 0 { cursor.advance() }
        cursor.page[cursor.index] = slot
        count += 1
    }

    /// Precondition: `old` is there. `new` has the same hash.
    mutating func replace(_ old: Slot, with new: Slot) {
        let hash = Self.hash(old)
        if !own(hash) { moveCount += 1 }
        var cursor = cursor(hash)
        while cursor.slot != old {
            precondition(cursor.slot != 0, "a slot to be replaced is there")
            cursor.advance()
        }
        cursor.page[cursor.index] = new
    }

    /// Makes the page of a hash this table's alone; false if it had to be copied for that.
    @inline(__always)
    private mutating func own(_ hash: UInt32) -> Bool {
        let isNext = geometry.isMigrated(hash)
        let page = geometry.place(hash, in: isNext).page
        return isNext ? nextPages.own(page, pool) : pages.own(page, pool)
    }

    // MARK: Growing

    /// Moves one group, and finishes when it was the last one.
    @inline(never)
    private mutating func grow() {
        moveGroup()
        if geometry.migratedGroupCount == geometry.groupCount {
            geometry = geometry.next
            swap(&pages, &nextPages)
            nextPages = PageList()
            stepCount = geometry.countMax(slotsPerPage: Self.slotsPerPage)
        } else {
            // The last group moves while another sixteenth comes in.
            stepCount = count + max(1, geometry.factor * Self.slotsPerPage / 20)
        }
    }

    private mutating func moveGroup() {
        let next = geometry.next
        let group = geometry.migratedGroupCount
        for _ in 0..<geometry.factor + geometry.step {
            nextPages.append(MemoryPage(from: pool, isZeroed: true))
        }
        for number in group * geometry.factor..<(group + 1) * geometry.factor {
            let page = pages.base(number).assumingMemoryBound(to: Slot.self)
            for index in 0..<Self.slotsPerPage where page[index] != 0 {
                let place = next.place(Self.hash(page[index]), in: false)
                var cursor = Cursor(
                    page: nextPages.base(place.page).assumingMemoryBound(to: Slot.self),
                    index: Int((UInt64(place.remainder) &* UInt64(Self.slotsPerPage)) &>> 32))
                while cursor.slot != 0 { cursor.advance() }
                cursor.page[cursor.index] = page[index]
            }
            pages.release(number)
        }
        geometry.migratedGroupCount += 1
    }

    // MARK: Captures

    /// The pages in the order in which a snapshot stores them: those filled for the next geometry,
    /// then those not yet moved.
    mutating func share() -> [MemoryPage] {
        nextPages.share().compactMap { $0 } + pages.share().compactMap { $0 }
    }

    /// A table from the pages that `share()` gave.
    ///
    /// - Precondition: as many as `geometry.storedPageCount`, with `count` slots in use, and an
    ///   empty one on each.
    init(pool: PagePool, geometry: SlotTableGeometry, count: Int, stored: [MemoryPage]) {
        precondition(stored.count == geometry.storedPageCount, "a table has all its pages")
        self.pool = pool
        self.geometry = geometry
        pages = PageList()
        nextPages = PageList()
        let nextCount = geometry.migratedGroupCount * (geometry.factor + geometry.step)
        for page in stored[..<nextCount] { nextPages.append(page) }
        for _ in 0..<geometry.migratedGroupCount * geometry.factor { pages.appendReleased() }
        for page in stored[nextCount...] { pages.append(page) }
        self.count = count
        stepCount =
            geometry.isMigrating ? count : geometry.countMax(slotsPerPage: Self.slotsPerPage)
    }
}
