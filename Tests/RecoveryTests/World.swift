import Ledger
import SegmentModel
import StorageTesting

/// A ledger of random events, and beside it a plain model of what they mean.
struct World {
    struct State {
        var members: [Int64: Set<String>] = [:]
        var fields: [String: [String: FieldValue]] = [:]
        /// Positions of the events that touch a profile.
        var touched: [String: [UInt64]] = [:]
        var time: Timestamp?
        /// The newest platform event.
        var lastPlatform: Position?
    }

    /// The state after each position.
    private(set) var states: [State] = []
    private var state = State()
    private var day = 0

    private static let base = Timestamp(rfc3339: "2020-01-01T00:00:00Z")!

    /// Appends batches of a few events each.
    mutating func fill(
        _ ledger: some Ledger, batchCount: Int, _ generator: inout SeededGenerator
    ) async throws {
        for _ in 0..<batchCount {
            var batch = EventBatch()
            for _ in 0...generator.below(4) { add(to: &batch, &generator) }
            _ = try await ledger.append(batch)
        }
    }

    private mutating func add(to batch: inout EventBatch, _ generator: inout SeededGenerator) {
        let segment = Int64(generator.below(4)) + 1
        day += generator.below(3) - 1
        let own = Self.base.advanced(byMicroseconds: Int64(day) * 1_000_000)
        let id = generator.below(2) == 0 ? "e\(states.count)" : ""
        let kinds: [EventKind] = [
            .profilesAdded, .profilesAdded, .profilesAdded, .profilesRemoved, .profilesUpdated,
            .segmentCleared, .segmentDeleted, .segmentCreated, .integrationPaused,
        ]
        let kind = kinds[generator.below(kinds.count)]
        switch kind {
        case .profilesAdded, .profilesRemoved, .profilesUpdated:
            let profiles = (0...generator.below(5)).map { _ in
                (id: "p\(generator.below(40))é", fields: randomFields(&generator))
            }
            batch.append(
                kind, segment: SegmentID(kind.hasSegment ? segment : 0), ownTime: own, eventID: id,
                profiles: profiles)
            apply(kind, segment, profiles)
        case .integrationPaused:
            batch.append(kind, body: "{\"integration\":\"i\"}")
        default:
            let body = kind == .segmentCreated ? "{\"segment_name\":\"n\(states.count)\"}" : ""
            batch.append(
                kind, segment: SegmentID(segment), ownTime: own, eventID: id, body: body)
            if kind != .segmentCreated { empty(segment) }
        }
        if !kind.isSystem {
            state.time = max(state.time ?? own, own)
            state.lastPlatform = Position(UInt64(states.count))
        }
        states.append(state)
    }

    private mutating func randomFields(
        _ generator: inout SeededGenerator
    ) -> [(name: String, value: FieldValue)] {
        (0..<generator.below(3)).map { _ in
            let values: [FieldValue] = [
                .null, .boolean(true), .number("1.10"), .text("t\(generator.below(3))"),
                .json("[1]"),
            ]
            return ("f\(generator.below(6))", values[generator.below(values.count)])
        }
    }

    private mutating func apply(
        _ kind: EventKind, _ segment: Int64,
        _ profiles: [(id: String, fields: [(name: String, value: FieldValue)])]
    ) {
        for profile in profiles {
            if kind == .profilesAdded { state.members[segment, default: []].insert(profile.id) }
            if kind == .profilesRemoved { state.members[segment]?.remove(profile.id) }
            touch(profile.id)
            for field in profile.fields {
                state.fields[profile.id, default: [:]][field.name] =
                    field.value == .null ? nil : field.value
            }
        }
    }

    private mutating func empty(_ segment: Int64) {
        for id in state.members[segment] ?? [] { touch(id) }
        state.members[segment] = []
    }

    private mutating func touch(_ id: String) {
        let position = UInt64(states.count)
        if state.touched[id]?.last != position { state.touched[id, default: []].append(position) }
    }
}
