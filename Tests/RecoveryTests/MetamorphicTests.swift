import Ledger
import Recovery
import SegmentModel
import StorageIO
import StorageTesting
import Synchronization
import Testing

/// The same events, stored in other ways.
@Suite("The same events in other frames, chunks and batches")
struct MetamorphicTests {
    private struct Event {
        var kind: EventKind
        var segment: SegmentID
        var time: Timestamp
        var eventID: String
        var profiles: [(id: String, fields: [(name: String, value: FieldValue)])]
    }

    /// What may differ: it changes the bytes of the files and nothing that they say.
    fileprivate struct Way: CustomTestStringConvertible {
        var testDescription: String
        var eventsPerBatch: Int
        var chunkByteCount = Limits.chunkByteCountTarget
        var frameChangeCount = Limits.frameChangeCountTarget
        var blockEventCount = Limits.blockEventCountTarget
        var isReopened = false
        var isBackup = false
    }

    fileprivate static let ways = [
        Way(testDescription: "one event a batch", eventsPerBatch: 1),
        Way(testDescription: "all in one batch", eventsPerBatch: 1000),
        Way(testDescription: "small frames", eventsPerBatch: 40, frameChangeCount: 3),
        Way(testDescription: "small chunks", eventsPerBatch: 7, chunkByteCount: 2048),
        Way(
            testDescription: "other blocks", eventsPerBatch: 5, chunkByteCount: 3000,
            frameChangeCount: 20, blockEventCount: 4),
        Way(
            testDescription: "opened again and again", eventsPerBatch: 9, chunkByteCount: 4096,
            isReopened: true),
        Way(
            testDescription: "a backup", eventsPerBatch: 6, chunkByteCount: 2500, isBackup: true),
    ]

    private func events() -> [Event] {
        var generator = SeededGenerator()
        let start = Timestamp(rfc3339: "2020-01-01T00:00:00Z")!
        return (0..<400).map { number in
            let kinds: [EventKind] = [
                .profilesAdded, .profilesAdded, .profilesRemoved, .profilesUpdated, .segmentCleared,
            ]
            let kind = kinds[generator.below(kinds.count)]
            var profiles: [(id: String, fields: [(name: String, value: FieldValue)])] = []
            for _ in 0..<generator.below(6) {
                let value = FieldValue.text("c\(generator.below(50))")
                let fields = generator.chance(1, in: 2) ? [(name: "CustomID", value: value)] : []
                profiles.append((id: "p\(generator.below(200))", fields: fields))
            }
            return Event(
                kind: profiles.isEmpty ? .segmentCleared : kind,
                segment: SegmentID(kind == .profilesUpdated ? 0 : Int64(generator.below(5))),
                time: start.advanced(byMicroseconds: Int64(generator.below(1000))),
                // Some of them come twice.
                eventID: "e\(generator.chance(1, in: 10) ? number / 2 : number)",
                profiles: kind == .segmentCleared ? [] : profiles)
        }
    }

    private func options(
        _ directory: String, _ way: Way, opening: Int = 0
    ) -> FileLedger.Options {
        var options = FileLedger.Options(directory: directory, access: .write)
        options.clock = StandingClock()
        options.background = .inline
        options.sizes.chunkByteCount = way.chunkByteCount
        options.sizes.frameChangeCount = way.frameChangeCount
        options.sizes.blockEventCount = way.blockEventCount
        options.sizes.reserveByteCount = 512
        options.sizes.snapshotDivisor = 1 << 20
        // The same salts each time: they are drawn when a ledger is made.
        let generator = Mutex(SeededGenerator(seeds: 7, UInt64(opening)))
        options.randomNumber = { generator.withLock { $0.next() } }
        return options
    }

    private func report(_ events: [Event], _ way: Way) async throws -> VerificationReport {
        try await store(events, way) { try LedgerRecovery.verify($0, .deep) }
    }

    /// Stores the events and looks at the directory.
    private func store<Result>(
        _ events: [Event], _ way: Way, _ look: (String) async throws -> Result
    ) async throws -> Result {
        let scratch = try Scratch()
        var ledger = try FileLedger.open(options(scratch.path, way))
        for start in stride(from: 0, to: events.count, by: way.eventsPerBatch) {
            var batch = EventBatch()
            for event in events[start..<min(start + way.eventsPerBatch, events.count)] {
                batch.append(
                    event.kind, segment: event.segment, ownTime: event.time,
                    eventID: event.eventID, profiles: event.profiles)
            }
            _ = try await ledger.append(batch)
            if way.isReopened {
                try await ledger.close()
                ledger = try FileLedger.open(
                    options(scratch.path, way, opening: start + 1))
            }
        }
        try await ledger.close()
        guard way.isBackup else { return try await look(scratch.path) }
        let target = try Scratch()
        _ = try LedgerRecovery.backup(from: scratch.path, into: target.path + "/copy")
        return try await look(target.path + "/copy")
    }

    /// At every position.
    private func fingerprints(
        _ directory: String, _ access: FileLedger.Access
    ) async throws -> [Position: Fingerprint] {
        let ledger = try FileLedger.open(
            FileLedger.Options(directory: directory, access: access))
        let positions = (0...ledger.end.rawValue).map { Position($0) }
        let found = try ledger.fingerprints(before: Set(positions))
        #expect(try ledger.fingerprint() == found[ledger.end])
        // One by one as all at once.
        for position in positions.reversed() where position.rawValue % 37 == 0 {
            #expect(try ledger.fingerprints(before: [position])[position] == found[position])
        }
        try await ledger.close()
        return found
    }

    @Test("INV-2, INV-5: they have the same Merkle root and the same digest", arguments: ways)
    fileprivate func sameRoot(way: Way) async throws {
        let events = events()
        let plain = try await report(
            events, Way(testDescription: "plain", eventsPerBatch: 10))
        let other = try await report(events, way)
        let comment = Comment(rawValue: "SEGLEDGER_SEED=\(SeededGenerator().seed)")
        #expect(plain.faults.isEmpty, comment)
        #expect(other.faults.isEmpty, comment)
        #expect(plain.root != nil)
        #expect(other.root == plain.root, comment)
        #expect(other.sha256 == plain.sha256, comment)
        #expect(other.eventCount == plain.eventCount, comment)
    }

    @Test("INV-12: they have the same fingerprint at every position", arguments: ways)
    fileprivate func sameFingerprints(way: Way) async throws {
        let events = events()
        let plain = try await store(
            events, Way(testDescription: "plain", eventsPerBatch: 10)
        ) { try await fingerprints($0, .write) }
        let other = try await store(events, way) { try await fingerprints($0, .look) }
        #expect(Set(plain.values).count == plain.count)
        #expect(other == plain, "SEGLEDGER_SEED=\(SeededGenerator().seed)")
    }

    @Test("INV-12: a restored ledger has them up to where it was cut", arguments: [0, 1, 55, 187])
    func restoredFingerprints(cut: Int) async throws {
        let way = Way(
            testDescription: "small chunks", eventsPerBatch: 7, chunkByteCount: 2048,
            blockEventCount: 20)
        try await store(events(), way) { directory in
            let all = try await fingerprints(directory, .look)
            let target = try Scratch()
            _ = try LedgerRecovery.restore(
                from: directory, into: target.path + "/past", to: .position(Position(UInt64(cut))))
            let past = try await fingerprints(target.path + "/past", .look)
            #expect(past == all.filter { $0.key.rawValue <= UInt64(cut) + 1 })
        }
    }
}
