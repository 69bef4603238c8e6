import Ledger
import SegmentModel
import StorageTesting
import Testing

@Suite("The ledger's fingerprint tells copies that parted")
struct FingerprintTests {
    /// What the copies append after what they have in common.
    private struct Past: CustomTestStringConvertible {
        var testDescription: String
        var kind = EventKind.profilesAdded
        var segment: Int64 = 1
        var time: Int64 = 5
        var eventID = "e"
        var profile = "new"
        var field = "CustomID"
        var value = FieldValue.text("v")
        var body = "{}"
        var delay: Int64 = 0
    }

    private static let pasts = [
        Past(testDescription: "kind", kind: .profilesRemoved),
        Past(testDescription: "no profiles", kind: .segmentCleared),
        Past(testDescription: "segment", segment: 2),
        Past(testDescription: "own time", time: 6),
        Past(testDescription: "event id", eventID: "f"),
        Past(testDescription: "no event id", eventID: ""),
        Past(testDescription: "new profile", profile: "newer"),
        Past(testDescription: "known profile", profile: "p1"),
        Past(testDescription: "field's name", field: "CustomIE"),
        Past(testDescription: "known field", field: "age"),
        Past(testDescription: "value", value: .text("w")),
        Past(testDescription: "value's kind", value: .json("v")),
        Past(testDescription: "no value", value: .null),
        Past(testDescription: "description", kind: .segmentUpdated),
        Past(testDescription: "another description", kind: .segmentUpdated, body: "{ }"),
        Past(testDescription: "when it was recorded", delay: 1),
    ]

    private static let start = Timestamp(rfc3339: "2020-01-01T00:00:00Z")!

    private func ledger(_ path: String, _ past: Past) async throws -> FileLedger {
        var options = FileLedger.Options(directory: path, access: .write)
        options.clock = SettableClock(Self.start.advanced(byMicroseconds: past.delay))
        let ledger = try FileLedger.open(options)
        var common = EventBatch()
        for number in 0..<3 {
            common.append(
                .profilesAdded, segment: SegmentID(1),
                ownTime: Self.start.advanced(byMicroseconds: -100),
                profiles: [("p\(number)", [("age", .number("1"))])])
        }
        if past.delay == 0 { _ = try await ledger.append(common) }
        var own = EventBatch()
        let time = Self.start.advanced(byMicroseconds: past.time - 50)
        if past.kind.hasProfiles {
            own.append(
                past.kind, segment: SegmentID(past.segment), ownTime: time, eventID: past.eventID,
                profiles: [(past.profile, [(past.field, past.value)])])
        } else {
            own.append(
                past.kind, segment: SegmentID(past.segment), ownTime: time, eventID: past.eventID,
                body: past.kind == .segmentCleared ? "" : past.body)
        }
        if past.delay > 0 { _ = try await ledger.append(common) }
        _ = try await ledger.append(own)
        for number in 0..<5 {
            var same = EventBatch()
            same.append(
                .profilesAdded, segment: SegmentID(1), ownTime: Self.start,
                profiles: [("q\(number)", [])])
            _ = try await ledger.append(same)
        }
        return ledger
    }

    @Test("INV-12: whatever differs, it differs from there on for ever", arguments: pasts)
    private func differs(past: Past) async throws {
        let (first, second) = (try Scratch(), try Scratch())
        let original = try await ledger(first.path, Past(testDescription: "original"))
        let copy = try await ledger(second.path, past)
        let positions = Set((0...9).map { Position($0) })
        let left = try original.fingerprints(before: positions)
        let right = try copy.fingerprints(before: positions)
        let common: UInt64 = past.delay == 0 ? 3 : 0
        for position in positions {
            #expect((left[position] == right[position]) == (position.rawValue <= common))
        }
        try await original.close()
        try await copy.close()
    }

    @Test("It is written as a position and 32 digits, and read back")
    func text() {
        let small = Fingerprint(position: Position(7), digest: 255)
        #expect(small.text == "7:000000000000000000000000000000ff")
        for digest in [1, UInt128.max, 1 << 64] as [UInt128] {
            let one = Fingerprint(position: Position(.max), digest: digest)
            #expect(Fingerprint(one.text) == one)
        }
        for wrong in ["", "-", "7", "7:ff", ":\(small.text)", "x:\(small.text.dropFirst(2))"] {
            #expect(Fingerprint(wrong) == nil)
        }
    }
}

private struct SettableClock: WallClock {
    private let time: Timestamp

    init(_ time: Timestamp) { self.time = time }

    func now() -> Timestamp { time }
}
