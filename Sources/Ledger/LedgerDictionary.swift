internal import FrameCodec
internal import SegmentModel

/// What the writer must know of the past to write the next frame: profile ids, field names, event
/// ids and current fields. Rebuilt from the ledger alone, or from a snapshot and what follows it.
///
/// One owner writes; `capture()` hands out what it holds at a moment, to be read on other threads.
struct LedgerDictionary: ~Copyable {
    /// Secret: makes collisions unpredictable from outside.
    let seed: UInt64
    private let pool: PagePool
    var profiles: ProfileTable
    var fieldNames: InternTable
    var eventIDs: EventIDTable
    /// Ledger time and record time of the newest events.
    var lastTime = Timestamp(rawValue: Int64.min)
    var lastRecordedAt = Timestamp(rawValue: Int64.min)
    private var fieldChanges = FieldChanges()
    /// The names that fields at the first places had last.
    var lastFieldNumbers = [UInt32](repeating: 0, count: 16)

    init(seed: UInt64) {
        self.seed = seed
        pool = PagePool()
        profiles = ProfileTable(seed: seed, pool: pool)
        fieldNames = InternTable(seed: seed)
        eventIDs = EventIDTable(seed: seed, pool: pool)
    }

    /// Sets fields of a profile and says which of them differ from the current ones.
    ///
    /// - Parameter candidates: their names are known; of equal names the last counts.
    @inline(__always)
    mutating func setFields(
        _ candidates: UnsafeBufferPointer<Frame.FieldChange>, _ source: UnsafeRawBufferPointer,
        of ordinal: UInt32, changed: inout [Frame.FieldChange]
    ) {
        if candidates.count == 1 {
            if setFirstField(candidates[0], source, of: ordinal) {
                changed.append(candidates[0])
                return
            }
            if let hasChanged = setOnlyField(candidates[0], source, of: ordinal) {
                if hasChanged { changed.append(candidates[0]) }
                return
            }
        }
        let countBefore = changed.count
        fieldChanges.apply(
            candidates, source, to: FieldRun(profiles.record(of: ordinal).run),
            nameCount: fieldNames.count, changed: &changed)
        guard changed.count > countBefore else { return }
        fieldChanges.run.withUnsafeBytes { profiles.setFields($0, of: ordinal) }
    }

    /// The ordinary case: a profile that was just added, with room kept for its one field. False,
    /// and nothing done, if it is another case.
    @inline(__always)
    mutating func setFirstField(
        _ candidate: Frame.FieldChange, _ source: UnsafeRawBufferPointer, of ordinal: UInt32
    ) -> Bool {
        guard let room = profiles.emptyRun(of: ordinal),
            FieldRun.byteCount(
                name: candidate.name, valueByteCount: Int(candidate.value.count)) <= room.count
        else { return false }
        if case .null = candidate.kind { return false }
        _ = FieldRun.write(
            name: candidate.name, candidate.kind,
            UnsafeRawBufferPointer(
                start: source.baseAddress! + Int(candidate.value.offset),
                count: Int(candidate.value.count)), at: room.baseAddress!)
        return true
    }

    /// The next most ordinary case: the one field that a profile has, where it fits in the old
    /// one's place. Whether it has changed; nil, and nothing done, if it is another case.
    @inline(__always)
    private mutating func setOnlyField(
        _ candidate: Frame.FieldChange, _ source: UnsafeRawBufferPointer, of ordinal: UInt32
    ) -> Bool? {
        if case .null = candidate.kind { return nil }
        let run = profiles.record(of: ordinal).run
        var fields = FieldRun(run)
        guard let stored = fields.next(), stored.name == candidate.name, fields.next() == nil
        else { return nil }
        let value = UnsafeRawBufferPointer(rebasing: source[candidate.value.range])
        if FieldRun.holds(stored, candidate.kind, value) { return false }
        let byteCount = FieldRun.byteCount(name: candidate.name, valueByteCount: value.count)
        guard byteCount <= run.count, profiles.isOwned(ordinal) else { return nil }
        _ = FieldRun.write(name: candidate.name, candidate.kind, value, at: run.baseAddress!)
        for index in byteCount..<run.count { run[index] = 0 }
        return true
    }

    /// The field names numbered below `count`, by number.
    func fieldNames(before count: UInt32) -> [[UInt8]] {
        (0..<Int(count)).map { Array(fieldNames.bytes(of: $0)) }
    }

    // MARK: Captures

    /// What a snapshot takes, about.
    var byteCountEstimate: Int {
        profiles.records.usedUnitCount * RecordArena.unitByteCount + profiles.count * 18
            + eventIDs.count * 22
    }

    /// What the dictionary holds now, for a snapshot.
    ///
    /// Costs O(pages), some microseconds for 100 MB. Afterwards the first change to each page of 32
    /// KiB copies that page; ids, fields and event ids that come later are never copied.
    mutating func capture() -> DictionaryCapture {
        DictionaryCapture(
            seed: seed, lastTime: lastTime, lastRecordedAt: lastRecordedAt,
            profiles: profiles.share(), fieldNames: fieldNames, eventIDs: eventIDs.share())
    }

    init(_ capture: DictionaryCapture, pool: PagePool) {
        seed = capture.seed
        self.pool = pool
        profiles = ProfileTable(seed: capture.seed, pool: pool, stored: capture.profiles)
        fieldNames = capture.fieldNames
        eventIDs = EventIDTable(seed: capture.seed, pool: pool, stored: capture.eventIDs)
        lastTime = capture.lastTime
        lastRecordedAt = capture.lastRecordedAt
    }

}
