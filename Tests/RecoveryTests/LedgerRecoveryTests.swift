import Foundation
import FrameCodec
import Ledger
import Recovery
import SegmentModel
import StorageIO
import StorageTesting
import Testing

/// Every event as text, up to and with a position.
private func content(_ ledger: FileLedger, through last: Position? = nil) throws -> [String] {
    var lines: [String] = []
    while let frame = try ledger.frame(containing: Position(UInt64(lines.count))) {
        for event in frame.events {
            if let last, lines.count > last.rawValue { return lines }
            let ids = frame.ordinals[event.ordinalRange]
                .map { "\($0)=\(ledger.profileID(of: ProfileOrdinal($0)))" }
            let fields = frame.records[event.recordRange].flatMap { record in
                frame.changes[record.changeRange].map {
                    "\(record.ordinal):\(ledger.fieldName($0.name))=\($0.kind)"
                        + frame.string($0.value)
                }
            }
            lines.append(
                "\(event.kind) \(event.segment) \(event.time) \(event.recordedAt) \(ids) "
                    + "\(String(describing: event.ownTime)) \(fields) "
                    + "\(frame.string(event.eventID)) \(frame.string(event.body))")
        }
    }
    return lines
}

private func chunks(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory + "/ledger")
        .filter { $0.hasSuffix(".chunk") }.sorted().map { directory + "/ledger/" + $0 }
}

private func open(_ directory: String) throws -> FileLedger {
    try FileLedger.open(FileLedger.Options(directory: directory, access: .write))
}

private func code(_ body: () throws -> Void) -> Failure.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Failure)?.code
    }
}

