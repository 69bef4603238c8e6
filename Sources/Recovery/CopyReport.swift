package import Ledger
package import SegmentModel

/// What a backup or a restore wrote, read back.
package struct CopyReport: Hashable, Sendable {
    /// Position after the copy's last event.
    package var end: Position
    package var identity: LedgerIdentity
    package var chunkCount: Int
    package var byteCount: Int
    package var profileCount: Int
    /// SHA-256 over all events (`EventDigest`), in lower-case hex.
    package var sha256: String
}
