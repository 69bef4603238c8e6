/// The memory of the profile records: appended to, never changed behind a capture's back.
///
/// A place is counted in units of 8 bytes; unit 0 is never given out. Pages are 2 MiB; a record
/// that would take more than a quarter of one has pages of its own, neighbours in memory.
///
/// Invariants:
/// - bytes that no record was put into are zero;
/// - bytes before `Page.sealedUnitCount` belong to a capture too and do not change;
/// - a record begins where header and longest id still lie inside the page.
struct RecordArena: ~Copyable, @unchecked Sendable {  // `bases` is owned, and follows `pages`
    static let unitByteCount = 8
    static let unitsPerPage = MemorySlab.byteCount / unitByteCount
    private static let pageShift = 18
    /// Records begin before it.
    static let startMax = unitsPerPage - 40
    /// 32 GiB: as far as 32 bits of units reach.
    static let pageCountMax = 1 << 14
    private static let pageCountReserve = 1 << 10

    struct Page {
        /// nil: the page is free, or the one before it reaches over it.
        var memory: MemoryPage?
        /// Pages that `memory` covers.
        var span = 1
        var usedUnitCount = 0
        var liveUnitCount = 0
        var sealedUnitCount = 0
    }

    private(set) var pages: [Page] = []
    /// The page that is appended to.
    private(set) var tail = 0
    /// Units in records that nobody refers to any more.
    private(set) var garbageUnitCount = 0
    private(set) var usedUnitCount = 0
    private var freeNumbers: [Int] = []
    private var bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var capacity: Int

    init() {
        capacity = 16
        bases = .allocate(capacity: capacity)
        startPage()
    }

    /// An arena from pages that a capture gave; `liveUnitCount` is counted by whoever knows.
    init(stored: [Page], tail: Int) {
        capacity = max(16, stored.count)
        bases = .allocate(capacity: capacity)
        pages = stored
        self.tail = tail
        for (number, page) in stored.enumerated() {
            usedUnitCount += page.usedUnitCount
            garbageUnitCount += page.usedUnitCount - page.liveUnitCount
            guard let memory = page.memory else { continue }
            for index in 0..<page.span {
                bases[number + index] = memory.base + index * MemorySlab.byteCount
            }
        }
        var covered = 0
        for (number, page) in stored.enumerated() {
            if page.memory != nil { covered = number + page.span }
            if number >= covered { freeNumbers.append(number) }
        }
    }

    deinit { bases.deallocate() }

    @inline(__always)
    func record(_ unit: UInt32) -> ProfileRecord {
        let page = Int(unit &>> UInt32(Self.pageShift))
        let offset = Int(unit & UInt32(Self.unitsPerPage - 1)) * Self.unitByteCount
        return ProfileRecord(base: bases[page] + offset)
    }

    /// Whether records of so many bytes find room, if each is written twice on the way, beside the
    /// largest that there are likely to be.
    func hasRoom(byteCount: Int) -> Bool {
        pages.count - freeNumbers.count + 2 * byteCount / MemorySlab.byteCount
            < Self.pageCountMax - Self.pageCountReserve
    }

    // MARK: Appending

    /// Room for a record, all zeros.
    @inline(__always)
    mutating func append(_ unitCount: Int) -> UInt32 {
        let used = pages[tail].usedUnitCount
        if unitCount <= Self.unitsPerPage - used, used < Self.startMax {
            return take(unitCount, on: tail)
        }
        return appendOnNewPage(unitCount)
    }

    @inline(__always)
    private mutating func take(_ unitCount: Int, on page: Int) -> UInt32 {
        let used = pages[page].usedUnitCount
        pages[page].usedUnitCount = used + unitCount
        pages[page].liveUnitCount += unitCount
        usedUnitCount += unitCount
        return UInt32(page << Self.pageShift | used)
    }

    @inline(never)
    private mutating func appendOnNewPage(_ unitCount: Int) -> UInt32 {
        guard unitCount > Self.unitsPerPage / 4 else {
            startPage()
            return take(unitCount, on: tail)
        }
        let span = (unitCount + Self.unitsPerPage - 1) / Self.unitsPerPage
        let first = pages.count
        let memory = MemoryPage(slabCount: span, isHuge: false)
        for index in 0..<span {
            addNumber(memory.base + index * MemorySlab.byteCount)
        }
        pages[first].memory = memory
        pages[first].span = span
        return take(unitCount, on: first)
    }

    private mutating func startPage() {
        let old = tail
        let memory = MemoryPage(slabCount: 1, isHuge: pages.count > 0)
        if let number = freeNumbers.popLast() {
            pages[number] = Page(memory: memory)
            bases[number] = memory.base
            tail = number
        } else {
            tail = pages.count
            addNumber(memory.base)
            pages[tail].memory = memory
        }
        pages[tail].usedUnitCount = Self.start(tail)
        usedUnitCount += Self.start(tail)
        garbageUnitCount += Self.start(tail)
        freeIfEmpty(old)
    }

    /// Where the first record of a page begins.
    static func start(_ number: Int) -> Int { number == 0 ? 1 : 0 }

    private mutating func addNumber(_ base: UnsafeMutableRawPointer) {
        precondition(pages.count < Self.pageCountMax, "profiles and their fields fill 32 GiB")
        if pages.count == capacity {
            let wider = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(
                capacity: capacity * 2)
            wider.update(from: bases, count: pages.count)
            bases.deallocate()
            bases = wider
            capacity *= 2
        }
        bases[pages.count] = base
        pages.append(Page())
    }

    // MARK: Changing and leaving

    /// Whether no capture holds the record, so that it may be changed where it is.
    @inline(__always)
    func isOwned(_ unit: UInt32) -> Bool {
        Int(unit & UInt32(Self.unitsPerPage - 1))
            >= pages[Int(unit &>> UInt32(Self.pageShift))].sealedUnitCount
    }

    /// Says that nobody refers to a record any more. A page without living records is given back.
    mutating func retire(_ unit: UInt32, _ unitCount: Int) {
        let number = Int(unit &>> UInt32(Self.pageShift))
        pages[number].liveUnitCount -= unitCount
        garbageUnitCount += unitCount
        freeIfEmpty(number)
    }

    private mutating func freeIfEmpty(_ number: Int) {
        if pages[number].liveUnitCount == 0, pages[number].memory != nil, number != tail {
            free(number)
        }
    }

    private mutating func free(_ number: Int) {
        let page = pages[number]
        garbageUnitCount -= page.usedUnitCount
        usedUnitCount -= page.usedUnitCount
        for index in 0..<page.span {
            pages[number + index] = Page()
            freeNumbers.append(number + index)
        }
    }

    /// The page with the most garbage beside the tail; nil if there is none.
    func mostWastefulPage() -> Int? {
        var worst: (number: Int, garbage: Int)?
        for (number, page) in pages.enumerated() where number != tail {
            let garbage = page.usedUnitCount - page.liveUnitCount
            if garbage > worst?.garbage ?? 0 { worst = (number, garbage) }
        }
        return worst?.number
    }

    /// The pages as they are, for a capture: what is used now does not change any more.
    mutating func share() -> [Page] {
        for number in pages.indices { pages[number].sealedUnitCount = pages[number].usedUnitCount }
        // A list of its own: the capture is read on another thread.
        return pages.map { $0 }
    }
}
