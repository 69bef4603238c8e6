/// A hash of short byte strings under a secret key: multiply and fold, 16 bytes at a time (the
/// construction of wyhash, Wang Yi, with every constant replaced by a part of the key).
///
/// Which strings collide cannot be told from outside. It is no cryptographic hash: whoever uses it
/// compares the strings themselves.
struct KeyedHash: Sendable {
    private let key: (UInt64, UInt64, UInt64, UInt64)

    init(seed: UInt64) {
        var sequence = SeedSequence(seed: seed)
        key = (sequence.next(), sequence.next(), sequence.next(), sequence.next() | 1)
    }

    /// Complexity: O(count). `count` is at least 1.
    @inline(__always)
    func callAsFunction(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var state = key.2 ^ UInt64(truncatingIfNeeded: count)
        let first: UInt64
        let second: UInt64
        if count >= 8 {
            var place = bytes
            var left = count
            while left > 16 {
                state = Self.fold(Self.load(place) ^ key.0, Self.load(place + 8) ^ state)
                place += 16
                left -= 16
            }
            first = Self.load(bytes + (count > 16 ? count - 16 : 0))
            second = Self.load(bytes + count - 8)
        } else if count >= 4 {
            first = UInt64(bytes.loadUnaligned(as: UInt32.self))
            second = UInt64(bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else {
            first =
                UInt64(bytes.load(as: UInt8.self))
                | UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self)) << 8
                | UInt64(bytes.load(fromByteOffset: count - 1, as: UInt8.self)) << 16
            second = 0
        }
        return Self.fold(Self.fold(first ^ key.0, second ^ state) ^ key.1, key.3)
    }

    @inline(__always)
    private static func load(_ bytes: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
