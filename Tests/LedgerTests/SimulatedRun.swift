import Ledger
import SegmentModel
import StorageIO
import StorageTesting
import Synchronization

/// A workload carried out on a simulated disk by one caller, with what was acknowledged when.
struct SimulatedRun {
    static let directory = "/data"

    private var workload: Workload
    private var model = LedgerModel()
    /// What the ledger holds or may hold, in order, and how many events it makes.
    private var batches: [(batch: EventBatch, end: Int)] = []
    /// The same as texts.
    private(set) var submitted: [String] = []
    /// After how many changes of the disk how many events were acknowledged; ascending.
    private(set) var acknowledged: [(changeCount: Int, eventCount: Int)] = []
    /// What failed, in order.
    private(set) var failures: [Failure] = []
    private(set) var identity: LedgerIdentity?

    init(seed: UInt64) {
        workload = Workload(seed: seed)
    }

    /// Small files, so that chunks begin, end and are sealed all the time; everything in an order
    /// that follows from the seeds.
    static func options(
        _ system: SimulatedFileSystem, witness: Int? = nil
    ) -> FileLedger.Options {
        var options = FileLedger.Options(directory: directory, access: .write)
        options.fileSystem = system
        options.clock = StandingClock()
        options.witness = { _ in witness.map { Position(UInt64($0)) } }
        options.background = .inline
        options.sizes.chunkByteCount = 6 << 10
        options.sizes.reserveByteCount = 1 << 10
        options.sizes.frameChangeCount = 48
        options.sizes.framePayloadByteCount = 1 << 10
        options.sizes.blockEventCount = 8
        options.sizes.snapshotDivisor = 1 << 20
        options.sizes.snapshotStepByteCount = 2 << 10
        let generator = Mutex(
            SeededGenerator(seeds: system.number, UInt64(system.operationCount)))
        options.randomNumber = { generator.withLock { $0.next() } }
        return options
    }

    /// Opens the ledger, appends batches, closes it.
    ///
    /// - Throws: what the ledger throws at opening and closing; `CrashFinding` for a wrong answer.
    mutating func perform(batchCount: Int, on system: SimulatedFileSystem) async throws {
        let ledger = try FileLedger.open(Self.options(system, witness: acknowledgedCount))
        identity = ledger.identity
        for _ in 0..<batchCount {
            let batch = workload.nextBatch()
            do {
                let result = try await ledger.append(batch)
                guard !failures.contains(where: { $0.code == .ledgerPoisoned }) else {
                    throw CrashFinding(description: "acknowledged after an unknown outcome")
                }
                submit(batch)
                try check(result)
                acknowledged.append((system.changeCount, submitted.count))
            } catch let failure as Failure {
                // The first batch after which nothing more is written may have been written.
                let isFirst = failures.allSatisfy { $0.code != .ledgerPoisoned }
                if failure.code == .ledgerPoisoned, isFirst { submit(batch) }
                failures.append(failure)
            }
        }
        try await ledger.close()
    }

    private mutating func submit(_ batch: EventBatch) {
        submitted += model.lines(batch)
        batches.append((batch, submitted.count))
    }

    private func check(_ result: AppendResult) throws {
        let end = Position(UInt64(submitted.count))
        let count = submitted.count - (batches.dropLast().last?.end ?? 0)
        guard result.eventCount == count, count == 0 || result.lastPosition == end.predecessor
        else {
            throw CrashFinding(description: "acknowledged as \(result), not \(count) events")
        }
    }

    /// Numbers of events at which a batch ends, and 0.
    var batchEnds: Set<Int> { Set(batches.map(\.end)).union([0]) }

    /// The run as it goes on after a crash: the first `count` events are there and no others; the
    /// changes of the disk are counted anew.
    func rewound(to count: Int) -> SimulatedRun {
        var run = self
        run.model = LedgerModel()
        run.submitted = []
        run.batches = []
        run.failures = []
        for one in batches where one.end <= count { run.submit(one.batch) }
        run.acknowledged = [(0, count)]
        return run
    }

    /// Events acknowledged in all.
    var acknowledgedCount: Int { acknowledged.last?.eventCount ?? 0 }

    /// Events acknowledged when the disk had changed so often.
    func acknowledgedCount(atChange changeCount: Int) -> Int {
        acknowledged.last { $0.changeCount <= changeCount }?.eventCount ?? 0
    }
}
