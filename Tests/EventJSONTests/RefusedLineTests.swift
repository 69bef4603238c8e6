import EventJSON
import SegmentModel
import Testing

struct Refusal: Sendable, CustomTestStringConvertible {
    let line: String
    let message: String
    let hint: String?

    init(_ line: String, _ message: String, _ hint: String? = nil) {
        self.line = line
        self.message = message
        self.hint = hint
    }

    var testDescription: String { message }
}

private let quotes = "put it in quotes"
private let unquoted = "write the number without quotes, for example 42"
private let dateHint = "write it like 2026-03-12T10:00:00.000Z"
private let addedKeys = "profiles_added needs type, segment_id, profiles"
private let profileHint = "a profile has the keys id and fields; its fields stand inside fields"

private func added(_ profiles: String) -> String {
    #"{"type":"profiles_added","segment_id":1,"profiles":["# + profiles + "]}"
}

private let refusals: [Refusal] = [
    // JSON itself.
    Refusal("[]", "line 1: must be an object, not an array"),
    Refusal("{", "line 1: wrong JSON at byte 2: an object or array is not closed"),
    Refusal("{}", "line 1: type: is missing", "every event says what it is in type"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1} {}"#,
        "line 1: wrong JSON at byte 43: something stands behind the value"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,}"#,
        "line 1: wrong JSON at byte 42: a comma stands before the end of the object or array"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":01}"#,
        "line 1: segment_id: wrong JSON at byte 41: a number starts with a zero too many"),
    Refusal(#"{'type':1}"#, "line 1: wrong JSON at byte 2: a key in quotes is due"),
    Refusal(
        added(#"{"id":"SECRET"#),
        "line 1: profiles[0].id: wrong JSON at byte 68: a string is not closed"),
    Refusal(
        added(#"{"id":"\ud800"}"#),
        "line 1: profiles[0].id: wrong JSON at byte 60: a surrogate has no partner"),
    Refusal(
        added(#"{"id":"\udc00\ud800"}"#),
        "line 1: profiles[0].id: wrong JSON at byte 60: a surrogate has no partner"),
    Refusal(
        added(#"{"id":"\x"}"#),
        "line 1: profiles[0].id: wrong JSON at byte 60: "
            + "a backslash stands before a character that has no escape"
    ),
    Refusal(
        added("{\"id\":\"a\tb\"}"),
        "line 1: profiles[0].id: wrong JSON at byte 61: "
            + "a control character stands bare in a string",
        "escape it, for example \\n or \\u0007"),
    // Type and keys.
    Refusal(
        #"{"type":"profile_added","segment_id":1}"#, "line 1: type: is no known type of event",
        "did you mean profiles_added?"),
    Refusal(
        #"{"type":"x"}"#, "line 1: type: is no known type of event",
        "known types are segment_created, segment_updated, profiles_added, profiles_removed, "
            + "segment_cleared, segment_deleted, profiles_updated"),
    Refusal(
        #"{"type":"delivery_recorded"}"#,
        "line 1: type: is a type that only Segledger itself appends",
        "send platform events: segment_created, segment_updated, profiles_added, "
            + "profiles_removed, segment_cleared, segment_deleted, profiles_updated"),
    Refusal(#"{"type":3}"#, "line 1: type: must be a string, not a number"),
    Refusal(
        #"{"segment_id":1}"#, "line 1: type: is missing", "every event says what it is in type"),
    Refusal(
        #"{"type":"segment_cleared","segmentid":1}"#,
        "line 1: has an unknown key segmentid", "did you mean segment_id?"),
    Refusal(
        #"{"type":"segment_cleared","Zzz qqq":1}"#,
        "line 1: has an unknown key \"Zzz qqq\"",
        "known keys are type, event_id, time, segment_id, segment_name, database_id, tags, "
            + "groups, profiles"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"segment_id":1}"#,
        "line 1: segment_id: is given twice"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"\u0074ype":"segment_cleared"}"#,
        "line 1: type: is given twice"),
    Refusal(
        #"{"type":"segment_cleared"}"#, "line 1: segment_id: is missing",
        "segment_cleared needs type, segment_id"),
    Refusal(
        #"{"type":"profiles_added","segment_id":1}"#, "line 1: profiles: is missing", addedKeys),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"profiles":[{"id":"p"}]}"#,
        "line 1: profiles: does not belong to segment_cleared",
        "its keys are type, segment_id, event_id, time"),
    Refusal(
        #"{"type":"profiles_updated","segment_id":1,"profiles":[{"id":"p"}]}"#,
        "line 1: segment_id: does not belong to profiles_updated",
        "its keys are type, profiles, event_id, time"),
    Refusal(
        #"{"type":"segment_created","segment_id":1}"#, "line 1: segment_name: is missing",
        "segment_created needs type, segment_id, segment_name"),
    Refusal(
        #"{"type":"segment_updated","segment_id":1}"#,
        "line 1: segment_updated says nothing of the segment",
        "give at least one of segment_name, database_id, tags, groups"),
    // Values.
    Refusal(
        #"{"type":"segment_cleared","segment_id":"1"}"#,
        "line 1: segment_id: must be a number, not a string", unquoted),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1.0}"#,
        "line 1: segment_id: must be an integer without fraction and exponent", unquoted),
    Refusal(
        #"{"type":"segment_cleared","segment_id":9223372036854775808}"#,
        "line 1: segment_id: must be an integer of 64 bits", unquoted),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"event_id":7}"#,
        "line 1: event_id: must be a string, not a number", quotes),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"event_id":""}"#,
        "line 1: event_id: must not be empty"),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"time":"yesterday"}"#,
        "line 1: time: must be an RFC 3339 date and time", dateHint),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"time":1773309600}"#,
        "line 1: time: must be a string, not a number", dateHint),
    Refusal(
        #"{"type":"segment_cleared","segment_id":1,"time":"2026-03-12T12:05:00.000001Z"}"#,
        "line 1: time: is more than 5 minutes ahead of this machine's clock",
        "check both clocks and the time zone of the event"),
    Refusal(
        #"{"type":"segment_updated","segment_id":1,"tags":["a",5]}"#,
        "line 1: tags[1]: must be a string, not a number", quotes),
    Refusal(
        #"{"type":"segment_updated","segment_id":1,"groups":"a"}"#,
        "line 1: groups: must be an array, not a string",
        "write a list of texts, for example [\"rfm\"]"),
    Refusal(
        #"{"type":"segment_updated","segment_id":1,"segment_name":null}"#,
        "line 1: segment_name: must be a string, not null", quotes),
    // Profiles.
    Refusal(
        added(""), "line 1: profiles: must hold at least one profile",
        "leave out events that change nothing"),
    Refusal(
        added(#"{"id":"a"},{"id":"b"},{"id":"c"},{"id":4}"#),
        "line 1: profiles[3].id: must be a string, not a number", quotes),
    Refusal(added(#"{"id":""}"#), "line 1: profiles[0].id: must not be empty"),
    Refusal(
        added(#"{"fields":{}}"#), "line 1: profiles[0].id: is missing", "every profile has an id"),
    Refusal(
        added(#""SECRET""#), "line 1: profiles[0]: must be an object, not a string",
        "a profile is an object like {\"id\":\"p1\"}"),
    Refusal(
        added(#"{"id":"a","feilds":{}}"#), "line 1: profiles[0]: has an unknown key feilds",
        "did you mean fields?"),
    Refusal(
        added(#"{"id":"a","CustomID":"C"}"#),
        "line 1: profiles[0]: has an unknown key CustomID", profileHint),
    Refusal(added(#"{"id":"a","id":"b"}"#), "line 1: profiles[0].id: is given twice"),
    Refusal(
        added(#"{"id":"a","fields":{"x":1},"fields":{}}"#),
        "line 1: profiles[0].fields: is given twice"),
    Refusal(
        added(#"{"id":"a","fields":{"x":1,"y":2,"x":"SECRET"}}"#),
        "line 1: profiles[0].fields.x: is given twice"),
    Refusal(
        added(#"{"id":"a","fields":{"x y":{"SECRET":1,"SECRET":2}}}"#),
        "line 1: profiles[0].fields.\"x y\": holds an object that gives a key twice"),
    Refusal(
        added(#"{"id":"a","fields":[1]}"#),
        "line 1: profiles[0].fields: must be an object, not an array",
        "fields are an object like {\"CustomID\":\"C-1\"}"),
    Refusal(
        added(#"{"id":"a","fields":{"":1}}"#),
        "line 1: profiles[0].fields: has a name that is not 1 to 256 bytes long"),
]

@Suite struct RefusedLineTests {
    @Test("A refused line names the line, the key, the rule and the way out", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let failure = try #require(throws: Failure.self) { try parse(refusal.line) }
        #expect(failure.code == .inputRefused)
        #expect(failure.message == refusal.message)
        #expect(failure.hint == refusal.hint)
    }

    @Test(
        "A string that is not UTF-8 is refused",
        arguments: [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
            [0xFF],
            [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) throws {
        let line =
            Array(#"{"type":"profiles_updated","profiles":[{"id":""#.utf8) + bytes
            + Array(#""}]}"#.utf8)
        var batch = EventBatch()
        var parser = EventParser(clock: testClock)
        #expect(
            throws: Failure(
                .inputRefused,
                "line 9: profiles[0].id: wrong JSON at byte 47: a string is not UTF-8")
        ) {
            try line.withUnsafeBytes { try parser.parseLine($0, number: 9, into: &batch) }
        }
    }
}
