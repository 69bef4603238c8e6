import Ledger
import SegmentModel
import StorageTesting
import Testing

/// A power cut after every change of the disk, in every mode (docs/internals/testing.md).
@Suite("The ledger after a crash")
struct LedgerCrashTests {
    private static let seeds = TestRegime.seeds(TestRegime.isLong ? 6 : 2)
    private static let batchCount = TestRegime.isLong ? 28 : 16
    /// One recovery of so many is itself cut off after every change.
    private static let nestedOneIn = TestRegime.isLong ? 20 : 40

    @Test(
        "INV-1, INV-2: a crash after any operation loses nothing acknowledged, and it goes on",
        arguments: seeds)
    func everyCrash(seed: UInt64) async throws {
        let system = SimulatedFileSystem(directories: SimulatedRun.directory)
        var run = SimulatedRun(seed: seed)
        for _ in 0..<2 { try await run.perform(batchCount: Self.batchCount / 2, on: system) }
        #expect(run.failures.isEmpty)
        try await crashEverywhere(run, system, seed)
    }

    @Test(
        "INV-1, INV-3: a ledger that was recovered survives the next crash just as well",
        arguments: seeds)
    func generations(seed: UInt64) async throws {
        var generator = SeededGenerator(seeds: seed, 1)
        var system = SimulatedFileSystem(directories: SimulatedRun.directory)
        var run = SimulatedRun(seed: seed)
        for _ in 0..<3 {
            let before = run
            try await run.perform(batchCount: Self.batchCount / 2, on: system)
            let cut = generator.below(system.changeCount + 1)
            let mode = CrashMode.allCases.randomElement(using: &generator)!
            var history = system.history
            while history.changeCount < cut { history.advance() }
            system = history.crashImage(mode, seed: seed)
            run = try await survivor(of: run, before: before, cut: cut, on: system)
        }
        try await run.perform(batchCount: Self.batchCount / 2, on: system)
        try await crashEverywhere(run, system, seed)
    }

    /// The run as it stands after a crash: what was recovered counts as acknowledged.
    private func survivor(
        of run: SimulatedRun, before: SimulatedRun, cut: Int, on system: SimulatedFileSystem
    ) async throws -> SimulatedRun {
        let acknowledged = max(
            run.acknowledgedCount(atChange: cut), before.acknowledgedCount)
        let ledger = try FileLedger.open(SimulatedRun.options(system, witness: acknowledged))
        let found = try lines(ledger)
        try await ledger.close()
        #expect(run.submitted.starts(with: found))
        #expect(found.count >= acknowledged)
        return run.rewound(to: found.count)
    }

    // MARK: Every place and mode

    private func crashEverywhere(
        _ run: SimulatedRun, _ system: SimulatedFileSystem, _ seed: UInt64
    ) async throws {
        var history = system.history
        var imageCount = 0
        var generator = SeededGenerator(seeds: seed, 2)
        while true {
            let acknowledged = run.acknowledgedCount(atChange: history.changeCount)
            let check = CrashCheck(run, acknowledgedCount: acknowledged)
            // Where everything is synced, all modes give one disk.
            for mode in history.isSettled ? [.unsyncedLost] : CrashMode.allCases {
                imageCount += 1
                let isNested = generator.chance(1, in: Self.nestedOneIn)
                do {
                    try await crash(history, mode, seed, check, isNested: isNested)
                } catch {
                    let finding = "seed \(seed), change \(history.changeCount), \(mode): \(error)"
                    Issue.record("\(finding)")
                    return
                }
            }
            if history.isAtEnd { break }
            history.advance()
        }
        #expect(imageCount > history.changeCount)
    }

    private func crash(
        _ history: DiskHistory, _ mode: CrashMode, _ seed: UInt64, _ check: CrashCheck,
        isNested: Bool
    ) async throws {
        let image = history.crashImage(mode, seed: seed)
        let recovered = try await check.check(image)
        try await check.checkRefusal(
            history.crashImage(mode, seed: seed), recovered: recovered)
        guard isNested else { return }
        let second = history.crashImage(mode, seed: seed)
        try await FileLedger.open(SimulatedRun.options(second)).close()
        var recovery = second.history
        while !recovery.isAtEnd {
            recovery.advance()
            for mode in CrashMode.allCases {
                try await check.check(recovery.crashImage(mode, seed: seed))
            }
        }
    }
}
