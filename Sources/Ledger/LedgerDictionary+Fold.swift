internal import FrameCodec
internal import SegmentModel

extension LedgerDictionary {
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
        frame.bytes.withUnsafeBytes { bytes in
            for event in frame.events {
                if event.eventID.count > 0 {
                    _ = eventIDs.insert(
                        UnsafeRawBufferPointer(rebasing: bytes[event.eventID.range]))
                }
                if !event.kind.isSystem { lastTime = max(lastTime, event.time) }
                lastRecordedAt = max(lastRecordedAt, event.recordedAt)
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

    private mutating func foldFields(_ frame: borrowing Frame) -> Bool {
        guard frame.changes.allSatisfy({ $0.name < fieldNames.count }) else { return false }
        var changed: [Frame.FieldChange] = []
        return frame.bytes.withUnsafeBytes { bytes in
            frame.changes.withUnsafeBufferPointer { changes in
                for (index, record) in frame.records.enumerated() {
                    guard record.ordinal < profiles.count else { return false }
                    if index + 8 < frame.records.count {
                        let ahead = frame.records[index + 8].ordinal
                        if ahead < profiles.count { profiles.prefetchRecord(of: ahead) }
                    }
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
