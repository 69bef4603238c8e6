import Glibc
import Ledger
import SegmentModel
import StorageIO
import Testing

@Suite struct LedgerFaultTests {
    private func open(_ scratch: Scratch, _ system: FaultyFileSystem) throws -> FileLedger {
        var options = FileLedger.Options(directory: scratch.path, access: .write)
        options.fileSystem = system
        return try FileLedger.open(options)
    }

    @Test(
        "INV-4: after a failed write or sync nothing more is written; what was acknowledged stays",
        arguments: ["write", "sync"])
    func poison(call: String) async throws {
        let scratch = try Scratch()
        let system = FaultyFileSystem()
        var ledger = try open(scratch, system)
        _ = try await ledger.append(batch(1, ["a"]))
        system.arm(call, EIO)
        for _ in 0..<2 {
            await #expect {
                _ = try await ledger.append(batch(1, ["b"]))
            } throws: {
                ($0 as? Failure)?.code == .ledgerPoisoned
            }
        }
        try await ledger.close()
        #expect(system.callsAfterFault == 0)
        ledger = try open(scratch, FaultyFileSystem())
        #expect(ledger.end >= Position(1))
        #expect(ledger.ordinal(of: "a") == ProfileOrdinal(0))
        let next = try await ledger.append(batch(1, ["c"]))
        #expect(next.firstPosition! >= Position(1))
        try await ledger.close()
    }

    @Test("A full disk refuses an append whole, before anything is written; with room it goes on")
    func fullDisk() async throws {
        let scratch = try Scratch()
        let system = FaultyFileSystem()
        let ledger = try open(scratch, system)
        _ = try await ledger.append(batch(1, ["a"]))
        // Larger than what is reserved: zeros have to be written first.
        let large = batch(1, (0..<20_000).map { "profile-\($0)" })
        system.arm("write", ENOSPC)
        await #expect {
            _ = try await ledger.append(large)
        } throws: {
            ($0 as? Failure)?.code == .storageFull
        }
        #expect(ledger.end == Position(1))
        #expect(ledger.ordinal(of: "profile-0") == nil)
        #expect(try await ledger.append(large).firstPosition == Position(1))
        try await ledger.close()
        let again = try scratch.open()
        #expect(again.end == Position(2))
        try await again.close()
    }
}
