import EventJSON
import SegmentModel
import Testing

@Suite struct EventLineSplitterTests {
    private func lines(_ text: String, chunk size: Int) throws -> [String] {
        var splitter = EventLineSplitter()
        var lines: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { chunk in
                try splitter.feed(chunk) { line, number throws(Failure) in
                    #expect(number == lines.count + 1)
                    lines.append(String(decoding: line, as: UTF8.self))
                }
            }
        }
        try splitter.finish { line, _ throws(Failure) in
            lines.append(String(decoding: line, as: UTF8.self))
        }
        #expect(splitter.lineCount == lines.count)
        return lines
    }

    @Test("Lines are the same however the stream is cut", arguments: 1...12)
    func chunks(_ size: Int) throws {
        #expect(try lines("a\nbb\r\n\n\r\nccc", chunk: size) == ["a", "bb", "", "", "ccc"])
        #expect(try lines("a\n", chunk: size) == ["a"])
        #expect(try lines("", chunk: size) == [])
    }

    @Test("A line over the limit is refused before its end comes")
    func longLine() throws {
        let full = String(repeating: "x", count: 16 << 20)
        #expect(try lines(full + "\r\n" + "y", chunk: 1 << 20).count == 2)
        #expect(throws: Failure.self) { try lines(full + "x\n", chunk: 1 << 20) }
        var splitter = EventLineSplitter()
        let chunk = Array(("a\n" + full + "xx").utf8)
        let failure = try #require(throws: Failure.self) {
            try chunk.withUnsafeBytes { try splitter.feed($0) { _, _ throws(Failure) in } }
        }
        #expect(failure.message == "line 2: is longer than 16777216 bytes")
    }
}
