import FrameCodec
import SegmentModel
import Testing

@testable import Ledger

@Suite struct DictionaryOrdinalsTests {
    private func batch(
        _ ordinals: [UInt32], _ change: (inout EventBatch) -> Void = { _ in }
    ) -> EventBatch {
        var batch = EventBatch()
        batch.append(.profilesRemoved, segment: SegmentID(1), ordinals: ordinals)
        change(&batch)
        return batch
    }

    @Test("Profiles given by ordinal are stored as if given by id")
    func ordinals() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var byID = EventBatch()
        byID.append(
            .profilesAdded, segment: SegmentID(1), profiles: ["a", "b", "c", "d"].map { ($0, []) })
        _ = try await ledger.append(byID)
        var both = batch([0, 2, 3])
        both.append(.profilesAdded, segment: SegmentID(2), profiles: [("b", []), ("e", [])])
        let result = try await ledger.append(both)
        #expect(result.changeCount == 5)
        let frame = try #require(try ledger.frame(containing: Position(1)))
        #expect(Array(frame.ordinals[frame.events[0].ordinalRange]) == [0, 2, 3])
        #expect(Array(frame.ordinals[frame.events[1].ordinalRange]) == [1, 4])
        try await ledger.close()
    }

    @Test("Ordinals that are unknown, not ascending or out of place are refused")
    func refusals() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var byID = EventBatch()
        byID.append(.profilesAdded, profiles: [("a", []), ("b", [])])
        _ = try await ledger.append(byID)
        let bad = [
            batch([0, 2]), batch([1, 0]), batch([1, 1]), batch([0, UInt32.max]),
            batch([0]) { $0.events[0].kind = .segmentCleared },
            batch([0]) { $0.events[0].ordinalCount = 2 },
            batch([0]) { $0.events[0].firstOrdinal = UInt32.max },
            batch([0]) {
                $0.append(.profilesAdded, profiles: [("c", [])])
                $0.events[1].ordinalCount = 1
            },
            batch(Array(0...UInt32(Limits.eventOrdinalCountMax))),
        ]
        for batch in bad {
            await #expect {
                _ = try await ledger.append(batch)
            } throws: {
                ($0 as? Failure)?.code == .inputRefused
            }
        }
        #expect(ledger.end == Position(1))
        #expect(ledger.profileCount == 2)
        try await ledger.close()
    }
}
