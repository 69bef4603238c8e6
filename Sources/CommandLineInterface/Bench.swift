internal import EventJSON
internal import Foundation
internal import FrameCodec
internal import Ledger
internal import SegmentModel
internal import StorageIO

/// The measurements behind `segledger bench`. Each ends by checking what it wrote.
struct Bench {
    let directory: String
    let seconds: Int

    static func elapsed(_ start: UInt64) -> Double {
        Double(monotonicNanoseconds() - start) / 1e9
    }

    static func check(_ condition: Bool, _ what: String) throws {
        guard condition else {
            throw Failure(
                .projectionInvalid, "bench: \(what) is not what was written",
                hint: "do not trust this build on this machine; please report it")
        }
    }

    private func openLedger(_ name: String) throws -> FileLedger {
        try FileLedger.open(
            FileLedger.Options(directory: directory + "/" + name, access: .write))
    }

    // MARK: Single events

    func appends() async throws -> [BenchFigure] {
        let ceiling = try syncLoop()
        let one = try await appends(callers: 1)
        let many = try await appends(callers: 32)
        let name = "fdatasync of 256 B on a zero-filled file"
        return [
            BenchFigure(
                what: "durable appends, 1 caller", value: one, unit: "appends/s",
                ceiling: ceiling, ceilingName: name),
            BenchFigure(
                what: "durable appends, 32 callers", value: many, unit: "appends/s",
                ceiling: ceiling, ceilingName: name),
        ]
    }

    private func syncLoop() throws -> Double {
        do throws(StorageError) {
            let file = try LocalFileSystem().open(directory + "/sync", .createNew)
            let zeros = [UInt8](repeating: 0, count: 32 << 20)
            try write(zeros, file, at: 0)
            try file.syncAll()
            let record = [UInt8](repeating: 7, count: 256)
            let start = monotonicNanoseconds()
            var count = 0
            while Self.elapsed(start) < Double(seconds) {
                try write(record, file, at: count * 256 % (31 << 20))
                try file.sync()
                count += 1
            }
            let rate = Double(count) / Self.elapsed(start)
            try file.close()
            return rate
        } catch {
            throw error.failure
        }
    }

    private func write(
        _ bytes: [UInt8], _ file: any File, at offset: Int
    ) throws(StorageError) {
        var failure: StorageError?
        bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                try file.write(buffer, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func appends(callers: Int) async throws -> Double {
        let ledger = try openLedger("appends-\(callers)")
        let start = monotonicNanoseconds()
        let seconds = Double(seconds)
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var count = 0
                    while Self.elapsed(start) < seconds {
                        var batch = EventBatch()
                        batch.append(
                            .profilesAdded, segment: SegmentID(1),
                            profiles: [("p\(caller)-\(count % 1000)", [])])
                        _ = try await ledger.append(batch)
                        count += 1
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let rate = Double(counts) / Self.elapsed(start)
        try Self.check(ledger.end == Position(UInt64(counts)), "the number of events")
        try await ledger.close()
        return rate
    }

    // MARK: Bulk

    func bulk() async throws -> [BenchFigure] {
        let batches = Self.bulkBatches(changeCount: 2_000_000, perEvent: 20_000)
        let changes = batches.reduce(0) { $0 + $1.profiles.count }
        // Sizes are those of closed ledgers: an open one has zeros written ahead.
        let empty = try openLedger("bulk")
        _ = try await empty.append(Self.introduction)
        try await empty.close()
        let before = try bytes(of: "bulk")
        let ledger = try openLedger("bulk")
        let start = monotonicNanoseconds()
        for batch in batches { _ = try await ledger.append(batch) }
        let appendRate = Double(changes) / Self.elapsed(start)
        try await ledger.close()
        let perChange = Double(try bytes(of: "bulk") - before) / Double(changes)

        let opened = monotonicNanoseconds()
        let again = try openLedger("bulk")
        let openRate = Double(changes) / Self.elapsed(opened)
        var members: Set<UInt32> = []
        var seen = 0
        var position = Position(0)
        while let frame = try again.frame(containing: position) {
            for event in frame.events where event.kind == .profilesAdded {
                members.formUnion(frame.ordinals[event.ordinalRange])
                seen += Int(event.ordinalCount)
            }
            position = frame.endPosition
        }
        try Self.check(seen == changes + Self.profileCount, "the number of changes")
        try Self.check(members.count == Self.profileCount, "the membership")
        try await again.close()
        let raw = try rawAppendRate(changes: changes, batchCount: batches.count)
        let bare = try bareReplayRate()
        return [
            BenchFigure(
                what: "bulk append, durable, known ids", value: appendRate, unit: "changes/s",
                ceiling: raw, ceilingName: "4 bytes a change, written and synced a batch"),
            BenchFigure(
                what: "ledger size, bulk, ids apart", value: perChange, unit: "bytes/change",
                ceiling: 16, ceilingName: "a raw 16-byte id"),
            BenchFigure(
                what: "open after a stop", value: openRate, unit: "changes/s", ceiling: bare,
                ceilingName: "4-byte numbers into a set, in memory"),
        ]
    }

    /// The changes as bare numbers, a write and a sync for each batch.
    private func rawAppendRate(changes: Int, batchCount: Int) throws -> Double {
        do throws(StorageError) {
            let file = try LocalFileSystem().open(directory + "/raw", .createNew)
            let part = [UInt8](repeating: 7, count: changes / batchCount * 4)
            let start = monotonicNanoseconds()
            for number in 0..<batchCount {
                try write(part, file, at: number * part.count)
                try file.sync()
            }
            let rate = Double(changes) / Self.elapsed(start)
            try file.close()
            return rate
        } catch {
            throw error.failure
        }
    }

    /// As many numbers as the ledger has profiles, ten times into the same set.
    private func bareReplayRate() throws -> Double {
        let ordinals = (0..<Self.profileCount).map { UInt32($0) }
        var members: Set<UInt32> = []
        let start = monotonicNanoseconds()
        for _ in 0..<10 { members.formUnion(ordinals) }
        let rate = Double(10 * ordinals.count) / Self.elapsed(start)
        try Self.check(members.count == ordinals.count, "the bare set")
        return rate
    }

    private static let profileCount = 200_000

    private static var introduction: EventBatch {
        var batch = EventBatch()
        batch.append(
            .profilesAdded, segment: SegmentID(1),
            profiles: (0..<profileCount).map { ("profile-\($0)", []) })
        return batch
    }

    private static func bulkBatches(changeCount: Int, perEvent: Int) -> [EventBatch] {
        var random = SplitMix64(state: 7)
        return (0..<changeCount / perEvent).map { _ in
            var batch = EventBatch()
            let start = Int(random.next() % UInt64(profileCount / 2))
            var number = start
            batch.append(
                .profilesAdded, segment: SegmentID(Int64(1 + random.next() % 50)),
                profiles: (0..<perEvent).map { _ in
                    number += 1 + Int(random.next() % 8)
                    return ("profile-\(number % profileCount)", [])
                })
            return batch
        }
    }

    private func bytes(of name: String) throws -> Int {
        let path = directory + "/" + name + "/ledger"
        var total = 0
        do throws(StorageError) {
            for chunk in try LocalFileSystem().list(path) {
                let file = try LocalFileSystem().open(path + "/" + chunk, .read)
                total += try file.size()
                try file.close()
            }
        } catch {
            throw error.failure
        }
        return total
    }
}
