/// A salt for every profile ordinal, computed from one secret, such that single ordinals can be
/// forgotten: after `puncture` nothing that is left tells that ordinal's salt, and all others are
/// what they were. (A puncturable pseudo-random function: Goldreich, Goldwasser and Micali's tree.)
///
/// A binary tree of 32 levels; a node is the salt of an ordinal at depth 32, a seed above. Both
/// children come from one hash, the left one first:
///
/// ```
/// root seed           first 16 bytes of SHA-256("segledger salts" ‖ secret)
/// left ‖ right        SHA-256(0x02 ‖ depth 1 ‖ prefix 4, little-endian ‖ seed 16)
/// ```
///
/// where depth and prefix (the ordinal's first `depth` bits) are the parent's. They stand in the
/// hash so that one guess of a seed is a guess at one node only.
///
/// Invariants:
/// - `nodes` are disjoint subtrees in the order of their ordinals; an ordinal under none of them is
///   punctured;
/// - the path and the seeds kept for speed lie under `nodes`.
///
/// Not shared between threads: it keeps the path to the last ordinal, so that ascending ordinals
/// cost one hash each, and seeds further down (`SaltCache`), so that others cost two to twelve.
package struct SaltTree: Sendable {
    /// A subtree that can still be computed.
    package struct Node: Hashable, Sendable {
        package var depth: UInt8
        /// The first `depth` bits of its ordinals, as a number.
        package var prefix: UInt32
        package var seed: Salt
    }

    package static let ordinalBitCount = 32

    package private(set) var nodes: [Node]
    /// Bits of an ordinal: 32, fewer in tests of a small world.
    private let bitCount: Int
    /// The pairs of children under the nodes on the way to `pathOrdinal`, by their parent's depth;
    /// valid from `pathTop` on.
    private var path: [(left: Salt, right: Salt)]
    private var pathOrdinal: UInt32 = 0
    /// Depth of the node at which the path begins; nil: there is no path.
    private var pathTop: Int?
    private var caches: SaltCaches

    /// - Parameter secret: 32 random bytes, of which nothing else is made.
    package init(secret: [UInt8], bitCount: Int = SaltTree.ordinalBitCount) {
        precondition(secret.count == 32, "the secret has 32 bytes")
        let hash = (Array("segledger salts".utf8) + secret).withUnsafeBytes {
            TreeHash(sha256: $0)
        }
        let seed = hash.withUnsafeBytes {
            Salt(UnsafeRawBufferPointer(rebasing: $0[0..<Salt.byteCount]))
        }
        self.init(nodes: [Node(depth: 0, prefix: 0, seed: seed)], bitCount: bitCount)
    }

    private init(nodes: [Node], bitCount: Int) {
        self.nodes = nodes
        self.bitCount = bitCount
        path = Array(repeating: (.zero, .zero), count: bitCount)
        caches = SaltCaches()
    }

    /// The ordinal's salt; nil once it is punctured.
    package mutating func salt(for ordinal: UInt32) -> Salt? {
        guard var (depth, seed) = start(towards: ordinal) else { return nil }
        guard depth < bitCount else { return seed }
        while depth < bitCount {
            path[depth] = Self.children(
                of: seed, depth: depth, prefix: Self.prefix(of: ordinal, depth, bitCount))
            seed = child(of: depth, towards: ordinal)
            depth += 1
            caches.store(seed, height: bitCount - depth, over: ordinal)
        }
        pathOrdinal = ordinal
        return seed
    }

    /// The deepest node over an ordinal whose seed is known; nil once the ordinal is punctured.
    private mutating func start(towards ordinal: UInt32) -> (depth: Int, seed: Salt)? {
        let shared = sharedNode(towards: ordinal)
        let heightMax = bitCount - (shared?.depth ?? 0)
        if let (height, seed) = caches.lowest(over: ordinal, below: heightMax) {
            pathTop = bitCount - height
            return (bitCount - height, seed)
        }
        if let shared { return shared }
        guard let index = node(over: ordinal) else { return nil }
        let depth = Int(nodes[index].depth)
        if depth < bitCount { pathTop = depth }
        return (depth, nodes[index].seed)
    }

    /// The child of the deepest node that the ways to an ordinal and to the last one share.
    private func sharedNode(towards ordinal: UInt32) -> (depth: Int, seed: Salt)? {
        guard let top = pathTop, isUnderSameNode(ordinal, top) else { return nil }
        let different = ordinal ^ pathOrdinal
        let shared = min(bitCount - (32 - different.leadingZeroBitCount), bitCount - 1)
        return (shared + 1, child(of: shared, towards: ordinal))
    }

    /// Forgets the ordinal's salt for good, here: whoever wants it forgotten also destroys every
    /// older copy of the state.
    ///
    /// - Returns: the subtrees that replace the one that held the ordinal, at most one a level; nil
    ///   if it was punctured before.
    @discardableResult
    package mutating func puncture(_ ordinal: UInt32) -> [Node]? {
        guard let index = node(over: ordinal) else { return nil }
        let top = nodes[index]
        var seed = top.seed
        var before: [Node] = []
        var after: [Node] = []
        for depth in Int(top.depth)..<bitCount {
            let prefix = Self.prefix(of: ordinal, depth, bitCount)
            let (left, right) = Self.children(of: seed, depth: depth, prefix: prefix)
            let isRight = Self.prefix(of: ordinal, depth + 1, bitCount) & 1 == 1
            let sibling = Node(
                depth: UInt8(depth + 1), prefix: prefix << 1 | (isRight ? 0 : 1),
                seed: isRight ? left : right)
            if isRight { before.append(sibling) } else { after.append(sibling) }
            seed = isRight ? right : left
        }
        let replacement = before + after.reversed()
        nodes.replaceSubrange(index...index, with: replacement)
        path = Array(repeating: (.zero, .zero), count: bitCount)
        pathTop = nil
        caches = SaltCaches()
        return replacement
    }

    // MARK: The tree

    /// Index in `nodes` of the subtree that holds the ordinal.
    private func node(over ordinal: UInt32) -> Int? {
        precondition(bitCount == 32 || ordinal >> UInt32(bitCount) == 0, "an ordinal has its bits")
        var range = 0..<nodes.count
        while let first = range.first {
            let middle = first + range.count / 2
            let prefix = Self.prefix(of: ordinal, Int(nodes[middle].depth), bitCount)
            if prefix == nodes[middle].prefix { return middle }
            range =
                prefix < nodes[middle].prefix ? first..<middle : middle + 1..<range.upperBound
        }
        return nil
    }

    private func isUnderSameNode(_ ordinal: UInt32, _ top: Int) -> Bool {
        Self.prefix(of: ordinal, top, bitCount) == Self.prefix(of: pathOrdinal, top, bitCount)
    }

    /// The child, on the way to an ordinal, of the path's node at a depth.
    private func child(of depth: Int, towards ordinal: UInt32) -> Salt {
        Self.prefix(of: ordinal, depth + 1, bitCount) & 1 == 1
            ? path[depth].right : path[depth].left
    }

    private static func prefix(of ordinal: UInt32, _ depth: Int, _ bitCount: Int) -> UInt32 {
        // A shift by all 32 bits gives 0, as it should.
        ordinal >> UInt32(bitCount - depth)
    }

    private static func children(
        of seed: Salt, depth: Int, prefix: UInt32
    ) -> (left: Salt, right: Salt) {
        withUnsafeTemporaryAllocation(byteCount: 6 + Salt.byteCount, alignment: 8) { buffer in
            buffer[0] = 0x02
            buffer[1] = UInt8(depth)
            buffer.storeBytes(of: prefix.littleEndian, toByteOffset: 2, as: UInt32.self)
            buffer.storeBytes(of: seed, toByteOffset: 6, as: Salt.self)
            return TreeHash(sha256: UnsafeRawBufferPointer(buffer)).withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(as: Salt.self),
                    bytes.loadUnaligned(fromByteOffset: Salt.byteCount, as: Salt.self)
                )
            }
        }
    }
}

