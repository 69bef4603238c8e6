internal import CPrefetch

/// Every profile of the ledger: its id, its ordinal and its current fields.
///
/// A slot leads from an id's hash to the profile's record, `ordinals` from its ordinal. A change of
/// fields writes a new record (or the old one again, if it fits and no capture holds it); what is
/// left behind is swept little by little, in proportion to what is written.
///
/// 27 to 38 bytes a profile beside the bytes of id and fields. Not shared between threads; what
/// `share` gives is.
struct ProfileTable: ~Copyable {
    static let ordinalsPerPage = MemoryPage.byteCount / MemoryLayout<UInt32>.stride
    private static let ordinalShift = 13

    private(set) var count = 0
    let hash: KeyedHash
    private let pool: PagePool
    private(set) var slots: SlotTable<UInt64>
    /// The record of each ordinal.
    private(set) var ordinals: PageList
    private(set) var records: RecordArena
    private var sweep = ProfileSweep()

    init(seed: UInt64, pool: PagePool) {
        hash = KeyedHash(seed: seed)
        self.pool = pool
        slots = SlotTable(pool: pool, geometry: SlotTableGeometry(isDense: false))
        ordinals = PageList()
        records = RecordArena()
    }

    // MARK: Reading

    @inline(__always)
    static func slot(_ hash: UInt64, _ unit: UInt32) -> UInt64 {
        hash & 0xFFFF_FFFF_0000_0000 | UInt64(unit)
    }

