import Ledger
import SegmentModel
import StorageTesting
import Testing

/// INV-4 on a thread of its own, with marks when idle.
@Suite("After a write or a sync of the ledger has failed")
struct LedgerPoisonTests {
    @Test("INV-4: the process writes nothing more, also when idle", arguments: 0..<4)
    func silence(operation: Int) async throws {
        let system = SimulatedFileSystem(directories: SimulatedRun.directory)
        var options = SimulatedRun.options(system)
        options.background = .thread
        options.sizes.idleMilliseconds = 0
        let ledger = try FileLedger.open(options)
        _ = try await ledger.append(batch(1, ["a"]))
        system.arm(
            InjectedFault(
                operation: system.operationCount + operation, errno: 5, duration: .forever))
        await #expect {
            while true { _ = try await ledger.append(batch(1, ["b"])) }
        } throws: {
            ($0 as? Failure)?.code == .ledgerPoisoned
        }
        let failed = system.operations.firstIndex { $0.errno != nil }!
        // Each passes through the writer's thread, which is idle in between.
        for _ in 0..<20 {
            await #expect(throws: Failure.self) { _ = try await ledger.append(batch(1, ["c"])) }
        }
        await #expect(throws: Never.self) {
            do {
                try await ledger.close()
            } catch let failure as Failure where failure.code == .storageFailed {
                // The disk refuses to close the files as well.
            }
        }
        let later = system.operations[(failed + 1)...]
        #expect(later.allSatisfy { ![.write, .sync, .syncAll].contains($0.kind) })
    }
}
