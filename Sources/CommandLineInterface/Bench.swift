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
            try file.write(zeros, at: 0)
            try file.syncAll()
            let record = [UInt8](repeating: 7, count: 256)
            let start = monotonicNanoseconds()
            var count = 0
            while Self.elapsed(start) < Double(seconds) {
                try file.write(record, at: count * 256 % (31 << 20))
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

    /// The changes as bare numbers, a write and a sync for each batch.
    func rawAppendRate(changes: Int, batchCount: Int) throws -> Double {
        do throws(StorageError) {
            let path = directory + "/raw"
            let file = try LocalFileSystem().open(path, .createNew)
            let part = [UInt8](repeating: 7, count: changes / batchCount * 4)
            let start = monotonicNanoseconds()
            for number in 0..<batchCount {
                try file.write(part, at: number * part.count)
                try file.sync()
            }
            let rate = Double(changes) / Self.elapsed(start)
            try file.close()
            try LocalFileSystem().remove(path)
            return rate
        } catch {
            throw error.failure
        }
    }
}
