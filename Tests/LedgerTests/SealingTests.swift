import Foundation
import FrameCodec
import Ledger
import SegmentModel
import StorageIO
import Testing

/// Rolling, sealing, the manifest: with chunks so small that a few appends fill them.
@Suite struct SealingTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func open(
        _ access: FileLedger.Access = .write, chunkByteCount: Int = 2048,
        background: BackgroundWork = .inline
    ) throws -> FileLedger {
        try scratch.openSmall(access, chunkByteCount: chunkByteCount, background: background)
    }

    private var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/ledger").sorted()
        }
    }

    @Test(
        "INV-2: full chunks are sealed; events and positions read as before, also reopened",
        arguments: [BackgroundWork.inline, .thread])
    func sealed(background: BackgroundWork) async throws {
        let plain = try Scratch()
        let single = try plain.open()
        try await fill(single)
        let expected = try content(single)
        let ledger = try open(background: background)
        try await fill(ledger)
        #expect(try content(ledger) == expected)
        try await ledger.close()
        let chunks = try names.filter { $0.hasSuffix(".chunk") }
        #expect(chunks.count > 3)
        #expect(try names == chunks + ["DICTIONARY", "MANIFEST"])
        let again = try open()
        #expect(try content(again) == expected)
        for segment in 0..<3 {
            var positions: [Position] = []
            var last: Position?
            while let frame = try again.frame(of: SegmentID(Int64(segment)), after: last) {
                for (index, event) in frame.events.enumerated()
                where event.segment == SegmentID(Int64(segment)) {
                    let position = frame.firstPosition.advanced(by: index)
                    if last.map({ position > $0 }) ?? true { positions.append(position) }
                }
                last = frame.endPosition.predecessor
            }
            #expect(positions == (0..<40).filter { $0 % 3 == segment }.map { Position($0) })
        }
        try await fill(again, from: 40, count: 1)
        #expect(again.end == Position(41))
        try await fill(again, from: 0, count: 40)
        #expect(again.end == Position(41))
        try await again.close()
        try await single.close()
    }

    @Test("Changes read without their field records are those of the whole frames")
    func changes() async throws {
        let ledger = try open()
        try await fill(ledger)
        try await ledger.close()
        let (parts, wholes) = (try open(.read), try open(.read))
        var count = 0
        for segment in (0..<3).map({ SegmentID(Int64($0)) }) {
            var last: Position?
            while let part = try parts.changes(of: segment, after: last) {
                let whole = try #require(try wholes.frame(of: segment, after: last))
                // Records are what is left out.
                let events = whole.events.map { event in
                    var event = event
                    (event.firstRecord, event.recordCount) = (0, 0)
                    return "\(event)"
                }
                #expect(part.events.map { "\($0)" } == events)
                #expect(part.ordinals == whole.ordinals)
                #expect(part.firstPosition == whole.firstPosition)
                for event in part.events {
                    #expect(part.bytes[event.body.range] == whole.bytes[event.body.range])
                }
                // From the cache now.
                let again = try parts.changes(of: segment, after: last)
                #expect(again?.ordinals == whole.ordinals)
                last = part.endPosition.predecessor
                count += 1
            }
            #expect(try wholes.frame(of: segment, after: last) == nil)
        }
        #expect(count > 10)
        try await parts.close()
        try await wholes.close()
    }

    @Test("Spares are made ahead, used for the next chunks, and gone after closing")
    func spares() async throws {
        let ledger = try open(chunkByteCount: 8192)
        try await fill(ledger, count: 20)
        #expect(try names.count { $0.hasSuffix(".spare") } == 2)
        try await fill(ledger, from: 20, count: 100)
        #expect(try names.count { $0.hasSuffix(".chunk") } > 2)
        try await ledger.close()
        #expect(try names.allSatisfy { !$0.hasSuffix(".spare") })
    }

    @Test(
        "INV-2: the manifest names the files: a missing chunk is refused, a strange one put aside")
    func manifest() async throws {
        let ledger = try open()
        try await fill(ledger)
        try await ledger.close()
        let chunks = try scratch.chunks
        let stranger = scratch.path + "/ledger/00000000000000000007-00000000000000ab.chunk"
        try Data("not ours".utf8).write(to: URL(fileURLWithPath: stranger))
        let again = try open()
        #expect(again.end == Position(40))
        #expect(FileManager.default.fileExists(atPath: stranger + ".aside"))
        try await again.close()
        for missing in [chunks[0], chunks[1], chunks[chunks.count - 1]] {
            let hidden = missing + ".hidden"
            try FileManager.default.moveItem(atPath: missing, toPath: hidden)
            #expect {
                _ = try open()
            } throws: {
                ($0 as? Failure)?.code == .ledgerCorrupt
            }
            try FileManager.default.moveItem(atPath: hidden, toPath: missing)
        }
    }

    @Test("A damaged or missing manifest is made again from the chunks, and loses nothing")
    func damagedManifest() async throws {
        let ledger = try open()
        try await fill(ledger)
        let expected = try content(ledger)
        try await ledger.close()
        let path = scratch.path + "/ledger/MANIFEST"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[100] ^= 4
        try bytes.write(to: URL(fileURLWithPath: path))
        let again = try open()
        #expect(again.notices.count == 1)
        #expect(try content(again) == expected)
        try await again.close()
        #expect(try names.contains("MANIFEST.aside"))
        try FileManager.default.removeItem(atPath: path)
        let third = try open()
        #expect(try content(third) == expected)
        try await third.close()
        #expect(try names.contains("MANIFEST"))
    }

    @Test("A reader follows a ledger whose chunks are sealed meanwhile")
    func reader() async throws {
        let ledger = try open()
        try await fill(ledger, count: 20)
        let reader = try open(.read)
        try await fill(ledger, from: 20, count: 20)
        #expect(try content(reader).count == 20)
        let second = try open(.read)
        #expect(try content(second) == content(ledger))
        try await reader.close()
        try await second.close()
        try await ledger.close()
    }

    @Test("INV-9: a copy of sealed chunks keeps their roots, and opens as sealed")
    func copy() async throws {
        let ledger = try open()
        try await fill(ledger)
        let expected = try content(ledger)
        try await ledger.close()
        let target = try Scratch()
        let source = try LedgerCopySource(directory: scratch.path)
        let end = try LedgerCopy(of: source, into: target.path).run(
            through: nil, timeline: .kept)
        #expect(end == Position(40))
        let copy = try target.open()
        #expect(try content(copy) == expected)
        #expect(copy.notices.isEmpty)
        try await copy.close()
        #expect(try target.chunks.count == scratch.chunks.count)
    }
}
