package import Ledger
package import SegmentModel

/// What a verification read, and what is wrong with it.
package struct VerificationReport: Hashable, Sendable {
    /// Nil: no chunk's header can be read.
    package var identity: LedgerIdentity?
    /// Position after the last event that was read in order.
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
    /// All that is wrong, in the order of the files; empty: the ledger is whole.
    package var faults: [VerificationFault] = []
    /// What to know about, though nothing is wrong, as sentences.
    package var remarks: [String] = []
    /// Every event could be read; the numbers above are those of the whole ledger.
    package var isReadWhole = false
    /// Of a deep verification: sealed chunks whose Merkle root was computed again and is theirs.
    package var comparedRootCount = 0
    /// Of a deep verification: SHA-256 over all events (`EventDigest`), in lower-case hex: equal
    /// for a backup.
    package var sha256: String?
    /// Of a deep verification: the Merkle root of all events, in lower-case hex; nil in a ledger
    /// that has no salts yet.
    package var root: String?
}
