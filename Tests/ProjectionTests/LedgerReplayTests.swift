import FrameCodec
import Ledger
import ProjectionModel
import SegmentModel
import Testing

@testable import Projection

/// The same events through ledgers in files, cut in every way that a ledger can be cut.
@Suite("Replay of a ledger in files")
struct LedgerReplayTests {
    private struct StandingClock: WallClock {
        func now() -> Timestamp { Timestamp(rfc3339: "2026-03-12T12:00:00.000Z")! }
    }

    /// Where the ledger's files, frames and batches end.
    private struct Cut {
        var sizes = LedgerSizes()
        /// Events of a batch at most.
        var batchLength = Int.max
        var limits = FoldLimits()
    }

    private func cuts(_ random: inout SeededGenerator) -> [Cut] {
        var single = Cut(batchLength: 1)
        single.limits.eventCount = 1
        var cuts = [Cut(), single]
        for chunkByteCount in [2 << 10, 16 << 10] {
            var cut = Cut(batchLength: Int.random(in: 2...40, using: &random))
            cut.sizes.chunkByteCount = chunkByteCount
            cut.sizes.reserveByteCount = 1 << 10
            cut.sizes.spareCount = Int.random(in: 0...2, using: &random)
            cut.sizes.frameChangeCount = Int.random(in: 1...500, using: &random)
            cut.sizes.framePayloadByteCount = Int.random(in: 100...4000, using: &random)
            cut.sizes.blockEventCount = Int.random(in: 1...50, using: &random)
            cut.limits = FoldLimits(
                changeCount: Int.random(in: 1...20_000, using: &random),
                eventCount: Int.random(in: 1...100, using: &random),
                workByteCount: Int.random(in: 1...40_000, using: &random), keptMemberByteCount: 0,
                keptFieldByteCount: 0)
            cuts.append(cut)
        }
        return cuts
    }

    private func batch(_ script: Script, _ range: Range<Int>) -> EventBatch {
        var batch = EventBatch()
        for index in range {
            let event = script.events[index]
            let ownTime = event.kind.isSystem ? nil : script.time(index)
            if event.changes.isEmpty {
                batch.append(
                    event.kind, segment: event.segment, ownTime: ownTime, body: "\(index)")
                continue
            }
            batch.append(
                event.kind, segment: event.segment, ownTime: ownTime,
                profiles: event.changes.map { change in
                    ("p\(change.ordinal)", change.fields.map { ("f\($0.name)", $0.value) })
                })
        }
        return batch
    }

    private func options(_ directory: TemporaryDirectory, _ cut: Cut) -> FileLedger.Options {
        var options = FileLedger.Options(directory: directory.path, access: .write)
        options.clock = StandingClock()
        options.sizes = cut.sizes
        options.background = .inline
        return options
    }

    private func write(
        _ script: Script, _ cut: Cut, _ random: inout SeededGenerator,
        to directory: TemporaryDirectory
    ) async throws {
        let ledger = try FileLedger.open(options(directory, cut))
        var start = 0
        while start < script.events.count {
            let longest = min(cut.batchLength, script.events.count - start)
            let end = start + Int.random(in: 1...longest, using: &random)
            _ = try await ledger.append(batch(script, start..<end))
            start = end
        }
        try await ledger.close()
    }

    @Test(
        "INV-5: other batches, frames, chunks and portions give the same projections",
        arguments: SeededGenerator.seeds)
    func metamorphic(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let script = Script.generated(count: 500, &random)
        var digests: Set<String> = []
        for cut in cuts(&random) {
            let directory = try TemporaryDirectory()
            try await write(script, cut, &random, to: directory)
            let ledger = try FileLedger.open(options(directory, cut))
            #expect(ledger.end == Position(500))
            for limits in [cut.limits, FoldLimits()] {
                let store = try ProjectionStore.open(
                    directory: directory.path, identity: ledger.identity, readOnly: false,
                    decoder: script.decoder(), limits: limits)
                let projector = try Projector(ledger: ledger, store: store)
                try await projector.foldToEnd()
                #expect(store.checkpoint() == Position(500))
                digests.insert(try await store.read { try $0.digest() })
                try store.close()
                try ProjectionStore.delete(directory: directory.path)
            }
            try await ledger.close()
        }
        #expect(digests.count == 1, "seed \(seed)")
    }
}
