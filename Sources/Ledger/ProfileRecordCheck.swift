/// Checks that record pages from a file hold, for each ordinal, exactly the record that it leads
/// to, and that slots lead to such records only: then no later read can leave them.
struct ProfileRecordCheck {
    private let ordinals: [MemoryPage]
    private let count: Int
    private var liveCount = 0
    /// One bit for each unit of each page in use: a living record begins there.
    private var starts: [UInt64] = []
    /// Where a page's bits begin in `starts`, and how many units they stand for.
    private var places: [(firstWord: Int, unitCount: Int)] = []

    init(ordinals: [MemoryPage], count: Int) {
        self.ordinals = ordinals
        self.count = count
    }

    /// Every ordinal has its record.
    var isComplete: Bool { liveCount == count }

    /// Units of the living records on a page; nil if what stands there are no records.
    mutating func liveUnitCount(_ memory: MemoryPage, _ number: Int, used: Int) -> Int? {
        let first = starts.count
        places += repeatElement((firstWord: 0, unitCount: 0), count: number - places.count)
        places.append((first, used))
        starts += repeatElement(0, count: (used + 63) / 64)
        var live = 0
        var index = RecordArena.start(number)
        while index < used {
            let record = ProfileRecord(base: memory.base + index * RecordArena.unitByteCount)
            guard index < RecordArena.startMax,
                (used - index) * RecordArena.unitByteCount >= ProfileRecord.headerByteCount
            else { return nil }
            let unitCount = record.unitCount
            guard unitCount > 0, unitCount <= used - index,
                ProfileRecord.headerByteCount + record.idByteCount
                    <= unitCount * RecordArena.unitByteCount
            else { return nil }
            let ordinal = Int(record.ordinal)
            guard ordinal < count else { return nil }
            if unit(of: ordinal) == UInt32(number * RecordArena.unitsPerPage + index) {
                live += unitCount
                liveCount += 1
                starts[first + index / 64] |= 1 << UInt64(index & 63)
            }
            index += unitCount
        }
        return live
    }

    private func unit(of ordinal: Int) -> UInt32 {
        ordinals[ordinal / ProfileTable.ordinalsPerPage].base.load(
            fromByteOffset: ordinal % ProfileTable.ordinalsPerPage * 4, as: UInt32.self)
    }

    /// Slots in use on a page; nil unless each leads to a living record and one is empty.
    func slotCount(_ page: MemoryPage) -> Int? {
        let slots = UnsafeBufferPointer(
            start: page.base.assumingMemoryBound(to: UInt64.self),
            count: SlotTable<UInt64>.slotsPerPage)
        var slotCount = 0
        for slot in slots where slot != 0 {
            guard isStart(UInt32(truncatingIfNeeded: slot)) else { return nil }
            slotCount += 1
        }
        return slotCount < slots.count ? slotCount : nil
    }

    @inline(__always)
    private func isStart(_ unit: UInt32) -> Bool {
        let number = Int(unit) / RecordArena.unitsPerPage
        let index = Int(unit) % RecordArena.unitsPerPage
        guard number < places.count, index < places[number].unitCount else { return false }
        return starts[places[number].firstWord + index / 64] >> UInt64(index & 63) & 1 == 1
    }
}
