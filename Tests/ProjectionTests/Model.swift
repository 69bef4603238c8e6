import Projection
import SegmentModel

/// The oracle: the same state in plain dictionaries, one event at a time.
struct Model {
    struct Segment: Equatable {
        var description = SegmentDescription(name: "")
        var members: Set<UInt32> = []
        var first: Position
        var last: Position
        var createdAt: Timestamp
        var updatedAt: Timestamp
        var deleted: Position?
    }

    struct Integration: Equatable {
        var first: Position
        var isActive: Bool
        var stopMessage: String?
        var lastSuccess: Timestamp?
        var lastError: Timestamp?
    }

    struct Lane: Equatable {
        var cursor = LaneCursor(position: nil)
        var epoch: Int64 = 0
        var queries = 0
        var lastResync: Position?
        var pendingResync: Position?
        var hasLeft = false
    }

    var segments: [SegmentID: Segment] = [:]
    var fields: [UInt32: [(position: Position, fields: [UInt32: FieldValue])]] = [:]
    var integrations: [String: Integration] = [:]
    var lanes: [LaneKey: Lane] = [:]
    var requests: [Position: (request: ResyncRequest, outcome: ResyncResult.Outcome?)] = [:]
    var counts: [String: [Int64: Statistics.Counts]] = [:]
    var errors: [String: [Position]] = [:]
    var configurations: [Position] = []

    init(_ script: Script) {
        for index in script.events.indices {
            apply(script.events[index], Position(UInt64(index)), script.time(index))
        }
    }

    private mutating func apply(_ event: Script.Event, _ position: Position, _ time: Timestamp) {
        if event.kind.hasSegment {
            applySegment(event, position, time)
        }
        for change in event.changes where !change.fields.isEmpty {
            var current = fields[change.ordinal]?.last?.fields ?? [:]
            for field in change.fields {
                current[field.name] = field.value == .null ? nil : field.value
            }
            fields[change.ordinal, default: []].append((position, current))
        }
        switch (event.kind, event.content) {
        case (.configurationApplied, .configuration(let changes)):
            configurations.append(position)
            applyConfiguration(changes, position)
        case (.integrationPaused, .integration(let name)):
            integrations[name]?.isActive = false
        case (.integrationResumed, .integration(let name)):
            integrations[name]?.isActive = true
            integrations[name]?.stopMessage = nil
        case (_, .receipt(let receipt)):
            applyReceipt(receipt, position, time)
        case (_, .request(let request)):
            requests[position] = (request, nil)
            for segment in request.segments {
                let key = LaneKey(integration: request.integration, segment: segment)
                lanes[key, default: Lane()].pendingResync = position
                lanes[key]?.hasLeft = false
            }
        case (_, .result(let result)):
            applyResult(result)
        case (_, .lane(let key)):
            lanes[key, default: Lane()].hasLeft = true
        default: break
        }
    }

    private mutating func applySegment(
        _ event: Script.Event, _ position: Position, _ time: Timestamp
    ) {
        var segment =
            segments[event.segment]
            ?? Segment(first: position, last: position, createdAt: time, updatedAt: time)
        segment.last = position
        segment.updatedAt = time
        segment.deleted = event.kind == .segmentDeleted ? position : nil
        let ordinals = event.changes.map(\.ordinal)
        switch event.kind {
        case .profilesAdded: segment.members.formUnion(ordinals)
        case .profilesRemoved: segment.members.subtract(ordinals)
        case .segmentCleared, .segmentDeleted: segment.members = []
        default:
            if case .description(let description) = event.content {
                segment.description.merge(description)
            }
        }
        segments[event.segment] = segment
    }

    private mutating func applyConfiguration(
        _ changes: SystemEventDecoder.IntegrationChanges, _ position: Position
    ) {
        for name in changes.removed {
            integrations[name] = nil
            for key in lanes.keys where key.integration == name {
                lanes[key]?.hasLeft = true
                lanes[key]?.pendingResync = nil
            }
            for (position, entry) in requests
            where entry.request.integration == name && entry.outcome == nil {
                requests[position]?.outcome = .cancelled
            }
        }
        for setting in changes.set {
            integrations[
                setting.name, default: Integration(first: position, isActive: true)
            ].isActive = setting.isActive
            integrations[setting.name]?.stopMessage = nil
        }
    }

    private mutating func applyReceipt(
        _ receipt: Receipt, _ position: Position, _ time: Timestamp
    ) {
        let name = receipt.lane.integration
        var counts = Statistics.Counts()
        counts.successfulQueries = receipt.successfulQueryCount
        counts.failedQueries = receipt.failedQueryCount
        if receipt.outcome == .delivered, lanes[receipt.lane] == nil {
            lanes[receipt.lane] = Lane()
        }
        lanes[receipt.lane]?.queries += receipt.successfulQueryCount
        if receipt.outcome == .delivered {
            counts.profiles = receipt.profileCount
            counts.rows = receipt.rowCount ?? 0
            lanes[receipt.lane]?.cursor = receipt.cursor
            lanes[receipt.lane]?.epoch = receipt.epoch
            integrations[name]?.lastSuccess = time
        } else {
            errors[name, default: []].append(position)
            integrations[name]?.lastError = time
        }
        if receipt.outcome == .stopped {
            integrations[name]?.stopMessage = receipt.errorMessage
        }
        self.counts[name, default: [:]][time.minute, default: Statistics.Counts()].add(counts)
    }

    private mutating func applyResult(_ result: ResyncResult) {
        guard let entry = requests[result.request] else { return }
        if entry.outcome == nil { requests[result.request]?.outcome = result.outcome }
        for segment in entry.request.segments {
            let key = LaneKey(integration: result.integration, segment: segment)
            if result.outcome == .done { lanes[key]?.lastResync = result.request }
            if lanes[key]?.pendingResync == result.request { lanes[key]?.pendingResync = nil }
        }
    }
}
