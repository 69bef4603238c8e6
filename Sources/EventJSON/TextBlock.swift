/// Eight bytes of a line at once: how far a string is plain from here.
///
/// A block never reads behind the line: bytes that are not there count as zero, and a zero is a
/// control character, which ends every scan.
struct TextBlock {
    static let byteCount = 8
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The first byte is the lowest.
    let bytes: UInt64

    /// The block that starts at `offset`. Precondition: `offset` is at most `line.count`.
    @inline(__always)
    init(_ line: UnsafeRawBufferPointer, at offset: Int) {
        if line.count &- offset >= TextBlock.byteCount {
            bytes = UInt64(
                littleEndian: line.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        } else {
            bytes = TextBlock.endOfLine(line, from: offset)
        }
    }

    /// Bytes in front of the first quote, backslash or control character; 8 if there is none.
    @inline(__always)
    var plainCount: Int { marks.trailingZeroBitCount / 8 }

    /// Bytes in front of the first of those or of the first byte beyond ASCII; 8 if there is none.
    @inline(__always)
    var plainASCIICount: Int { (marks | bytes & TextBlock.tops).trailingZeroBitCount / 8 }

    /// The top bit of the lowest quote, backslash or control character; above it, anything.
    @inline(__always)
    private var marks: UInt64 {
        let quotes = bytes ^ (TextBlock.ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = bytes ^ (TextBlock.ones &* UInt64(UInt8(ascii: "\\")))
        // Taking n from a byte below n borrows and sets its top bit, unless the bit was set before.
        // The borrow may go on into the bytes above: so only the lowest mark is exact.
        let controls = (bytes &- TextBlock.ones &* 0x20) & ~bytes
        let ends =
            ((quotes &- TextBlock.ones) & ~quotes)
            | ((backslashes &- TextBlock.ones) & ~backslashes)
        return (controls | ends) & TextBlock.tops
    }

    /// The first `count` bytes, zeros behind them.
    @inline(__always)
    func prefix(_ count: Int) -> UInt64 {
        // A shift by 64 gives 0.
        bytes & ~(~0 << UInt64(truncatingIfNeeded: 8 &* count))
    }

    /// Whether no byte of the word has its top bit set.
    @inline(__always)
    static func isASCII(_ word: UInt64) -> Bool { word & tops == 0 }

    @inline(never)
    private static func endOfLine(_ line: UnsafeRawBufferPointer, from offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in (offset..<line.count).reversed() { word = word << 8 | UInt64(line[place]) }
        return word
    }
}
