internal import EventJSON
internal import FrameCodec
internal import Ledger
internal import SegmentModel

/// A segment folded from the ledger up to a position: what it was called and who was in it.
struct SegmentFold: Sendable {
    var description = SegmentDescription()
    /// An event spoke of it, and no later one deleted it.
    private(set) var exists = false
    /// Ledger time of the last event.
    private(set) var lastTime = Timestamp(rawValue: 0)
    private(set) var members: Set<UInt32> = []
    /// Everybody who was ever named with the segment.
    private(set) var everNamed: Set<UInt32> = []
    private let keepsMembers: Bool

    init(keepsMembers: Bool) { self.keepsMembers = keepsMembers }

    /// - Concurrency: blocks on file reads.
    static func fold(
        _ ledger: any Ledger, _ segment: SegmentID, through last: Position?, keepsMembers: Bool
    ) throws -> SegmentFold {
        var fold = SegmentFold(keepsMembers: keepsMembers)
        var at: Position?
        guard let last else { return fold }
        while let frame = try ledger.changes(of: segment, after: at), frame.firstPosition <= last {
            var next = frame.index(behind: at)
            while let index = frame.nextEvent(of: segment, from: next) {
                guard frame.firstPosition.advanced(by: index) <= last else { break }
                let event = frame.events[index]
                next = index + 1
                fold.lastTime = event.time
                try fold.apply(
                    event.kind, body: frame.bytes[event.body.range],
                    ordinals: frame.ordinals[event.ordinalRange])
            }
            at = frame.endPosition.predecessor
        }
        return fold
    }

    mutating func apply(
        _ kind: EventKind, body: some Collection<UInt8>, ordinals: some Sequence<UInt32>
    ) throws {
        exists = kind != .segmentDeleted
        switch kind {
        case .segmentCreated, .segmentUpdated:
            description.merge(try SegmentDescription.decode(body))
        case .profilesAdded:
            if keepsMembers {
                members.formUnion(ordinals)
                everNamed.formUnion(ordinals)
            }
        case .profilesRemoved:
            if keepsMembers {
                members.subtract(ordinals)
                everNamed.formUnion(ordinals)
            }
        case .segmentCleared, .segmentDeleted: members.removeAll()
        default: break
        }
    }
}
