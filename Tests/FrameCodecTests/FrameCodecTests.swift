import FrameCodec
import SegmentModel
import Testing

@Suite struct FrameCodecTests {
    static func sample() -> Frame {
        var frame = Frame(
            firstPosition: Position(7), firstOrdinal: 3, firstFieldName: 0)
        let recordedAt = Timestamp(rawValue: 1_700_000_000_000_000)
        func store(_ text: String) -> Frame.Slice {
            let offset = frame.bytes.count
            frame.bytes.append(contentsOf: text.utf8)
            return Frame.Slice(offset: UInt32(offset), count: UInt32(text.utf8.count))
        }
        frame.newProfiles = [store("profile-1"), store("profile-12"), store("é")]
        frame.newFieldNames = [store("CustomID"), store("age")]
        frame.ordinals = [3, 4, 5, 0, 70_000]
        frame.events = [
            Frame.Event(
                kind: .segmentCreated, segment: SegmentID(-9), time: Timestamp(rawValue: 5),
                recordedAt: recordedAt, ownTime: nil, eventID: .empty,
                body: store("{\"segment_name\":\"x\"}"),
                firstOrdinal: 0, ordinalCount: 0, firstRecord: 0, recordCount: 0),
            Frame.Event(
                kind: .profilesAdded, segment: SegmentID(Int64.max), time: Timestamp(rawValue: 9),
                recordedAt: recordedAt, ownTime: Timestamp(rawValue: 2), eventID: store("00ff17"),
                body: .empty,
                firstOrdinal: 0, ordinalCount: 3, firstRecord: 0, recordCount: 2),
            Frame.Event(
                kind: .profilesRemoved, segment: SegmentID(Int64.min),
                time: Timestamp(rawValue: 9), recordedAt: recordedAt,
                ownTime: Timestamp(rawValue: 9),
                eventID: store("Some id"), body: .empty, firstOrdinal: 3, ordinalCount: 2,
                firstRecord: 2, recordCount: 0),
            Frame.Event(
                kind: .deliveryRecorded, segment: SegmentID(0), time: recordedAt,
                recordedAt: recordedAt, ownTime: nil, eventID: .empty, body: store("{}"),
                firstOrdinal: 5,
                ordinalCount: 0, firstRecord: 2, recordCount: 0),
        ]
        let values: [(UInt32, FieldKind, String)] = [
            (0, .text, "C-1"), (1, .number, "31"), (0, .text, "C-12"), (1, .number, "-1.50"),
            (2, .number, "1e400"), (3, .json, "[1,{\"a\":null}]"), (4, .null, ""),
            (5, .true, ""), (6, .number, "0.00"), (7, .number, "-0"), (8, .text, ""),
        ]
        frame.records = [
            Frame.FieldRecord(ordinal: 3, firstChange: 0, changeCount: 2),
            Frame.FieldRecord(
                ordinal: 5, firstChange: 2, changeCount: UInt32(values.count - 2)),
        ]
        for (name, kind, text) in values {
            frame.changes.append(Frame.FieldChange(name: name, kind: kind, value: store(text)))
        }
        return frame
    }

    static func encoded(_ frame: Frame) -> (FrameHeader, [UInt8]) {
        var codec = FrameCodec()
        var output: [UInt8] = []
        let template = FrameHeader(
            kind: .data, salt: 42, frameNumber: 3, durableUpTo: 640, firstPosition: Position(0))
        let header = codec.encode(frame, header: template, into: &output)
        return (header, output)
    }

    /// The frame's content as text: independent of where bytes stand.
    static func content(_ frame: Frame) -> [String] {
        var lines = ["\(frame.firstPosition) \(frame.firstOrdinal) \(frame.firstFieldName)"]
        lines += frame.newProfiles.map(frame.string) + frame.newFieldNames.map(frame.string)
        for event in frame.events {
            lines.append(
                "\(event.kind) \(event.segment) \(event.time.rawValue) "
                    + "\(event.recordedAt.rawValue) \(event.ownTime?.rawValue ?? -1) "
                    + "\(frame.string(event.eventID)) "
                    + "\(frame.string(event.body)) \(frame.ordinals[event.ordinalRange])")
            for record in frame.records[event.recordRange] {
                for change in frame.changes[record.changeRange] {
                    lines.append(
                        "  \(record.ordinal) \(change.name) \(change.kind) "
                            + frame.string(change.value))
                }
            }
        }
        return lines
    }

    @Test("INV-2: a frame reads back as it was written")
    func roundTrip() throws {
        let frame = Self.sample()
        let (header, bytes) = Self.encoded(frame)
        #expect(bytes.count == header.frameByteCount)
        #expect(bytes.count % 64 == 0)
        let decoded = try bytes.withUnsafeBytes {
            try FrameCodec.decode(try FrameHeader($0), in: $0)
        }
        #expect(Self.content(decoded) == Self.content(frame))
    }

    @Test("INV-2: every flipped bit of a frame is noticed")
    func everyBit() {
        let (_, bytes) = Self.encoded(Self.sample())
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: FrameError.self, "bit \(bit)") {
                try damaged.withUnsafeBytes {
                    _ = try FrameCodec.decode(try FrameHeader($0), in: $0)
                }
            }
        }
    }

    @Test("INV-2: a payload of any bytes gives an error or a frame, never a trap")
    func anyPayload() throws {
        let (header, bytes) = Self.encoded(Self.sample())
        let payload = try bytes.withUnsafeBytes { try FrameCodec.payload(of: header, in: $0) }
        var decoded = 0
        for index in payload.indices {
            for value in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
                var damaged = payload
                damaged[index] = value
                do {
                    _ = try FrameCodec.decode(header, payload: damaged)
                    decoded += 1
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
            let cut = Array(payload[..<index])
            #expect(throws: FrameError.self) { try FrameCodec.decode(header, payload: cut) }
        }
        #expect(decoded > 0)
    }
}
