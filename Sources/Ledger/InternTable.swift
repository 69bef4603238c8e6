internal import SegmentModel

/// Byte strings numbered in the order they came: open addressing over one buffer of bytes.
///
/// About 21 bytes an entry beside the bytes themselves. Lookups compare whole strings, so equal
/// hashes never make strings equal. Not shared between threads.
struct InternTable {
    private var bytes: [UInt8] = []
    /// Where entry i ends in `bytes`.
    private var ends: [UInt64] = []
    /// 1 + entry number, or 0; the count is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)
    private var hashes: [UInt32] = []
    private let seed: UInt64

    /// `seed` makes collisions unpredictable from outside.
    init(seed: UInt64) { self.seed = seed }

    var count: Int { ends.count }

    func bytes(of number: Int) -> ArraySlice<UInt8> {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        return bytes[start..<Int(ends[number])]
    }

    func string(of number: Int) -> String { String(decoding: bytes(of: number), as: UTF8.self) }

    func find(_ key: UnsafeRawBufferPointer) -> UInt32? {
        let hash = hash(key)
        let slot = slots[slotIndex(key, hash)]
        return slot == 0 ? nil : slot - 1
    }

    /// Returns the number of `key`, giving it the next one if it is new.
    mutating func intern(_ key: UnsafeRawBufferPointer) -> (number: UInt32, isNew: Bool) {
        let hash = hash(key)
        let index = slotIndex(key, hash)
        if slots[index] != 0 { return (slots[index] - 1, false) }
        let number = UInt32(ends.count)
        bytes.append(contentsOf: key)
        ends.append(UInt64(bytes.count))
        hashes.append(hash)
        slots[index] = number + 1
        if ends.count * 3 > slots.count * 2 { grow() }
        return (number, true)
    }

    private func slotIndex(_ key: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
        let mask = slots.count - 1
        var index = Int(hash) & mask
        while slots[index] != 0 {
            let number = Int(slots[index] - 1)
            if hashes[number] == hash, isEqual(number, key) { break }
            index = (index + 1) & mask
        }
        return index
    }

    private func isEqual(_ number: Int, _ key: UnsafeRawBufferPointer) -> Bool {
        let start = number == 0 ? 0 : Int(ends[number - 1])
        guard Int(ends[number]) - start == key.count else { return false }
        return bytes.withUnsafeBytes {
            UnsafeRawBufferPointer(rebasing: $0[start..<start + key.count]).elementsEqual(key)
        }
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        slots = Array(repeating: 0, count: mask + 1)
        for (number, hash) in hashes.enumerated() {
            var index = Int(hash) & mask
            while slots[index] != 0 { index = (index + 1) & mask }
            slots[index] = UInt32(number) + 1
        }
    }

    /// Multiply and fold, eight bytes at a time (the construction of wyhash, Wang Yi).
    private func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        var state = seed ^ UInt64(truncatingIfNeeded: key.count)
        var index = 0
        while index + 8 <= key.count {
            state = Self.mix(
                state ^ key.loadUnaligned(fromByteOffset: index, as: UInt64.self),
                0x9E37_79B9_7F4A_7C15)
            index += 8
        }
        var tail: UInt64 = 0
        while index < key.count {
            tail = tail << 8 | UInt64(key[index])
            index += 1
        }
        let folded = Self.mix(state ^ tail, 0xD6E8_FEB8_6659_FD93)
        return UInt32(truncatingIfNeeded: folded ^ (folded >> 32))
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
