import Glibc
import Ledger
import SegmentModel
import StorageTesting
import Testing

/// Every call to the file system fails, once or for ever (docs/internals/testing.md).
@Suite("The ledger on a disk that fails")
struct LedgerFaultTests {
    private static let seeds = TestRegime.seeds(TestRegime.isLong ? 8 : 2)
    private static let batchCount = TestRegime.isLong ? 24 : 8

    struct Kind: Hashable, CustomTestStringConvertible, Sendable {
        var name: String
        var errno: Int32
        var effect: InjectedFault.Effect = .nothingDone
        var duration: InjectedFault.Duration = .once

        var testDescription: String { name }

        func fault(at operation: Int) -> InjectedFault {
            InjectedFault(operation: operation, errno: errno, effect: effect, duration: duration)
        }

        static let all = [
            Kind(name: "EIO once", errno: EIO),
            Kind(name: "EIO once, done in part", errno: EIO, effect: .doneInPart),
            Kind(name: "EIO for ever", errno: EIO, duration: .forever),
            Kind(name: "ENOSPC once", errno: ENOSPC),
            Kind(name: "ENOSPC once, done in part", errno: ENOSPC, effect: .doneInPart),
            Kind(
                name: "ENOSPC for ever, done in part", errno: ENOSPC, effect: .doneInPart,
                duration: .forever),
        ]
    }

    @Test(
        "INV-1, INV-4: whatever call fails, nothing is acknowledged on it or lost by it",
        arguments: Kind.all, seeds)
    func everyFault(kind: Kind, seed: UInt64) async throws {
        let whole = SimulatedFileSystem(directories: SimulatedRun.directory)
        var run = SimulatedRun(seed: seed)
        try await run.perform(batchCount: Self.batchCount, on: whole)
        for operation in 0..<whole.operationCount {
            do {
                try await fail(kind.fault(at: operation), seed)
            } catch {
                let what = whole.operations[operation]
                let finding =
                    "seed \(seed), operation \(operation) (\(what.kind) \(what.path)): \(error)"
                Issue.record("\(finding)")
                return
            }
        }
        #expect(whole.operationCount > Self.batchCount * 2)
    }

    @Test(
        "INV-1, INV-4: whatever call of an opening fails, the next one loses nothing",
        arguments: Kind.all, seeds)
    func everyFaultWhileOpening(kind: Kind, seed: UInt64) async throws {
        let first = SimulatedFileSystem(directories: SimulatedRun.directory)
        var run = SimulatedRun(seed: seed)
        try await run.perform(batchCount: Self.batchCount, on: first)
        // Without the last sync: there is something to mend.
        var history = first.history
        while history.changeCount + 3 < first.changeCount { history.advance() }
        let acknowledged = run.acknowledgedCount(atChange: history.changeCount)
        let check = CrashCheck(run, acknowledgedCount: acknowledged)
        let whole = history.crashImage(.garbage, seed: seed)
        try await FileLedger.open(SimulatedRun.options(whole)).close()
        for operation in 0..<whole.operationCount {
            do {
                let image = history.crashImage(.garbage, seed: seed)
                image.arm(kind.fault(at: operation))
                try await openAndClose(image)
                try checkCalls(image)
                let other = CrashMode.allCases[operation % CrashMode.allCases.count]
                for mode in [.processKilled, .unsyncedLost, other] {
                    try await check.check(image.crashImage(mode, seed: seed))
                }
            } catch {
                let what = whole.operations[operation]
                let finding =
                    "seed \(seed), operation \(operation) (\(what.kind) \(what.path)): \(error)"
                Issue.record("\(finding)")
                return
            }
        }
    }

    private func openAndClose(_ system: SimulatedFileSystem) async throws {
        do {
            try await FileLedger.open(SimulatedRun.options(system)).close()
        } catch let failure as Failure {
            guard [.storageFailed, .storageFull, .ledgerPoisoned].contains(failure.code) else {
                throw failure
            }
        }
    }

    /// One run with one fault, and what is left of it after the end of the process or a power cut.
    private func fail(_ fault: InjectedFault, _ seed: UInt64) async throws {
        let system = SimulatedFileSystem(directories: SimulatedRun.directory)
        system.arm(fault)
        var run = SimulatedRun(seed: seed)
        do {
            try await run.perform(batchCount: Self.batchCount, on: system)
        } catch let failure as Failure {
            // Opening or closing failed; they say so in their own words.
            guard [.storageFailed, .storageFull].contains(failure.code) else { throw failure }
        }
        for failure in run.failures
        where failure.code != .ledgerPoisoned && failure.code != .storageFull {
            throw failure
        }
        try checkCalls(system)
        let check = CrashCheck(run, acknowledgedCount: run.acknowledgedCount)
        let other = CrashMode.allCases[fault.operation % CrashMode.allCases.count]
        for mode in [.processKilled, .unsyncedLost, other] {
            try await check.check(system.crashImage(mode, seed: seed))
        }
    }

    /// INV-4 in the calls: a sync that failed is not tried again, and nothing more goes to a file
    /// of which it is not known what it holds.
    private func checkCalls(_ system: SimulatedFileSystem) throws {
        var lostFiles: Set<Int> = []
        for operation in system.operations {
            guard let file = operation.file else { continue }
            let isChange = [.write, .sync, .syncAll, .truncate].contains(operation.kind)
            if isChange, lostFiles.contains(file) {
                throw CrashFinding(description: "\(operation) on a file that failed before")
            }
            guard isChange, let reason = operation.errno else { continue }
            // A full disk refuses zeros ahead of the data: that is known to be harmless.
            if operation.kind == .write, reason == ENOSPC { continue }
            lostFiles.insert(file)
        }
    }

    @Test("A full disk refuses an append whole, before anything is written; with room it goes on")
    func fullDisk() async throws {
        let system = SimulatedFileSystem(directories: SimulatedRun.directory)
        var options = SimulatedRun.options(system)
        options.sizes = LedgerSizes()
        let ledger = try FileLedger.open(options)
        _ = try await ledger.append(batch(1, ["a"]))
        // Larger than what is reserved: room has to be found first.
        let large = batch(1, (0..<20_000).map { "profile-\($0)" })
        system.arm(
            InjectedFault(
                operation: system.operationCount, errno: ENOSPC, effect: .doneInPart,
                duration: .forever))
        for _ in 0..<2 {
            await #expect {
                _ = try await ledger.append(large)
            } throws: {
                ($0 as? Failure)?.code == .storageFull
            }
        }
        #expect(ledger.end == Position(1))
        #expect(ledger.ordinal(of: "profile-0") == nil)
        // A small one still fits.
        #expect(try await ledger.append(batch(1, ["b"])).firstPosition == Position(1))
        system.arm(nil)
        #expect(try await ledger.append(large).firstPosition == Position(2))
        try await ledger.close()
        let again = try FileLedger.open(SimulatedRun.options(system))
        #expect(again.end == Position(3))
        try await again.close()
    }
}
