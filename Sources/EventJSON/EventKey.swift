package import SegmentModel

/// The keys of an event's object, and which kind of event takes which.
package enum EventKey: String, CaseIterable, Sendable {
    case type
    case eventID = "event_id"
    case time
    case segmentID = "segment_id"
    case segmentName = "segment_name"
    case databaseID = "database_id"
    case tags
    case groups
    case profiles

    /// Keys that an event of this kind cannot do without.
    package static func required(by kind: EventKind) -> [EventKey] {
        var keys = [EventKey.type]
        if kind.hasSegment { keys.append(.segmentID) }
        if kind == .segmentCreated { keys.append(.segmentName) }
        if kind.hasProfiles { keys.append(.profiles) }
        return keys
    }

    /// Keys that an event of this kind may have beside the required ones.
    package static func optional(for kind: EventKind) -> [EventKey] {
        switch kind {
        case .segmentCreated: [.eventID, .time, .databaseID, .tags, .groups]
        case .segmentUpdated: [.eventID, .time] + descriptive
        default: [.eventID, .time]
        }
    }

    /// Keys that describe a segment.
    package static let descriptive: [EventKey] = [.segmentName, .databaseID, .tags, .groups]

    var bit: UInt16 {
        switch self {
        case .type: 1
        case .eventID: 2
        case .time: 4
        case .segmentID: 8
        case .segmentName: 16
        case .databaseID: 32
        case .tags: 64
        case .groups: 128
        case .profiles: 256
        }
    }

    /// The key of this name, if there is one. Allocates nothing.
    init?(word: UnsafeRawBufferPointer) {
        guard let candidate = EventKey.candidate(for: word) else { return nil }
        let name = candidate.word
        for index in 0..<word.count where word[index] != name.utf8Start[index] { return nil }
        self = candidate
    }

    /// The one key that has the length and the first letters of this name.
    private static func candidate(for word: UnsafeRawBufferPointer) -> EventKey? {
        switch word.count {
        case 4 where word[1] == UInt8(ascii: "y"): .type
        case 4 where word[1] == UInt8(ascii: "i"): .time
        case 4: .tags
        case 6: .groups
        case 8 where word[0] == UInt8(ascii: "p"): .profiles
        case 8: .eventID
        case 10: .segmentID
        case 11: .databaseID
        case 12: .segmentName
        default: nil
        }
    }

    private var word: StaticString {
        switch self {
        case .type: "type"
        case .eventID: "event_id"
        case .time: "time"
        case .segmentID: "segment_id"
        case .segmentName: "segment_name"
        case .databaseID: "database_id"
        case .tags: "tags"
        case .groups: "groups"
        case .profiles: "profiles"
        }
    }
}

/// A set of keys, as bits.
struct EventKeySet {
    private var bits: UInt16 = 0

    init(_ keys: [EventKey] = []) {
        for key in keys { bits |= key.bit }
    }

    func contains(_ key: EventKey) -> Bool { bits & key.bit != 0 }

    func isSubset(of other: EventKeySet) -> Bool { bits & ~other.bits == 0 }

    func isDisjoint(with other: EventKeySet) -> Bool { bits & other.bits == 0 }

    /// False if the key was in the set before.
    mutating func insert(_ key: EventKey) -> Bool {
        guard bits & key.bit == 0 else { return false }
        bits |= key.bit
        return true
    }
}