/// ```
/// 0 bits of an ordinal 1 | 1 subtree count 4
/// 5 subtrees, in the order of their ordinals: depth 1 | prefix 4 | seed 16
/// ```
extension SaltTree {
    private static let headerByteCount = 5
    private static let nodeByteCount = 5 + Salt.byteCount

    /// The state as bytes, as secret as the secret. All numbers are little-endian.
    package func encoded() -> [UInt8] {
        var output: [UInt8] = [UInt8(bitCount)]
        withUnsafeBytes(of: UInt32(nodes.count).littleEndian) { output.append(contentsOf: $0) }
        for node in nodes {
            output.append(node.depth)
            withUnsafeBytes(of: node.prefix.littleEndian) { output.append(contentsOf: $0) }
            output.append(contentsOf: node.seed.bytes)
        }
        return output
    }

    /// Nil if the bytes are not those of a tree over ordinals of so many bits.
    package init?(encoded bytes: [UInt8], bitCount: Int = SaltTree.ordinalBitCount) {
        guard bytes.count >= Self.headerByteCount, Int(bytes[0]) == bitCount else { return nil }
        func number(_ offset: Int) -> UInt32 {
            bytes.withUnsafeBytes {
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
        }
        guard bytes.count == Self.headerByteCount + Int(number(1)) * Self.nodeByteCount else {
            return nil
        }
        var nodes: [Node] = []
        var next: UInt64 = 0
        for offset in stride(
            from: Self.headerByteCount, to: bytes.count, by: Self.nodeByteCount)
        {
            let (depth, prefix) = (bytes[offset], number(offset + 1))
            guard Int(depth) <= bitCount, UInt64(prefix) >> UInt64(depth) == 0 else { return nil }
            let span = UInt64(bitCount - Int(depth))
            guard UInt64(prefix) << span >= next else { return nil }
            next = (UInt64(prefix) + 1) << span
            let seed = bytes[(offset + 5)..<(offset + Self.nodeByteCount)].withUnsafeBytes {
                Salt($0)
            }
            nodes.append(Node(depth: depth, prefix: prefix, seed: seed))
        }
        self.init(nodes: nodes, bitCount: bitCount)
    }
}
