import Foundation
import SegmentModel
import StorageIO
import StorageTesting
import Testing

@testable import Ledger

/// Opening with the dictionary's snapshot, with chunks so small that each roll writes one.
@Suite("A ledger with a snapshot of its dictionary")
struct LedgerSnapshotTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open(
        chunkByteCount: Int = 2048, snapshotDivisor: Int = 1 << 20, snapshotStepByteCount: Int = 1
    ) throws -> FileLedger {
        try scratch.openSmall(
            chunkByteCount: chunkByteCount, snapshotDivisor: snapshotDivisor,
            snapshotStepByteCount: snapshotStepByteCount)
    }

    private var snapshot: URL { URL(fileURLWithPath: scratch.path + "/ledger/DICTIONARY") }

    private var hasSnapshot: Bool { FileManager.default.fileExists(atPath: snapshot.path) }

    @Test("It opens without reading sealed chunks, knows every id, and reports damage when asked")
    func fastOpening() async throws {
        let ledger = try open()
        try await fill(ledger)
        let expected = try content(ledger)
        try await ledger.close()
        #expect(hasSnapshot)
        // A damaged block of a sealed chunk stays unread.
        let first = URL(fileURLWithPath: try scratch.chunks[0])
        let whole = try Data(contentsOf: first)
        var damaged = whole
        damaged[400] ^= 1
        try damaged.write(to: first)
        let fast = try open()
        #expect(fast.notices.isEmpty)
        #expect(fast.profileCount == 57)
        #expect(fast.ordinal(of: "q0") != nil)
        #expect {
            _ = try fast.frame(containing: Position(0))
        } throws: {
            ($0 as? Failure)?.code == .ledgerCorrupt
        }
        // Event ids of sealed chunks are known.
        try await fill(fast)
        #expect(fast.end == Position(40))
        try await fast.close()
        try whole.write(to: first)
        let again = try open()
        #expect(try content(again) == expected)
        try await again.close()
    }

    @Test("A damaged, missing or older snapshot costs a longer opening, and is made again")
    func replaced() async throws {
        let ledger = try open()
        try await fill(ledger)
        let expected = try content(ledger)
        try await ledger.close()
        let good = try Data(contentsOf: snapshot)
        var damaged = good
        damaged[50] ^= 8
        try damaged.write(to: snapshot)
        let again = try open()
        #expect(again.notices.count == 1)
        #expect(again.notices[0].contains("DICTIONARY"))
        #expect(try content(again) == expected)
        try await again.close()
        try FileManager.default.removeItem(at: snapshot)
        let third = try open()
        #expect(third.notices.isEmpty)
        #expect(try content(third) == expected)
        try await fill(third, from: 40)
        try await third.close()
        #expect(hasSnapshot)
        try good.write(to: snapshot)
        let fourth = try open()
        #expect(fourth.notices.isEmpty)
        #expect(fourth.end == Position(80))
        try await fill(fourth, from: 0, count: 80)
        #expect(fourth.end == Position(80))
        try await fourth.close()
    }

    @Test("A snapshot inside the tail saves reading what is before it, and nothing is forgotten")
    func insideTail() async throws {
        let ledger = try open(chunkByteCount: 1 << 20)
        try await fill(ledger)
        let expected = try content(ledger)
        try await ledger.close()
        #expect(try scratch.chunks.count == 1)
        let newest = try Data(contentsOf: snapshot)
        // One of half way: the other half is folded on top of it.
        try FileManager.default.removeItem(at: URL(fileURLWithPath: scratch.path))
        let half = try open(chunkByteCount: 1 << 20)
        try await fill(half, count: 20)
        try await half.close()
        let older = try Data(contentsOf: snapshot)
        let rest = try open(chunkByteCount: 1 << 20)
        try await fill(rest, from: 20, count: 20)
        try await rest.close()
        #expect(older.count <= newest.count)
        for file in [older, nil] {
            if let file {
                try file.write(to: snapshot)
            } else {
                try FileManager.default.removeItem(at: snapshot)
            }
            let again = try open(chunkByteCount: 1 << 20)
            #expect(again.notices.isEmpty)
            #expect(try content(again) == expected)
            #expect(again.profileCount == 57)
            #expect(again.ordinal(of: "q0") != nil)
            try await fill(again)
            #expect(again.end == Position(40))
            try await again.close()
        }
    }

    /// The dictionary of the snapshot, and another event id: whoever knows it has used the file.
    private func addEventID(_ id: String) throws {
        let fileSystem = LocalFileSystem()
        let bytes = try Data(contentsOf: snapshot)
        let identity = try bytes.withUnsafeBytes { try DictionarySnapshotHeader($0).identity }
        var content = try DictionarySnapshot.read(snapshot.path, of: nil, fileSystem)
        #expect(content.place.isInside)
        #expect(Array(id.utf8).withUnsafeBytes { content.dictionary.eventIDs.insert($0) })
        try DictionarySnapshot.write(
            content.dictionary.capture(), at: content.place, of: identity, to: snapshot.path,
            fileSystem)
    }

    @Test("What is told from a snapshot inside the tail is not read again")
    func insideTailUsed() async throws {
        let ledger = try open(chunkByteCount: 1 << 20)
        try await fill(ledger, count: 20)
        try await ledger.close()
        // A session with marks before it and behind it.
        let second = try open(chunkByteCount: 1 << 20)
        try await fill(second, from: 20)
        try await second.close()
        try addEventID("only in the snapshot")
        let again = try open(chunkByteCount: 1 << 20)
        let result = try await again.append(batch(1, ["new"], eventID: "only in the snapshot"))
        #expect(result.duplicateCount == 1)
        try await again.close()
    }

    @Test("A full chunk that the newest snapshot lies in is sealed once there is a newer one")
    func sealedLater() async throws {
        let ledger = try open(chunkByteCount: 4096)
        try await fill(ledger, count: 120)
        let expected = try content(ledger)
        try await ledger.close()
        #expect(try scratch.chunks.count > 2)
        let again = try open(chunkByteCount: 4096)
        #expect(try content(again) == expected)
        try await again.close()
        for chunk in try scratch.chunks.dropLast() {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: chunk))
            let scan = try bytes.withUnsafeBytes { try ChunkScan($0) }
            #expect(scan.footer != nil, "\(chunk)")
        }
    }

    /// The files after five events, and the snapshot that sixty more have left.
    private func twoPasts(
        chunkByteCount: Int = 2048
    ) async throws -> (before: Directory, snapshot: Data) {
        let ledger = try open(chunkByteCount: chunkByteCount)
        try await fill(ledger, count: 5)
        try await ledger.close()
        let before = try Directory(scratch.path)
        let later = try open(chunkByteCount: chunkByteCount)
        try await fill(later, from: 5, count: 60)
        try await later.close()
        return (before, try Data(contentsOf: snapshot))
    }

    @Test(
        "INV-2: a snapshot of another past of the ledger is not used",
        arguments: [2048, 1 << 20], [60, 200])
    func otherPast(chunkByteCount: Int, count: Int) async throws {
        let (before, snapshot) = try await twoPasts(chunkByteCount: chunkByteCount)
        // The files of an earlier day, put back by hand; then another history.
        try before.restore()
        let second = try open(chunkByteCount: chunkByteCount)
        try await fill(second, from: 1000, count: count)
        let expected = try content(second)
        try await second.close()
        try snapshot.write(to: self.snapshot)
        let third = try open(chunkByteCount: chunkByteCount)
        #expect(try content(third) == expected)
        #expect(third.ordinal(of: "q1005") != nil)
        #expect(third.ordinal(of: "q5") == nil)
        try await third.close()
    }

    @Test("INV-3: a snapshot that has seen more events than there are is a witness of a loss")
    func witness() async throws {
        let (before, snapshot) = try await twoPasts()
        try before.restore()
        try snapshot.write(to: self.snapshot)
        #expect {
            _ = try open()
        } throws: {
            ($0 as? Failure)?.code == .ledgerCorrupt
        }
    }

    @Test("Snapshots are written in proportion to what the ledger grew by")
    func proportion() async throws {
        let ledger = try open(snapshotDivisor: 1)
        try await ledger.close()
        let large = try open(snapshotDivisor: 1)
        // Long ids that do not compress: the dictionary is about as large as the ledger.
        var generator = SeededGenerator()
        for _ in 0..<60 {
            let id = (0..<14).map { _ in String(generator.next(), radix: 36) }.joined()
            _ = try await large.append(batch(1, [id]))
        }
        try await large.close()
        #expect(hasSnapshot)
        // One may be due already, and becomes so at any of these: how many marks stand between the
        // frames is a matter of time.
        var written = try Data(contentsOf: snapshot)
        var changes = 0
        for number in 0..<5 {
            let again = try open(snapshotDivisor: 1)
            _ = try await again.append(batch(1, ["\(number) more"]))
            try await again.close()
            let now = try Data(contentsOf: snapshot)
            if now != written { changes += 1 }
            written = now
        }
        #expect(changes <= 1)
    }
}

/// The files of a ledger as they were.
private struct Directory {
    private let path: String
    private let files: [String: Data]

    init(_ directory: String) throws {
        path = directory + "/ledger"
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        }
        self.files = files
    }

    func restore() throws {
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        for (name, data) in files {
            try data.write(to: URL(fileURLWithPath: path + "/" + name))
        }
    }
}
