import MerkleTree
import Testing

@Suite struct CompactRangeTests {
    static let sizeMax = 64

    @Test func `the root of every size is the RFC's`() {
        let leaves = Leaves(count: Self.sizeMax)
        var range = CompactRange()
        for size in 0...Self.sizeMax {
            #expect(range.root() == leaves.root(size), "size \(size)")
            if size < Self.sizeMax { range.append(leaves.hashes[size]) }
        }
    }

    @Test func `neighbours joined are the range appended leaf by leaf`() {
        let count = 32
        let leaves = Leaves(count: count)
        let ranges = (0...count).map { begin in
            var range = CompactRange(begin: UInt64(begin))
            return [range]
                + leaves.hashes[begin...].map { hash in
                    range.append(hash)
                    return range
                }
        }
        for begin in 0...count {
            for middle in begin...count {
                for end in middle...count {
                    var joined = ranges[begin][middle - begin]
                    joined.append(ranges[middle][end - middle])
                    let isEqual = joined == ranges[begin][end - begin]
                    #expect(isEqual, "\(begin) \(middle) \(end)")
                }
            }
        }
    }

    @Test func `what is restored goes on to the same root`() throws {
        let leaves = Leaves(count: Self.sizeMax)
        for begin in 0..<Self.sizeMax {
            var range = CompactRange(begin: UInt64(begin))
            for hash in leaves.hashes[begin...] {
                range = try #require(CompactRange(encoded: range.encoded()))
                range.append(hash)
            }
            if begin == 0 { #expect(range.root() == leaves.root(Self.sizeMax)) }
            var whole = CompactRange()
            for hash in leaves.hashes[..<begin] { whole.append(hash) }
            whole.append(range)
            #expect(whole.root() == leaves.root(Self.sizeMax))
        }
    }

    @Test func `the state is refused in every other length`() {
        var range = CompactRange(begin: 3)
        for hash in Leaves(count: 20).hashes { range.append(hash) }
        let bytes = range.encoded()
        for count in 0..<bytes.count {
            #expect(CompactRange(encoded: Array(bytes[..<count])) == nil)
        }
        #expect(CompactRange(encoded: bytes + [0]) == nil)
        #expect(CompactRange(encoded: [UInt8](repeating: 0xFF, count: bytes.count)) == nil)
        // One subtree of more leaves than are counted.
        let endless = [UInt8](repeating: 0, count: 15) + [0x80]
        #expect(CompactRange(encoded: endless + TreeHash.emptyRoot.bytes) == nil)
        #expect(CompactRange(encoded: bytes) == range)
    }

    @Test func `a range late in a very long tree has few subtrees`() {
        let begin = UInt64(1) << 40 - 3
        var range = CompactRange(begin: begin)
        for hash in Leaves(count: 9).hashes { range.append(hash) }
        #expect(range.leafCount == 9)
        // 1 + 2 leaves, then 4 + 2.
        #expect(range.encoded().count == 16 + 4 * TreeHash.byteCount)
    }
}
