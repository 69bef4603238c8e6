internal import Crypto

/// 32 bytes of SHA-256: a leaf, a node or a root of a hash tree, or a commitment. Kept as words, so
/// that a list of them is one allocation.
///
/// The tree is RFC 6962's (RFC 9162, section 2.1): a leaf is `SHA-256(0x00 ‖ content)`, a node
/// `SHA-256(0x01 ‖ left ‖ right)`, so that no leaf can pass for a node.
package struct TreeHash: Hashable, Sendable, BitwiseCopyable {
    package static let byteCount = 32

    // In the order of the bytes; each word as it lies in memory.
    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    /// - Parameter bytes: exactly 32.
    package init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount, "a hash has 32 bytes")
        self = bytes.loadUnaligned(as: TreeHash.self)
    }

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self = [UInt8](bytes).withUnsafeBytes { TreeHash($0) }
    }

    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { $0.loadUnaligned(as: TreeHash.self) }
    }

    /// SHA-256 of bytes, without a prefix.
    package init(sha256 bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self.init(hash.finalize())
    }

    /// The root of a tree without leaves: SHA-256 of nothing.
    package static let emptyRoot = TreeHash(SHA256().finalize())

    /// The leaf with this content.
    package static func leaf(_ content: [UInt8]) -> TreeHash {
        var leaf = LeafDigest()
        content.withUnsafeBytes { leaf.update($0) }
        return leaf.finish()
    }

    /// The node above two others.
    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 8) { buffer in
            buffer[0] = 0x01
            buffer.storeBytes(of: left, toByteOffset: 1, as: TreeHash.self)
            buffer.storeBytes(of: right, toByteOffset: 1 + byteCount, as: TreeHash.self)
            return TreeHash(sha256: UnsafeRawBufferPointer(buffer))
        }
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: self) { body($0) }
    }

    package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

extension TreeHash: CustomStringConvertible {
    /// Lower-case hex.
    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension [UInt8] {
    /// Appends the 32 bytes.
    package mutating func append(_ hash: TreeHash) {
        hash.withUnsafeBytes { append(contentsOf: $0) }
    }
}

/// Hashes one leaf's content piece by piece.
package struct LeafDigest {
    private var hash = SHA256()

    package init() {
        withUnsafeBytes(of: UInt8(0x00)) { hash.update(bufferPointer: $0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
    }

    package consuming func finish() -> TreeHash { TreeHash(hash.finalize()) }
}
