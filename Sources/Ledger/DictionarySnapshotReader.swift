internal import FrameCodec
internal import SegmentModel
internal import StorageIO

/// Reads what follows a snapshot's header into the memory of a dictionary, piece by piece, and
/// checks it while it is in the processor's cache.
struct DictionarySnapshotReader {
    private let file: any File
    private let header: DictionarySnapshotHeader
    private let tables: [UInt8]
    private let pool = PagePool()
    private var offset: Int
    private var pieceIndex = 0

    /// `tables`: the bytes behind the header, their checksum compared.
    init(_ file: any File, _ header: DictionarySnapshotHeader, _ tables: [UInt8]) {
        self.file = file
        self.header = header
        self.tables = tables
        offset = DictionarySnapshotHeader.byteCount + tables.count
    }

    mutating func dictionary() throws(DictionarySnapshotError) -> LedgerDictionary {
        let fieldNames = try fieldNames()
        let profiles = try profiles()
        let eventIDs = try eventIDs()
        guard pieceIndex == Int(header.pieceCount), offset == Int(header.fileByteCount) else {
            throw .damaged(.length)
        }
        let capture = DictionaryCapture(
            seed: header.seed, lastTime: Timestamp(rawValue: header.lastTime),
            lastRecordedAt: Timestamp(rawValue: header.lastRecordedAt),
            profiles: profiles.capture, fieldNames: fieldNames, eventIDs: eventIDs.capture)
        var dictionary = LedgerDictionary(capture, pool: pool)
        for slot in eventIDs.compact {
            guard dictionary.eventIDs.insert(slot: slot) else { throw .damaged(.eventIDs) }
        }
        guard profiles.hasSlots || dictionary.profiles.linkAll() else {
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

    // MARK: Pages

    /// Fills memory with the next `byteCount` bytes and the zeros behind them.
    private mutating func fill(
        _ base: UnsafeMutableRawPointer, _ byteCount: Int
    ) throws(DictionarySnapshotError) {
        var done = 0
        let wanted = DictionarySnapshot.aligned(byteCount)
        while done < wanted {
            let count = min(DictionarySnapshot.pieceByteCount, wanted - done)
            guard pieceIndex < Int(header.pieceCount) else { throw .damaged(.length) }
            let piece = UnsafeMutableRawBufferPointer(start: base + done, count: count)
            let offset = offset
            let read = try DictionarySnapshot.storage { () throws(StorageError) in
                try file.read(into: piece, at: offset)
            }
            guard read == count,
                crc32c(UnsafeRawBufferPointer(piece))
                    == number32(at: checksumsStart + pieceIndex * 4)
            else { throw .damaged(.pages) }
            pieceIndex += 1
            self.offset += count
            done += count
        }
        for index in byteCount..<wanted where base.load(fromByteOffset: index, as: UInt8.self) != 0
        {
            throw .damaged(.pages)
        }
    }

    private mutating func pages(_ count: Int) throws(DictionarySnapshotError) -> [MemoryPage] {
        try room(count * MemoryPage.byteCount)
        var pages: [MemoryPage] = []
        for _ in 0..<count {
            let page = MemoryPage(from: pool, isZeroed: false)
            try fill(page.base, MemoryPage.byteCount)
            pages.append(page)
        }
        return pages
    }

    /// The file must hold what is asked of memory.
    private func room(_ byteCount: Int) throws(DictionarySnapshotError) {
        guard byteCount <= Int(header.fileByteCount) - offset else { throw .damaged(.length) }
    }

    // MARK: Profiles

    private mutating func profiles()
        throws(DictionarySnapshotError) -> (capture: ProfileTableCapture, hasSlots: Bool)
    {
        let count = Int(header.profileCount)
        let ordinals = try ordinals(count)
        var check = ProfileRecordCheck(ordinals: ordinals, count: count)
        let records = try records(&check)
        guard check.isComplete else { throw .damaged(.profiles) }
        var slots: [MemoryPage] = []
        let geometry: SlotTableGeometry
        if header.hasProfileSlots {
            geometry = header.profileGeometry
            slots = try pages(geometry.storedPageCount)
            var slotCount = 0
            for page in slots {
                guard let found = check.slotCount(page) else { throw .damaged(.profiles) }
                slotCount += found
            }
            guard slotCount == count else { throw .damaged(.profiles) }
        } else {
            geometry = SlotTableGeometry(
                isDense: false, count: count, slotsPerPage: SlotTable<UInt64>.slotsPerPage)
            slots = emptyPages(geometry.storedPageCount)
        }
        let capture = ProfileTableCapture(
            count: count, geometry: geometry, slots: slots,
            slotCount: header.hasProfileSlots ? count : 0, ordinals: ordinals, records: records,
            recordTail: Int(header.recordTail))
        return (capture, header.hasProfileSlots)
    }

    private func emptyPages(_ count: Int) -> [MemoryPage] {
        (0..<count).map { _ in MemoryPage(from: pool, isZeroed: true) }
    }

    private mutating func ordinals(
        _ count: Int
    ) throws(DictionarySnapshotError) -> [MemoryPage] {
        try room(count * 4)
        var pages: [MemoryPage] = []
        for start in stride(from: 0, to: count, by: ProfileTable.ordinalsPerPage) {
            let page = MemoryPage(from: pool, isZeroed: true)
            try fill(page.base, min(ProfileTable.ordinalsPerPage, count - start) * 4)
            pages.append(page)
        }
        return pages
    }

    private mutating func records(
        _ check: inout ProfileRecordCheck
    ) throws(DictionarySnapshotError) -> [RecordArena.Page] {
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
            try room(used * RecordArena.unitByteCount)
            let memory = MemoryPage(slabCount: span, isHuge: number > 0 && span == 1)
            try fill(memory.base, used * RecordArena.unitByteCount)
            guard let live = check.liveUnitCount(memory, number, used: used) else {
                throw .damaged(.profiles)
            }
            pages.append(
                RecordArena.Page(
                    memory: memory, span: span, usedUnitCount: used, liveUnitCount: live))
        }
        let tail = pages[Int(header.recordTail)]
        guard tail.memory != nil, tail.span == 1 else { throw .damaged(.profiles) }
        return pages
    }

    // MARK: Event ids

    private mutating func eventIDs()
        throws(DictionarySnapshotError) -> (capture: EventIDTableCapture, compact: [UInt128])
    {
        let count = Int(header.eventIDCount)
        guard header.hasEventIDPages else { return try compactEventIDs(count) }
        let pages = try pages(header.eventIDGeometry.storedPageCount)
        var slotCount = 0
        for page in pages {
            let found = UnsafeBufferPointer(
                start: page.base.assumingMemoryBound(to: UInt128.self),
                count: SlotTable<UInt128>.slotsPerPage
            ).reduce(0) { $0 + ($1 == 0 ? 0 : 1) }
            guard found < SlotTable<UInt128>.slotsPerPage else { throw .damaged(.eventIDs) }
            slotCount += found
        }
        guard slotCount == count else { throw .damaged(.eventIDs) }
        let capture = EventIDTableCapture(
            count: count, geometry: header.eventIDGeometry, slots: pages)
        return (capture, [])
    }

    private mutating func compactEventIDs(
        _ count: Int
    ) throws(DictionarySnapshotError) -> (capture: EventIDTableCapture, compact: [UInt128]) {
        let geometry = SlotTableGeometry(
            isDense: true, count: count, slotsPerPage: SlotTable<UInt128>.slotsPerPage)
        let capture = EventIDTableCapture(
            count: 0, geometry: geometry, slots: emptyPages(geometry.storedPageCount))
        let byteCount = count * MemoryLayout<UInt128>.size
        try room(byteCount)
        let page = MemoryPage(slabCount: byteCount / MemorySlab.byteCount + 1, isHuge: false)
        try fill(page.base, byteCount)
        let slots = UnsafeBufferPointer(
            start: page.base.assumingMemoryBound(to: UInt128.self), count: count)
        guard slots.allSatisfy({ $0 & 1 == 1 }) else { throw .damaged(.eventIDs) }
        return (capture, Array(slots))
    }
}
