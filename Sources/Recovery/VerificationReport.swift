package import Ledger
package import SegmentModel

/// What a verification read, all of it good.
package struct VerificationReport: Hashable, Sendable {
    package var identity: LedgerIdentity
    /// Position after the last event.
    package var end = Position(0)
    package var chunkCount = 0
    /// Of them, those that are sealed.
    package var sealedChunkCount = 0
    package var frameCount = 0
    package var eventCount = 0
    /// Profiles that entered or left a segment.
    package var changeCount = 0
    package var profileCount = 0
    package var byteCount = 0
    /// Ledger time of the first and the last platform event.
    package var firstTime: Timestamp?
    package var lastTime: Timestamp?
    /// Bytes after the last whole write, that no caller was told of: the next opening to write
    /// sets them aside.
    package var hasTornTail = false
    /// Of a deep verification: SHA-256 over all events (`EventDigest`), in lower-case hex: equal for
    /// a backup.
    package var sha256: String?
    /// Of a deep verification: the Merkle root of all events, in lower-case hex; nil in a ledger
    /// that has no salts yet.
    package var root: String?

    init(identity: LedgerIdentity) { self.identity = identity }
}
