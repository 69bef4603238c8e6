internal import SegmentModel

/// Finds a key that one object gives twice, however many keys it has: pairwise for a few, by
/// sorting for many, so that no input costs more than n log n.
///
/// Keys are runs of one byte buffer, all escaped in the same way. Objects inside objects share the
/// array: each takes a mark when it starts and gives its keys back when it is checked.
struct RepeatedKeys {
    private var keys: [EventBatch.Slice] = []

    /// Where an object's keys start.
    var mark: Int { keys.count }

    mutating func add(_ key: EventBatch.Slice) { keys.append(key) }

    mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

    /// A key that was added twice since `mark`, or nil; forgets the keys since then.
    mutating func takeRepeated(since mark: Int, in bytes: [UInt8]) -> EventBatch.Slice? {
        defer { keys.removeSubrange(mark...) }
        if keys.count - mark <= 8 {
            for index in mark..<keys.count {
                for earlier in mark..<index
                where RepeatedKeys.areEqual(keys[earlier], keys[index], in: bytes) {
                    return keys[index]
                }
            }
            return nil
        }
        keys[mark...].sort { left, right in
            if left.count != right.count { return left.count < right.count }
            return bytes[left.range].lexicographicallyPrecedes(bytes[right.range])
        }
        for index in mark + 1..<keys.count
        where RepeatedKeys.areEqual(keys[index - 1], keys[index], in: bytes) {
            return keys[index]
        }
        return nil
    }

    static func areEqual(
        _ left: EventBatch.Slice, _ right: EventBatch.Slice, in bytes: [UInt8]
    ) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<Int(left.count)
        where bytes[Int(left.offset) + index] != bytes[Int(right.offset) + index] {
            return false
        }
        return true
    }
}
