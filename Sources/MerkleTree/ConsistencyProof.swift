/// Shows that a tree is the beginning of a larger one (RFC 9162, 2.1.4).
package struct ConsistencyProof: Hashable, Sendable {
    package var firstSize: UInt64
    package var secondSize: UInt64
    package var path: [TreeHash]

    package init(firstSize: UInt64, secondSize: UInt64, path: [TreeHash]) {
        self.firstSize = firstSize
        self.secondSize = secondSize
        self.path = path
    }

    /// Makes the proof; reads every leaf of the larger tree at most once.
    package init(
        firstSize: UInt64, secondSize: UInt64, from source: some LeafHashSource
    ) throws {
        precondition(firstSize <= secondSize, "a tree begins with smaller ones")
        var nodes: [Range<UInt64>] = []
        var (begin, end) = (UInt64(0), secondSize)
        // Whether the first tree, as far as it lies in begin..<end, is one that its holder knows.
        var isKnown = true
        while firstSize > 0, firstSize < end {
            let middle = begin + leftLeafCount(end - begin)
            if firstSize <= middle {
                nodes.append(middle..<end)
                end = middle
            } else {
                nodes.append(begin..<middle)
                begin = middle
                isKnown = false
            }
        }
        if !isKnown { nodes.append(begin..<end) }
        let path = try nodes.reversed().map { try source.root(of: $0) }
        self.init(firstSize: firstSize, secondSize: secondSize, path: path)
    }

    /// Whether the tree with the first root is the beginning of the one with the second.
    package func holds(firstRoot: TreeHash, secondRoot: TreeHash) -> Bool {
        guard firstSize > 0, firstSize < secondSize else {
            // The RFC leaves these out: an empty tree begins every other, a tree itself.
            return path.isEmpty && firstSize <= secondSize
                && firstRoot == (firstSize == 0 ? TreeHash.emptyRoot : secondRoot)
                && (secondSize > 0 || secondRoot == TreeHash.emptyRoot)
        }
        var rest = path[...]
        if firstSize & (firstSize - 1) == 0 { rest = [firstRoot] + rest }
        guard let start = rest.popFirst() else { return false }
        var index = firstSize - 1
        var last = secondSize - 1
        while index & 1 == 1 {
            index >>= 1
            last >>= 1
        }
        var (first, second) = (start, start)
        for node in rest {
            guard last > 0 else { return false }
            if index & 1 == 1 || index == last {
                first = TreeHash.node(node, first)
                second = TreeHash.node(node, second)
                while index & 1 == 0, index > 0 {
                    index >>= 1
                    last >>= 1
                }
            } else {
                second = TreeHash.node(second, node)
            }
            index >>= 1
            last >>= 1
        }
        return last == 0 && first == firstRoot && second == secondRoot
    }
}
