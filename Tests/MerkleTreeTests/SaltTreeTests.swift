import Crypto
import MerkleTree
import Testing

@Suite struct SaltTreeTests {
    static let secret = [UInt8](0..<32)

    /// The definition in SaltTree's comment, one ordinal at a time.
    static func definition(_ ordinal: UInt32, bitCount: Int) -> [UInt8] {
        var seed = Array(SHA256.hash(data: Array("segledger salts".utf8) + secret).prefix(16))
        for depth in 0..<bitCount {
            let prefix = ordinal >> UInt32(bitCount - depth)
            let parent = (0..<4).map { UInt8(truncatingIfNeeded: prefix >> ($0 * 8)) }
            let children = Array(SHA256.hash(data: [0x02, UInt8(depth)] + parent + seed))
            let isRight = ordinal >> UInt32(bitCount - depth - 1) & 1 == 1
            seed = Array(isRight ? children[16...] : children[..<16])
        }
        return seed
    }

    @Test func `salts are the definition's in every order`() {
        let ordinals: [UInt32] = [
            0, 1, 2, 3, 2, 2, 1 << 31, (1 << 31) - 1, .max, .max - 1, 12_345_678, 0,
        ]
        var tree = SaltTree(secret: Self.secret)
        for ordinal in ordinals + Array(1000..<1100) {
            #expect(tree.salt(for: ordinal)?.bytes == Self.definition(ordinal, bitCount: 32))
        }
    }

    /// Ordinals that share a place in the caches, and more than find room in them.
    @Test func `salts are the definition's after any others`() {
        var tree = SaltTree(secret: Self.secret)
        let near: [UInt32] = [0, 17, 1 << 22, (1 << 22) + 17, 3 << 22, 1023, (1 << 26) + 1024]
        for round in 0..<3 {
            for ordinal in near {
                #expect(tree.salt(for: ordinal)?.bytes == Self.definition(ordinal, bitCount: 32))
            }
            for step in 0..<UInt32(2000) { _ = tree.salt(for: step &* 2_654_435_761) }
            let last = UInt32(1000 + round) &* 2_654_435_761
            #expect(tree.salt(for: last)?.bytes == Self.definition(last, bitCount: 32))
        }
    }

    @Test func `a punctured salt is not found among those asked for before`() {
        var tree = SaltTree(secret: Self.secret)
        for ordinal in UInt32(1000)..<1032 { _ = tree.salt(for: ordinal) }
        _ = tree.salt(for: 1 << 20)
        #expect(tree.puncture(1010) != nil)
        #expect(tree.salt(for: 1010) == nil)
        #expect(tree.salt(for: 1011)?.bytes == Self.definition(1011, bitCount: 32))
    }

    /// Every set of punctured ordinals of a world of 8, in two orders; every ordinal asked for in
    /// an order that leaves a path behind.
    @Test func `puncturing forgets these ordinals and no other`() throws {
        let bits = 3
        let salts = (0..<8).map { Self.definition($0, bitCount: bits) }
        for set in 0..<256 {
            let punctured = (0..<8).filter { set >> $0 & 1 == 1 }.map(UInt32.init)
            for order in [punctured, punctured.reversed()] {
                var tree = SaltTree(secret: Self.secret, bitCount: bits)
                for ordinal in order {
                    _ = tree.salt(for: ordinal)
                    let replacement = tree.puncture(ordinal)
                    #expect(replacement != nil)
                    #expect(tree.salt(for: ordinal) == nil)
                }
                var restored = try #require(SaltTree(encoded: tree.encoded(), bitCount: bits))
                for ordinal: UInt32 in [7, 0, 3, 4, 1, 6, 2, 5, 5] {
                    let expected = punctured.contains(ordinal) ? nil : salts[Int(ordinal)]
                    #expect(tree.salt(for: ordinal)?.bytes == expected, "\(set) \(ordinal)")
                    #expect(restored.salt(for: ordinal)?.bytes == expected, "\(set) \(ordinal)")
                }
                Self.expectNoAncestor(of: punctured, in: tree, bits)
            }
        }
    }

    /// Nothing that is kept is a seed on the way to a punctured ordinal, so none can be computed.
    private static func expectNoAncestor(of ordinals: [UInt32], in tree: SaltTree, _ bits: Int) {
        for node in tree.nodes {
            for ordinal in ordinals {
                #expect(ordinal >> UInt32(bits - Int(node.depth)) != node.prefix)
            }
        }
    }

    @Test func `a second puncture changes nothing and the first needs one seed a level`() throws {
        var tree = SaltTree(secret: Self.secret)
        let first = tree.puncture(1_000_000)
        let replacement = try #require(first)
        #expect(replacement.count == 32)
        #expect(replacement == tree.nodes)
        #expect(Set(replacement.map(\.depth)) == Set(1...32))
        let second = tree.puncture(1_000_000)
        #expect(second == nil)
        #expect(tree.nodes == replacement)
        #expect(tree.salt(for: 1_000_001)?.bytes == Self.definition(1_000_001, bitCount: 32))
    }

    @Test func `state that is no state is refused`() {
        var tree = SaltTree(secret: Self.secret)
        tree.puncture(5)
        let bytes = tree.encoded()
        for count in 0..<bytes.count {
            #expect(SaltTree(encoded: Array(bytes[..<count])) == nil)
        }
        #expect(SaltTree(encoded: bytes + [0]) == nil)
        var doubled = bytes
        doubled.replaceSubrange(26..<47, with: bytes[5..<26])
        #expect(SaltTree(encoded: doubled) == nil)
        // Found by fuzzing: a tree over few ordinals has no salt for the others.
        #expect(SaltTree(encoded: [6, 0, 0, 0, 0]) == nil)
        #expect(SaltTree(encoded: bytes)?.nodes == tree.nodes)
    }

    @Test func `INV-10 a salt does not print itself`() {
        var tree = SaltTree(secret: Self.secret)
        #expect("\(tree.salt(for: 0)!)" == "Salt(…)")
        #expect("\(tree.nodes[0].seed)" == "Salt(…)")
    }
}
