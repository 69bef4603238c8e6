import MerkleTree
import Testing

@Suite struct ProofTests {
    static let sizeMax = 64

    @Test func `inclusion proofs of every leaf of every size are the RFC's and hold`() throws {
        let leaves = Leaves(count: Self.sizeMax)
        for size in 1...Self.sizeMax {
            let root = leaves.root(size)
            for index in 0..<size {
                let proof = try InclusionProof(
                    leafIndex: UInt64(index), treeSize: UInt64(size), from: leaves)
                #expect(proof.path == NaiveTree.path(index, leaves.hashes[..<size]))
                #expect(proof.holds(leaf: leaves.hashes[index], root: root), "\(index) \(size)")
            }
        }
    }

    @Test func `a changed inclusion proof is refused`() throws {
        let leaves = Leaves(count: Self.sizeMax)
        let roots = (0...Self.sizeMax).map(leaves.root)
        for size in 1...Self.sizeMax {
            for index in 0..<size {
                let proof = try InclusionProof(
                    leafIndex: UInt64(index), treeSize: UInt64(size), from: leaves)
                let (leaf, root) = (leaves.hashes[index], roots[size])
                let bit = (size * 31 + index * 7) % 256
                var accepted = proof.holds(leaf: leaf.flipped(bit), root: root)
                accepted = accepted || proof.holds(leaf: leaf, root: root.flipped(bit))
                for path in Self.mutations(of: proof.path, bit) {
                    var changed = proof
                    changed.path = path
                    accepted = accepted || changed.holds(leaf: leaf, root: root)
                }
                for other in 0...UInt64(size) where other != proof.leafIndex {
                    var changed = proof
                    changed.leafIndex = other
                    accepted = accepted || changed.holds(leaf: leaf, root: root)
                }
                for other in Self.otherSizes(than: size) {
                    var changed = proof
                    changed.treeSize = UInt64(other)
                    accepted = accepted || changed.holds(leaf: leaf, root: roots[other])
                }
                #expect(!accepted, "leaf \(index) of \(size)")
            }
        }
    }

    @Test func `consistency proofs of every two sizes are the RFC's and hold`() throws {
        let leaves = Leaves(count: Self.sizeMax)
        let roots = (0...Self.sizeMax).map(leaves.root)
        for second in 0...Self.sizeMax {
            for first in 0...second {
                let proof = try ConsistencyProof(
                    firstSize: UInt64(first), secondSize: UInt64(second), from: leaves)
                if first > 0 {
                    #expect(
                        proof.path == NaiveTree.subproof(first, leaves.hashes[..<second], true))
                }
                #expect(
                    proof.holds(firstRoot: roots[first], secondRoot: roots[second]),
                    "\(first) \(second)")
            }
        }
    }

    @Test func `a changed consistency proof is refused`() throws {
        let leaves = Leaves(count: Self.sizeMax)
        let roots = (0...Self.sizeMax).map(leaves.root)
        for second in 1...Self.sizeMax {
            for first in 1...second {
                let proof = try ConsistencyProof(
                    firstSize: UInt64(first), secondSize: UInt64(second), from: leaves)
                let bit = (second * 31 + first * 7) % 256
                let (old, new) = (roots[first], roots[second])
                var accepted = proof.holds(firstRoot: old.flipped(bit), secondRoot: new)
                accepted = accepted || proof.holds(firstRoot: old, secondRoot: new.flipped(bit))
                for path in Self.mutations(of: proof.path, bit) {
                    var changed = proof
                    changed.path = path
                    accepted = accepted || changed.holds(firstRoot: old, secondRoot: new)
                }
                // That an empty tree begins every other is true and needs no path.
                for other in Self.otherSizes(than: first) where other > 0 || !proof.path.isEmpty {
                    var changed = proof
                    changed.firstSize = UInt64(other)
                    accepted = accepted || changed.holds(firstRoot: roots[other], secondRoot: new)
                }
                for other in Self.otherSizes(than: second) {
                    var changed = proof
                    changed.secondSize = UInt64(other)
                    accepted = accepted || changed.holds(firstRoot: old, secondRoot: roots[other])
                }
                #expect(!accepted, "\(first) of \(second)")
            }
        }
    }

    private static func otherSizes(than size: Int) -> [Int] {
        [0, size / 2, size - 1, size + 1, size + 2, size * 2, sizeMax].filter {
            $0 != size && $0 <= sizeMax
        }
    }

    /// Every change of one element: a bit turned, left out, doubled, exchanged with the next one,
    /// one too many.
    private static func mutations(of path: [TreeHash], _ bit: Int) -> [[TreeHash]] {
        var mutations: [[TreeHash]] = [path + [TreeHash.emptyRoot], [TreeHash.emptyRoot] + path]
        for index in path.indices {
            var changed = path
            changed[index] = path[index].flipped(bit)
            mutations.append(changed)
            changed = path
            changed.remove(at: index)
            mutations.append(changed)
            changed = path
            changed.insert(path[index], at: index)
            mutations.append(changed)
            guard index + 1 < path.count else { continue }
            changed = path
            changed.swapAt(index, index + 1)
            mutations.append(changed)
        }
        return mutations
    }
}
