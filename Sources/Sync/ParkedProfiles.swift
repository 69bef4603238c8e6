internal import Projection
internal import SegmentModel

/// The profiles of a lane whose changes are set aside, and which of their changes the ledger says
/// so of. What such a profile does later is set aside too, so that its order is kept.
struct ParkedProfiles: Equatable, Sendable {
    private var positions: [UInt32: Set<Position>] = [:]

    init(_ rows: [ParkedRow] = []) {
        for row in rows { insert(row.change.profile.rawValue, at: row.change.position) }
    }

    var isEmpty: Bool { positions.isEmpty }

    var profiles: Set<UInt32> { Set(positions.keys) }

    func holds(_ profile: UInt32) -> Bool { positions[profile] != nil }

    /// Whether the profile's change in the event at `position` is recorded as set aside.
    func contains(_ profile: UInt32, at position: Position) -> Bool {
        positions[profile]?.contains(position) ?? false
    }

    mutating func insert(_ profile: UInt32, at position: Position) {
        positions[profile, default: []].insert(position)
    }

    mutating func remove(_ profile: UInt32, at position: Position) {
        positions[profile]?.remove(position)
        if positions[profile]?.isEmpty ?? false { positions[profile] = nil }
    }

    /// A cleared segment settles what came before.
    mutating func removeAll(before position: Position) {
        positions = positions.compactMapValues { all in
            let later = all.filter { $0 >= position }
            return later.isEmpty ? nil : later
        }
    }
}
