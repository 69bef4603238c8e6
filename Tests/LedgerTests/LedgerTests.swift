import Foundation
import FrameCodec
import Ledger
import SegmentModel
import StorageIO
import StorageTesting
import Testing

/// A directory that is removed at the end of the test.
final class Scratch {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("segledger-ledger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("cannot remove \(path): \(error)")
        }
    }

    func open(_ access: FileLedger.Access = .write) throws -> FileLedger {
        try FileLedger.open(FileLedger.Options(directory: path, access: access))
    }

    var chunks: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: path + "/ledger")
                .filter { $0.hasSuffix(".chunk") }.sorted().map { path + "/ledger/" + $0 }
        }
    }
}

func batch(_ segment: Int64, _ ids: [String], eventID: String = "") -> EventBatch {
    var batch = EventBatch()
    batch.append(
        .profilesAdded, segment: SegmentID(segment),
        ownTime: Timestamp(rfc3339: "2020-01-01T00:00:00Z"), eventID: eventID,
        profiles: ids.map { ($0, [("CustomID", .text("C-\($0)"))]) })
    return batch
}

/// Every event as text.
func content(_ ledger: FileLedger) throws -> [String] {
    var lines: [String] = []
    var position = Position(0)
    while let frame = try ledger.frame(containing: position) {
        // Sealing may have put what was read before into the same frame meanwhile.
        let known = Int(position.rawValue - frame.firstPosition.rawValue)
        for event in frame.events.dropFirst(known) {
            let ids = frame.ordinals[event.ordinalRange]
                .map { ledger.profileID(of: ProfileOrdinal($0)) }
            let fields = frame.records[event.recordRange].flatMap { record in
                frame.changes[record.changeRange].map {
                    "\(record.ordinal):\(ledger.fieldName($0.name))=\(frame.string($0.value))"
                }
            }
            lines.append(
                "\(event.kind) \(event.segment) \(event.time) \(ids) \(fields) "
                    + "\(frame.string(event.eventID)) \(frame.string(event.body))")
        }
        position = frame.endPosition
    }
    return lines
}

