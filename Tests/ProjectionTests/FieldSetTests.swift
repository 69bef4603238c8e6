import FrameCodec
import SegmentModel
import Testing

@testable import Projection

@Suite("Field set")
struct FieldSetTests {
    private func set(_ fields: [(UInt32, FieldValue)]) -> FieldSet {
        var set = FieldSet()
        for (name, value) in fields {
            set.apply(
                Frame.FieldChange(name: name, kind: value.kind, value: .empty),
                value: Array(value.bytes)[...])
        }
        return set
    }

    @Test("INV-5: equal fields give equal bytes, whatever their order and history")
    func canonicalBytes() {
        let direct = set([(1, .text("a")), (300, .number("1.10")), (70_000, .boolean(false))])
        let detour = set([
            (70_000, .boolean(false)), (2, .text("gone")), (300, .text("before")), (1, .text("a")),
            (300, .number("1.10")), (2, .null), (5, .null),
        ])
        #expect(direct.encoded == detour.encoded)
        #expect(
            set([(1, .text("ab")), (300, .json("[]"))]).encoded
                == [2, 1, 4, 2, 0x61, 0x62, 0xAC, 2, 5, 2, 0x5B, 0x5D])
    }

    @Test("INV-2: bytes that are cut, or go on, are refused")
    func damaged() throws {
        let value = FieldValue.text(String(repeating: "x", count: 200))
        let bytes = set([(1, value), (300, .number("12"))]).encoded
        for wrong in (0..<bytes.count).map({ Array(bytes[..<$0]) }) + [bytes + [0]] {
            #expect(throws: Failure.self) {
                try wrong.withUnsafeBytes { _ = try FieldSet(decoding: $0) }
            }
        }
        let again = try bytes.withUnsafeBytes { try FieldSet(decoding: $0) }
        #expect(again.encoded == bytes)
    }
}
