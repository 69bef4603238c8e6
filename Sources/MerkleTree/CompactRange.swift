/// The leaves `begin..<end` of a hash tree, reduced to the roots of the largest complete subtrees
/// that they fill, from left to right: what is needed to go on appending, to give the root, and to
/// join neighbours. At most two subtrees a level, so its size is logarithmic.
///
/// Invariants:
/// - `levels` are those of `levels(begin:end:)`: the range alone decides them;
/// - a subtree of level *n* holds 2^n leaves and begins at a multiple of 2^n.
///
/// The idea is that of "compact ranges" in transparency-dev/merkle.
package struct CompactRange: Hashable, Sendable {
    package let begin: UInt64
    package private(set) var end: UInt64
    private var hashes: [TreeHash] = []
    private var levels: [UInt8] = []

    /// No leaves yet; the next one is leaf `begin`.
    package init(begin: UInt64 = 0) {
        self.begin = begin
        end = begin
    }

    package var leafCount: UInt64 { end - begin }

    /// Appends leaf `end`. Amortised one node hash.
    package mutating func append(_ leaf: TreeHash) {
        append(leaf, level: 0)
    }

    /// Appends the leaves that follow this range's. Logarithmic.
    package mutating func append(_ next: CompactRange) {
        precondition(next.begin == end, "only neighbours are joined")
        for (hash, level) in zip(next.hashes, next.levels) { append(hash, level: level) }
    }

    private mutating func append(_ hash: TreeHash, level: UInt8) {
        var (hash, level) = (hash, level)
        end += 1 << UInt64(level)
        // The subtree is the right half of a complete one if its end says so and its left half is
        // in the range.
        while levels.last == level, end & ((2 << UInt64(level)) &- 1) == 0 {
            hash = TreeHash.node(hashes.removeLast(), hash)
            level = levels.removeLast() + 1
        }
        hashes.append(hash)
        levels.append(level)
    }

    /// The root of a tree of `end` leaves. Only of a range that begins at 0. Logarithmic.
    package func root() -> TreeHash {
        precondition(begin == 0, "only a range from the first leaf on has a root")
        guard var root = hashes.last else { return TreeHash.emptyRoot }
        for hash in hashes.dropLast().reversed() { root = TreeHash.node(hash, root) }
        return root
    }

    /// Levels of the subtrees that a range consists of, from left to right.
    static func levels(begin: UInt64, end: UInt64) -> [UInt8] {
        var levels: [UInt8] = []
        var next = begin
        while next < end {
            let aligned = next == 0 ? 63 : next.trailingZeroBitCount
            let fitting = 63 - (end - next).leadingZeroBitCount
            let level = min(aligned, fitting)
            levels.append(UInt8(level))
            next += 1 << UInt64(level)
        }
        return levels
    }
}

/// ```
/// 0 begin 8 | 8 end 8 | 16 hashes, 32 bytes each, as many as the range needs
/// ```
extension CompactRange {
    /// The state as bytes. All numbers are little-endian.
    package func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(16 + hashes.count * TreeHash.byteCount)
        withUnsafeBytes(of: begin.littleEndian) { output.append(contentsOf: $0) }
        withUnsafeBytes(of: end.littleEndian) { output.append(contentsOf: $0) }
        for hash in hashes { output.append(hash) }
        return output
    }

    /// Nil if the bytes are not those of a range.
    package init?(encoded bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 16 else { return nil }
        begin = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        end = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard begin <= end, end < 1 << 63 else { return nil }
        levels = Self.levels(begin: begin, end: end)
        guard bytes.count == 16 + levels.count * TreeHash.byteCount else { return nil }
        hashes = levels.indices.map { index in
            let start = 16 + index * TreeHash.byteCount
            return TreeHash(
                UnsafeRawBufferPointer(rebasing: bytes[start..<start + TreeHash.byteCount]))
        }
    }

    package init?(encoded bytes: [UInt8]) {
        guard let range = bytes.withUnsafeBytes({ CompactRange(encoded: $0) }) else { return nil }
        self = range
    }
}
