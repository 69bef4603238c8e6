internal import FrameCodec
internal import GRDB
internal import Ledger
internal import SegmentModel
internal import StorageIO

extension Bench {
    private static let commitLength = 1000
    private static let frameLength = 1 << 16
    private static let knownCount = 1_000_000

    // MARK: Commits of 1,000 changes

    /// One caller, who waits for each commit, beside the same rows into SQLite.
    func commits() async throws -> BenchFigure {
        let place = directory + "/commits"
        let ledger = try FileLedger.open(FileLedger.Options(directory: place, access: .write))
        _ = try await ledger.append(Self.profiles(0..<UInt32(Self.knownCount)))
        let batches = (0..<64).map { Self.commit(number: $0) }
        let before = ledger.end
        let start = monotonicNanoseconds()
        var count = 0
        while Self.elapsed(start) < Double(seconds) {
            _ = try await ledger.append(batches[count % batches.count])
            count += 1
        }
        let rate = Double(count * Self.commitLength) / Self.elapsed(start)
        try await ledger.close()
        let again = try FileLedger.open(FileLedger.Options(directory: place, access: .read))
        var changes = 0
        var position = before
        while let frame = try again.frame(containing: position) {
            changes += frame.events.reduce(0) { $0 + Int($1.ordinalCount) }
            position = frame.endPosition
        }
        try Self.check(changes == count * Self.commitLength, "the number of changes")
        try await again.close()
        return BenchFigure(
            what: "durable commits of 1,000 changes, known ids", value: rate, unit: "changes/s",
            ceiling: try sqliteRate(batches),
            ceilingName: "the same rows into SQLite, WAL, synchronous FULL")
    }

    private static func commit(number: Int) -> EventBatch {
        var random = SplitMix64(state: UInt64(number))
        var profile = random.next() % UInt64(knownCount - commitLength * 16)
        return profiles(
            (0..<commitLength).map { _ in
                profile += 1 + random.next() % 15
                return UInt32(profile)
            })
    }

    /// One event that adds profiles by their ids.
    private static func profiles(_ numbers: some Collection<UInt32>) -> EventBatch {
        var batch = EventBatch()
        for number in numbers {
            let id = batch.store(Array("profile-\(number)".utf8))
            batch.profiles.append(EventBatch.Profile(id: id, firstField: 0, fieldCount: 0))
        }
        batch.events.append(
            EventBatch.Event(
                kind: .profilesAdded, segment: SegmentID(1),
                profileCount: UInt32(batch.profiles.count)))
        return batch
    }

