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
    /// Bytes of a part of longer input, about: each part is appended whole.
    package static let appendPartByteCountTarget = 16 << 20
    /// Changes and raw payload bytes after which a frame is closed.
    package static let frameChangeCountTarget = 64 << 10
    package static let framePayloadByteCountTarget = 4 << 20
    /// Events and changes of a frame that a reader accepts.
    package static let frameEventCountMax = 1 << 20
    package static let frameChangeCountMax = 16 << 20
    /// Raw payload bytes of a frame that a reader accepts: one event of the longest line fits.
    package static let framePayloadByteCountMax = 64 << 20
    /// Events after which a block of a sealed chunk is closed.
    package static let blockEventCountTarget = 16 << 10
    /// Bytes after which the ledger starts a new chunk.
    package static let chunkByteCountTarget = 64 << 20
    /// Bytes of a chunk, or of a manifest, beyond which a file is not read: no ledger makes such.
    package static let chunkByteCountMax = 1 << 30
    /// Chunk files of zeros that are made ahead while the ledger is written to.
    package static let spareChunkCount = 2
    /// Bytes of batches that go down with one sync, unless a single batch is larger.
    package static let groupByteCountTarget = 16 << 20
    /// Callers' batches that wait for the writer, in bytes; more and callers wait.
    package static let appendQueueByteCountMax = 256 << 20
    /// Changes, and events, after which the projections commit while they catch up.
    package static let projectionChangeCountTarget = 8 << 20
    package static let projectionEventCountTarget = 2 << 20
    /// Bytes of memory at which the projections commit early.
    package static let projectionWorkByteCountTarget = 288 << 20
    /// Bytes of members, and of profile fields, that the projections keep between commits.
    package static let projectionMemberByteCountMax = 224 << 20
    package static let projectionFieldByteCountMax = 16 << 20
    /// Bytes of the projections' write-ahead log beyond which their writer waits for readers.
    package static let projectionLogByteCountTarget = 64 << 20
    /// Bytes, and changes, of frames that are decoded ahead of the projections; two such portions.
    package static let replayPortionByteCountTarget = 8 << 20
    package static let replayPortionChangeCountTarget = 256 << 10
    /// Nesting of JSON in an event.
    package static let jsonDepthMax = 64
    /// Profiles of one batch of an integration.
    package static let batchSizeMax = 100_000
    /// Changes that one coalesced batch takes in, however few profiles they are about.
    package static let coalescedChangeCountMax = 1_000_000
    /// Changes of one integration that a target may refuse before it counts as wrong as a whole.
    package static let parkedChangeCountMax = 1000
    /// Names of connectors and integrations, in bytes.
    package static let nameByteCountMax = 128
    /// Bytes of a configuration file; what in it could begin a value (commas, colons, dashes,
    /// brackets, question marks and ends of lines, those inside texts too); question marks before a
    /// blank, with which YAML begins keys that are no texts.
    package static let configurationByteCountMax = 4 << 20
    package static let configurationMarkCountMax = 400_000
    package static let configurationKeyMarkCountMax = 100
    /// Values of a configuration file; nesting of them; bytes of one text; bytes of a key.
    package static let configurationValueCountMax = 100_000
    package static let configurationDepthMax = 32
    package static let configurationTextByteCountMax = 1 << 20
    package static let configurationKeyByteCountMax = 256
    /// Bytes of a password, and of the file or variable that it is the first line of.
    package static let secretByteCountMax = 16 << 10
    /// Bytes of the data directory's file of passwords.
    package static let secretFileByteCountMax = 16 << 20
    /// Bytes of a query template; nesting of its blocks.
    package static let templateByteCountMax = 1 << 20
    package static let templateDepthMax = 64
    /// Bytes of one rendered query.
    package static let renderedQueryByteCountMax = 256 << 20
    /// Turns of all loops of one rendering.
    package static let renderedTurnCountMax = 50_000_000
    /// Values that one `jsonpath` looks at.
    package static let jsonPathWorkCountMax = 2_000_000
}
