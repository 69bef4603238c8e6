import FrameCodec
import Ledger
import Projection
import SegmentModel
import Testing

@Suite("Projector")
struct ProjectorTests {
    private func open(
        _ directory: TemporaryDirectory, _ script: Script
    ) throws -> ProjectionStore {
        try ProjectionStore.open(
            directory: directory.path, identity: testIdentity, readOnly: false,
            decoder: script.decoder())
    }

    @Test("Follows the ledger, wakes who waits, and ends with the ledger")
    func follows() async throws {
        var random = SeededGenerator(seed: 11)
        let script = Script.generated(count: 300, &random)
        let frames = script.frames(&random)
        let ledger = MemoryLedger()
        let directory = try TemporaryDirectory()
        let store = try open(directory, script)
        let projector = try Projector(ledger: ledger, store: store)
        let running = Task { try await projector.run() }
        for frame in frames {
            ledger.append(frame)
            if random.next() % 5 == 0 {
                try await projector.waitUntilFolded(frame.endPosition.predecessor!)
                #expect(store.checkpoint() >= frame.endPosition)
            }
        }
        try await projector.waitUntilFolded(Position(299))
        let model = Model(script)
        try await store.read { try model.expectEqual($0) }
        let waiting = Task { try await projector.waitUntilFolded(Position(300)) }
        let cancelled = Task { try await projector.waitUntilFolded(Position(301)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        ledger.stop()
        try await running.value
        await #expect(throws: Failure.self) { try await waiting.value }
    }

    @Test("INV-3: a ledger that ends before its projections has lost acknowledged events")
    func ahead() async throws {
        var random = SeededGenerator(seed: 12)
        let script = Script.generated(count: 40, &random)
        let directory = try TemporaryDirectory()
        let store = try open(directory, script)
        let ledger = MemoryLedger()
        ledger.append(script.frame(0..<20))
        ledger.append(script.frame(20..<40))
        try await Projector(ledger: ledger, store: store).foldToEnd()
        #expect(store.checkpoint() == Position(40))
        let shorter = MemoryLedger()
        shorter.append(script.frame(0..<20))
        let failure = #expect(throws: Failure.self) {
            try Projector(ledger: shorter, store: store)
        }
        #expect(failure?.code == .ledgerCorrupt)
        let other = MemoryLedger(identity: LedgerIdentity(ledger: "99", timeline: "22"))
        let otherFailure = #expect(throws: Failure.self) {
            try Projector(ledger: other, store: store)
        }
        #expect(otherFailure?.code == .projectionInvalid)
    }

    @Test("A fold that fails ends the run, and whoever waits learns why")
    func failure() async throws {
        var random = SeededGenerator(seed: 13)
        let script = Script.generated(count: 40, &random)
        let directory = try TemporaryDirectory()
        let store = try open(directory, script)
        let ledger = MemoryLedger()
        ledger.append(script.frame(1..<20))
        let projector = try Projector(ledger: ledger, store: store)
        let failure = try await #require(throws: Failure.self) { try await projector.run() }
        #expect(failure.code == .ledgerCorrupt)
        await #expect(throws: failure) { try await projector.waitUntilFolded(Position(5)) }
    }
}
