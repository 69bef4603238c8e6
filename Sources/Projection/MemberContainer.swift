/// Some members of one segment in memory: those whose ordinals share their upper 16 bits. A Roaring
/// container that is changed in place; `MemberContainer+Coding.swift` has its stored form.
///
/// Invariants:
/// - `count` members: ascending and distinct in the array form, one bit each in the bitset form;
/// - the form in memory says nothing of the stored bytes, which depend on the members alone
///   (INV-5);
/// - nothing is known of a container that is not loaded.
struct MemberContainer: ~Copyable {
    static let wordCount = 1024
    static let bitsetByteCount = 8192
    /// More members than this are shorter as a bitset.
    static let arrayCountMax = 4096
    /// A bitset changes several times as fast as an array, so the writer takes to it from this
    /// many members on while memory is plentiful.
    static let quickArrayCountMax = 512
    private static let isBitsetCapacity = -1

    private(set) var count = 0
    /// Values that the array has room for; `isBitsetCapacity`: a bitset.
    private var capacity = 0
    private var storage: UnsafeMutableRawPointer?
    var isLoaded = false
    /// Differs from what is stored.
    var isDirty = false
    /// The transaction that last used it.
    var lastUse: UInt32 = 0

    init() {}

    deinit { storage?.deallocate() }

    var isBitset: Bool { capacity == Self.isBitsetCapacity }

    /// Bytes of memory behind it.
    var byteCount: Int { isBitset ? Self.bitsetByteCount : capacity * 2 }

    var values: UnsafeBufferPointer<UInt16> {
        UnsafeBufferPointer(
            start: storage?.assumingMemoryBound(to: UInt16.self), count: isBitset ? 0 : count)
    }

    var words: UnsafeBufferPointer<UInt64> {
        UnsafeBufferPointer(
            start: storage?.assumingMemoryBound(to: UInt64.self),
            count: isBitset ? Self.wordCount : 0)
    }

    /// Adds the lower halves of ordinals, which ascend and share their upper half. The array form
    /// ends at `arrayLimit` members, at most `arrayCountMax`.
    mutating func insert(_ run: UnsafeBufferPointer<UInt32>, arrayLimit: Int = arrayCountMax) {
        if isBitset {
            setBits(run)
        } else if count + run.count > arrayLimit {
            becomeBitset()
            setBits(run)
        } else if let last = values.last, let first = run.first, truncating(first) <= last {
            if run.count <= 8 {
                for ordinal in run { insertValue(truncating(ordinal)) }
            } else {
                merge(run)
            }
        } else {
            append(run)
        }
    }

    /// Removes the lower halves of ordinals, which ascend and share their upper half.
    mutating func remove(_ run: UnsafeBufferPointer<UInt32>) {
        if isBitset {
            clearBits(run)
        } else if run.count <= 8 {
            for ordinal in run { removeValue(truncating(ordinal)) }
        } else {
            subtract(run)
        }
    }

    func contains(_ value: UInt16) -> Bool {
        if isBitset { return words[Int(value >> 6)] >> UInt64(value & 63) & 1 == 1 }
        let index = lowerBound(value)
        return index < count && values[index] == value
    }

    mutating func removeAll() {
        storage?.deallocate()
        storage = nil
        capacity = 0
        count = 0
    }

    /// Changes a bitset that is longer than the array would be to the array form.
    mutating func compact() {
        guard isBitset, count <= Self.arrayCountMax else { return }
        let bitset = storage!
        let target = UnsafeMutablePointer<UInt16>.allocate(capacity: max(count, 4))
        var index = 0
        forEachMember {
            target[index] = $0
            index += 1
        }
        storage = UnsafeMutableRawPointer(target)
        capacity = max(count, 4)
        bitset.deallocate()
    }

