import MerkleTree

/// The tree as RFC 9162 writes it down: recursive, slow, and obviously the definition.
enum NaiveTree {
    /// 2.1.1, with the leaves hashed already.
    static func root(_ leaves: ArraySlice<TreeHash>) -> TreeHash {
        switch leaves.count {
        case 0: return TreeHash.emptyRoot
        case 1: return leaves.first!
        default:
            let middle = leaves.startIndex + split(leaves.count)
            return TreeHash.node(root(leaves[..<middle]), root(leaves[middle...]))
        }
    }

    /// 2.1.3.1, PATH(m, D_n).
    static func path(_ index: Int, _ leaves: ArraySlice<TreeHash>) -> [TreeHash] {
        guard leaves.count > 1 else { return [] }
        let left = split(leaves.count)
        let middle = leaves.startIndex + left
        return index < left
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index - left, leaves[middle...]) + [root(leaves[..<middle])]
    }

    /// 2.1.4.1, SUBPROOF(m, D_n, b).
    static func subproof(
        _ count: Int, _ leaves: ArraySlice<TreeHash>, _ isKnown: Bool
    ) -> [TreeHash] {
        if count == leaves.count { return isKnown ? [] : [root(leaves)] }
        let left = split(leaves.count)
        let middle = leaves.startIndex + left
        return count <= left
            ? subproof(count, leaves[..<middle], isKnown) + [root(leaves[middle...])]
            : subproof(count - left, leaves[middle...], false) + [root(leaves[..<middle])]
    }

    /// The largest power of two below `count`.
    private static func split(_ count: Int) -> Int {
        var split = 1
        while split * 2 < count { split *= 2 }
        return split
    }
}

/// Leaf hashes in memory.
struct Leaves: LeafHashSource {
    var hashes: [TreeHash]

    /// Different leaves, always the same ones.
    init(count: Int) {
        hashes = (0..<count).map { TreeHash.leaf(Array("leaf \($0)".utf8)) }
    }

    init(_ contents: [[UInt8]]) { hashes = contents.map(TreeHash.leaf) }

    func forEachLeafHash(in leaves: Range<UInt64>, _ body: (TreeHash) -> Void) {
        for hash in hashes[Int(leaves.lowerBound)..<Int(leaves.upperBound)] { body(hash) }
    }

    func root(_ count: Int) -> TreeHash { NaiveTree.root(hashes[..<count]) }
}

extension TreeHash {
    /// The hash with one bit turned over.
    func flipped(_ bit: Int) -> TreeHash {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return TreeHash(bytes)!
    }

    init(hex: String) {
        let digits = Array(hex)
        let bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)!
        }
        self = TreeHash(bytes)!
    }
}
