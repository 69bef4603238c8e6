import EventJSON
import SegmentModel
import Testing

@Suite struct EventParserTests {
    @Test("Every type of event becomes its record")
    func everyType() throws {
        var batch = EventBatch()
        try parse(
            [
                #"{"type":"segment_created","event_id":"e1","time":"2026-03-12T10:00:00.000Z","#
                    + #""segment_id":42,"segment_name":"VIP","database_id":1,"tags":["rfm"],"#
                    + #""groups":["sales"]}"#,
                #"{"type":"segment_updated","segment_id":42,"segment_name":"VIP 2026"}"#,
                #"{"type":"profiles_added","segment_id":42,"profiles":[{"id":"p1","fields":"#
                    + #"{"CustomID":"C-1","age":31}}]}"#,
                #"{"type":"profiles_removed","segment_id":42,"profiles":[{"id":"p1"}]}"#,
                #"{"type":"segment_cleared","segment_id":42}"#,
                "   \r",
                #"{"type":"segment_deleted","segment_id":-9223372036854775808}"#,
                #"{"type":"profiles_updated","profiles":[{"id":"p1","fields":{"age":null}}]}"#,
            ], into: &batch)
        #expect(
            batch.events.map(\.kind) == [
                .segmentCreated, .segmentUpdated, .profilesAdded, .profilesRemoved,
                .segmentCleared, .segmentDeleted, .profilesUpdated,
            ])
        #expect(batch.events[0].segment == SegmentID(42))
        #expect(batch.events[0].ownTime == Timestamp(rfc3339: "2026-03-12T10:00:00Z"))
        #expect(batch.string(batch.events[0].eventID) == "e1")
        #expect(
            batch.string(batch.events[0].body)
                == #"{"segment_name":"VIP","database_id":1,"tags":["rfm"],"groups":["sales"]}"#)
        #expect(batch.string(batch.events[1].body) == #"{"segment_name":"VIP 2026"}"#)
        #expect(batch.events[5].segment == SegmentID(.min))
        #expect(batch.fields.map(\.kind) == [.text, .number, .null])
        #expect(batch.string(batch.fields[1].value) == "31")
        #expect(batch.events[6].firstProfile == 2)
    }

    @Test("INV-7: a field's value keeps its bytes; JSON becomes compact, numbers keep their text")
    func fieldValues() throws {
        let batch = try parse(
            #"{"profiles":[{"fields":{"a":1.10,"b":-0e+5,"c":true,"d":false,"e":null,"#
                + #""f":"q\"\\\/\u00e9\ud83d\ude00\n","g": [ 1 , {"k\u0041" : "\u0001\/"} ] ,"#
                + #""\u0068":{}},"id":"p1"}],"segment_id":1,"type":"profiles_added"}"#)
        #expect(
            batch.fields.map(\.kind) == [
                .number, .number, .true, .false, .null, .text, .json, .json,
            ])
        let values = batch.fields.map { batch.string($0.value) }
        #expect(
            values == [
                "1.10", "-0e+5", "", "", "", "q\"\\/é😀\n", #"[1,{"kA":"\u0001/"}]"#, "{}",
            ])
        #expect(batch.string(batch.fields[7].name) == "h")
    }

    @Test("What was parsed prints as NDJSON and reads back as the same")
    func roundTrip() throws {
        let lines = [
            #"{"type":"segment_created","event_id":"e\"1","time":"2026-03-12T10:00:00.000Z","#
                + #""segment_id":42,"segment_name":"Ünï\n","tags":[]}"#,
            #"{"type":"profiles_added","segment_id":1,"profiles":[{"id":"p1","fields":{"a":"x","#
                + #""b":[1,{"c":null}],"d":1.50}},{"id":"p2"},{"id":"p1","fields":{"a":null}}]}"#,
            #"{"type":"profiles_updated","profiles":[{"id":"p","fields":{"t":true,"f":false}}]}"#,
        ]
        var batch = EventBatch()
        try parse(lines, into: &batch)
        #expect(print(batch) == lines.map { $0 + "\n" }.joined())
    }

    @Test("A byte order mark is skipped in line 1 and refused later")
    func byteOrderMark() throws {
        let line = "\u{FEFF}" + #"{"type":"segment_cleared","segment_id":1}"#
        #expect(try parse(line).events.count == 1)
        var batch = EventBatch()
        #expect(throws: Failure.self) { try parse(["", line], into: &batch) }
        #expect(try parse("\u{FEFF}").isEmpty)
    }

    @Test("A value of each limit's length is taken, one byte more is refused")
    func limits() throws {
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }
        func fields(_ count: Int) -> String {
            (0..<count).map { "\"f\($0)\":0" }.joined(separator: ",")
        }
        func labels(_ count: Int, _ length: Int) -> String {
            Array(repeating: "\"\(text(length))\"", count: count).joined(separator: ",")
        }
        func profile(_ content: String) -> String {
            #"{"type":"profiles_updated","profiles":[{"# + content + "}]}"
        }
        func created(_ content: String) -> String {
            #"{"type":"segment_created","segment_id":1,"# + content + "}"
        }
        let cases: [(Int, (Int) -> String)] = [
            (256, { profile(#""id":"\#(text($0))""#) }),
            (256, { profile(#""id":"1","fields":{"\#(text($0))":1}"#) }),
            (1 << 20, { profile(#""id":"1","fields":{"a":"\#(text($0))"}"#) }),
            (1024, { profile(#""id":"1","fields":{\#(fields($0))}"#) }),
            (4096, { created(#""segment_name":"\#(text($0))""#) }),
            (256, { created(#""segment_name":"","tags":[\#(labels($0, 3))]"#) }),
            (256, { created(#""segment_name":"","groups":[\#(labels(1, $0))]"#) }),
            (128, { created(#""segment_name":"","event_id":"\#(text($0))""#) }),
            (
                60,
                {
                    let open = String(repeating: "[", count: $0)
                    let close = String(repeating: "]", count: $0)
                    return profile(#""id":"1","fields":{"a":\#(open)\#(close)}"#)
                }
            ),
        ]
        for (limit, line) in cases {
            #expect(try parse(line(limit)).events.count == 1)
            #expect(throws: Failure.self) { try parse(line(limit + 1)) }
        }
        #expect(
            try parse(created(#""segment_name":"","time":"2026-03-12T12:05:00Z""#)).events.count
                == 1)
    }

    @Test("A line over 16 MiB is refused by its number")
    func longLine() {
        let line = String(repeating: " ", count: (16 << 20) + 1)
        #expect(
            throws: Failure(
                .inputRefused, "line 1: is longer than 16777216 bytes",
                hint: "split its profiles into several events")
        ) {
            try parse(line)
        }
    }

    @Test("Many repeated keys are found in n log n")
    func manyKeys() throws {
        let keys = (0..<90_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        let start = #"{"type":"profiles_updated","profiles":[{"id":"p","fields":{"a":{"#
        #expect(try parse(start + keys + "}}}]}").fields.count == 1)
        #expect(throws: Failure.self) { try parse(start + keys + #","k500":1}}}]}"#) }
    }
}
