/// Names numbered in the order they came: for the few names of fields, which fit into a processor's
/// cache. Profiles have a `ProfileTable`.
///
/// Lookups compare whole names, so equal hashes never make names equal. Not shared between threads.
struct InternTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where entry i ends in `bytes`.
    private var ends: [Int] = []
    /// 1 + entry number, or 0; the count is a power of two.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)
    private let hash: KeyedHash

    /// `seed` makes collisions unpredictable from outside.
    init(seed: UInt64) { hash = KeyedHash(seed: seed) }

    var count: Int { ends.count }

    func bytes(of number: Int) -> ArraySlice<UInt8> {
        bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
    }

    func string(of number: Int) -> String { String(decoding: bytes(of: number), as: UTF8.self) }

    /// Whether `number` is the number of `name`.
    @inline(__always)
    func isName(_ name: UnsafeRawBufferPointer, _ number: Int) -> Bool {
        guard number < ends.count else { return false }
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == name.count, let key = name.baseAddress else { return false }
        return bytes.withUnsafeBytes { areEqual($0.baseAddress! + start, key, name.count) }
    }

    /// Returns the number of `name`, giving it the next one if it is new. Precondition: not empty.
    mutating func intern(_ name: UnsafeRawBufferPointer) -> (number: UInt32, isNew: Bool) {
        let mask = slots.count - 1
        var index = place(name) & mask
        while slots[index] != 0 {
            if isName(name, Int(slots[index] - 1)) { return (slots[index] - 1, false) }
            index = (index + 1) & mask
        }
        let number = UInt32(ends.count)
        bytes.append(contentsOf: name)
        ends.append(bytes.count)
        slots[index] = number + 1
        if ends.count * 3 > slots.count * 2 { grow() }
        return (number, true)
    }

    private func place(_ name: UnsafeRawBufferPointer) -> Int {
        precondition(name.count > 0, "a field's name is not empty")
        return Int(truncatingIfNeeded: hash(name.baseAddress!, name.count) >> 32)
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        slots = Array(repeating: 0, count: mask + 1)
        bytes.withUnsafeBytes { bytes in
            for number in ends.indices {
                let start = number == 0 ? 0 : ends[number - 1]
                let name = UnsafeRawBufferPointer(rebasing: bytes[start..<ends[number]])
                var index = place(name) & mask
                while slots[index] != 0 { index = (index + 1) & mask }
                slots[index] = UInt32(number) + 1
            }
        }
    }
}
