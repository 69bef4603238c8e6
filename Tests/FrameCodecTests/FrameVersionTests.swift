import FrameCodec
import SegmentModel
import Testing

@Suite("Frames of every format version read") struct FrameVersionTests {
    /// `FrameCodecTests.sample()` as the first release wrote it, with a salt seed and one time of
    /// recording for the whole frame.
    static let version1 = """
        53474c46010101002a00000000000000030000000000000080020000000000000700000000000000cd000000
        c70000000400000005000000422b1ab2b510f744f30400401e18240a0600030003020103042311efff0100f0
        2e01020a0800000e01000d0e0000ff17536f6d652069640302020014027b227365676d656e745f6e616d6522
        3a2278227d7b7d07060000056f00000000110500f5270108437573746f6d4944036167650009000901027072
        6f66696c652d3132c3a9000102030405060708090a0b0c0d0e0f0001020900011600f024060600030301432d
        313203043e02ab0205053165343030070e5b312c7b2261223a6e756c6c7d5d000204020005022d3006000000
        0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
        000000000000000000000000
        """

    @Test("INV-2: a frame of format version 1 reads as it was written")
    func firstVersion() throws {
        let bytes = Self.bytes(Self.version1)
        let (header, frame) = try bytes.withUnsafeBytes { bytes in
            let header = try FrameHeader(bytes)
            return (header, try FrameCodec.decode(header, in: bytes))
        }
        #expect(header.version == 1)
        #expect(header.frameByteCount == bytes.count)
        #expect(
            FrameCodecTests.content(frame) == FrameCodecTests.content(FrameCodecTests.sample()))
    }

    @Test("A copied header keeps the version of its payload")
    func keptVersion() throws {
        let bytes = Self.bytes(Self.version1)
        var header = try bytes.withUnsafeBytes { try FrameHeader($0) }
        header.salt = 5
        var output: [UInt8] = []
        header.encode(into: &output)
        let read = try output.withUnsafeBytes { try FrameHeader($0) }
        #expect(read.version == 1 && read.salt == 5)
    }

    @Test("A frame of a later version is refused by its number", arguments: [0, 4, 255] as [UInt8])
    func laterVersion(version: UInt8) throws {
        let bytes = Self.bytes(Self.version1)
        var header = try bytes.withUnsafeBytes { try FrameHeader($0) }
        header.version = version
        var output: [UInt8] = []
        header.encode(into: &output)
        #expect(throws: FrameError.version(version)) {
            try output.withUnsafeBytes { _ = try FrameHeader($0) }
        }
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}
