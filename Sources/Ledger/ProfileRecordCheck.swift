internal import Synchronization

/// Checks that record pages from a file hold, for each ordinal, exactly the record that it leads
/// to, and that slots lead to such records only: then no later read can leave them.
///
/// Pages are checked in any order, by several threads: first all of records, then those of slots.
final class ProfileRecordCheck: @unchecked Sendable {  // each page's bits are its checker's alone
    private struct Counts {
        var records = 0
        var slots = 0
        var eventIDs = 0
    }

    private let ordinals: [MemoryPage]
    private let count: Int
    private let pages: [RecordArena.Page]
    /// The numbers of the pages in use.
    private let numbers: [Int]
    /// By page number: units in use, and where its bits begin in `starts`.
    private let unitCounts: [Int]
    private let firstWords: [Int]
    /// One bit for each unit of each page in use: a living record begins there.
    private let starts: UnsafeMutablePointer<UInt64>
    /// By page number.
    private let liveUnitCounts: UnsafeMutablePointer<Int>
    private let counts = Mutex(Counts())

    /// - Parameter pages: those in use have memory and know how much of it is used.
    init(ordinals: [MemoryPage], count: Int, pages: [RecordArena.Page]) {
        self.ordinals = ordinals
        self.count = count
        self.pages = pages
        numbers = pages.indices.filter { pages[$0].memory != nil }
        unitCounts = pages.map(\.usedUnitCount)
        var firstWords: [Int] = []
        var wordCount = 0
        for page in pages {
            firstWords.append(wordCount)
            wordCount += (page.usedUnitCount + 63) / 64
        }
        self.firstWords = firstWords
        starts = .allocate(capacity: max(1, wordCount))
        starts.initialize(repeating: 0, count: wordCount)
        liveUnitCounts = .allocate(capacity: max(1, pages.count))
        liveUnitCounts.initialize(repeating: 0, count: pages.count)
    }

    deinit {
        starts.deallocate()
        liveUnitCounts.deallocate()
    }

    /// Every ordinal has its record.
    var isComplete: Bool { counts.withLock { $0.records } == count }
    var slotCount: Int { counts.withLock { $0.slots } }
    var eventIDCount: Int { counts.withLock { $0.eventIDs } }

    /// The pages with the units of their living records.
    var livePages: [RecordArena.Page] {
        var pages = pages
        for number in numbers { pages[number].liveUnitCount = liveUnitCounts[number] }
        return pages
    }

    /// Checks the page that is `index`-th of those in use; false if what stands there are no
    /// records.
    func checkRecords(of index: Int) -> Bool {
        let number = numbers[index]
        guard let memory = pages[number].memory else { return false }
        let used = unitCounts[number]
        let bits = starts + firstWords[number]
        var live = 0
        var records = 0
        var unit = RecordArena.start(number)
        while unit < used {
            let record = ProfileRecord(base: memory.base + unit * RecordArena.unitByteCount)
            guard unit < RecordArena.startMax,
                (used - unit) * RecordArena.unitByteCount >= ProfileRecord.headerByteCount
            else { return false }
            let unitCount = record.unitCount
            guard unitCount > 0, unitCount <= used - unit,
                ProfileRecord.headerByteCount + record.idByteCount
                    <= unitCount * RecordArena.unitByteCount
            else { return false }
            let ordinal = Int(record.ordinal)
            guard ordinal < count else { return false }
            if self.unit(of: ordinal) == UInt32(number * RecordArena.unitsPerPage + unit) {
                live += unitCount
                records += 1
                bits[unit / 64] |= 1 << UInt64(unit & 63)
            }
            unit += unitCount
        }
        liveUnitCounts[number] = live
        counts.withLock { $0.records += records }
        return true
    }

    private func unit(of ordinal: Int) -> UInt32 {
        ordinals[ordinal / ProfileTable.ordinalsPerPage].base.load(
            fromByteOffset: ordinal % ProfileTable.ordinalsPerPage * 4, as: UInt32.self)
    }

    /// False unless each slot in use leads to a living record and one is empty.
    func checkSlots(_ page: MemoryPage) -> Bool {
        let slots = UnsafeBufferPointer(
            start: page.base.assumingMemoryBound(to: UInt64.self),
            count: SlotTable<UInt64>.slotsPerPage)
        var slotCount = 0
        for slot in slots where slot != 0 {
            guard isStart(UInt32(truncatingIfNeeded: slot)) else { return false }
            slotCount += 1
        }
        counts.withLock { $0.slots += slotCount }
        return slotCount < slots.count
    }

    @inline(__always)
    private func isStart(_ unit: UInt32) -> Bool {
        let number = Int(unit) / RecordArena.unitsPerPage
        let index = Int(unit) % RecordArena.unitsPerPage
        guard number < unitCounts.count, index < unitCounts[number] else { return false }
        return starts[firstWords[number] + index / 64] >> UInt64(index & 63) & 1 == 1
    }

    /// False if no slot is empty.
    func checkEventIDs(_ page: MemoryPage) -> Bool {
        let slots = UnsafeBufferPointer(
            start: page.base.assumingMemoryBound(to: UInt128.self),
            count: SlotTable<UInt128>.slotsPerPage)
        let slotCount = slots.reduce(0) { $0 + ($1 == 0 ? 0 : 1) }
        counts.withLock { $0.eventIDs += slotCount }
        return slotCount < slots.count
    }
}
