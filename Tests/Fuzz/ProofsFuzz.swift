import MerkleTree

// Target `proofs`: hash trees from outside: compact ranges and salts, which decode to what encodes
// to the same bytes, and proofs, of which none holds for a root that is not its own.
//
// Input: kind 1, then a range or salts as they are encoded, or two numbers of 8 bytes and hashes.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count >= 1 else { return 0 }
    let bytes = [UInt8](UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] % 4 {
    case 0: checkRange(bytes)
    case 1: checkSalts(bytes)
    default: checkProof(bytes, isInclusion: start[0] % 4 == 2)
    }
    return 0
}

private func checkRange(_ bytes: [UInt8]) {
    guard var range = CompactRange(encoded: bytes) else { return }
    precondition(range.encoded() == bytes, "a range changed on its way")
    if range.begin == 0 { _ = range.root() }
    let end = range.end
    range.append(TreeHash.emptyRoot)
    precondition(range.end == end + 1 && range.leafCount == end + 1 - range.begin)
    if range.begin == 0 { _ = range.root() }
}

private func checkSalts(_ bytes: [UInt8]) {
    guard var salts = SaltTree(encoded: bytes) else { return }
    precondition(salts.encoded() == bytes, "salts changed on their way")
    for ordinal: UInt32 in [0, 1, 2, 255, 1 << 31, .max - 1] { _ = salts.salt(for: ordinal) }
}

private func checkProof(_ bytes: [UInt8], isInclusion: Bool) {
    guard bytes.count >= 16 else { return }
    let numbers = bytes.withUnsafeBytes { bytes in
        [0, 8].map { bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) }
    }
    var hashes: [TreeHash] = []
    var offset = 16
    while let hash = TreeHash(bytes[offset..<min(offset + 32, bytes.count)]) {
        hashes.append(hash)
        offset += 32
    }
    // A root that is not the one given.
    let other = TreeHash.leaf([])
    guard hashes.count >= 2, hashes[1] != other else { return }
    let path = Array(hashes.dropFirst(2))
    if isInclusion {
        let proof = InclusionProof(leafIndex: numbers[0], treeSize: numbers[1], path: path)
        let holds = proof.holds(leaf: hashes[0], root: hashes[1])
        precondition(!holds || !proof.holds(leaf: hashes[0], root: other), "any root")
    } else {
        let proof = ConsistencyProof(firstSize: numbers[0], secondSize: numbers[1], path: path)
        let holds = proof.holds(firstRoot: hashes[0], secondRoot: hashes[1])
        // An empty tree begins every other.
        precondition(
            !holds || numbers[0] == 0
                || !proof.holds(firstRoot: hashes[0], secondRoot: other), "any root")
    }
}
