internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// Reads what follows a snapshot's header into the memory of a dictionary: first all memory is
/// given its place in the file, then two threads read and check it, part by part.
struct DictionarySnapshotReader {
    private let header: DictionarySnapshotHeader
    private let tables: [UInt8]
    private let pool = PagePool()
    private var parts: DictionarySnapshotParts

    /// `tables`: the bytes behind the header, their checksum compared.
    init(_ file: any File, _ header: DictionarySnapshotHeader, _ tables: [UInt8]) {
        self.header = header
        self.tables = tables
        parts = DictionarySnapshotParts(file, header)
    }

    mutating func dictionary() throws(DictionarySnapshotError) -> LedgerDictionary {
        let fieldNames = try fieldNames()
        let ordinals = try ordinals()
        let records = try recordPages()
        let slots = try pages(header.hasProfileSlots ? header.profileGeometry : nil)
        let eventIDs = try pages(header.hasEventIDPages ? header.eventIDGeometry : nil)
        let compact = try compactEventIDs()
        guard parts.isComplete else { throw .damaged(.length) }
        let check = ProfileRecordCheck(
            ordinals: ordinals.pages, count: Int(header.profileCount), pages: records.pages)
        try parts.read(ordinals.range, checksums) { _ in true }
        try parts.read(records.range, checksums) { check.checkRecords(of: $0) }
        guard check.isComplete else { throw .damaged(.profiles) }
        try parts.read(slots.range, checksums) { check.checkSlots(slots.pages[$0]) }
        guard !header.hasProfileSlots || check.slotCount == Int(header.profileCount) else {
            throw .damaged(.profiles)
        }
        try parts.read(eventIDs.range, checksums) { check.checkEventIDs(eventIDs.pages[$0]) }
        try parts.read(compact.range, checksums) { _ in true }
        guard !header.hasEventIDPages || check.eventIDCount == Int(header.eventIDCount) else {
            throw .damaged(.eventIDs)
        }
        var dictionary = LedgerDictionary(
            DictionaryCapture(
                seed: header.seed, lastTime: Timestamp(rawValue: header.lastTime),
                lastRecordedAt: Timestamp(rawValue: header.lastRecordedAt),
                profiles: profiles(ordinals.pages, check.livePages, slots.pages),
                fieldNames: fieldNames, eventIDs: eventIDTable(eventIDs.pages)),
            pool: pool)
        try insert(compact.page, into: &dictionary)
        guard header.hasProfileSlots || dictionary.profiles.linkAll() else {
            throw .damaged(.profiles)
        }
        return dictionary
    }

    // MARK: Tables

