import FrameCodec
import Projection
import ProjectionModel
import SegmentModel

/// A history made by a test: events with typed contents, and the frames that hold them in any
/// split. An event's body is the index of its content in the script.
struct Script: Sendable {
    typealias Content = ModelEvent.Content
    typealias Change = ModelEvent.Change
    typealias Event = ModelEvent

    /// By number.
    static let fieldNames = ["name", "e\u{301}", "\u{e9}", "a\u{0}b"]
    static func fieldName(_ number: UInt32) -> String { fieldNames[Int(number)] }

    static let firstTime: Int64 = 1_770_000_000_000_000
    /// Events after which the recorded time moves on.
    static let tickLength = 20

    var events: [Event] = []

    /// What the oracle says of all of it.
    var model: Model {
        var model = Model(fieldName: Self.fieldName)
        for index in events.indices {
            model.apply(events[index], at: Position(UInt64(index)), time: time(index))
        }
        return model
    }

    func recordedAt(_ index: Int) -> Timestamp {
        Timestamp(rawValue: Self.firstTime + Int64(index / Self.tickLength) * 35_000_000)
    }

    /// Ledger time of a platform event, the frame's of a system event.
    func time(_ index: Int) -> Timestamp {
        events[index].kind.isSystem
            ? recordedAt(index) : recordedAt(index).advanced(byMicroseconds: Int64(index % 20))
    }

    /// One frame of the events `range`.
    func frame(_ range: Range<Int>) -> Frame {
        var frame = Frame(
            firstPosition: Position(UInt64(range.lowerBound)),
            firstOrdinal: events[..<range.lowerBound].flatMap(\.changes).map { $0.ordinal + 1 }
                .max() ?? 0,
            firstFieldName: 0)
        for index in range {
            let event = events[index]
            let firstOrdinal = UInt32(frame.ordinals.count)
            let firstRecord = UInt32(frame.records.count)
            for change in event.changes {
                frame.ordinals.append(change.ordinal)
                if change.fields.isEmpty { continue }
                frame.records.append(
                    Frame.FieldRecord(
                        ordinal: change.ordinal, firstChange: UInt32(frame.changes.count),
                        changeCount: UInt32(change.fields.count)))
                for field in change.fields {
                    let value = store(field.value.bytes, in: &frame)
                    frame.changes.append(
                        Frame.FieldChange(name: field.name, kind: field.value.kind, value: value))
                }
            }
            frame.events.append(
                Frame.Event(
                    kind: event.kind, segment: event.segment, time: time(index),
                    recordedAt: recordedAt(index), ownTime: nil, eventID: .empty,
                    body: store("\(index)".utf8, in: &frame),
                    firstOrdinal: firstOrdinal,
                    ordinalCount: UInt32(frame.ordinals.count) - firstOrdinal,
                    firstRecord: firstRecord,
                    recordCount: UInt32(frame.records.count) - firstRecord))
        }
        return frame
    }

    /// Frames of all events, split by chance.
    func frames(_ random: inout SeededGenerator) -> [Frame] {
        var frames: [Frame] = []
        var start = 0
        for index in 1...events.count {
            if index == events.count || random.next() % 4 == 0 {
                frames.append(frame(start..<index))
                start = index
            }
        }
        return frames
    }

    private func store(_ bytes: some Collection<UInt8>, in frame: inout Frame) -> Frame.Slice {
        defer { frame.bytes.append(contentsOf: bytes) }
        return Frame.Slice(offset: UInt32(frame.bytes.count), count: UInt32(bytes.count))
    }
}

extension Script {
    struct WrongBody: Error {}

    /// Reads the contents back; throws `WrongBody` for the event that `refuses` says.
    func decoder(
        refuses: @escaping @Sendable (Int) -> Bool = { _ in false }
    ) -> SystemEventDecoder {
        let events = events
        @Sendable func content<Value>(
            _ bytes: UnsafeRawBufferPointer, _ unwrap: (Content) -> Value?
        ) throws -> Value {
            guard let index = Int(String(decoding: bytes, as: UTF8.self)), !refuses(index),
                let value = unwrap(events[index].content)
            else { throw WrongBody() }
            return value
        }
        return SystemEventDecoder(
            description: {
                try content($0) { if case .description(let value) = $0 { value } else { nil } }
            },
            configuration: {
                try content($0) { if case .configuration(let value) = $0 { value } else { nil } }
            },
            integrationName: {
                try content($0) { if case .integration(let value) = $0 { value } else { nil } }
            },
            receipt: {
                try content($0) { if case .receipt(let value) = $0 { value } else { nil } }
            },
            resyncRequest: {
                try content($0) { if case .request(let value) = $0 { value } else { nil } }
            },
            resyncResult: {
                try content($0) { if case .result(let value) = $0 { value } else { nil } }
            },
            lane: {
                try content($0) { if case .lane(let value) = $0 { value } else { nil } }
            },
            parkedChange: {
                try content($0) { if case .parked(let value) = $0 { value } else { nil } }
            },
            parkedSelection: {
                try content($0) { if case .selection(let value) = $0 { value } else { nil } }
            },
            deliveryStart: {
                try content($0) { if case .start(let value) = $0 { value } else { nil } }
            },
            adoption: {
                try content($0) { if case .adoption(let value) = $0 { value } else { nil } }
            },
            grade: {
                try content($0) { if case .grade(let value) = $0 { value } else { nil } }
            })
    }
}

extension ProjectionStore {
    /// Frames of a script.
    func fold(_ frames: [Frame]) async throws {
        try await fold(frames, fieldName: Script.fieldName)
    }
}
