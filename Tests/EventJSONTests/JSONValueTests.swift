import EventJSON
import SegmentModel
import Testing

@Suite struct JSONValueTests {
    @Test("Keys are told apart by their bytes; the same bytes twice are refused")
    func keys() throws {
        let text = "{\"caf\u{E9}\":1,\"cafe\u{301}\":2,\"K\":3,\"\u{212A}\":4}"
        let value = try JSONValue(Array(text.utf8))
        #expect(value["caf\u{E9}"]?.integer(Int.self) == 1)
        #expect(value["cafe\u{301}"]?.integer(Int.self) == 2)
        #expect(value["\u{212A}"]?.integer(Int.self) == 4)
        #expect(value["cafe"] == nil)
        let again = try JSONValue(Array(value.compactText.utf8))
        #expect(again == value)
        #expect(again.object?.count == 4)
        #expect(throws: JSONFault.self) {
            try JSONValue(Array("{\"caf\u{E9}\":1,\"caf\\u00e9\":2}".utf8))
        }
    }

    @Test("A number keeps its digits")
    func numbers() throws {
        for digits in ["1.10", "1e5", "-0", "1E400", "12345678901234567890"] {
            #expect(try JSONValue(Array("[\(digits)]".utf8)).compactText == "[\(digits)]")
        }
    }
}
