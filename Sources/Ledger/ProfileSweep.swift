/// Where the sweeping of the profile records stands, and how far it may go.
///
/// A unit of garbage pays for looking at four units, so that writing never waits long; a page is
/// swept once a third of all that is used is garbage, and it is the one with the most: looking at
/// four units gives back more than one.
struct ProfileSweep: Sendable {
    private static let ratio = 4
    /// Garbage that is left alone: half a page.
    private static let garbageUnitCountMin = RecordArena.unitsPerPage / 2

    private var page: Int?
    private var index = 0
    private var budget = 0

    mutating func note(_ garbageUnitCount: Int) { budget += garbageUnitCount * Self.ratio }

    /// The next record to be looked at; nil when it is enough for now.
    mutating func next(_ records: borrowing RecordArena) -> UInt32? {
        // Its last living record has left since: it is free, or in use again.
        if let page, page == records.tail || records.pages[page].liveUnitCount == 0 {
            self.page = nil
        }
        guard budget > 0 else { return nil }
        if page == nil || index >= records.pages[page!].usedUnitCount {
            page = choose(records)
            index = page.map(RecordArena.start) ?? 0
        }
        guard let page else {
            budget = 0
            return nil
        }
        let unit = UInt32(page * RecordArena.unitsPerPage + index)
        let unitCount = records.record(unit).unitCount
        index += unitCount
        budget -= unitCount
        return unit
    }

    private func choose(_ records: borrowing RecordArena) -> Int? {
        guard records.garbageUnitCount > Self.garbageUnitCountMin,
            records.garbageUnitCount * 3 > records.usedUnitCount
        else { return nil }
        return records.mostWastefulPage()
    }
}
