import Foundation
import FrameCodec
import Ledger
import ProjectionModel
import SegmentModel
import Synchronization
import Testing

@testable import Projection

/// Refuses until it is opened.
private final class Gate: Sendable {
    private let closed = Mutex(true)

    var isClosed: Bool { closed.withLock { $0 } }

    func open() { closed.withLock { $0 = false } }
}

let testIdentity = LedgerIdentity(ledger: "11", timeline: "22")

@Suite("Projection store")
struct ProjectionStoreTests {
    private func open(
        _ directory: TemporaryDirectory, _ decoder: SystemEventDecoder, readOnly: Bool = false,
        identity: LedgerIdentity = testIdentity, limits: FoldLimits = FoldLimits()
    ) throws -> ProjectionStore {
        try ProjectionStore.open(
            directory: directory.path, identity: identity, readOnly: readOnly, decoder: decoder,
            limits: limits)
    }

    /// Limits that end a transaction after a few events, and keep little or nothing.
    private func smallLimits(_ random: inout SeededGenerator) -> FoldLimits {
        FoldLimits(
            changeCount: Int.random(in: 1...20_000, using: &random),
            eventCount: Int.random(in: 1...50, using: &random),
            workByteCount: Int.random(in: 1...40_000, using: &random),
            keptMemberByteCount: Int.random(in: 0...60_000, using: &random),
            keptFieldByteCount: Int.random(in: 0...4000, using: &random))
    }

    /// Folds in random portions, some of them overlapping, with a crash between some, and with
    /// other limits after each.
    private func foldRandomly(
        _ script: Script, _ random: inout SeededGenerator
    ) async throws -> (TemporaryDirectory, ProjectionStore) {
        var directory = try TemporaryDirectory()
        var store = try open(directory, script.decoder(), limits: smallLimits(&random))
        var frames = script.frames(&random)[...]
        var last: Frame?
        while !frames.isEmpty {
            let count = min(Int.random(in: 1...20, using: &random), frames.count)
            try await store.fold([last].compactMap { $0 } + Array(frames.prefix(count)))
            last = frames[frames.startIndex + count - 1]
            frames = frames.dropFirst(count)
            if random.next() % 3 == 0 {
                let copy = try directory.crashCopy()
                try store.close()
                directory = copy
                store = try open(directory, script.decoder(), limits: smallLimits(&random))
                #expect(store.checkpoint() == last?.endPosition)
            }
        }
        return (directory, store)
    }

    @Test(
        "Projections answer as a plain model of the events does", arguments: SeededGenerator.seeds)
    func model(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let script = Script.generated(count: 600, &random)
        let (directory, store) = try await foldRandomly(script, &random)
        let model = script.model
        try await store.read { try model.expectEqual($0) }
        #expect(store.checkpoint() == Position(600))
        try store.close()
        withExtendedLifetime(directory) {}
    }

    @Test(
        "INV-5: any frames, portions and crashes, and a rebuild, give the same projections",
        arguments: SeededGenerator.seeds)
    func sameDigest(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let script = Script.generated(count: 400, &random)
        var digests: Set<String> = []
        for _ in 0..<4 {
            let (directory, store) = try await foldRandomly(script, &random)
            digests.insert(try await store.read { try $0.digest() })
            try store.close()
            withExtendedLifetime(directory) {}
        }
        let directory = try TemporaryDirectory()
        let one = [script.frame(0..<script.events.count)]
        for frames in [script.frames(&random), one] {
            let store = try open(directory, script.decoder())
            #expect(store.checkpoint() == Position(0))
            try await store.fold(frames)
            digests.insert(try await store.read { try $0.digest() })
            try store.close()
            try ProjectionStore.delete(directory: directory.path)
        }
        #expect(digests.count == 1)
    }

    @Test("INV-5: a change of any kind changes the digest")
    func digestCovers() async throws {
        var random = SeededGenerator(seed: 5)
        let script = Script.generated(count: 200, &random)
        let directory = try TemporaryDirectory()
        let store = try open(directory, script.decoder())
        var digests: Set<String> = []
        for index in script.events.indices {
            try await store.fold([script.frame(index..<index + 1)])
            digests.insert(try await store.read { try $0.digest() })
        }
        #expect(digests.count == script.events.count)
    }

    @Test("A fold that fails changes nothing, in memory or in the file")
    func failedFold() async throws {
        var random = SeededGenerator(seed: 6)
        var script = Script.generated(count: 100, &random)
        script.events.append(
            Script.Event(kind: .integrationPaused, content: .integration("crm")))
        let gate = Gate()
        let directory = try TemporaryDirectory()
        let store = try open(directory, script.decoder { $0 == 100 && gate.isClosed })
        try await store.fold([script.frame(0..<20), script.frame(20..<40)])
        let before = try await store.read { try $0.digest() }
        let rest = [
            script.frame(40..<60), script.frame(60..<80), script.frame(80..<100),
            script.frame(100..<101),
        ]
        await #expect(throws: Script.WrongBody.self) { try await store.fold(rest) }
        #expect(store.checkpoint() == Position(40))
        #expect(try await store.read { try $0.digest() } == before)
        try await store.fold([script.frame(40..<60)])
        let start = Script(events: Array(script.events.prefix(60))).model
        try await store.read { try start.expectEqual($0) }
        gate.open()
        try await store.fold(rest)
        let model = script.model
        try await store.read { try model.expectEqual($0) }
    }

