internal import FrameCodec
internal import SegmentModel

extension LedgerDictionary {
    /// How far ahead of the one taken, event ids and field records are asked for from memory.
    private static let eventIDsAhead = 16
    private static let recordsAhead = 8

    /// Takes in a frame read from the ledger.
    ///
    /// - Throws: a content error if the frame does not continue what came before. The dictionary
    ///   is of no use any more then.
    /// - Complexity: O(frame).
    mutating func fold(_ frame: borrowing Frame) throws(FrameError) {
        guard Int(frame.firstOrdinal) == profiles.count,
            Int(frame.firstFieldName) == fieldNames.count
        else { throw .content(.count) }
        guard foldNames(frame), foldProfiles(frame), foldFields(frame) else {
            throw .content(.ordinals)
        }
        foldEvents(frame)
        guard (frame.ordinals.max() ?? 0) < max(1, UInt32(profiles.count)) else {
            throw .content(.ordinals)
        }
    }

    private mutating func foldNames(_ frame: borrowing Frame) -> Bool {
        frame.bytes.withUnsafeBytes { bytes in
            for name in frame.newFieldNames {
                guard name.count > 0,
                    fieldNames.intern(UnsafeRawBufferPointer(rebasing: bytes[name.range])).isNew
                else { return false }
            }
            return true
        }
    }

    private mutating func foldEvents(_ frame: borrowing Frame) {
        for event in frame.events {
            if !event.kind.isSystem { lastTime = max(lastTime, event.time) }
            lastRecordedAt = max(lastRecordedAt, event.recordedAt)
        }
        withUnsafeTemporaryAllocation(of: UInt128.self, capacity: frame.events.count) { slots in
            var count = 0
            frame.bytes.withUnsafeBytes { bytes in
                for event in frame.events where event.eventID.count > 0 {
                    slots[count] = eventIDs.slot(
                        UnsafeRawBufferPointer(rebasing: bytes[event.eventID.range]))
                    count += 1
                }
            }
            for index in 0..<count {
                if index + Self.eventIDsAhead < count {
                    eventIDs.prefetch(slot: slots[index + Self.eventIDsAhead])
                }
                _ = eventIDs.insert(slot: slots[index])
            }
        }
    }

    // MARK: Profiles

    /// New ids, each with room for the fields that the same frame gives it first.
    private mutating func foldProfiles(_ frame: borrowing Frame) -> Bool {
        let runByteCounts = firstRunByteCounts(frame)
        let width = ProfileLookup.width
        return frame.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: width) { hashes in
                for start in stride(from: 0, to: frame.newProfiles.count, by: width) {
                    let end = min(start + width, frame.newProfiles.count)
                    for index in start..<end {
                        let id = frame.newProfiles[index]
                        guard (1...256).contains(id.count) else { return false }
                        let hash = profiles.hash(bytes.baseAddress! + Int(id.offset), Int(id.count))
                        hashes[index - start] = hash
                        profiles.prefetchSlot(hash)
                    }
                    for index in start..<end {
                        let id = UnsafeRawBufferPointer(
                            rebasing: bytes[frame.newProfiles[index].range])
                        let hash = hashes[index - start]
                        var cursor = profiles.slots.cursor(ProfileTable.hash32(hash))
                        guard profiles.find(id, hash, &cursor) == nil else { return false }
                        _ = profiles.add(
                            id, hash, cursor, runByteCount: Int(runByteCounts[index]))
                    }
                }
                return true
            }
        }
    }

    /// For each new profile, the bytes of the first field record that the frame has of it.
    private func firstRunByteCounts(_ frame: borrowing Frame) -> [UInt32] {
        var counts = [UInt32](repeating: 0, count: frame.newProfiles.count)
        for record in frame.records where record.ordinal >= frame.firstOrdinal {
            let index = Int(record.ordinal - frame.firstOrdinal)
            guard index < counts.count, counts[index] == 0 else { continue }
            var byteCount = 0
            for change in frame.changes[record.changeRange] {
                if case .null = change.kind { continue }
                byteCount += FieldRun.byteCount(
                    name: change.name, valueByteCount: Int(change.value.count))
            }
            counts[index] = UInt32(byteCount)
        }
        return counts
    }

    /// First where a record is, then the record itself.
    @inline(__always)
    private func prefetchRecords(after index: Int, _ frame: borrowing Frame) {
        guard index + 2 * Self.recordsAhead < frame.records.count else { return }
        let far = frame.records[index + 2 * Self.recordsAhead].ordinal
        if far < profiles.count { profiles.prefetchUnit(of: far) }
        let near = frame.records[index + Self.recordsAhead].ordinal
        if near < profiles.count { profiles.prefetchRecord(of: near) }
    }

    private mutating func foldFields(_ frame: borrowing Frame) -> Bool {
        guard frame.changes.allSatisfy({ $0.name < fieldNames.count }) else { return false }
        var changed: [Frame.FieldChange] = []
        return frame.bytes.withUnsafeBytes { bytes in
            frame.changes.withUnsafeBufferPointer { changes in
                for (index, record) in frame.records.enumerated() {
                    guard record.ordinal < profiles.count else { return false }
                    prefetchRecords(after: index, frame)
                    changed.removeAll(keepingCapacity: true)
                    setFields(
                        UnsafeBufferPointer(rebasing: changes[record.changeRange]), bytes,
                        of: record.ordinal, changed: &changed)
                }
                return true
            }
        }
    }
}
