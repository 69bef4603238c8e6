internal import SegmentModel

/// How large the pieces of a ledger's files get. The defaults are the documented limits; tests make
/// small worlds with small ones. A ledger opens with any sizes, whatever it was written with.
package struct LedgerSizes: Sendable {
    /// Bytes after which a new chunk begins.
    package var chunkByteCount = Limits.chunkByteCountTarget
    /// Changes after which a frame, or a block of a sealed chunk, is closed.
    package var frameChangeCount = Limits.frameChangeCountTarget
    /// Events after which a block of a sealed chunk is closed.
    package var blockEventCount = Limits.blockEventCountTarget
    /// Raw bytes after which a frame, or a block of a sealed chunk, is closed.
    package var framePayloadByteCount = Limits.framePayloadByteCountTarget
    /// Bytes by which zeros are first written ahead in a file that was not made ahead.
    package var reserveByteCount = 256 << 10
    /// The dictionary's snapshot is due once the ledger has grown by this part of its bytes (half
    /// of it where a chunk begins), and inside a chunk by so many bytes at least.
    package var snapshotDivisor = 8
    package var snapshotStepByteCount = 8 << 20
    /// Milliseconds without an append after which a mark follows the last frame.
    package var idleMilliseconds = 50
    /// Chunk files made ahead.
    package var spareCount = Limits.spareChunkCount

    package init() {}
}

/// Where a ledger does what can wait: sealing chunks, making files ahead, writing snapshots.
package enum BackgroundWork: Sendable {
    /// On a thread of its own.
    case thread
    /// On the writer's thread, between groups, in an order that depends on the appends alone, and
    /// nothing because time has passed: for tests that replay.
    case inline
}
