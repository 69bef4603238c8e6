/// 16 secret bytes that hide what a commitment is made of: whoever does not know them cannot test a
/// guess. Also a seed of `SaltTree`, which is the same thing one level further up.
package struct Salt: Hashable, Sendable, BitwiseCopyable {
    package static let byteCount = 16

    // In the order of the bytes; each word as it lies in memory.
    private let word0: UInt64
    private let word1: UInt64

    /// - Parameter bytes: exactly 16.
    package init(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count == Self.byteCount, "a salt has 16 bytes")
        self = bytes.loadUnaligned(as: Salt.self)
    }

    static let zero = Salt(word0: 0, word1: 0)

    private init(word0: UInt64, word1: UInt64) {
        self.word0 = word0
        self.word1 = word1
    }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: self) { body($0) }
    }

    package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

extension Salt: CustomStringConvertible {
    /// Nothing of it: a salt is a secret.
    package var description: String { "Salt(…)" }
}
