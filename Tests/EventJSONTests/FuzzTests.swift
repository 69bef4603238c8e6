import EventJSON
import SegmentModel
import Testing

@Suite struct FuzzTests {
    private static let secret = "S3CR3T~VALUE"

    private static let lines: [String] = [
        #"{"type":"segment_created","event_id":"e1","time":"2026-03-12T10:00:00.000Z","#
            + #""segment_id":42,"segment_name":"VIP","database_id":1,"#
            + #""tags":["rfm"],"groups":["sales"]}"#,
        #"{"type":"segment_updated","segment_id":42,"segment_name":"VIP 2026"}"#,
        #"{"type":"profiles_added","segment_id":42,"profiles":[{"id":"\#(secret)","#
            + #""fields":{"CustomID":"\#(secret)","age":31,"#
            + #""é":[1,{"a":"\#(secret)\u00e9\ud83d\ude00"}]}},{"id":"p2"}]}"#,
        #"{"type":"profiles_updated","profiles":[{"id":"p1","#
            + #""fields":{"note":"\#(secret)","n":-1.5e3}}]}"#,
        #"{"type":"segment_deleted","segment_id":42}"#,
    ]

    @Test("INV-10: a mutated line never crashes, never shows a value, never leaves half an event")
    func mutations() throws {
        let seed = try testSeed()
        var random = SeededGenerator(seed: seed)
        var parser = EventParser(clock: testClock)
        var refusedCount = 0
        for round in 0..<20_000 {
            var line = Array(Self.lines.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&line, &random) }
            var batch = try parse(Self.lines[2])
            let before = batch
            do {
                try line.withUnsafeBytes { try parser.parseLine($0, number: 2, into: &batch) }
                checkAgain(batch, seed: seed, round: round)
            } catch let failure as Failure {
                refusedCount += 1
                #expect(batch.bytes == before.bytes, "seed \(seed), round \(round)")
                #expect(
                    batch.events.count == 1 && batch.profiles.count == 2
                        && batch.fields.count == 3, "seed \(seed), round \(round)")
                let text = failure.description
                // A mutation may turn a value into a key, and keys may be named.
                let isKey = String(decoding: line, as: UTF8.self).contains("\(Self.secret)\":")
                #expect(
                    isKey || !text.contains(Self.secret), "seed \(seed), round \(round): \(text)")
            }
        }
        #expect(refusedCount > 10_000)
    }

    private func mutate(_ line: inout [UInt8], _ random: inout SeededGenerator) {
        guard !line.isEmpty else { return }
        let index = Int.random(in: 0..<line.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: line[index] = UInt8.random(in: 0...255, using: &random)
        case 1: line.remove(at: index)
        case 2: line.insert("{}[]\",:\\0u".utf8.randomElement(using: &random)!, at: index)
        case 3: line.removeSubrange(index..<min(line.count, index + 12))
        default: line.insert(contentsOf: line[index..<min(line.count, index + 12)], at: index)
        }
    }

    /// What was taken prints and reads back as the same.
    private func checkAgain(_ batch: EventBatch, seed: UInt64, round: Int) {
        let text = print(batch)
        var again = EventBatch()
        do {
            try parse(text.split(separator: "\n").map(String.init), into: &again)
            #expect(print(again) == text, "seed \(seed), round \(round)")
        } catch {
            Issue.record("seed \(seed), round \(round): \(error)")
        }
    }
}
