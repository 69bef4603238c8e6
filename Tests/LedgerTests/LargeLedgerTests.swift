import Foundation
import FrameCodec
import Ledger
import SegmentModel
import Testing

/// What is shared among threads only where there is much of it: encoding the frames of a batch,
/// decoding a tail, reading a snapshot. (`make tsan` looks at it too.)
@Suite("A ledger large enough for several threads")
struct LargeLedgerTests {
    private static let batchCount = 4
    private static let eventsPerBatch = 5
    private static let profilesPerEvent = 10_000
    private static let profileCount = batchCount * eventsPerBatch * profilesPerEvent

    private func open(_ path: String, frameChangeCount: Int) throws -> FileLedger {
        var options = FileLedger.Options(directory: path, access: .write)
        options.sizes.frameChangeCount = frameChangeCount
        options.sizes.snapshotDivisor = 1 << 20
        options.sizes.snapshotStepByteCount = 1 << 10
        options.report = { Issue.record("\($0)") }
        return try FileLedger.open(options)
    }

    /// Ids that take some bytes each in a frame.
    private static func id(_ number: Int) -> String {
        "profile-\(number * 2_654_435_761 % 1_000_000_007)"
    }

    /// More than a MiB, so that its frames share its bytes.
    private func batch(_ number: Int, _ prefix: String? = "event") -> EventBatch {
        var batch = EventBatch()
        for event in 0..<Self.eventsPerBatch {
            let first = (number * Self.eventsPerBatch + event) * Self.profilesPerEvent
            batch.append(
                .profilesAdded, segment: SegmentID(Int64(event)),
                eventID: prefix.map { "\($0) \(number) \(event)" } ?? "",
                profiles: (first..<first + Self.profilesPerEvent).map {
                    (id: Self.id($0), fields: [("CustomID", .text("C-\($0 / 3)"))])
                })
        }
        return batch
    }

    /// Every profile, its ordinal and its field as the frames tell them.
    private func expectAll(_ ledger: FileLedger) throws {
        #expect(ledger.profileCount == Self.profileCount)
        var position = Position(0)
        var next = 0
        var others: Set<String> = []
        while let frame = try ledger.frame(containing: position) {
            for event in frame.events where event.eventID.count > 0 {
                let id = frame.string(event.eventID)
                guard id.hasPrefix("event") else {
                    others.insert(id)
                    continue
                }
                #expect(event.ordinalCount == event.recordCount)
                let first = frame.records[event.recordRange.lowerBound]
                #expect(Int(first.ordinal) == next)
                #expect(
                    frame.string(frame.changes[Int(first.firstChange)].value) == "C-\(next / 3)")
                #expect(ledger.profileID(of: ProfileOrdinal(first.ordinal)) == Self.id(next))
                next += Int(event.ordinalCount)
            }
            position = frame.endPosition
        }
        #expect(next == Self.profileCount)
        let numbers = (0..<Self.batchCount).flatMap { batch in
            (0..<Self.eventsPerBatch).map { "again \(batch) \($0)" }
        }
        #expect(others == Set(numbers))
    }

    /// The same profiles once more change nothing, whether or not the events are known.
    private func expectNothingNew(_ ledger: FileLedger) async throws {
        for number in 0..<Self.batchCount {
            let repeated = try await ledger.append(batch(number))
            #expect(repeated.eventCount == 0)
            #expect(repeated.duplicateCount == Self.eventsPerBatch)
        }
        let end = ledger.end
        _ = try await ledger.append(batch(2, nil))
        let frame = try ledger.frame(containing: end)
        #expect(frame?.records.isEmpty == true)
        #expect(frame?.newProfiles.isEmpty == true)
    }

    @Test("INV-1, INV-2: it is what a single thread makes of it, after any opening")
    func several() async throws {
        let scratch = try Scratch()
        let ledger = try open(scratch.path, frameChangeCount: 1 << 14)
        for number in 0..<Self.batchCount { _ = try await ledger.append(batch(number)) }
        // Some of them go down in one group: each keeps to bytes of its own.
        let changeCount = try await withThrowingTaskGroup(of: Int.self) { group in
            // Made beforehand, so that the first one's writing takes longer than handing them over.
            for batch in (0..<Self.batchCount).map({ batch($0, "again") }) {
                group.addTask { try await ledger.append(batch).changeCount }
            }
            return try await group.reduce(0, +)
        }
        #expect(changeCount == Self.profileCount)
        try expectAll(ledger)
        try await ledger.close()
        let snapshot = URL(fileURLWithPath: scratch.path + "/ledger/DICTIONARY")
        let size = try Data(contentsOf: snapshot).count
        #expect(size > 5 << 20)
        for keepsSnapshot in [true, false] {
            if !keepsSnapshot { try FileManager.default.removeItem(at: snapshot) }
            let again = try open(scratch.path, frameChangeCount: 1 << 16)
            #expect(again.notices.isEmpty)
            try expectAll(again)
            try await expectNothingNew(again)
            try await again.close()
        }
    }
}
