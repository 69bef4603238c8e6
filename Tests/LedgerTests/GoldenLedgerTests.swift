import Foundation
import Ledger
import SegmentModel
import StorageTesting
import Testing

/// Ledgers that every version of the format has left, byte for byte, in `Golden`: the same events
/// in each. A new version adds its own with SEGLEDGER_GOLDEN=DIRECTORY, and the old ones stay.
@Suite("A ledger of each version of the format")
struct GoldenLedgerTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    private func options(_ directory: String) -> FileLedger.Options {
        var options = FileLedger.Options(directory: directory, access: .write)
        options.clock = StandingClock()
        options.background = .inline
        options.sizes.chunkByteCount = 2048
        options.sizes.reserveByteCount = 512
        options.sizes.snapshotDivisor = 1 << 20
        options.sizes.snapshotStepByteCount = 1
        return options
    }

    private func fill(_ ledger: FileLedger) async throws {
        let start = Timestamp(rfc3339: "2020-01-01T00:00:00Z")!
        for turn in 0..<12 {
            var batch = EventBatch()
            let time = start.advanced(byMicroseconds: Int64(turn) * 3_600_000_000)
            if turn == 0 {
                batch.append(
                    .segmentCreated, segment: SegmentID(7), ownTime: time, eventID: "c",
                    body: "{\"segment_name\":\"O'Brien\"}")
            }
            batch.append(
                .profilesAdded, segment: SegmentID(7), ownTime: time, eventID: "a\(turn)",
                profiles: (0..<9).map { number in
                    (
                        "profile-\((turn * 5 + number * 3) % 23)",
                        [("CustomID", .text("C-\(number)")), ("visits", .number("\(turn)"))]
                    )
                })
            batch.append(
                .profilesRemoved, segment: SegmentID(7), ownTime: time,
                profiles: [("profile-\(turn)", [])])
            if turn == 6 {
                batch.append(.segmentCleared, segment: SegmentID(8), ownTime: time)
            }
            if turn == 8 {
                batch.append(.integrationPaused, body: "{\"integration\":\"i\"}")
            }
            _ = try await ledger.append(batch)
        }
    }

    @Test("INV-2: it opens, returns the same events, and can be appended to", arguments: [1, 2, 3])
    func opens(version: Int) async throws {
        let fresh = try Scratch()
        let plain = try FileLedger.open(options(fresh.path))
        try await fill(plain)
        let expected = try content(plain)
        let fingerprint = try plain.fingerprint()
        try await plain.close()
        if let target = ProcessInfo.processInfo.environment["SEGLEDGER_GOLDEN"] {
            try FileManager.default.copyItem(atPath: fresh.path, toPath: "\(target)-\(version)")
        }
        let scratch = try Scratch()
        let source = Self.folder.appendingPathComponent("version-\(version)/ledger")
        try FileManager.default.copyItem(atPath: source.path, toPath: scratch.path + "/ledger")
        let ledger = try FileLedger.open(options(scratch.path))
        #expect(ledger.notices.isEmpty)
        #expect(try content(ledger) == expected)
        #expect(try ledger.fingerprint() == fingerprint)
        // The dictionary is the same too: every event with an id is a duplicate.
        try await fill(ledger)
        #expect(ledger.end.rawValue == UInt64(expected.count) + 14)
        #expect(try content(ledger).starts(with: expected))
        try await ledger.close()
        let again = try FileLedger.open(options(scratch.path))
        #expect(again.end.rawValue == UInt64(expected.count) + 14)
        try await again.close()
    }

    @Test(
        "A question opens it without sealing what waits, or writing a snapshot; a writer does both")
    func question() async throws {
        let scratch = try Scratch()
        let folder = scratch.path + "/ledger"
        // Version 1 sealed nothing: its first chunk is full.
        let source = Self.folder.appendingPathComponent("version-1/ledger")
        try FileManager.default.copyItem(atPath: source.path, toPath: folder)
        let chunks = try scratch.chunks
        var reading = options(scratch.path)
        reading.access = .read
        let reader = try FileLedger.open(reading)
        #expect(reader.isWritable)
        try await reader.close()
        #expect(try scratch.chunks == chunks)
        let snapshot = folder + "/DICTIONARY"
        #expect(!FileManager.default.fileExists(atPath: snapshot))
        let writer = try FileLedger.open(options(scratch.path))
        try await writer.close()
        #expect(try scratch.chunks != chunks)
        #expect(FileManager.default.fileExists(atPath: snapshot))
    }
}
