import SegmentModel
import StorageTesting

/// Batches of events from a seed.
///
/// Profiles, fields and event ids come from small pools, so that ordinals, unchanged fields,
/// deleted fields and repeats occur all the time.
struct Workload {
    private var generator: SeededGenerator
    private var serial = 0
    private var hour = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seeds: seed)
    }

    /// The next batch: mostly a few small events, now and then many profiles.
    mutating func nextBatch() -> EventBatch {
        var batch = EventBatch()
        // Now and then one of several frames, which must be found whole or not at all.
        let count = generator.chance(1, in: 5) ? 14 : 1 + generator.below(3)
        for _ in 0..<count { addEvent(to: &batch) }
        return batch
    }

    // MARK: Making events

    private mutating func addEvent(to batch: inout EventBatch) {
        serial += 1
        let segment = SegmentID(Int64(1 + generator.below(4)))
        // Own times go back now and then.
        hour += generator.below(4) - 1
        let time = generator.chance(3, in: 4) ? Self.start.adding(hours: hour) : nil
        // Without one, ledger time would be the clock's.
        let ownTime = time ?? Self.start.adding(hours: hour)
        var eventID = ""
        if generator.chance(1, in: 3) { eventID = "e\(generator.below(serial))" }
        switch generator.below(10) {
        case 0: batch.append(.segmentCleared, segment: segment, ownTime: ownTime, eventID: eventID)
        case 1:
            batch.append(
                .segmentUpdated, segment: segment, ownTime: ownTime, eventID: eventID,
                body: "{\"name\":\"segment \(serial)\"}")
        case 2: batch.append(.integrationPaused, body: "{\"name\":\"lane \(serial)\"}")
        case 3:
            batch.append(
                .profilesUpdated, ownTime: ownTime, eventID: eventID, profiles: someProfiles())
        case 4, 5:
            batch.append(
                .profilesRemoved, segment: segment, ownTime: ownTime, eventID: eventID,
                profiles: someProfiles())
        default:
            batch.append(
                .profilesAdded, segment: segment, ownTime: ownTime, eventID: eventID,
                profiles: someProfiles())
        }
    }

    private mutating func someProfiles() -> [(id: String, fields: [(String, FieldValue)])] {
        let count = generator.chance(1, in: 12) ? 40 : 1 + generator.below(4)
        var ids: Set<Int> = []
        while ids.count < count { ids.insert(generator.below(60 + serial)) }
        return ids.sorted().shuffled(using: &generator).map { number in
            var fields: [(String, FieldValue)] = []
            for name in ["CustomID", "age", "tags"] where generator.chance(1, in: 3) {
                fields.append((name, someValue()))
            }
            return ("profile-\(number)", fields)
        }
    }

    private mutating func someValue() -> FieldValue {
        switch generator.below(5) {
        case 0: .null
        case 1: .boolean(generator.chance(1, in: 2))
        case 2: .number("1.\(generator.below(3))0")
        case 3: .json("[\(generator.below(3))]")
        default: .text("text \(generator.below(3))")
        }
    }

    private static let start = Timestamp(rfc3339: "2026-03-12T10:00:00.000Z")!
}

extension Timestamp {
    fileprivate func adding(hours: Int) -> Timestamp {
        Timestamp(rawValue: rawValue + Int64(hours) * 3_600_000_000)
    }
}
