/// Seeds of subtrees of one height that were computed before, so that ordinals in any order cost
/// a few hashes each instead of one a level. A subtree's prefix says where its seed is kept; the
/// newer of two that share a place stays.
struct SaltCache: Sendable {
    /// Levels from a subtree's top down to the salts.
    let height: Int
    private let slotCountMax: Int
    /// Prefix + 1; 0: the slot is free.
    private var keys: [UInt32] = []
    private var seeds: [Salt] = []
    private var storeCount = 0

    private static let slotCountMin = 64

    /// - Parameters:
    ///   - height: 1 to 31.
    ///   - slotCountMax: a power of two; the cache grows up to it as it is used.
    init(height: Int, slotCountMax: Int) {
        precondition((1...31).contains(height), "a subtree has a height")
        self.height = height
        self.slotCountMax = slotCountMax
    }

    /// The seed of the subtree over an ordinal.
    @inline(__always)
    func seed(over ordinal: UInt32) -> Salt? {
        guard !keys.isEmpty else { return nil }
        let prefix = ordinal >> UInt32(height)
        let slot = Int(prefix) & (keys.count - 1)
        return keys[slot] == prefix + 1 ? seeds[slot] : nil
    }

    mutating func store(_ seed: Salt, over ordinal: UInt32) {
        if storeCount >= keys.count, keys.count < slotCountMax { grow() }
        storeCount += 1
        let prefix = ordinal >> UInt32(height)
        put(seed, prefix + 1)
    }

    private mutating func put(_ seed: Salt, _ key: UInt32) {
        let slot = Int(key - 1) & (keys.count - 1)
        keys[slot] = key
        seeds[slot] = seed
    }

    private mutating func grow() {
        let (oldKeys, oldSeeds) = (keys, seeds)
        let count = max(Self.slotCountMin, 2 * keys.count)
        keys = Array(repeating: 0, count: count)
        seeds = Array(repeating: .zero, count: count)
        for (key, seed) in zip(oldKeys, oldSeeds) where key > 0 { put(seed, key) }
    }
}

/// Seeds of subtrees of three heights: 4 ordinals each, 2 million in all; 64 each and 4,096 each, 4
/// and 16 million in all. 12 MB at most.
struct SaltCaches: Sendable {
    private var low = SaltCache(height: 2, slotCountMax: 1 << 19)
    private var middle = SaltCache(height: 6, slotCountMax: 1 << 16)
    private var high = SaltCache(height: 12, slotCountMax: 1 << 12)

    /// The lowest subtree over an ordinal whose seed is known, if it is lower than `heightMax`.
    @inline(__always)
    func lowest(over ordinal: UInt32, below heightMax: Int) -> (height: Int, seed: Salt)? {
        if low.height < heightMax, let seed = low.seed(over: ordinal) { return (low.height, seed) }
        if middle.height < heightMax, let seed = middle.seed(over: ordinal) {
            return (middle.height, seed)
        }
        if high.height < heightMax, let seed = high.seed(over: ordinal) {
            return (high.height, seed)
        }
        return nil
    }

    @inline(__always)
    mutating func store(_ seed: Salt, height: Int, over ordinal: UInt32) {
        switch height {
        case low.height: low.store(seed, over: ordinal)
        case middle.height: middle.store(seed, over: ordinal)
        case high.height: high.store(seed, over: ordinal)
        default: break
        }
    }
}
