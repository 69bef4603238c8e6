/// Numbered pages of 32 KiB, copied one by one when they are written to while a capture holds them.
///
/// Sharing costs O(pages); after it, the first write to each page copies that page alone.
struct PageList: ~Copyable, @unchecked Sendable {  // `bases` is owned, and follows `pages`
    private var pages: [MemoryPage?] = []
    private var isShared: [Bool] = []
    private var bases: UnsafeMutablePointer<UnsafeMutableRawPointer>
    private var capacity: Int

    init() {
        capacity = 8
        bases = .allocate(capacity: capacity)
    }

    deinit { bases.deallocate() }

    var count: Int { pages.count }

    /// Where page `number` is. Precondition: it exists and was not released.
    @inline(__always)
    func base(_ number: Int) -> UnsafeMutableRawPointer { bases[number] }

    mutating func append(_ page: MemoryPage) {
        append(page, page.base)
    }

    /// Takes a number that is not asked for: its page was released before.
    mutating func appendReleased() { append(nil, bases) }

    private mutating func append(_ page: MemoryPage?, _ base: UnsafeMutableRawPointer) {
        if pages.count == capacity {
            let wider = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(
                capacity: capacity * 2)
            wider.update(from: bases, count: pages.count)
            bases.deallocate()
            bases = wider
            capacity *= 2
        }
        bases[pages.count] = base
        pages.append(page)
        isShared.append(false)
    }

    /// Lets go of a page; it is not asked for again.
    mutating func release(_ number: Int) {
        pages[number] = nil
        isShared[number] = false
    }

    /// Makes page `number` this list's alone, so that it can be written to; false if it is
    /// somewhere else now.
    @inline(__always)
    @discardableResult
    mutating func own(_ number: Int, _ pool: PagePool) -> Bool {
        if !isShared[number] { return true }
        copy(number, pool)
        return false
    }

    @inline(never)
    private mutating func copy(_ number: Int, _ pool: PagePool) {
        isShared[number] = false
        // The capture is gone already.
        if isKnownUniquelyReferenced(&pages[number]) { return }
        let page = MemoryPage(from: pool, isZeroed: false)
        page.base.copyMemory(from: bases[number], byteCount: MemoryPage.byteCount)
        pages[number] = page
        bases[number] = page.base
    }

    /// The pages as they are, for a capture.
    mutating func share() -> [MemoryPage?] {
        for number in isShared.indices { isShared[number] = true }
        // A list of its own: the capture is read on another thread.
        return pages.map { $0 }
    }
}