    @Test("A gap between the checkpoint and the frames is refused")
    func gap() async throws {
        var random = SeededGenerator(seed: 7)
        let script = Script.generated(count: 40, &random)
        let directory = try TemporaryDirectory()
        let store = try open(directory, script.decoder())
        let failure = try await #require(throws: Failure.self) {
            try await store.fold([script.frame(0..<10), script.frame(11..<20)])
        }
        #expect(failure.code == .projectionInvalid)
        #expect(store.checkpoint() == Position(0))
    }

    @Test("Readers see commits of a running writer, and its state after it closed")
    func readOnly() async throws {
        var random = SeededGenerator(seed: 8)
        let script = Script.generated(count: 40, &random)
        let directory = try TemporaryDirectory()
        #expect(throws: Failure.self) { try open(directory, script.decoder(), readOnly: true) }
        let writer = try open(directory, script.decoder())
        let reader = try open(directory, script.decoder(), readOnly: true)
        try await writer.fold([script.frame(0..<20)])
        #expect(try await reader.read { try $0.checkpoint() } == Position(20))
        try reader.close()
        let digest = try await writer.read { try $0.digest() }
        try writer.close()
        let late = try open(directory, script.decoder(), readOnly: true)
        #expect(late.checkpoint() == Position(20))
        #expect(try await late.read { try $0.digest() } == digest)
    }

    @Test(
        "A transaction takes an event, ends once memory is full, and keeps no more than its limits",
        arguments: [0, 20_000, 60_000, 300_000])
    func boundedMemory(kept: Int) async throws {
        var random = SeededGenerator(seed: 14)
        let script = Script.generated(count: 400, &random)
        let frames = script.frames(&random)
        let directory = try TemporaryDirectory()
        let limits = FoldLimits(
            workByteCount: 40_000, keptMemberByteCount: kept, keptFieldByteCount: kept / 4)
        let store = try open(directory, script.decoder(), limits: limits)
        var (transactionCount, most) = (0, 0)
        while store.checkpoint() < Position(400) {
            try await store.fold(before: Position(400), fieldName: Script.fieldName) { _ in frames }
            transactionCount += 1
            #expect(store.folding.byteCount <= kept + kept / 4)
            most = max(most, store.folding.byteCount)
        }
        #expect(transactionCount > 4)
        #expect((most > 0) == (kept > 0))
        let model = script.model
        try await store.read { try model.expectEqual($0) }
        try store.close()
    }

    @Test("The write-ahead log is emptied once it is over its limit")
    func boundedLog() async throws {
        var random = SeededGenerator(seed: 9)
        let script = Script.generated(count: 40, &random)
        for (limit, isEmpty) in [(0, true), (1 << 30, false)] {
            let directory = try TemporaryDirectory()
            let store = try open(
                directory, script.decoder(), limits: FoldLimits(logByteCount: limit))
            try await store.fold([script.frame(0..<40)])
            let log = try FileManager.default.attributesOfItem(
                atPath: "\(directory.path)/projections.sqlite-wal")
            #expect((log[.size] as? Int == 0) == isEmpty)
            #expect(try await store.read { try $0.checkpoint() } == Position(40))
            try store.close()
        }
    }

    @Test("Projections of another ledger or timeline are refused with the way out")
    func otherIdentity() throws {
        let directory = try TemporaryDirectory()
        let decoder = Script().decoder()
        try open(directory, decoder).close()
        let other = LedgerIdentity(ledger: "11", timeline: "33")
        for readOnly in [false, true] {
            let failure = #expect(throws: Failure.self) {
                try open(directory, decoder, readOnly: readOnly, identity: other)
            }
            #expect(failure?.code == .projectionInvalid)
            #expect(failure?.hint == "segledger rebuild-projections")
        }
    }

    @Test("Unknown and changed migrations are refused; missing ones are applied")
    func migrations() throws {
        let known = Migration.embedded
        func open(_ directory: TemporaryDirectory, _ migrations: [Migration]) throws {
            try ProjectionStore.open(
                directory: directory.path, identity: testIdentity, readOnly: false,
                decoder: Script().decoder(), migrations: migrations
            ).close()
        }
        let directory = try TemporaryDirectory()
        try open(directory, Array(known.dropLast()))
        try open(directory, known)
        var changed = known
        changed[3] = Migration(name: known[3].name, sql: known[3].sql + "\n")
        for migrations in [changed, Array(known.dropLast())] {
            let failure = #expect(throws: Failure.self) { try open(directory, migrations) }
            #expect(failure?.code == .formatUnknown)
            #expect(failure?.hint == "segledger rebuild-projections")
        }
        try open(directory, known)
    }

    @Test("A file that is no database is refused with the way out")
    func noDatabase() throws {
        let directory = try TemporaryDirectory()
        try Array(repeating: "no database ", count: 1000).joined().write(
            toFile: "\(directory.path)/projections.sqlite", atomically: true, encoding: .utf8)
        let failure = #expect(throws: Failure.self) { try open(directory, Script().decoder()) }
        #expect(failure?.code == .projectionInvalid)
    }
}
