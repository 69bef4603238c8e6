/// A digest of the ledger up to a position: what tells a copied, rolled-back or foreign ledger, or
/// a target, from the right one (INV-12).
///
/// Invariants:
/// - it depends on what the events say and on their order, and not on frames, chunks or sealing;
/// - two copies of a ledger have the same one up to where they part, and never after.
package struct Fingerprint: Hashable, Sendable {
    /// How many events it covers: the position of the first one behind them.
    package let position: Position
    package let digest: UInt128

    package init(position: Position, digest: UInt128) {
        self.position = position
        self.digest = digest
    }

    /// For example `42:0123456789abcdef0123456789abcdef`: what targets and receipts hold.
    package var text: String {
        let digits = String(digest, radix: 16)
        return "\(position):" + String(repeating: "0", count: 32 - digits.count) + digits
    }

    /// nil: no fingerprint is written like this.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 32,
            let position = UInt64(parts[0]), let digest = UInt128(parts[1], radix: 16)
        else { return nil }
        self.init(position: Position(position), digest: digest)
    }
}
