import FrameCodec
import Ledger
import Projection
import ProjectionModel
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
        let model = script.model
        try await store.read { try model.expectEqual($0) }
        let waiting = Task { try await projector.waitUntilFolded(Position(300)) }
        let cancelled = Task { try await projector.waitUntilFolded(Position(301)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        ledger.stop()
        try await running.value
        await #expect(throws: Failure.self) { try await waiting.value }
    }

    @Test(
        "INV-5: folding stops at exactly the position asked for, as if the ledger ended there",
        arguments: SeededGenerator.seeds)
    func stops(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let script = Script.generated(count: 300, &random)
        let ledger = MemoryLedger()
        for frame in script.frames(&random) { ledger.append(frame) }
        let directory = try TemporaryDirectory()
        let store = try open(directory, script)
        let projector = try Projector(ledger: ledger, store: store)
        var end = 0
        while end < 300 {
            end += Int.random(in: 1...120, using: &random)
            end = min(end, 300)
            try await projector.foldToEnd(before: Position(UInt64(end)))
            #expect(store.checkpoint() == Position(UInt64(end)))
            let other = try TemporaryDirectory()
            let direct = try open(other, script)
            try await direct.fold([script.frame(0..<end)])
            let digest = try await direct.read { try $0.digest() }
            #expect(try await store.read { try $0.digest() } == digest, "seed \(seed)")
            try direct.close()
        }
    }

    @Test("Many small frames are folded once each, however many ask for it at the same time")
    func portions() async throws {
        var script = Script()
        let change = Script.Change(ordinal: 7)
        for index in 0..<10_000 {
            script.events.append(
                Script.Event(
                    kind: index % 2 == 0 ? .profilesAdded : .profilesRemoved,
                    segment: SegmentID(Int64(index % 3)), changes: [change]))
        }
        let ledger = MemoryLedger()
        for index in script.events.indices { ledger.append(script.frame(index..<index + 1)) }
        let directory = try TemporaryDirectory()
        let store = try open(directory, script)
        let projector = try Projector(ledger: ledger, store: store)
        async let first: Void = projector.foldToEnd()
        async let second: Void = projector.foldToEnd()
        _ = try await (first, second)
        #expect(store.checkpoint() == Position(10_000))
        let model = script.model
        try await store.read { try model.expectEqual($0) }
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
