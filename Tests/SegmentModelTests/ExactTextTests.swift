import SegmentModel
import Testing

/// Names and values are their bytes, whatever they look like.
@Suite struct ExactTextTests {
    /// Pairs that Swift's strings take for equal.
    private static let twins = [
        ("caf\u{E9}", "cafe\u{301}"), ("\u{C5}", "\u{212B}"), ("K", "\u{212A}"), (";", "\u{37E}"),
        ("`", "\u{1FEF}"), ("\u{AC00}", "\u{1100}\u{1161}"), ("\u{3A9}", "\u{2126}"),
        ("s\u{323}\u{307}", "s\u{307}\u{323}"),
    ]

    @Test("INV-7: two texts that differ in bytes are two keys, with an order")
    func keys() {
        for (first, second) in Self.twins {
            #expect(first == second, "the sample is one of equal strings")
            #expect(ExactText(first) != ExactText(second))
            #expect(!first.isExactly(second))
            #expect(ExactText(first) < ExactText(second) || ExactText(second) < ExactText(first))
            var values: [ExactText: Int] = [:]
            values[first] = 1
            values[second] = 2
            #expect(values[first] == 1)
            #expect(values[second] == 2)
            #expect(Set([ExactText(first), ExactText(first), ExactText(second)]).count == 2)
        }
    }

    @Test("INV-7: two values that differ in bytes are two")
    func values() {
        for (first, second) in Self.twins {
            #expect(FieldValue.text(first) != .text(second))
            #expect(FieldValue.json("[\"\(first)\"]") != .json("[\"\(second)\"]"))
            #expect(Set([FieldValue.text(first), .text(second), .text(first)]).count == 2)
        }
        #expect(FieldValue.text("1") != .number("1"))
        #expect(FieldValue.boolean(true) != .boolean(false))
        #expect(FieldValue.null == .null)
    }

    @Test("A tag or a group is in a scope by its bytes")
    func scopes() {
        for (first, second) in Self.twins {
            for (selection, other) in [
                (IntegrationDefinition.Selection.tags([first]), SegmentDescription(tags: [second])),
                (.groups([first]), SegmentDescription(groups: [second])),
            ] {
                let scope = IntegrationDefinition.Scope(databaseID: 1, segments: selection)
                #expect(!scope.contains(SegmentID(1), other))
                let same = SegmentDescription(tags: [first], groups: [first])
                #expect(scope.contains(SegmentID(1), same))
            }
        }
    }
}