@Suite struct LedgerRecoveryTests {
    @Test("INV-9: restore to every position gives that prefix, and it can be appended to")
    func everyPosition() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 16, &generator)
        let comment = Comment(rawValue: "SEGLEDGER_SEED=\(generator.seed)")
        for position in 0..<ledger.end.rawValue {
            let last = Position(position)
            let state = world.states[Int(position)]
            let target = scratch.path + "/restored-\(position)"
            let report = try LedgerRecovery.restore(
                from: scratch.path, into: target, to: .position(last))
            #expect(report.end == Position(position + 1), comment)
            let copy = try open(target)
            let expected = try content(ledger, through: last)
            #expect(try content(copy) == expected, comment)
            #expect(copy.notices == [], comment)
            #expect(copy.profileCount == state.touched.count, comment)
            #expect(copy.identity.ledger == ledger.identity.ledger)
            #expect(copy.identity.timeline != ledger.identity.timeline)
            for time in Set(world.states[...Int(position)].compactMap(\.time)) {
                let original = try ledger.position(at: .time(time))!
                // System events at the copy's end were recorded after every time here.
                let expected = original <= last ? original : state.lastPlatform
                #expect(try copy.position(at: .time(time)) == expected, comment)
            }
            var batch = EventBatch()
            batch.append(
                .profilesAdded, segment: SegmentID(1),
                profiles: [("new", [("fresh", .text("x"))]), ("p1é", [("f1", .text("y"))])])
            #expect(try await copy.append(batch).firstPosition == Position(position + 1), comment)
            try await copy.close()
            let again = try open(target)
            #expect(try content(again).dropLast() == expected[...], comment)
            #expect(again.ordinal(of: "new") != nil)
            try await again.close()
        }
        try await ledger.close()
    }

    @Test("A time means the same position to a restore as to the ledger")
    func times() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 40, &generator)
        let source = try LedgerCopySource(directory: scratch.path)
        let base = Timestamp(rfc3339: "2020-01-01T00:00:00Z")!
        let steps = (-10...40).map { base.advanced(byMicroseconds: Int64($0) * 500_000) }
        for time in steps + [
            Timestamp(endOfDay: "1990-01-01")!, Timestamp(endOfDay: "9999-01-01")!,
        ] {
            #expect(
                try source.position(notAfter: time) == ledger.position(at: .time(time)),
                "SEGLEDGER_SEED=\(generator.seed)")
        }
        try await ledger.close()
    }

    @Test(
        "A time before the first event and a position beyond the end are refused, a late time not")
    func moments() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var batch = EventBatch()
        let time = Timestamp(rfc3339: "2020-01-01T00:00:00Z")
        batch.append(.segmentCleared, segment: SegmentID(1), ownTime: time)
        _ = try await ledger.append(batch)
        for moment in ["2019-01-01", "@1", "@18446744073709551615"] {
            let target = scratch.path + "/refused"
            let found = code {
                _ = try LedgerRecovery.restore(
                    from: scratch.path, into: target, to: Moment(moment))
            }
            #expect(found == .notFound, "\(moment)")
            #expect(try !LedgerDirectory.hasLedger(target, LocalFileSystem()))
        }
        let late = try LedgerRecovery.restore(
            from: scratch.path, into: scratch.path + "/late", to: Moment("9999-01-01"))
        #expect(late.end == Position(1))
        try await ledger.close()
    }

    @Test("A backup of a ledger in use is the same ledger, and backs up again")
    func backup() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 30, &generator)
        let report = try LedgerRecovery.backup(
            from: scratch.path, into: scratch.path + "/one", through: ledger.end.predecessor)
        #expect(report.identity == ledger.identity)
        let second = try LedgerRecovery.backup(
            from: scratch.path + "/one", into: scratch.path + "/two")
        #expect(second.sha256 == report.sha256)
        #expect(try LedgerRecovery.verify(scratch.path, .deep).sha256 == report.sha256)
        let copy = try open(scratch.path + "/two")
        #expect(try content(copy) == content(ledger), "SEGLEDGER_SEED=\(generator.seed)")
        try await copy.close()
        try await ledger.close()
    }

    @Test("An empty ledger has a backup that opens")
    func emptyLedger() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        try await ledger.close()
        let target = scratch.path + "/copy"
        #expect(try LedgerRecovery.backup(from: scratch.path, into: target).end == Position(0))
        let copy = try open(target)
        #expect(copy.identity == ledger.identity)
        try await copy.close()
    }

    @Test("A ledger of many chunks is copied with its chain, and cut in any of them")
    func manyChunks() async throws {
        let scratch = try Scratch()
        let body = "\"" + String(repeating: "x", count: 200) + "\""
        for turn in 0..<4 {
            // A sealed last chunk makes the next opening start another.
            let ledger = try scratch.open()
            var batch = EventBatch()
            for index in 0..<3 {
                batch.append(
                    .profilesAdded, segment: SegmentID(1),
                    profiles: [("p\(turn)-\(index)", [("f\(turn)", .json(body))])])
            }
            _ = try await ledger.append(batch)
            try await ledger.close()
            try seal(
                try #require(try chunks(scratch.path).last), at: Position(UInt64(turn + 1) * 3))
        }
        let ledger = try scratch.open()
        #expect(try chunks(scratch.path).count == 5)
        for position in 0..<UInt64(12) {
            let target = scratch.path + "/at-\(position)"
            let report = try LedgerRecovery.restore(
                from: scratch.path, into: target, to: .position(Position(position)))
            #expect(report.chunkCount == Int(position / 3) + 1)
            let copy = try open(target)
            #expect(try content(copy) == content(ledger, through: Position(position)))
            try await copy.close()
        }
        let whole = try LedgerRecovery.backup(from: scratch.path, into: scratch.path + "/whole")
        #expect(whole.chunkCount == 5)
        let copy = try open(scratch.path + "/whole")
        #expect(try content(copy) == content(ledger))
        try await copy.close()
        try await ledger.close()
    }

    /// Writes an `end` frame behind the closing mark.
    private func seal(_ path: String, at position: Position) throws {
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        var offset = 0
        var count: UInt64 = 0
        var salt: UInt64 = 0
        while offset < bytes.count {
            let header = try bytes.withUnsafeBytes {
                try FrameHeader(UnsafeRawBufferPointer(rebasing: $0[offset...]))
            }
            salt = header.salt
            offset += header.frameByteCount
            count += 1
        }
        let end = FrameHeader(
            kind: .end, salt: salt, frameNumber: count, durableUpTo: UInt64(bytes.count),
            firstPosition: position)
        var codec = FrameCodec()
        _ = codec.encode(payload: [], header: end, into: &bytes)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test("INV-9: of a damaged ledger, what is before the damage is restored, the rest refused")
    func damage() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var offsets: [Int] = []
        for turn in 0..<6 {
            var batch = EventBatch()
            let time = Timestamp(rfc3339: "2020-01-0\(turn + 1)T00:00:00Z")
            batch.append(
                .profilesAdded, segment: SegmentID(1), ownTime: time, profiles: [("p\(turn)", [])])
            _ = try await ledger.append(batch)
        }
        let whole = try content(ledger)
        try await ledger.close()
        let path = try chunks(scratch.path)[0]
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        var offset = 0
        while offset < bytes.count {
            let header = try bytes.withUnsafeBytes {
                try FrameHeader(UnsafeRawBufferPointer(rebasing: $0[offset...]))
            }
            if header.kind == .data { offsets.append(offset) }
            offset += header.frameByteCount
        }
        bytes[offsets[4] + 70] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let found = try LedgerRecovery.verify(scratch.path)
        #expect(!found.isReadWhole)
        #expect(found.faults.map(\.firstPosition) == [Position(4)])
        #expect(found.faults[0].hint.contains("--to @3"))
        for moment in [nil, Moment("@4"), Moment("@5"), Moment("2020-01-04"), Moment("2020-01-05")]
        {
            let target = scratch.path + "/refused"
            let found = code {
                _ = try LedgerRecovery.restore(from: scratch.path, into: target, to: moment)
            }
            #expect(found == .ledgerCorrupt, "\(String(describing: moment))")
            #expect(try !LedgerDirectory.hasLedger(target, LocalFileSystem()))
        }
        for (moment, count) in [("@3", 4), ("@0", 1), ("2020-01-03", 3)] {
            let target = scratch.path + "/saved-\(count)"
            _ = try LedgerRecovery.restore(from: scratch.path, into: target, to: Moment(moment))
            let copy = try open(target)
            #expect(try content(copy) == Array(whole[..<count]))
            try await copy.close()
        }
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
    }

    @Test("A target with anything in it is refused and left as it is")
    func usedTarget() async throws {
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var batch = EventBatch()
        batch.append(.segmentCleared, segment: SegmentID(1))
        _ = try await ledger.append(batch)
        let target = try Scratch()
        try Data("x".utf8).write(to: URL(fileURLWithPath: target.path + "/notes"))
        func copy(_ path: String) -> Failure.Code? {
            code { _ = try LedgerRecovery.backup(from: scratch.path, into: path) }
        }
        #expect(copy(target.path) == .usageInvalid)
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == ["notes"])
        #expect(copy(scratch.path) == .usageInvalid)
        let empty = try Scratch()
        #expect(copy(empty.path) == nil)
        #expect(copy(empty.path) == .usageInvalid)
        let missing = code {
            _ = try LedgerRecovery.backup(from: target.path, into: empty.path + "/new")
        }
        #expect(missing == .notFound)
        try await ledger.close()
    }

    @Test("A copy that fails half way leaves no ledger, and the next one succeeds")
    func failedCopy() async throws {
        struct Interruption: Error {}
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var batch = EventBatch()
        batch.append(.segmentCleared, segment: SegmentID(1))
        _ = try await ledger.append(batch)
        let target = scratch.path + "/copy"
        let copy = LedgerCopy(of: try LedgerCopySource(directory: scratch.path), into: target)
        #expect(throws: Interruption.self) {
            _ = try copy.run(through: nil, timeline: .kept, check: { _ in throw Interruption() })
        }
        #expect(try !LedgerDirectory.hasLedger(target, LocalFileSystem()))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: target + "/ledger.partial") == [])
        // As a killed process leaves it.
        try Data("x".utf8).write(to: URL(fileURLWithPath: target + "/ledger.partial/a.chunk"))
        #expect(try LedgerRecovery.backup(from: scratch.path, into: target).end == Position(1))
        #expect(try chunks(target).count == 1)
        try await ledger.close()
    }

    @Test("Verify counts what the ledger holds")
    func verify() async throws {
        var generator = SeededGenerator()
        let scratch = try Scratch()
        let ledger = try scratch.open()
        var world = World()
        try await world.fill(ledger, batchCount: 30, &generator)
        let report = try LedgerRecovery.verify(scratch.path)
        #expect(report.faults == [])
        #expect(report.remarks == [])
        #expect(report.isReadWhole)
        #expect(report.end == ledger.end)
        #expect(report.eventCount == world.states.count)
        #expect(report.profileCount == ledger.profileCount)
        #expect(report.lastTime == world.states.last!.time)
        #expect(report.identity == ledger.identity)
        try await ledger.close()
    }
}
