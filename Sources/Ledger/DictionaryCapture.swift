internal import SegmentModel

/// A `LedgerDictionary` as it stood at one moment. Its pages do not change while it is held, and
/// are shared with the dictionary: let go of it soon.
struct DictionaryCapture: Sendable {
    var seed: UInt64
    var lastTime: Timestamp
    var lastRecordedAt: Timestamp
    var profiles: ProfileTableCapture
    var fieldNames: InternTable
    var eventIDs: EventIDTableCapture
}
