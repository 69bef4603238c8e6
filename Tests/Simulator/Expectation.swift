import FrameCodec
import Ledger
import Projection
import ProjectionModel
import SegmentModel

/// What a lane's tables hold once the ledger is delivered up to a cursor: its changes one after the
/// other, in plain words.
struct Expectation {
    /// What the queries of an integration make of a profile.
    struct Shape {
        /// The field that rows are found by; nil: the profile's id.
        var key: String?
        var updates: IntegrationDefinition.Updates
    }

    /// By key: what else the row holds.
    private(set) var rows: [String: String] = [:]
    /// Of a log: how often each line stands there.
    private(set) var lines: [String: Int] = [:]
    /// nil: the segment is not there.
    private(set) var name: String?

    private let state: SimulatedState
    private let ledger: SimulatedLedger
    private let shape: Shape
    /// Members, and the last event that spoke of each.
    private var members: [UInt32: Position] = [:]
    private var description = SegmentDescription()

    init(
        _ projections: SimulatedProjections, _ shape: Shape, _ segment: SegmentID,
        at cursor: LaneCursor
    ) {
        state = projections.state
        ledger = projections.ledger
        self.shape = shape
        var changes: [Position: RowChange] = [:]
        for change in state.model.rowChanges[segment] ?? [] { changes[change.position] = change }
        for frame in ledger.frames {
            for (index, event) in frame.events.enumerated() {
                let position = frame.firstPosition.advanced(by: index)
                let isOwn = event.kind.hasSegment && event.segment == segment
                let isDone = cursor.position.map { position <= $0 } ?? false
                let isNext = cursor.profileCount > 0
                guard isDone || isNext else { break }
                let content = SimulatedProjections.modelEvent(event, of: frame)
                var profiles = content.changes.map(\.ordinal)
                if !isOwn {
                    guard let change = changes[position], isFollowed(change) else { continue }
                    profiles = change.profiles
                }
                if !isDone { profiles = Array(profiles.prefix(cursor.profileCount)) }
                take(event.kind, content, profiles, isOwn: isOwn, at: position)
                if !isDone {
                    finish(at: cursor)
                    return
                }
            }
        }
        finish(at: cursor)
    }

    private func isFollowed(_ change: RowChange) -> Bool {
        change.names.contains { number in
            let name = ledger.fieldName(number)
            return name == shape.key || (name == "name" && shape.updates == .follow)
        }
    }

    private mutating func take(
        _ kind: EventKind, _ event: ModelEvent, _ profiles: [UInt32], isOwn: Bool,
        at position: Position
    ) {
        guard isOwn else {
            for profile in profiles where members[profile] != nil { members[profile] = position }
            return
        }
        if kind != .segmentDeleted, name == nil { name = "" }
        switch kind {
        case .segmentCreated, .segmentUpdated:
            if case .description(let said) = event.content { description.merge(said) }
        case .profilesAdded:
            for profile in profiles { members[profile] = position }
            count(profiles, "+")
        case .profilesRemoved:
            for profile in profiles { members[profile] = nil }
            count(profiles, "-")
        case .segmentCleared: members = [:]
        case .segmentDeleted:
            members = [:]
            name = nil
        default: preconditionFailure("\(kind.name) speaks of no segment")
        }
    }

    private mutating func count(_ profiles: [UInt32], _ sign: String) {
        for profile in profiles {
            lines[ledger.profileIDs[Int(profile)] + sign, default: 0] += 1
        }
    }

    /// Rows follow their members, whether a change or a rebuild wrote them.
    private mutating func finish(at cursor: LaneCursor) {
        if name != nil { name = description.name ?? "" }
        // Of members with one key the last has the row.
        for (profile, image) in members.sorted(by: { $0.key < $1.key }) {
            let last = cursor.position.map { max($0, image) } ?? image
            let fields = state.fields(of: profile, asOf: last)
            func value(_ field: String) -> String? {
                let found = fields.first { ledger.fieldName($0.key) == field }?.value
                guard case .text(let text)? = found else { return nil }
                return text
            }
            let key = shape.key.map(value) ?? ledger.profileIDs[Int(profile)]
            // What a profile lacks is written as an empty text.
            if let key { rows[key] = value("name") ?? "" }
        }
    }
}
