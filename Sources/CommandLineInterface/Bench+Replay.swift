internal import FrameCodec
internal import Ledger
internal import Projection
internal import SegmentModel
internal import StorageIO

extension Bench {
    /// Replays of ledgers whose events are large, medium and small, from the files to the last
    /// commit of the projections, each beside the same numbers set in plain bitmaps in memory.
    func replays() async throws -> [BenchFigure] {
        var figures: [BenchFigure] = []
        for shape in ReplayShape.all { figures.append(try await replay(shape)) }
        return figures
    }

    private func replay(_ shape: ReplayShape) async throws -> BenchFigure {
        let place = directory + "/replay-" + shape.name
        let expected = try await write(shape, place)
        let ledger = try FileLedger.open(FileLedger.Options(directory: place, access: .read))
        let start = monotonicNanoseconds()
        let store = try ProjectionStore.open(
            directory: place, identity: ledger.identity, readOnly: false, decoder: .standard)
        try await Projector(ledger: ledger, store: store).foldToEnd()
        let rate = Double(shape.changeCount) / Self.elapsed(start)
        try await check(store, expected)
        try store.close()
        let ceiling = try bitmapRate(ledger, shape, expected)
        try await ledger.close()
        return BenchFigure(
            what: "replay to membership, \(shape.name) (\(shape.label))", value: rate,
            unit: "changes/s", ceiling: ceiling,
            ceilingName: "the same numbers into bitmaps, in memory")
    }

    /// Writes the shape's events; returns who is a member then, as the generator knows it.
    private func write(_ shape: ReplayShape, _ place: String) async throws -> PlainBitmaps {
        try LocalFileSystem().makeDirectoryForCommand(place)
        let ledger = try FileLedger.open(FileLedger.Options(directory: place, access: .write))
        let names = Self.profileNames
        // Profiles get their ordinals in this order.
        var batch = EventBatch()
        Self.append(.profilesUpdated, SegmentID(0), ReplayShape.profiles, names, to: &batch)
        _ = try await ledger.append(batch)
        batch = EventBatch()
        let expected = PlainBitmaps()
        var changes = ReplayChanges(shape)
        while let change = changes.next() {
            Self.append(change.kind, change.segmentID, change.ordinals, names, to: &batch)
            change.ordinals.withUnsafeBufferPointer {
                expected.apply(change.kind, segment: change.segment, $0)
            }
            if batch.profiles.count < Self.replayAppendLength { continue }
            _ = try await ledger.append(batch)
            batch = EventBatch()
        }
        if !batch.isEmpty { _ = try await ledger.append(batch) }
        try await ledger.close()
        return expected
    }

    private static let replayAppendLength = 200_000
    private static let profileNameByteCount = 8

    /// `p0000000` and on, one behind the other.
    private static var profileNames: [UInt8] {
        var names: [UInt8] = []
        for number in ReplayShape.profiles {
            var rest = number
            var digits = [UInt8](repeating: UInt8(ascii: "p"), count: profileNameByteCount)
            for place in (1..<profileNameByteCount).reversed() {
                digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            names += digits
        }
        return names
    }

    private static func append(
        _ kind: EventKind, _ segment: SegmentID, _ ordinals: some Collection<UInt32>,
        _ names: [UInt8], to batch: inout EventBatch
    ) {
        let first = UInt32(batch.profiles.count)
        for ordinal in ordinals {
            let start = Int(ordinal) * profileNameByteCount
            let id = batch.store(names[start..<start + profileNameByteCount])
            batch.profiles.append(EventBatch.Profile(id: id, firstField: 0, fieldCount: 0))
        }
        batch.events.append(
            EventBatch.Event(
                kind: kind, segment: segment, firstProfile: first,
                profileCount: UInt32(ordinals.count)))
    }

    private func check(_ store: ProjectionStore, _ expected: PlainBitmaps) async throws {
        for segment in 0..<ReplayShape.segmentCount {
            let id = ReplayShape.segmentID(segment)
            let members = try await store.read { try $0.members(of: id).ordinals }
            try Self.check(members == expected.members(of: segment), "the replayed membership")
        }
    }

    /// The ceiling: frames decoded before, bits set, nothing counted, kept or stored.
    private func bitmapRate(
        _ ledger: FileLedger, _ shape: ReplayShape, _ expected: PlainBitmaps
    ) throws -> Double {
        var frames: [Frame] = []
        while let frame = try ledger.frame(
            containing: frames.last?.endPosition ?? Position(0))
        {
            frames.append(frame)
        }
        let bitmaps = PlainBitmaps()
        let start = monotonicNanoseconds()
        for frame in frames {
            frame.ordinals.withUnsafeBufferPointer { ordinals in
                for event in frame.events where event.kind.hasSegment {
                    bitmaps.apply(
                        event.kind, segment: ReplayShape.segment(event.segment),
                        UnsafeBufferPointer(rebasing: ordinals[event.ordinalRange]))
                }
            }
        }
        let rate = Double(shape.changeCount) / Self.elapsed(start)
        try Self.check(bitmaps == expected, "the ceiling's membership")
        return rate
    }
}
