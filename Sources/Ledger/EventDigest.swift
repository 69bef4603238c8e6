internal import FrameCodec
internal import SegmentModel

/// A keyed digest of frames' content, the same in whichever frames the events lie: tells in one
/// pass whether what was read back is what was written. Nobody stores it; what proves the events
/// to others is the Merkle tree (`LeafHasher`).
struct EventDigest {
    private let hash: KeyedHash
    private var events: UInt64 = 0
    private var profiles: UInt64 = 0
    private var fieldNames: UInt64 = 0
    private var records: UInt64 = 0
    private var piece = LeafBytes()

    /// `seed`: a random number; digests of one seed can be compared.
    init(seed: UInt64) { hash = KeyedHash(seed: seed) }

    /// Takes in the next frame. Complexity: O(frame).
    mutating func add(_ frame: Frame) {
        for name in frame.newFieldNames { fieldNames = chain(frame, name, to: fieldNames) }
        for id in frame.newProfiles { profiles = chain(frame, id, to: profiles) }
        for (index, event) in frame.events.enumerated() {
            piece.removeAll()
            EventLeaf.appendHead(
                of: event, in: frame, at: frame.firstPosition.advanced(by: index),
                newProfileCount: 0, to: &piece)
            frame.ordinals[event.ordinalRange].withUnsafeBytes { piece.put($0) }
            events = chain(to: events)
        }
        for record in frame.records { put(frame, record) }
    }

    private mutating func put(_ frame: Frame, _ record: Frame.FieldRecord) {
        piece.removeAll()
        piece.put(record.ordinal)
        for change in frame.changes[record.changeRange] {
            piece.put(change.name)
            piece.put(change.kind.rawValue)
            piece.put(change.value.count)
            piece.put(frame.bytes, change.value.range)
        }
        records = chain(to: records)
    }

    /// The stream behind a text.
    private mutating func chain(_ frame: Frame, _ text: Frame.Slice, to stream: UInt64) -> UInt64 {
        piece.removeAll()
        piece.put(text.count)
        piece.put(frame.bytes, text.range)
        return chain(to: stream)
    }

    /// The stream behind the piece that was put together.
    private func chain(to stream: UInt64) -> UInt64 {
        let own = piece.withUnsafeBytes { hash($0.baseAddress!, $0.count) }
        return withUnsafeBytes(of: (stream, own)) { hash($0.baseAddress!, $0.count) }
    }
}

extension EventDigest {
    /// Whether both have seen the same content.
    func hasSameContent(as other: EventDigest) -> Bool {
        (events, profiles, fieldNames, records)
            == (other.events, other.profiles, other.fieldNames, other.records)
    }
}