    /// Calls `body` with each member's lower half, ascending.
    func forEachMember(_ body: (UInt16) -> Void) {
        for value in values { body(value) }
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(UInt16(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
    }

    @inline(__always)
    private func truncating(_ ordinal: UInt32) -> UInt16 { UInt16(truncatingIfNeeded: ordinal) }
}

// MARK: The bitset form

extension MemberContainer {
    private mutating func setBits(_ run: UnsafeBufferPointer<UInt32>) {
        let words = storage!.assumingMemoryBound(to: UInt64.self)
        var added: UInt64 = 0
        for ordinal in run {
            let low = Int(ordinal & 0xFFFF)
            let old = words[low >> 6]
            let new = old | 1 << UInt64(low & 63)
            words[low >> 6] = new
            added &+= (old ^ new) &>> UInt64(low & 63)
        }
        count += Int(added)
    }

    private mutating func clearBits(_ run: UnsafeBufferPointer<UInt32>) {
        let words = storage!.assumingMemoryBound(to: UInt64.self)
        var removed: UInt64 = 0
        for ordinal in run {
            let low = Int(ordinal & 0xFFFF)
            let old = words[low >> 6]
            let new = old & ~(1 << UInt64(low & 63))
            words[low >> 6] = new
            removed &+= (old ^ new) &>> UInt64(low & 63)
        }
        count -= Int(removed)
    }

    /// Changes to the bitset form; returns its words.
    @discardableResult
    mutating func becomeBitset() -> UnsafeMutablePointer<UInt64> {
        if isBitset { return storage!.assumingMemoryBound(to: UInt64.self) }
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.wordCount)
        words.initialize(repeating: 0, count: Self.wordCount)
        for value in values { words[Int(value >> 6)] |= 1 << UInt64(value & 63) }
        storage?.deallocate()
        storage = UnsafeMutableRawPointer(words)
        capacity = Self.isBitsetCapacity
        return words
    }

    /// Says how many bits a caller has set in the words of `becomeBitset`.
    mutating func setBitCount(_ newCount: Int) {
        precondition(isBitset, "an array counts its own members")
        count = newCount
    }
}

// MARK: The array form

extension MemberContainer {
    /// Changes an empty container to an array of `newCount` values, which the caller fills.
    mutating func becomeArray(count newCount: Int) -> UnsafeMutablePointer<UInt16> {
        removeAll()
        reserve(newCount)
        count = newCount
        return storage!.assumingMemoryBound(to: UInt16.self)
    }

    private mutating func append(_ run: UnsafeBufferPointer<UInt32>) {
        if run.isEmpty { return }
        reserve(count + run.count)
        let array = storage!.assumingMemoryBound(to: UInt16.self)
        for (index, ordinal) in run.enumerated() { array[count + index] = truncating(ordinal) }
        count += run.count
    }

    private mutating func insertValue(_ value: UInt16) {
        let index = lowerBound(value)
        if index < count, values[index] == value { return }
        reserve(count + 1)
        let place = storage!.assumingMemoryBound(to: UInt16.self) + index
        (place + 1).update(from: place, count: count - index)
        place.pointee = value
        count += 1
    }

    private mutating func removeValue(_ value: UInt16) {
        let index = lowerBound(value)
        guard index < count, values[index] == value else { return }
        let place = storage!.assumingMemoryBound(to: UInt16.self) + index
        place.update(from: place + 1, count: count - index - 1)
        count -= 1
    }

    private mutating func merge(_ run: UnsafeBufferPointer<UInt32>) {
        let newCapacity = Self.roundedUp(count + run.count)
        let target = UnsafeMutablePointer<UInt16>.allocate(capacity: newCapacity)
        let old = values
        var (left, right, written) = (0, 0, 0)
        while left < old.count, right < run.count {
            let (a, b) = (old[left], truncating(run[right]))
            target[written] = min(a, b)
            written += 1
            left += a <= b ? 1 : 0
            right += b <= a ? 1 : 0
        }
        while left < old.count {
            target[written] = old[left]
            (left, written) = (left + 1, written + 1)
        }
        while right < run.count {
            target[written] = truncating(run[right])
            (right, written) = (right + 1, written + 1)
        }
        storage?.deallocate()
        storage = UnsafeMutableRawPointer(target)
        capacity = newCapacity
        count = written
    }

    private mutating func subtract(_ run: UnsafeBufferPointer<UInt32>) {
        guard let array = storage?.assumingMemoryBound(to: UInt16.self) else { return }
        var (right, written) = (0, 0)
        for left in 0..<count {
            let value = array[left]
            while right < run.count, truncating(run[right]) < value { right += 1 }
            if right < run.count, truncating(run[right]) == value { continue }
            array[written] = value
            written += 1
        }
        count = written
    }

    /// Index of the first value that is not less.
    private func lowerBound(_ value: UInt16) -> Int {
        let array = values
        var low = 0
        var length = array.count
        while length > 0 {
            let half = length >> 1
            let isLess = array[low + half] < value
            low += isLess ? length - half : 0
            length = half
        }
        return low
    }

    private mutating func reserve(_ needed: Int) {
        if needed <= capacity { return }
        let newCapacity = Self.roundedUp(needed)
        let array = UnsafeMutablePointer<UInt16>.allocate(capacity: newCapacity)
        if let old = storage?.assumingMemoryBound(to: UInt16.self) {
            array.update(from: old, count: count)
            old.deallocate()
        }
        storage = UnsafeMutableRawPointer(array)
        capacity = newCapacity
    }

    /// Room for half as many again, so that appending is linear.
    private static func roundedUp(_ count: Int) -> Int {
        min(max(4, count + count / 2), arrayCountMax)
    }
}
