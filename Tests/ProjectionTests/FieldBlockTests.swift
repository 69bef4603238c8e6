import FrameCodec
import SegmentModel
import Testing

@testable import Projection

@Suite("Field block")
struct FieldBlockTests {
    private func append(
        _ fields: [(UInt32, FieldValue)], place: UInt8, at position: UInt64, to block: FieldBlock
    ) throws {
        var bytes: [UInt8] = []
        let changes = fields.map { name, value in
            let slice = Frame.Slice(
                offset: UInt32(bytes.count), count: UInt32(value.bytes.count))
            bytes.append(contentsOf: value.bytes)
            return Frame.FieldChange(name: name, kind: value.kind, value: slice)
        }
        try bytes.withUnsafeBytes { values in
            try changes.withUnsafeBufferPointer {
                try block.append(place: place, at: position, $0, values)
            }
        }
    }

    @Test("The layout: base, steps between positions, names, kinds, values, and those set apart")
    func layout() throws {
        let block = FieldBlock(block: 2, position: 7)
        try append([(1, .text("a")), (300, .boolean(true))], place: 31, at: 7, to: block)
        try append(
            [(1, .null), (2, .text(String(repeating: "x", count: 257)))], place: 0, at: 300,
            to: block)
        #expect(
            block.bytes == [
                0,
                0, 31, 7, 1, 4, 1, 0x61, 0xAC, 2, 2,
                0xA5, 2, 0, 6, 1, 0, 2, 0x84, 0xAC, 2,
            ])
        #expect(block.row == 2 << 32)
        try block.turnPage(at: 400)
        try append([], place: 5, at: 401, to: block)
        #expect(
            block.bytes == [
                15,
                0, 4, 2, 0x84, 0xAC, 2,
                31, 7, 1, 4, 1, 0x61, 0xAC, 2, 2,
                1, 5, 0,
            ])
        #expect(block.row == 2 << 32 | 1 && block.position == 400)
    }

    @Test("INV-5: the base of a page depends on the fields alone")
    func canonicalBase() throws {
        let direct = FieldBlock(block: 0, position: 0)
        try append([(1, .text("a")), (300, .number("1.10"))], place: 3, at: 0, to: direct)
        let detour = FieldBlock(block: 0, position: 0)
        try append([(300, .text("before")), (2, .text("gone"))], place: 3, at: 0, to: detour)
        try append([(9, .json("[]"))], place: 4, at: 1, to: detour)
        try append([(9, .null), (5, .null)], place: 4, at: 1, to: detour)
        try append(
            [(2, .null), (1, .text("a")), (300, .number("1.10"))], place: 3, at: 2, to: detour)
        try direct.turnPage(at: 3)
        try detour.turnPage(at: 3)
        #expect(direct.bytes == detour.bytes)
    }

    @Test("INV-2: bytes that are cut, or go on, are refused; flipped ones never trap")
    func damaged() throws {
        let block = FieldBlock(block: 0, position: 5)
        for place in [0, 7, 31] as [UInt8] {
            try append([(1, .text("a")), (300, .number("12"))], place: place, at: 5, to: block)
        }
        try block.turnPage(at: 9)
        let baseByteCount = block.bytes.count
        try append([(2, .text(String(repeating: "x", count: 300)))], place: 1, at: 9, to: block)
        for count in 0..<block.bytes.count where count != baseByteCount {
            let cut = Array(block.bytes[..<count])
            #expect(throws: Failure.self, "\(count)") { try read(cut) }
        }
        for bit in 0..<block.bytes.count * 8 {
            var flipped = block.bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            do {
                try read(flipped)
            } catch {
                #expect((error as? Failure)?.code == .projectionInvalid)
            }
        }
        try read(block.bytes)
    }

    /// Reads every field of a page as the writer and the reader do.
    private func read(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { page in
            let block = try FieldBlock(block: 0, pageNumber: 0, position: 9, decoding: page)
            try block.turnPage(at: .max)
            var scan = try FieldPageScan(page, position: 9)
            var view = FieldView()
            while let entry = try scan.next() { try view.apply(entry.fields, of: page) }
            var output: [UInt8] = []
            view.encode(from: page, into: &output)
        }
    }
}
