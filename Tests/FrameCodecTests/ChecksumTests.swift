import CChecksum
import Testing

@Suite("CRC-32C") struct ChecksumTests {
    /// Bit by bit, as the polynomial says.
    static func reference(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = ~0
        for byte in bytes { crc = step(crc, byte) }
        return ~crc
    }

    private static func step(_ crc: UInt32, _ byte: UInt8) -> UInt32 {
        var crc = crc ^ UInt32(byte)
        for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
        return crc
    }

    @Test("Both paths agree with the vectors of RFC 3720")
    func vectors() {
        let vectors: [([UInt8], UInt32)] = [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array("123456789".utf8), 0xE306_9283),
        ]
        for (bytes, expected) in vectors {
            #expect(segledger_crc32c(0, bytes, bytes.count) == expected)
            #expect(segledger_crc32c_portable(0, bytes, bytes.count) == expected)
        }
    }

    /// Sums of all prefixes come from one pass of the reference.
    @Test("Both paths agree with the polynomial for every length up to 4096, at every offset")
    func everyLength() {
        var random = SeededGenerator(seed: 4)
        let bytes = (0..<4104).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { bytes in
            for offset in 0..<8 {
                let start = bytes.baseAddress! + offset
                var crc: UInt32 = ~0
                var wrong = 0
                for length in 0...4096 {
                    let both = (
                        segledger_crc32c(0, start, length),
                        segledger_crc32c_portable(0, start, length)
                    )
                    if both.0 != ~crc || both.1 != ~crc { wrong += 1 }
                    if length < 4096 { crc = Self.step(crc, bytes[offset + length]) }
                }
                #expect(wrong == 0, "offset \(offset)")
            }
        }
    }

    @Test("Long inputs, and sums continued from any place, agree as well")
    func longOnes() {
        var random = SeededGenerator(seed: 5)
        let bytes = (0..<60_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let expected = Self.reference(bytes)
        bytes.withUnsafeBytes { bytes in
            let start = bytes.baseAddress!
            #expect(segledger_crc32c(0, start, bytes.count) == expected)
            for _ in 0..<200 {
                let cut = random.below(bytes.count + 1)
                let first = segledger_crc32c(0, start, cut)
                #expect(segledger_crc32c(first, start + cut, bytes.count - cut) == expected)
            }
        }
    }
}