    @inline(__always)
    static func hash32(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash &>> 32) }

    @inline(__always)
    func unit(of ordinal: UInt32) -> UInt32 {
        ordinals.base(Int(ordinal &>> UInt32(Self.ordinalShift)))
            .load(
                fromByteOffset: Int(ordinal & UInt32(Self.ordinalsPerPage - 1)) * 4,
                as: UInt32.self)
    }

    /// Precondition: the table gave out this ordinal.
    @inline(__always)
    func record(of ordinal: UInt32) -> ProfileRecord {
        precondition(Int(ordinal) < count, "an ordinal that was never given out")
        return records.record(unit(of: ordinal))
    }

    func string(of ordinal: Int) -> String {
        String(decoding: record(of: UInt32(ordinal)).id, as: UTF8.self)
    }

    /// The ordinal of an id, which may be of any length.
    func find(_ id: UnsafeRawBufferPointer) -> UInt32? {
        guard (1...256).contains(id.count) else { return nil }
        let hash = hash(id.baseAddress!, id.count)
        var cursor = slots.cursor(Self.hash32(hash))
        return find(id, hash, &cursor)?.ordinal
    }

    /// The record of an id; if there is none, `cursor` is left where its slot belongs.
    @inline(__always)
    func find(
        _ id: UnsafeRawBufferPointer, _ hash: UInt64, _ cursor: inout SlotTable<UInt64>.Cursor
    ) -> ProfileRecord? {
        let hash32 = Self.hash32(hash)
        while cursor.slot != 0 {
            if Self.hash32(cursor.slot) == hash32 {
                let record = records.record(UInt32(truncatingIfNeeded: cursor.slot))
                if record.hasID(id) { return record }
            }
            cursor.advance()
        }
        return nil
    }

    // MARK: Prefetching

    @inline(__always)
    func prefetchSlot(_ hash: UInt64) { slots.prefetch(Self.hash32(hash)) }

    /// Where the search for an id with this hash stands at the first slot that may be its own, or
    /// that is empty; asks for the record there. `find` goes on from it, as long as the slots have
    /// not moved.
    @inline(__always)
    func seek(_ hash: UInt64, _ idByteCount: Int) -> SlotTable<UInt64>.Cursor {
        let hash32 = Self.hash32(hash)
        var cursor = slots.cursor(hash32)
        while cursor.slot != 0 {
            if Self.hash32(cursor.slot) == hash32 {
                let record = records.record(UInt32(truncatingIfNeeded: cursor.slot))
                segledger_prefetch(record.base)
                segledger_prefetch(record.base + ProfileRecord.headerByteCount + idByteCount)
                break
            }
            cursor.advance()
        }
        return cursor
    }

    @inline(__always)
    func prefetchRecord(of ordinal: UInt32) {
        segledger_prefetch(records.record(unit(of: ordinal)).base)
    }

    @inline(__always)
    func prefetchUnit(of ordinal: UInt32) {
        segledger_prefetch(
            ordinals.base(Int(ordinal &>> UInt32(Self.ordinalShift)))
                + Int(ordinal & UInt32(Self.ordinalsPerPage - 1)) * 4)
    }

    // MARK: Writing

    /// Gives the next ordinal to an id that is not there.
    ///
    /// - Parameters:
    ///   - cursor: where `find` has left it just now.
    ///   - runByteCount: bytes of fields that are about to be set.
    @inline(__always)
    mutating func add(
        _ id: UnsafeRawBufferPointer, _ hash: UInt64, _ cursor: SlotTable<UInt64>.Cursor,
        runByteCount: Int
    ) -> UInt32 {
        precondition((1...256).contains(id.count), "a profile id has 1 to 256 bytes")
        let ordinal = UInt32(count)
        let unitCount = ProfileRecord.unitCount(
            idByteCount: id.count, runByteCount: runByteCount)
        let unit = records.append(unitCount)
        records.record(unit).initialize(ordinal: ordinal, unitCount: unitCount, id: id)
        slots.insert(Self.slot(hash, unit), at: cursor)
        if count & (Self.ordinalsPerPage - 1) == 0 {
            ordinals.append(MemoryPage(from: pool, isZeroed: true))
        }
        setUnit(unit, of: ordinal)
        count += 1
        return ordinal
    }

    @inline(__always)
    private mutating func setUnit(_ unit: UInt32, of ordinal: UInt32) {
        let page = Int(ordinal &>> UInt32(Self.ordinalShift))
        ordinals.own(page, pool)
        ordinals.base(page).storeBytes(
            of: unit, toByteOffset: Int(ordinal & UInt32(Self.ordinalsPerPage - 1)) * 4,
            as: UInt32.self)
    }

    /// Where the fields of a profile without any may be written; nil if a capture holds its record,
    /// or it has fields.
    @inline(__always)
    func emptyRun(of ordinal: UInt32) -> UnsafeMutableRawBufferPointer? {
        let unit = unit(of: ordinal)
        guard records.isOwned(unit) else { return nil }
        let run = records.record(unit).run
        return run.count > 0 && run[0] == 0 ? run : nil
    }

    /// Whether no capture holds the profile's record, so that it may be changed where it is.
    @inline(__always)
    func isOwned(_ ordinal: UInt32) -> Bool { records.isOwned(unit(of: ordinal)) }

    /// Puts `run` in the place of a profile's fields.
    @inline(__always)
    mutating func setFields(_ run: UnsafeRawBufferPointer, of ordinal: UInt32) {
        let unit = unit(of: ordinal)
        let target = records.record(unit).run
        if run.count <= target.count, records.isOwned(unit) {
            target.copyMemory(from: run)
            for index in run.count..<target.count { target[index] = 0 }
        } else {
            move(ordinal, from: unit, run)
        }
    }

    @inline(never)
    private mutating func move(
        _ ordinal: UInt32, from unit: UInt32, _ run: UnsafeRawBufferPointer
    ) {
        let old = records.record(unit)
        let unitCount = ProfileRecord.unitCount(
            idByteCount: old.idByteCount, runByteCount: run.count)
        let moved = records.append(unitCount)
        let new = records.record(moved)
        new.initialize(ordinal: ordinal, unitCount: unitCount, id: old.id)
        new.run.copyMemory(from: run)
        relink(ordinal, from: unit, to: moved)
        let retired = old.unitCount
        records.retire(unit, retired)
        sweep.note(retired)
        sweepIfDue()
    }

    private mutating func relink(_ ordinal: UInt32, from unit: UInt32, to moved: UInt32) {
        let id = records.record(moved).id
        let hash = hash(id.baseAddress!, id.count)
        slots.replace(Self.slot(hash, unit), with: Self.slot(hash, moved))
        setUnit(moved, of: ordinal)
    }

    // MARK: Sweeping

    /// Moves living records off the most wasteful page, as many as the garbage made since pays for.
    private mutating func sweepIfDue() {
        while let unit = sweep.next(records) {
            let record = records.record(unit)
            let unitCount = record.unitCount
            guard self.unit(of: record.ordinal) == unit else { continue }
            let moved = records.append(unitCount)
            records.record(moved).base.copyMemory(
                from: record.base, byteCount: unitCount * RecordArena.unitByteCount)
            relink(record.ordinal, from: unit, to: moved)
            records.retire(unit, unitCount)
        }
    }

    // MARK: Captures

    /// Makes the slots of all records again; false if two have the same id. Precondition: there are
    /// no slots yet.
    mutating func linkAll() -> Bool {
        for ordinal in 0..<UInt32(count) {
            let unit = unit(of: ordinal)
            let id = records.record(unit).id
            let hash = hash(id.baseAddress!, id.count)
            var cursor = slots.cursor(Self.hash32(hash))
            guard find(id, hash, &cursor) == nil else { return false }
            slots.insert(Self.slot(hash, unit), at: cursor)
        }
        return true
    }

    mutating func share() -> ProfileTableCapture {
        ProfileTableCapture(
            count: count, geometry: slots.geometry, slots: slots.share(), slotCount: slots.count,
            ordinals: ordinals.share().compactMap { $0 }, records: records.share(),
            recordTail: records.tail)
    }

    init(seed: UInt64, pool: PagePool, stored: ProfileTableCapture) {
        hash = KeyedHash(seed: seed)
        self.pool = pool
        count = stored.count
        slots = SlotTable(
            pool: pool, geometry: stored.geometry, count: stored.slotCount, stored: stored.slots)
        ordinals = PageList()
        for page in stored.ordinals { ordinals.append(page) }
        records = RecordArena(stored: stored.records, tail: stored.recordTail)
    }
}