    private func sqliteRate(_ batches: [EventBatch]) throws -> Double {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        }
        let queue = try DatabaseQueue(
            path: directory + "/commits.sqlite", configuration: configuration)
        try queue.write { database in
            try database.execute(sql: "CREATE TABLE change (segment INTEGER, profile TEXT)")
        }
        let rows = batches.map { batch in batch.profiles.map { batch.string($0.id) } }
        let start = monotonicNanoseconds()
        var count = 0
        while Self.elapsed(start) < Double(seconds) {
            try queue.write { database in
                let insert = try database.cachedStatement(sql: "INSERT INTO change VALUES (1, ?)")
                for id in rows[count % rows.count] { try insert.execute(arguments: [id]) }
            }
            count += 1
        }
        let rate = Double(count * Self.commitLength) / Self.elapsed(start)
        let found = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM change") }
        try Self.check(found == count * Self.commitLength, "the number of rows")
        try queue.close()
        return rate
    }

    // MARK: Bulk

    private enum BulkKind: String, CaseIterable {
        case ordinals = "ordinals ready"
        case known = "known ids"
        case new = "new ids"
    }

    /// 65,536 changes an event, one caller who waits for each, beside the bare numbers.
    func bulk() async throws -> [BenchFigure] {
        var figures: [BenchFigure] = []
        for kind in BulkKind.allCases { figures.append(try await bulk(kind)) }
        return figures
    }

    private func bulk(_ kind: BulkKind) async throws -> BenchFigure {
        let place = directory + "/bulk-" + kind.rawValue
        let ledger = try FileLedger.open(FileLedger.Options(directory: place, access: .write))
        _ = try await ledger.append(Self.profiles(0..<UInt32(Self.knownCount)))
        let batches = (0..<64).map { Self.bulkBatch(kind, number: $0) }
        let before = ledger.end
        let start = monotonicNanoseconds()
        for batch in batches { _ = try await ledger.append(batch) }
        let changes = batches.count * Self.frameLength
        let rate = Double(changes) / Self.elapsed(start)
        let profileCount = Self.knownCount + (kind == .new ? changes : 0)
        try Self.check(ledger.profileCount == profileCount, "the number of profiles")
        try await ledger.close()
        let again = try FileLedger.open(FileLedger.Options(directory: place, access: .read))
        var sum: UInt64 = 0
        var position = before
        while let frame = try again.frame(containing: position) {
            sum = frame.ordinals.reduce(sum) { $0 + UInt64($1) }
            position = frame.endPosition
        }
        try Self.check(sum == Self.bulkSum(kind, batchCount: batches.count), "the changes")
        try Self.check(again.profileCount == profileCount, "the number of profiles")
        try await again.close()
        return BenchFigure(
            what: "bulk append, durable, \(kind.rawValue)", value: rate, unit: "changes/s",
            ceiling: try rawAppendRate(changes: changes, batchCount: batches.count),
            ceilingName: "4 bytes a change, written and synced a batch")
    }

    /// Ascending, with gaps that do not repeat.
    private static func bulkNumbers(_ kind: BulkKind, number: Int) -> [UInt32] {
        var random = SplitMix64(state: UInt64(number))
        if kind == .new {
            let first = knownCount + number * frameLength
            return (first..<first + frameLength).map { UInt32($0) }
        }
        var profile = random.next() % UInt64(knownCount - frameLength * 15)
        return (0..<frameLength).map { _ in
            profile += 1 + random.next() % 14
            return UInt32(profile)
        }
    }

    private static func bulkBatch(_ kind: BulkKind, number: Int) -> EventBatch {
        let numbers = bulkNumbers(kind, number: number)
        guard kind == .ordinals else { return profiles(numbers) }
        var batch = EventBatch()
        batch.append(.profilesAdded, segment: SegmentID(1), ordinals: numbers)
        return batch
    }

    private static func bulkSum(_ kind: BulkKind, batchCount: Int) -> UInt64 {
        (0..<batchCount).reduce(0) { sum, number in
            bulkNumbers(kind, number: number).reduce(sum) { $0 + UInt64($1) }
        }
    }

    // MARK: Sizes

    /// Bytes a change in sealed chunks, without the profiles' ids, which come before.
    func sizes() async throws -> [BenchFigure] {
        var figures: [BenchFigure] = []
        for shape in ReplayShape.all { figures.append(try await size(shape)) }
        return figures
    }

    private func size(_ shape: ReplayShape) async throws -> BenchFigure {
        let place = directory + "/size-" + shape.name
        var options = FileLedger.Options(directory: place, access: .write)
        let ledger = try FileLedger.open(options)
        _ = try await ledger.append(Self.profiles(ReplayShape.profiles))
        try await ledger.close()
        // A chunk ends here: those behind it hold changes alone.
        options.sizes.chunkByteCount = 1 << 20
        let sealing = try FileLedger.open(options)
        let first = sealing.end
        var changes = ReplayChanges(shape)
        var counts: [Int] = []
        let start = monotonicNanoseconds()
        while let change = changes.next() {
            // A slow disk needs longer to fill a chunk than the time that is given.
            if counts.count % 16 == 0, Self.elapsed(start) >= 2 * Double(seconds),
                try chunkStarts(place, from: first).count > 1
            {
                break
            }
            var batch = EventBatch()
            batch.append(change.kind, segment: change.segmentID, ordinals: change.ordinals)
            _ = try await sealing.append(batch)
            counts.append(change.ordinals.count)
        }
        try await sealing.close()
        let (byteCount, range) = try sealedChunks(place, from: first)
        let changeCount = counts[range].reduce(0, +)
        try Self.check(changeCount > 0, "the number of changes in sealed chunks")
        return BenchFigure(
            what: "bytes a change, \(shape.name) (\(shape.label))",
            value: Double(byteCount) / Double(changeCount), unit: "bytes/change", ceiling: 16,
            ceilingName: "a raw 16-byte id")
    }

    /// The chunks that begin at or behind a position.
    private func chunkStarts(_ place: String, from first: Position) throws -> [Int] {
        do throws(StorageError) {
            let names = try LocalFileSystem().list(place + "/ledger")
            return Self.starts(of: names.filter { $0.hasSuffix(".chunk") }, from: first)
                .filter { $0 >= 0 }
        } catch {
            throw error.failure
        }
    }

    private static func starts(of names: [String], from first: Position) -> [Int] {
        names.map { Int($0.prefix(20))! - Int(first.rawValue) }
    }

    /// The bytes of the sealed chunks that begin at or behind a position, and which events behind
    /// it they hold. The last chunk is the tail.
    private func sealedChunks(
        _ place: String, from first: Position
    ) throws -> (byteCount: Int, events: Range<Int>) {
        do throws(StorageError) {
            let folder = place + "/ledger"
            let names = try LocalFileSystem().list(folder).filter { $0.hasSuffix(".chunk") }
            let starts = Self.starts(of: names, from: first)
            guard let begin = starts.firstIndex(where: { $0 >= 0 }), begin < names.count - 1 else {
                return (0, 0..<0)
            }
            var byteCount = 0
            for name in names[begin..<names.count - 1] {
                let file = try LocalFileSystem().open(folder + "/" + name, .read)
                byteCount += try file.size()
                try file.close()
            }
            return (byteCount, starts[begin]..<starts[names.count - 1])
        } catch {
            throw error.failure
        }
    }
}
