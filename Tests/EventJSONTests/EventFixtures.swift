import EventJSON
import Glibc
import SegmentModel
import Testing

let testClock = Timestamp(rfc3339: "2026-03-12T12:00:00Z")!

/// Parses lines that stand alone, from line 1.
func parse(_ lines: [String], into batch: inout EventBatch) throws(Failure) {
    var parser = EventParser(clock: testClock)
    for (index, line) in lines.enumerated() {
        try Array(line.utf8).withUnsafeBufferPointer { bytes throws(Failure) in
            try parser.parseLine(
                UnsafeRawBufferPointer(bytes), number: index + 1, into: &batch)
        }
    }
}

func parse(_ line: String) throws(Failure) -> EventBatch {
    var batch = EventBatch()
    try parse([line], into: &batch)
    return batch
}

/// The batch's events back as NDJSON.
func print(_ batch: EventBatch) -> String {
    var writer = EventWriter()
    for event in batch.events {
        writer.begin(
            event.kind, segment: event.segment, time: event.ownTime,
            eventID: batch.bytes[event.eventID.range], body: batch.bytes[event.body.range])
        if event.kind.hasProfiles {
            writer.beginProfiles()
            for index in 0..<Int(event.profileCount) {
                let profile = batch.profiles[Int(event.firstProfile) + index]
                writer.beginProfile(id: batch.bytes[profile.id.range])
                if profile.fieldCount > 0 {
                    writer.beginFields()
                    for number in 0..<Int(profile.fieldCount) {
                        let field = batch.fields[Int(profile.firstField) + number]
                        writer.field(
                            name: batch.bytes[field.name.range], kind: field.kind,
                            value: batch.bytes[field.value.range])
                    }
                    writer.endFields()
                }
                writer.endProfile()
            }
            writer.endProfiles()
        }
        writer.end()
    }
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// The seed of random tests: SEGLEDGER_SEED or a fixed number.
func testSeed() throws -> UInt64 {
    guard let text = getenv("SEGLEDGER_SEED") else { return 20_260_312 }
    return try #require(UInt64(String(cString: text)), "SEGLEDGER_SEED is no number")
}

/// Whether `make test-long` asks for more rounds.
var isLongRun: Bool { getenv("SEGLEDGER_LONG") != nil }

/// SplitMix64, seeded from SEGLEDGER_SEED or a fixed number.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
