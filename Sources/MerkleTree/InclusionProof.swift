/// Shows that a leaf stands at an index of the tree with a known root (RFC 9162, 2.1.3).
package struct InclusionProof: Hashable, Sendable {
    package var leafIndex: UInt64
    package var treeSize: UInt64
    /// The siblings on the way up, from the leaf's.
    package var path: [TreeHash]

    package init(leafIndex: UInt64, treeSize: UInt64, path: [TreeHash]) {
        self.leafIndex = leafIndex
        self.treeSize = treeSize
        self.path = path
    }

    /// Makes the proof; reads every other leaf of the tree once.
    package init(
        leafIndex: UInt64, treeSize: UInt64, from source: some LeafHashSource
    ) throws {
        precondition(leafIndex < treeSize, "only a leaf of the tree can be proven to be in it")
        var siblings: [Range<UInt64>] = []
        var (begin, end) = (UInt64(0), treeSize)
        while end - begin > 1 {
            let middle = begin + leftLeafCount(end - begin)
            if leafIndex < middle {
                siblings.append(middle..<end)
                end = middle
            } else {
                siblings.append(begin..<middle)
                begin = middle
            }
        }
        let path = try siblings.reversed().map { try source.root(of: $0) }
        self.init(leafIndex: leafIndex, treeSize: treeSize, path: path)
    }

    /// Whether the leaf stands there in the tree with this root. Take root and size from the same
    /// trusted place: a root alone does not tell how many leaves are under it.
    package func holds(leaf: TreeHash, root: TreeHash) -> Bool {
        guard leafIndex < treeSize else { return false }
        var index = leafIndex
        var last = treeSize - 1
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return false }
            if index & 1 == 1 || index == last {
                hash = TreeHash.node(sibling, hash)
                // On the right edge, levels without a sibling are passed over.
                while index & 1 == 0, index > 0 {
                    index >>= 1
                    last >>= 1
                }
            } else {
                hash = TreeHash.node(hash, sibling)
            }
            index >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }
}