@Suite struct LedgerTests {
    @Test("INV-1, INV-2: what was acknowledged is there after reopening, at gapless positions")
    func reopen() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        let first = try await ledger.append(batch(1, ["a", "b"]))
        let second = try await ledger.append(batch(2, ["b", "c", "b"]))
        #expect(first.firstPosition == Position(0))
        #expect(second.firstPosition == Position(1))
        #expect(second.changeCount == 2)
        let before = try content(ledger)
        try await ledger.close()
        let again = try scratch.open()
        #expect(try content(again) == before)
        #expect(again.end == Position(2))
        #expect(again.ordinal(of: "c") == ProfileOrdinal(2))
        #expect(try await again.append(batch(3, ["d"])).firstPosition == Position(2))
        #expect(again.identity == ledger.identity)
        try await again.close()
    }

    @Test("A repeated event_id is a duplicate, in the same batch, later, and after reopening")
    func duplicates() async throws {
        let scratch = try Scratch()
        var ledger = try scratch.open()
        var two = batch(1, ["a"], eventID: "e1")
        two.append(.segmentCleared, segment: SegmentID(1), eventID: "e1")
        let result = try await ledger.append(two)
        #expect(result.eventCount == 1)
        #expect(result.duplicateCount == 1)
        #expect(try await ledger.append(batch(1, ["z"], eventID: "e1")).duplicateCount == 1)
        try await ledger.close()
        ledger = try scratch.open()
        #expect(try await ledger.append(batch(1, ["z"], eventID: "e1")).duplicateCount == 1)
        #expect(ledger.end == Position(1))
        try await ledger.close()
    }

    @Test("INV-1: a batch of several frames that ends in duplicates survives a crash")
    func duplicatesBehindFullFrame() async throws {
        let system = SimulatedFileSystem(directories: SimulatedRun.directory)
        var options = SimulatedRun.options(system)
        options.sizes.frameChangeCount = 4
        let ledger = try FileLedger.open(options)
        _ = try await ledger.append(batch(1, ["a"], eventID: "known"))
        var several = batch(1, ["b", "c", "d", "e"], eventID: "new 1")
        several.append(.segmentCleared, segment: SegmentID(1), eventID: "new 2")
        several.append(
            .profilesAdded, segment: SegmentID(1), eventID: "new 3",
            profiles: ["f", "g", "h", "i"].map { ($0, []) })
        several.append(.segmentCleared, segment: SegmentID(1), eventID: "known")
        let result = try await ledger.append(several)
        #expect(result.eventCount == 3)
        #expect(result.duplicateCount == 1)
        let before = try content(ledger)
        let crashed = system.crashImage(.unsyncedLost, seed: 1)
        try await ledger.close()
        options = SimulatedRun.options(crashed)
        let again = try FileLedger.open(options)
        #expect(try content(again) == before)
        #expect(try await again.append(several).duplicateCount == 4)
        try await again.close()
    }

    @Test("Fields are stored only when they change; null deletes; the newest value wins")
    func fields() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        func add(_ fields: [(name: String, value: FieldValue)]) async throws -> Int {
            var batch = EventBatch()
            batch.append(.profilesUpdated, profiles: [("p", fields)])
            let position = try await ledger.append(batch).firstPosition!
            return try ledger.frame(containing: position)!.changes.count
        }
        #expect(try await add([("a", .text("1")), ("b", .number("1.10"))]) == 2)
        #expect(try await add([("a", .text("1")), ("b", .number("1.10"))]) == 0)
        #expect(try await add([("b", .number("1.1"))]) == 1)
        #expect(try await add([("a", .null), ("c", .null)]) == 1)
        #expect(try await add([("a", .null)]) == 0)
        #expect(try await add([("a", .text("x")), ("a", .text("y"))]) == 1)
        #expect(try await add([("a", .text("y"))]) == 0)
        try await ledger.close()
    }

    @Test("Ledger time is monotone over platform events and as-of is a prefix")
    func ledgerTime() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var events = EventBatch()
        events.append(.configurationApplied, body: "{}")
        for day in ["1997-01-01", "1997-01-03", "1997-01-02", "1997-01-05"] {
            events.append(
                .segmentCleared, segment: SegmentID(1),
                ownTime: Timestamp(rfc3339: day + "T12:00:00Z"))
        }
        events.append(.integrationPaused, body: "{}")
        _ = try await ledger.append(events)
        func position(_ text: String) throws -> UInt64? {
            try ledger.position(at: Moment(text)!)?.rawValue
        }
        #expect(try position("1996-12-31") == nil)
        #expect(try position("1997-01-01") == 1)
        #expect(try position("1997-01-02") == 1)
        #expect(try position("1997-01-03") == 3)
        #expect(try position("1997-01-05") == 4)
        #expect(try position("9999-12-31") == 5)
        #expect(try position("@2") == 2)
        #expect(throws: Failure.self) { try ledger.position(at: .position(Position(6))) }
        try await ledger.close()
    }

    @Test("32 callers at once are all acknowledged, and share syncs")
    func groupCommit() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        let positions = try await withThrowingTaskGroup(of: Position.self) { group in
            for caller in 0..<32 {
                group.addTask {
                    var last = Position(0)
                    for turn in 0..<20 {
                        last = try await ledger.append(batch(1, ["\(caller)-\(turn)"]))
                            .lastPosition!
                    }
                    return last
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(positions).count == 32)
        #expect(ledger.end == Position(640))
        #expect(try content(ledger).count == 640)
        try await ledger.close()
    }

    @Test("A second opener is refused, a reader is let in")
    func locking() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        _ = try await ledger.append(batch(1, ["a"]))
        #expect {
            _ = try scratch.open()
        } throws: {
            ($0 as? Failure)?.code == .ledgerLocked
        }
        let reader = try scratch.open(.read)
        #expect(!reader.isWritable)
        #expect(try content(reader) == content(ledger))
        try await reader.close()
        try await ledger.close()
    }

    @Test("INV-3: half of a last frame is cut off, kept aside, and the ledger goes on")
    func tornTail() async throws {
        let scratch = try Scratch()
        var ledger = try scratch.open()
        for turn in 0..<3 { _ = try await ledger.append(batch(1, ["p\(turn)"])) }
        try await ledger.close()
        let path = try scratch.chunks[0]
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        ledger = try scratch.open()
        _ = try await ledger.append(batch(1, ["late"]))
        try await ledger.close()
        var torn = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        // As a crash leaves it: the last frame half written, no mark behind it.
        torn = Array(torn[..<(whole.count + 100)]) + [UInt8](repeating: 0, count: 4096)
        try Data(torn).write(to: URL(fileURLWithPath: path))
        ledger = try scratch.open()
        #expect(ledger.end == Position(3))
        #expect(ledger.notices.count == 1)
        #expect(FileManager.default.fileExists(atPath: path + ".torn"))
        #expect(try await ledger.append(batch(1, ["next"])).firstPosition == Position(3))
        try await ledger.close()
        ledger = try scratch.open()
        #expect(ledger.end == Position(4))
        #expect(ledger.ordinal(of: "late") == nil)
        try await ledger.close()
    }

    @Test("INV-3: a ledger behind what the projections have seen is refused")
    func witness() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        _ = try await ledger.append(batch(1, ["a"]))
        try await ledger.close()
        var options = FileLedger.Options(directory: scratch.path, access: .write)
        options.witness = { _ in Position(2) }
        #expect {
            _ = try FileLedger.open(options)
        } throws: {
            ($0 as? Failure)?.code == .ledgerCorrupt
        }
    }
}
