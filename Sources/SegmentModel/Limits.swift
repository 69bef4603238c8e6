/// Every limit of the outside and of the ledger, in one place. docs/reference/limits.md lists them.
package enum Limits {
    /// Bytes of a profile id (UTF-8), at least 1.
    package static let profileIDByteCountMax = 256
    /// Bytes of an `event_id` (UTF-8).
    package static let eventIDByteCountMax = 128
    /// Bytes of a segment's name (UTF-8).
    package static let segmentNameByteCountMax = 4096
    /// Tags or groups of one segment; bytes of each.
    package static let segmentLabelCountMax = 256
    package static let segmentLabelByteCountMax = 256
    /// Fields of one profile in one event; bytes of a field's name; bytes of its value.
    package static let profileFieldCountMax = 1024
    package static let fieldNameByteCountMax = 256
    package static let fieldValueByteCountMax = 1 << 20
    /// Profiles of one event that are given by their ordinals.
    package static let eventOrdinalCountMax = 4 << 20
    /// Different field names in one ledger.
    package static let ledgerFieldNameCountMax = 65_536
    /// Bytes of one NDJSON line.
    package static let eventLineByteCountMax = 16 << 20
    /// How far an event's own time may lie ahead of this machine's clock.
    package static let eventTimeAheadMicroseconds: Int64 = 5 * 60 * 1_000_000
    /// Bytes of input that are checked whole before the first of it is appended.
    package static let atomicAppendByteCountMax = 64 << 20
    /// Changes and raw payload bytes after which a frame is closed.
    package static let frameChangeCountTarget = 64 << 10
    package static let framePayloadByteCountTarget = 4 << 20
    /// Events and changes of a frame that a reader accepts.
    package static let frameEventCountMax = 1 << 20
    package static let frameChangeCountMax = 16 << 20
    /// Raw payload bytes of a frame that a reader accepts: one event of the longest line fits.
    package static let framePayloadByteCountMax = 64 << 20
    /// Bytes after which the ledger starts a new chunk.
    package static let chunkByteCountTarget = 64 << 20
    /// Callers' batches that wait for the writer, in bytes; more and callers wait.
    package static let appendQueueByteCountMax = 256 << 20
    /// Nesting of JSON in an event.
    package static let jsonDepthMax = 64
    /// Profiles of one batch of an integration.
    package static let batchSizeMax = 100_000
    /// Names of connectors and integrations, in bytes.
    package static let nameByteCountMax = 128
    /// Bytes of a query template; nesting of its blocks.
    package static let templateByteCountMax = 1 << 20
    package static let templateDepthMax = 64
    /// Bytes of one rendered query.
    package static let renderedQueryByteCountMax = 256 << 20
}
