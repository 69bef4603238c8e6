import EventJSON
import Glibc
import SegmentModel
import Testing

/// What a line became: a fault, or a batch.
private struct Outcome: Equatable, CustomStringConvertible {
    var failure: Failure?
    var batch: EventBatch

    /// Parses the line behind what the batch holds.
    init(_ line: [UInt8], with parser: inout EventParser, after start: EventBatch) {
        batch = start
        do throws(Failure) {
            try line.withUnsafeBufferPointer { bytes throws(Failure) in
                try parser.parseLine(UnsafeRawBufferPointer(bytes), number: 2, into: &batch)
            }
        } catch {
            failure = error
        }
    }

    /// The same, wherever the bytes stand; after a fault they stand where they stood.
    static func == (left: Outcome, right: Outcome) -> Bool {
        let (one, other) = (left.batch, right.batch)
        guard left.failure == right.failure, one.events.count == other.events.count,
            one.profiles.count == other.profiles.count, one.fields.count == other.fields.count
        else { return false }
        if left.failure != nil { return one.bytes.count == other.bytes.count }
        for (event, otherEvent) in zip(one.events, other.events)
        where event.firstProfile != otherEvent.firstProfile
            || event.profileCount != otherEvent.profileCount
        {
            return false
        }
        func areEqual(_ left: EventBatch.Slice, _ right: EventBatch.Slice) -> Bool {
            one.bytes.withUnsafeBytes { bytes in
                other.bytes.withUnsafeBytes { otherBytes in
                    left.count == right.count
                        && (left.count == 0
                            || memcmp(
                                bytes.baseAddress! + Int(left.offset),
                                otherBytes.baseAddress! + Int(right.offset), Int(left.count)) == 0)
                }
            }
        }
        for index in one.profiles.indices {
            let (profile, otherProfile) = (one.profiles[index], other.profiles[index])
            guard profile.firstField == otherProfile.firstField,
                profile.fieldCount == otherProfile.fieldCount,
                areEqual(profile.id, otherProfile.id)
            else { return false }
        }
        for index in one.fields.indices {
            let (field, otherField) = (one.fields[index], other.fields[index])
            guard field.kind == otherField.kind, areEqual(field.name, otherField.name),
                areEqual(field.value, otherField.value)
            else { return false }
        }
        return true
    }

    var description: String { failure.map(\.description) ?? print(batch) }
}

@Suite struct FastPathTests {
    private func outcomes(_ line: [UInt8], after start: EventBatch) -> (Outcome, Outcome) {
        var fast = EventParser(clock: testClock)
        var strict = EventParser(clock: testClock, usesFastPath: false)
        return (
            Outcome(line, with: &fast, after: start), Outcome(line, with: &strict, after: start)
        )
    }

    @Test("INV-7: the fast path gives what the strict reader gives, message for message")
    func sameAsStrict() throws {
        let seed = try testSeed()
        var generator = LineGenerator(random: SeededGenerator(seed: seed))
        var fast = EventParser(clock: testClock)
        var strict = EventParser(clock: testClock, usesFastPath: false)
        var base: [UInt8] = []
        let start = try parse(#"{"type":"profiles_updated","profiles":[{"id":"p","fields":{}}]}"#)
        var refusedCount = 0
        let lineCount = isLongRun ? 3_000_000 : 100_000
        for number in 0..<lineCount {
            if number % 16 == 0 { base = generator.line() }
            var line = base
            if number % 2 == 1 { generator.mutate(&line) }
            let expected = Outcome(line, with: &strict, after: start)
            let found = Outcome(line, with: &fast, after: start)
            if expected.failure != nil { refusedCount += 1 }
            guard found == expected else {
                Issue.record(
                    """
                    seed \(seed), line \(number): \(String(decoding: line, as: UTF8.self))
                    strict: \(expected)
                    fast: \(found)
                    """)
                return
            }
        }
        #expect(refusedCount > lineCount / 4 && refusedCount < lineCount * 3 / 4)
    }

    @Test("Every length of id, name and value at every distance from the line's end")
    func lengths() throws {
        for length in 1...40 {
            let text = String(repeating: "x", count: length)
            for padding in 0...20 {
                let tail = String(repeating: " ", count: padding)
                let line =
                    #"{"type":"profiles_updated","profiles":["#
                    + #"{"id":"\#(text)","fields":{"\#(text)":"\#(text)"}},"#
                    + #"{"id":"\#(text)","fields":{"\#(text)":"\#(text)"}}]}\#(tail)"#
                let (fast, strict) = outcomes(Array(line.utf8), after: EventBatch())
                #expect(fast == strict && fast.failure == nil, "length \(length)")
            }
        }
    }

    @Test("A line cut after each of its bytes gives the strict reader's outcome")
    func truncations() throws {
        let line = Array(
            (#"{"type":"profiles_added","segment_id":42,"profiles":[{"id":"p1","fields":"#
                + #"{"CustomID":"C-1","Größe":-31.50,"vip":true,"old":null}},"#
                + #"{"id":"Jürgen","fields":{"CustomID":"C-2"}},{"id":"p3"}]}"#).utf8)
        for count in 0...line.count {
            let (fast, strict) = outcomes(Array(line[..<count]), after: EventBatch())
            #expect(fast == strict, "\(count) bytes")
        }
    }

    @Test("Profiles over more than one window are all taken, in order")
    func windows() throws {
        let profiles = (0..<9000).map { #"{"id":"p\#($0)","fields":{"CustomID":"C-\#($0)"}}"# }
        let line =
            #"{"type":"profiles_updated","profiles":["# + profiles.joined(separator: ",")
            + "]}"
        #expect(line.utf8.count > 4 * 65_536)
        let batch = try parse(line)
        #expect(batch.profiles.count == 9000)
        for (index, profile) in batch.profiles.enumerated() {
            #expect(batch.string(profile.id) == "p\(index)")
            #expect(batch.string(batch.fields[index].value) == "C-\(index)")
            #expect(profile.firstField == UInt32(index) && profile.fieldCount == 1)
        }
        // A name that stays the same is stored once a window at most.
        let idAndValueCount = batch.profiles.indices.reduce(0) { count, index in
            count + Int(batch.profiles[index].id.count + batch.fields[index].value.count)
        }
        #expect(batch.bytes.count - idAndValueCount <= 16 * "CustomID".utf8.count)
    }
}
