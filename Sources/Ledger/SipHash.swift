/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein): a keyed pseudorandom function of
/// short strings. Event ids are remembered by it alone (docs/decisions/0003).
package struct SipHash: Sendable {
    private let key: (UInt64, UInt64)

    package init(key0: UInt64, key1: UInt64) { key = (key0, key1) }

    init(seed: UInt64) {
        var sequence = SeedSequence(seed: ~seed)
        key = (sequence.next(), sequence.next())
    }

    /// The output's first 8 bytes are the low half, both halves little-endian.
    package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt128 {
        var state = State(key)
        var index = 0
        while index + 8 <= bytes.count {
            state.absorb(
                UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for (place, byte) in bytes[index...].enumerated() {
            last |= UInt64(byte) << UInt64(place * 8)
        }
        state.absorb(last)
        state.v2 ^= 0xEE
        let low = state.squeeze()
        state.v1 ^= 0xDD
        let high = state.squeeze()
        return UInt128(high) << 64 | UInt128(low)
    }
}

extension SipHash {
    private struct State {
        var v0, v1, v2, v3: UInt64

        init(_ key: (UInt64, UInt64)) {
            v0 = key.0 ^ 0x736F_6D65_7073_6575
            v1 = key.1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE
            v2 = key.0 ^ 0x6C79_6765_6E65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func round() {
            v0 &+= v1
            v2 &+= v3
            v1 = v1 << 13 | v1 >> 51
            v3 = v3 << 16 | v3 >> 48
            v1 ^= v0
            v3 ^= v2
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v1
            v0 &+= v3
            v1 = v1 << 17 | v1 >> 47
            v3 = v3 << 21 | v3 >> 43
            v1 ^= v2
            v3 ^= v0
            v2 = v2 << 32 | v2 >> 32
        }

        @inline(__always)
        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        @inline(__always)
        mutating func squeeze() -> UInt64 {
            round()
            round()
            round()
            round()
            return v0 ^ v1 ^ v2 ^ v3
        }
    }
}
