/// Where proofs get a tree's leaf hashes from.
package protocol LeafHashSource {
    /// Hands out the hashes of the leaves, in order and all of them, or throws.
    func forEachLeafHash(
        in leaves: Range<UInt64>, _ body: (TreeHash) -> Void
    ) throws
}

extension LeafHashSource {
    /// The root of a tree of these leaves alone. Reads each once.
    package func root(of leaves: Range<UInt64>) throws -> TreeHash {
        var range = CompactRange()
        try forEachLeafHash(in: leaves) { range.append($0) }
        precondition(range.leafCount == UInt64(leaves.count), "a source hands out every leaf")
        return range.root()
    }
}

/// The largest power of two below `count`: how many leaves stand left in a tree of `count >= 2`.
func leftLeafCount(_ count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
}
