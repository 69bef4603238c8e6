import FrameCodec
import SegmentModel

/// Frames that follow each other, of any content that the invariants of a frame allow: what each
/// holds and in which form varies with the seed.
struct GeneratedFrames {
    private var random: SeededGenerator
    private var position: UInt64
    private var profileCount: UInt32
    private var nameCount: UInt32
    private var recordedAt: Int64
    private var style: Style

    /// What stays the same in one run of frames.
    private struct Style {
        var eventCountMax: Int
        var profileCountMax: Int
        var textStyle: Int
        var kinds: [EventKind]
        var segments: [Int64]
        var hasOwnTimes: Int
        var hasEventIDs: Int
        var hasRecords: Int
        var hasNewProfiles: Int
        var timeUnit: Int64
        var areTimesWild: Bool
    }

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let kindSets: [[EventKind]] = [
            [.profilesAdded], [.profilesAdded, .profilesRemoved], EventKind.allCases,
            [.segmentCreated, .deliveryRecorded], [.profilesUpdated, .segmentCleared],
        ]
        let isWide = random.chance(2)
        style = Style(
            eventCountMax: [1, 2, 9, 140, 300][random.below(5)],
            profileCountMax: [1, 4, 9, 200][random.below(4)], textStyle: random.below(9),
            kinds: kindSets[random.below(kindSets.count)],
            segments: (0..<[1, 3, 200][random.below(3)]).map { _ in
                isWide
                    ? Int64(bitPattern: random.next())
                    : Int64.random(in: 1...5000, using: &random)
            },
            hasOwnTimes: [0, 4, 8][random.below(3)], hasEventIDs: [0, 4, 8][random.below(3)],
            hasRecords: [0, 1, 7, 8][random.below(4)], hasNewProfiles: [0, 3, 8][random.below(3)],
            timeUnit: [1, 1000, 86_400_000_000][random.below(3)], areTimesWild: random.chance(1))
        position = random.next() >> 20
        profileCount = UInt32(random.below(random.chance(4) ? 10 : 50_000_000))
        nameCount = UInt32(random.below(5))
        recordedAt = 1_770_000_000_000_000
        self.random = random
    }

    /// The frame after the one before.
    mutating func next() -> Frame {
        var frame = Frame(
            firstPosition: Position(position), firstOrdinal: profileCount,
            firstFieldName: nameCount)
        for _ in 0..<1 + random.below(2) {
            frame.newFieldNames.append(store("field \(nameCount)".utf8, &frame))
            nameCount += 1
        }
        for _ in 0..<1 + random.below(style.eventCountMax) {
            if random.chance(2) { recordedAt += Int64(random.below(5_000_000)) }
            addEvent(to: &frame)
        }
        position += UInt64(frame.events.count)
        return frame
    }

    private mutating func addEvent(to frame: inout Frame) {
        let kind = style.kinds[random.below(style.kinds.count)]
        var event = Frame.Event(
            kind: kind, segment: SegmentID(0), time: Timestamp(rawValue: recordedAt),
            recordedAt: Timestamp(rawValue: recordedAt), ownTime: nil, eventID: .empty,
            body: .empty, firstOrdinal: UInt32(frame.ordinals.count), ordinalCount: 0,
            firstRecord: UInt32(frame.records.count), recordCount: 0)
        if kind.hasSegment {
            event.segment = SegmentID(style.segments[random.below(style.segments.count)])
        }
        if !kind.isSystem { addTimes(to: &event) }
        if random.chance(style.hasEventIDs) {
            event.eventID = store(text(Int(position) + frame.events.count), &frame)
            if event.eventID.count > 128 { event.eventID.count = 128 }
        }
        if kind.hasProfiles {
            addOrdinals(to: &event, &frame)
            addRecords(to: &event, &frame)
        } else {
            event.body = store(text(random.below(50)), &frame)
        }
        frame.events.append(event)
    }

    private mutating func addTimes(to event: inout Frame.Event) {
        var own = recordedAt / style.timeUnit * style.timeUnit
        if style.areTimesWild {
            own = Int64(bitPattern: random.next())
            event.time = Timestamp(rawValue: Int64(bitPattern: random.next()))
        } else if style.hasOwnTimes > 0 {
            event.time = Timestamp(rawValue: own)
            if random.chance(1) { own -= style.timeUnit * Int64(random.below(1000)) }
        }
        if random.chance(style.hasOwnTimes) { event.ownTime = Timestamp(rawValue: own) }
    }

    private mutating func addOrdinals(to event: inout Frame.Event, _ frame: inout Frame) {
        var known: Set<UInt32> = []
        var added: [UInt32] = []
        for _ in 0..<random.below(style.profileCountMax + 1) {
            if profileCount == 0 || random.chance(style.hasNewProfiles) {
                added.append(profileCount)
                frame.newProfiles.append(store(text(Int(profileCount)), &frame))
                profileCount += 1
            } else {
                known.insert(UInt32.random(in: 0..<profileCount, using: &random))
            }
        }
        frame.ordinals += known.subtracting(added).sorted() + added
        event.ordinalCount = UInt32(frame.ordinals.count) - event.firstOrdinal
    }

    private mutating func addRecords(to event: inout Frame.Event, _ frame: inout Frame) {
        for ordinal in frame.ordinals[event.ordinalRange] where random.chance(style.hasRecords) {
            let first = frame.changes.count
            for name in 0..<nameCount where random.chance(6) {
                let (kind, value) = value(name)
                let slice = store(value, &frame)
                frame.changes.append(Frame.FieldChange(name: name, kind: kind, value: slice))
            }
            if random.chance(2) { frame.changes[first...].reverse() }
            frame.records.append(
                Frame.FieldRecord(
                    ordinal: ordinal, firstChange: UInt32(first),
                    changeCount: UInt32(frame.changes.count - first)))
        }
        event.recordCount = UInt32(frame.records.count) - event.firstRecord
    }

    // MARK: Texts

    private mutating func value(_ name: UInt32) -> (FieldKind, String.UTF8View) {
        let mantissa = Int64.random(in: -200...100_000, using: &random)
        switch (Int(name) + (random.chance(1) ? 1 : 0)) % 8 {
        case 0: return (.text, text(random.below(1000)))
        case 1: return (.number, "\(mantissa)".utf8)
        case 2: return (.number, "\(mantissa / 100).\(10 + random.below(90))".utf8)
        case 3:
            let odd = [
                "-0", "0.0", "-0.50", "1e5", "1E400", "123456789012345678",
                "1234567890123456789", "-9223372036854775808", "0.00000000000000001",
                "0.000000000000000001", "12345678901234567.1", "-0.0", "1.",
            ]
            return (.number, odd[random.below(odd.count)].utf8)
        case 4: return (.json, "[\(mantissa),{\"a\":null}]".utf8)
        case 5: return (random.chance(4) ? .true : .false, "".utf8)
        case 6: return (random.chance(6) ? .null : .text, "".utf8)
        default: return (.text, ["gold", "silver", "", "bronze"][random.below(4)].utf8)
        }
    }

    private mutating func text(_ number: Int) -> String.UTF8View {
        switch style.textStyle {
        case 0: return "customer-\(number)".utf8
        case 1: return String(String(number + 100_000_000).dropFirst()).utf8
        case 2: return hex(20).utf8
        case 3: return "\(hex(8))-\(hex(4))-4\(hex(3))-\(hex(4))-\(hex(12))".utf8
        case 4: return "\(hex(2 + 2 * random.below(9)))".utf8
        case 5: return "person.\(number % 7)@example-\(number).com".utf8
        case 6: return "C-\(hex(3))-x".utf8
        case 7: return String(repeating: "é\(number)", count: 1 + number % 40).utf8
        default: return ["a", "b", "longer"][number % 3].utf8
        }
    }

    private mutating func hex(_ count: Int) -> String {
        String((0..<count).map { _ in "0123456789abcdef".randomElement(using: &random)! })
    }

    private func store(_ text: some Collection<UInt8>, _ frame: inout Frame) -> Frame.Slice {
        defer { frame.bytes.append(contentsOf: text) }
        guard text.count > 0 else { return .empty }
        return Frame.Slice(offset: UInt32(frame.bytes.count), count: UInt32(text.count))
    }
}
