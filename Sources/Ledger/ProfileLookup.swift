internal import FrameCodec
internal import SegmentModel

/// A run of a batch's profiles looked up together, so that their reads from memory overlap: hash
/// all ids and ask for their slots, a run ahead; then ask for their records; then compare.
enum ProfileLookup {
    /// Profiles of a run: enough to hide a read, few enough to stay in the nearest cache.
    static let width = 32
    /// How often a profile's fields are searched from their beginning. Profiles with many fields
    /// in an order of their own are compared by `FieldChanges`, in one pass.
    static let restartCountMax = 8

    /// Where a batch's profiles, fields and bytes are.
    struct Source {
        var bytes: UnsafeRawBufferPointer
        var profiles: UnsafeBufferPointer<EventBatch.Profile>
        var fields: UnsafeBufferPointer<EventBatch.Field>

        @inline(__always)
        func slice(_ slice: EventBatch.Slice) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(
                start: bytes.baseAddress! + Int(slice.offset), count: Int(slice.count))
        }

        @inline(__always)
        func fields(_ profile: EventBatch.Profile) -> UnsafeBufferPointer<EventBatch.Field> {
            let first = Int(profile.firstField)
            return UnsafeBufferPointer(
                rebasing: fields[first..<first + Int(profile.fieldCount)])
        }
    }

    /// A profile that was looked up: sorts by ordinal, then by its place among the event's
    /// profiles.
    struct Found {
        let rawValue: UInt64

        @inline(__always)
        init(rawValue: UInt64) { self.rawValue = rawValue }

        @inline(__always)
        init(ordinal: UInt32, index: Int, mayChange: Bool) {
            rawValue = UInt64(ordinal) << 32 | UInt64(index) << 1 | (mayChange ? 1 : 0)
        }

        @inline(__always)
        var ordinal: UInt32 { UInt32(truncatingIfNeeded: rawValue &>> 32) }

        @inline(__always)
        var index: Int { Int(UInt32(truncatingIfNeeded: rawValue) &>> 1) }

        /// Its fields differ from the current ones, or may.
        @inline(__always)
        var mayChange: Bool { rawValue & 1 != 0 }
    }
}

extension LedgerDictionary {
    /// Finds or adds the profiles `range` of a batch, and compares their fields with the current
    /// ones; sets no fields.
    ///
    /// - Parameter found: gets a `ProfileLookup.Found` for each, in order; as long as `range`.
    mutating func lookUp(
        _ source: ProfileLookup.Source, _ range: Range<Int>,
        found: UnsafeMutableBufferPointer<UInt64>
    ) {
        let width = ProfileLookup.width
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * width) { buffer in
            withUnsafeTemporaryAllocation(
                of: SlotTable<UInt64>.Cursor.self, capacity: width
            ) { cursors in
                // Of this run, and of the next, whose slots are asked for a run ahead.
                var hashes = buffer.baseAddress!
                var nextHashes = hashes + width
                var run = range.lowerBound..<min(range.lowerBound + width, range.upperBound)
                prefetchSlots(source, run, hashes)
                while !run.isEmpty {
                    let next = run.upperBound..<min(run.upperBound + width, range.upperBound)
                    prefetchSlots(source, next, nextHashes)
                    seek(source, run, hashes, cursors.baseAddress!)
                    let moveCount = profiles.slots.moveCount
                    for index in run {
                        let hash = hashes[index - run.lowerBound]
                        var cursor = cursors[index - run.lowerBound]
                        if profiles.slots.moveCount != moveCount {
                            cursor = profiles.slots.cursor(ProfileTable.hash32(hash))
                        }
                        let place = index - range.lowerBound
                        found[place] =
                            lookUp(source, source.profiles[index], hash, &cursor, place).rawValue
                    }
                    swap(&hashes, &nextHashes)
                    run = next
                }
            }
        }
    }

    @inline(__always)
    private func prefetchSlots(
        _ source: ProfileLookup.Source, _ run: Range<Int>, _ hashes: UnsafeMutablePointer<UInt64>
    ) {
        for index in run {
            let id = source.profiles[index].id
            let hash = profiles.hash(source.bytes.baseAddress! + Int(id.offset), Int(id.count))
            hashes[index - run.lowerBound] = hash
            profiles.prefetchSlot(hash)
        }
    }

    /// Finds the first slots that may be the ids', and asks for the records that they lead to.
    @inline(__always)
    private func seek(
        _ source: ProfileLookup.Source, _ run: Range<Int>, _ hashes: UnsafeMutablePointer<UInt64>,
        _ cursors: UnsafeMutablePointer<SlotTable<UInt64>.Cursor>
    ) {
        for index in run {
            (cursors + (index - run.lowerBound)).initialize(
                to: profiles.seek(
                    hashes[index - run.lowerBound], Int(source.profiles[index].id.count)))
        }
    }

    @inline(__always)
    private mutating func lookUp(
        _ source: ProfileLookup.Source, _ profile: EventBatch.Profile, _ hash: UInt64,
        _ cursor: inout SlotTable<UInt64>.Cursor, _ index: Int
    ) -> ProfileLookup.Found {
        let id = source.slice(profile.id)
        if let record = profiles.find(id, hash, &cursor) {
            let mayChange =
                profile.fieldCount > 0 && !areCurrent(source.fields(profile), source, record)
            return ProfileLookup.Found(
                ordinal: record.ordinal, index: index, mayChange: mayChange)
        }
        let ordinal = profiles.add(
            id, hash, cursor, runByteCount: runByteCount(source, profile))
        return ProfileLookup.Found(
            ordinal: ordinal, index: index, mayChange: profile.fieldCount > 0)
    }

    /// Bytes that the fields of a new profile take.
    @inline(__always)
    private mutating func runByteCount(
        _ source: ProfileLookup.Source, _ profile: EventBatch.Profile
    ) -> Int {
        var byteCount = 0
        for (place, field) in source.fields(profile).enumerated() {
            if case .null = field.kind { continue }
            byteCount += FieldRun.byteCount(
                name: fieldNumber(source.slice(field.name), place),
                valueByteCount: Int(field.value.count))
        }
        return byteCount
    }

    /// Whether all fields given are the current ones; may answer no where telling would take long.
    @inline(__always)
    private mutating func areCurrent(
        _ fields: UnsafeBufferPointer<EventBatch.Field>, _ source: ProfileLookup.Source,
        _ record: ProfileRecord
    ) -> Bool {
        // Fields mostly come in the order in which they are stored: go on from the last one.
        var run = FieldRun(record.run)
        var restartCount = 0
        for (place, field) in fields.enumerated() {
            let name = fieldNumber(source.slice(field.name), place)
            var stored = run.next()
            if stored == nil || stored!.name != name {
                restartCount += 1
                guard restartCount <= ProfileLookup.restartCountMax else { return false }
                run = FieldRun(record.run)
                stored = run.next()
                while let other = stored, other.name != name { stored = run.next() }
            }
            if let stored {
                guard FieldRun.holds(stored, field.kind, source.slice(field.value)) else {
                    return false
                }
            } else {
                guard case .null = field.kind else { return false }
                run = FieldRun(record.run)
            }
        }
        return true
    }

    /// The number of a field's name, a new one if need be. `place`: which of its profile's fields
    /// it is; the same place mostly has the same name.
    @inline(__always)
    mutating func fieldNumber(_ name: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
        let slot = place & (lastFieldNumbers.count - 1)
        let last = lastFieldNumbers[slot]
        if fieldNames.isName(name, Int(last)) { return last }
        let number = fieldNames.intern(name).number
        lastFieldNumbers[slot] = number
        return number
    }
}
