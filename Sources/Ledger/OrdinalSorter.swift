/// Sorts numbers whose high 32 bits are their key, stably: what is sorted already costs one look at
/// it; short runs are sorted by comparing, long ones by counting their key's bytes (radix sort).
struct OrdinalSorter: Sendable {
    private static let countingCountMin = 256

    private var other: [UInt64] = []

    /// Complexity: O(count).
    mutating func sort(_ numbers: inout [UInt64]) {
        guard !Self.isSorted(numbers) else { return }
        guard numbers.count >= Self.countingCountMin else {
            // The low bits ascend among equal keys: comparing whole numbers is stable too.
            numbers.sort()
            return
        }
        other.removeAll(keepingCapacity: true)
        other.append(contentsOf: numbers)
        for shift in stride(from: UInt64(32), to: 64, by: 8) {
            if pass(numbers, shift) { swap(&numbers, &other) }
        }
    }

    private static func isSorted(_ numbers: [UInt64]) -> Bool {
        var last: UInt64 = 0
        for number in numbers {
            if number < last { return false }
            last = number
        }
        return true
    }

    /// Distributes by one byte of the key into `other`; false if all have the same one.
    private mutating func pass(_ numbers: [UInt64], _ shift: UInt64) -> Bool {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { places in
            places.initialize(repeating: 0)
            for number in numbers { places[Int(number &>> shift & 0xFF)] += 1 }
            var sum = 0
            for byte in 0..<256 {
                if places[byte] == numbers.count { return false }
                let count = places[byte]
                places[byte] = sum
                sum += count
            }
            other.withUnsafeMutableBufferPointer { other in
                for number in numbers {
                    let byte = Int(number &>> shift & 0xFF)
                    other[places[byte]] = number
                    places[byte] += 1
                }
            }
            return true
        }
    }
}
