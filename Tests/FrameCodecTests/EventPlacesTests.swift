import FrameCodec
import SegmentModel
import Testing

@Suite("The events of a segment in a frame")
struct EventPlacesTests {
    private static func frame(_ events: [(kind: EventKind, segment: Int64)]) -> Frame {
        var frame = Frame(firstPosition: Position(7), firstOrdinal: 0, firstFieldName: 0)
        frame.events = events.map { kind, segment in
            Frame.Event(
                kind: kind, segment: SegmentID(segment), time: Timestamp(rawValue: 0),
                recordedAt: Timestamp(rawValue: 0), ownTime: nil, eventID: .empty,
                body: .empty, firstOrdinal: 0, ordinalCount: 0, firstRecord: 0, recordCount: 0)
        }
        return frame
    }

    @Test("From wherever it is asked, the next event of the segment is found, and no other's")
    func next() {
        var generator = SeededGenerator(seed: 7)
        let kinds: [EventKind] = [
            .profilesAdded, .profilesRemoved, .segmentCleared, .deliveryRecorded, .profilesUpdated,
        ]
        for count in [0, 1, 63, 64, 65, 300] {
            for segments: UInt64 in [1, 4, 200] {
                let events = (0..<count).map { _ in
                    (kinds[Int(generator.next() % 5)], Int64(generator.next() % segments) - 2)
                }
                let frame = Self.frame(events)
                for segment in Int64(-3)...3 {
                    for start in -1...(count + 1) {
                        let naive = frame.events.indices.first { index in
                            let event = frame.events[index]
                            return index >= start && event.kind.hasSegment
                                && event.segment == SegmentID(segment)
                        }
                        #expect(frame.nextEvent(of: SegmentID(segment), from: start) == naive)
                    }
                }
            }
        }
    }
}