    private func number32(at index: Int) -> UInt32 {
        tables.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        }
    }

    private var fieldNamesStart: Int { Int(header.recordPageCount) * 8 }

    private var checksumsStart: Int {
        fieldNamesStart + Int(header.fieldNameCount) * 4 + Int(header.fieldNameByteCount)
    }

    /// Of all pieces, in the order of the file.
    private var checksums: ArraySlice<UInt8> { tables[checksumsStart...] }

    private func fieldNames() throws(DictionarySnapshotError) -> InternTable {
        var names = InternTable(seed: header.seed)
        var start = fieldNamesStart + Int(header.fieldNameCount) * 4
        for number in 0..<Int(header.fieldNameCount) {
            let count = Int(number32(at: fieldNamesStart + number * 4))
            guard count > 0, count <= checksumsStart - start,
                tables.withUnsafeBytes({
                    names.intern(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])).isNew
                })
            else { throw .damaged(.fieldNames) }
            start += count
        }
        guard start == checksumsStart else { throw .damaged(.fieldNames) }
        return names
    }

    // MARK: Memory

    /// Pages of a table, and their parts.
    private typealias Pages = (pages: [MemoryPage], range: Range<Int>)

    /// The pages of a table of slots; none if the file has none.
    private mutating func pages(
        _ geometry: SlotTableGeometry?
    ) throws(DictionarySnapshotError) -> Pages {
        let count = geometry?.storedPageCount ?? 0
        try parts.checkRoom(count * MemoryPage.byteCount)
        let first = parts.count
        var pages: [MemoryPage] = []
        for _ in 0..<count {
            let page = MemoryPage(from: pool, isZeroed: false)
            try parts.add(page, byteCount: MemoryPage.byteCount)
            pages.append(page)
        }
        return (pages, first..<parts.count)
    }

    private func emptyPages(_ count: Int) -> [MemoryPage] {
        (0..<count).map { _ in MemoryPage(from: pool, isZeroed: true) }
    }

    private mutating func ordinals() throws(DictionarySnapshotError) -> Pages {
        let count = Int(header.profileCount)
        try parts.checkRoom(count * 4)
        let first = parts.count
        var pages: [MemoryPage] = []
        for start in stride(from: 0, to: count, by: ProfileTable.ordinalsPerPage) {
            let page = MemoryPage(from: pool, isZeroed: true)
            try parts.add(page, byteCount: min(ProfileTable.ordinalsPerPage, count - start) * 4)
            pages.append(page)
        }
        return (pages, first..<parts.count)
    }

    private mutating func recordPages()
        throws(DictionarySnapshotError) -> (pages: [RecordArena.Page], range: Range<Int>)
    {
        let first = parts.count
        var pages: [RecordArena.Page] = []
        let pageCount = Int(header.recordPageCount)
        var covered = 0
        for number in 0..<pageCount {
            let used = Int(number32(at: number * 8))
            let span = Int(number32(at: number * 8 + 4))
            guard span > 0 else {
                guard used == 0 else { throw .damaged(.profiles) }
                pages.append(RecordArena.Page())
                continue
            }
            guard number >= covered, span <= pageCount - number,
                used >= RecordArena.start(number), used <= span * RecordArena.unitsPerPage
            else { throw .damaged(.profiles) }
            covered = number + span
            let byteCount = used * RecordArena.unitByteCount
            try parts.checkRoom(byteCount)
            let memory = MemoryPage(slabCount: span, isHuge: number > 0 && span == 1)
            try parts.add(memory, byteCount: byteCount)
            pages.append(RecordArena.Page(memory: memory, span: span, usedUnitCount: used))
        }
        let tail = pages[Int(header.recordTail)]
        guard tail.memory != nil, tail.span == 1 else { throw .damaged(.profiles) }
        return (pages, first..<parts.count)
    }

    // MARK: Tables of slots

    private func profiles(
        _ ordinals: [MemoryPage], _ records: [RecordArena.Page], _ slots: [MemoryPage]
    ) -> ProfileTableCapture {
        let count = Int(header.profileCount)
        let geometry =
            header.hasProfileSlots
            ? header.profileGeometry
            : SlotTableGeometry(
                isDense: false, count: count, slotsPerPage: SlotTable<UInt64>.slotsPerPage)
        return ProfileTableCapture(
            count: count, geometry: geometry,
            slots: header.hasProfileSlots ? slots : emptyPages(geometry.storedPageCount),
            slotCount: header.hasProfileSlots ? count : 0, ordinals: ordinals, records: records,
            recordTail: Int(header.recordTail))
    }

    private func eventIDTable(_ pages: [MemoryPage]) -> EventIDTableCapture {
        let count = Int(header.eventIDCount)
        guard !header.hasEventIDPages else {
            return EventIDTableCapture(
                count: count, geometry: header.eventIDGeometry, slots: pages)
        }
        let geometry = SlotTableGeometry(
            isDense: true, count: count, slotsPerPage: SlotTable<UInt128>.slotsPerPage)
        return EventIDTableCapture(
            count: 0, geometry: geometry, slots: emptyPages(geometry.storedPageCount))
    }

    /// Event ids that stand one after the other; nil if the file has pages of them.
    private mutating func compactEventIDs()
        throws(DictionarySnapshotError) -> (page: MemoryPage?, range: Range<Int>)
    {
        let first = parts.count
        guard !header.hasEventIDPages else { return (nil, first..<first) }
        let byteCount = Int(header.eventIDCount) * MemoryLayout<UInt128>.size
        try parts.checkRoom(byteCount)
        let page = MemoryPage(slabCount: byteCount / MemorySlab.byteCount + 1, isHuge: false)
        try parts.add(page, byteCount: byteCount)
        return (page, first..<parts.count)
    }

    private func insert(
        _ page: MemoryPage?, into dictionary: inout LedgerDictionary
    ) throws(DictionarySnapshotError) {
        guard let page else { return }
        let slots = UnsafeBufferPointer(
            start: page.base.assumingMemoryBound(to: UInt128.self),
            count: Int(header.eventIDCount))
        for slot in slots {
            guard slot & 1 == 1, dictionary.eventIDs.insert(slot: slot) else {
                throw .damaged(.eventIDs)
            }
        }
    }
}
