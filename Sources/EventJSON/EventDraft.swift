internal import SegmentModel

/// What is known of an event while its line is read: keys come in any order.
struct EventDraft {
    /// The places of a description's values in the parser's own bytes.
    struct Description {
        private var ranges: (Range<Int>?, Range<Int>?, Range<Int>?, Range<Int>?)

        subscript(key: EventKey) -> Range<Int>? {
            get {
                switch key {
                case .segmentName: ranges.0
                case .databaseID: ranges.1
                case .tags: ranges.2
                case .groups: ranges.3
                default: nil
                }
            }
            set {
                switch key {
                case .segmentName: ranges.0 = newValue
                case .databaseID: ranges.1 = newValue
                case .tags: ranges.2 = newValue
                case .groups: ranges.3 = newValue
                default: preconditionFailure("\(key) does not describe a segment")
                }
            }
        }
    }

    var given = EventKeySet()
    var kind: EventKind?
    var segment = SegmentID(0)
    var ownTime: Timestamp?
    var eventID = EventBatch.Slice.empty
    var firstProfile: UInt32
    var description = Description()

    init(firstProfile: UInt32) {
        self.firstProfile = firstProfile
    }
}
