package import Projection
package import SegmentModel

/// The oracle: the projections' state in plain dictionaries, one event at a time.
package struct Model: Sendable {
    package struct Segment: Equatable, Sendable {
        package var description = SegmentDescription(name: "")
        package var members: Set<UInt32> = []
        package var first: Position
        package var last: Position
        package var createdAt: Timestamp
        package var updatedAt: Timestamp
        package var deleted: Position?
    }

    package struct Integration: Equatable, Sendable {
        package var first: Position
        package var isActive: Bool
        package var stop: IntegrationRow.Stop?
        package var lastSuccess: Timestamp?
        package var lastError: Timestamp?
        package var grade: GradeRecord?
    }

    package struct Lane: Equatable, Sendable {
        package var cursor = LaneCursor(position: nil)
        package var epoch: Int64 = 0
        package var queries = 0
        package var fingerprint: Fingerprint?
        package var lastResync: Position?
        package var pendingResync: Position?
        package var hasLeft = false
        package var unfilled: Position?
        package var failing: Position?
        package var started: DeliveryStart?
    }

    package struct Parked: Equatable, Sendable {
        package var position: Position
        package var change: ParkedChange
        package var due: Position?

        package init(position: Position, change: ParkedChange, due: Position?) {
            self.position = position
            self.change = change
            self.due = due
        }
    }

    package private(set) var segments: [SegmentID: Segment] = [:]
    package private(set) var fields:
        [UInt32: [(position: Position, fields: [UInt32: FieldValue])]] = [:]
    package private(set) var integrations: [String: Integration] = [:]
    package private(set) var lanes: [LaneKey: Lane] = [:]
    package private(set) var requests: [Position: ResyncRequest] = [:]
    package private(set) var ends: [Position: [SegmentID: ResyncResult.Outcome]] = [:]
    package private(set) var counts: [String: [Int64: Statistics.Counts]] = [:]
    package private(set) var errors: [String: [Position]] = [:]
    package private(set) var configurations: [Position] = []
    package private(set) var rowFields: [String: Set<ExactText>] = [:]
    package private(set) var rowChanges: [SegmentID: [RowChange]] = [:]
    package private(set) var rowKeys: RowKeyModel
    /// In the order of the events that set them aside.
    package private(set) var parked: [Parked] = []

    private let fieldName: @Sendable (UInt32) -> String

    /// - Parameter fieldName: what the number of a field stands for.
    package init(fieldName: @escaping @Sendable (UInt32) -> String) {
        self.fieldName = fieldName
        rowKeys = RowKeyModel(fieldName: fieldName)
    }

    package mutating func apply(_ event: ModelEvent, at position: Position, time: Timestamp) {
        applyRows(event, position, time)
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
        rowKeys.apply(event, fields)
        switch (event.kind, event.content) {
        case (.configurationApplied, .configuration(let changes)):
            configurations.append(position)
            applyConfiguration(changes, position)
        case (.integrationPaused, .integration(let name)):
            integrations[name]?.isActive = false
        case (.integrationResumed, .integration(let name)):
            integrations[name]?.isActive = true
            integrations[name]?.stop = nil
            retryFills(name)
        case (_, .receipt(let receipt)):
            applyReceipt(receipt, position, time)
        case (_, .request(let request)):
            requests[position] = request
            for segment in request.segments {
                let key = LaneKey(integration: request.integration, segment: segment)
                let needsRows = lanes[key].map { $0.hasLeft || $0.unfilled != nil } ?? true
                lanes[key, default: Lane()].pendingResync = position
                lanes[key]?.unfilled = needsRows ? position : nil
                lanes[key]?.hasLeft = false
            }
        case (_, .result(let result)):
            applyResult(result)
        case (_, .lane(let key)):
            lanes[key, default: Lane()].hasLeft = true
            parked.removeAll { $0.change.lane == key }
        case (_, .start(let start)):
            lanes[start.lane, default: Lane()].started = start
        case (_, .adoption(let adoption)):
            lanes[adoption.lane]?.cursor = adoption.cursor
            lanes[adoption.lane]?.epoch = adoption.epoch
            lanes[adoption.lane]?.queries = adoption.successfulQueryCount
            lanes[adoption.lane]?.fingerprint = adoption.fingerprint
            lanes[adoption.lane]?.started = nil
            parked.removeAll {
                $0.change.lane == adoption.lane
                    && LaneCursor(position: $0.change.position)
                        > LaneCursor(
                            position: adoption.cursor.position)
            }
        case (_, .grade(let record)):
            integrations[record.integration]?.grade = record
        case (_, .parked(let change)):
            applyParked(change, position)
        case (.redriveRequested, .selection(let selection)):
            setDue(selection, position)
        case (.parkedDiscarded, .selection(let selection)):
            parked.removeAll { $0.change.reason == .refused && Self.matches(selection, $0) }
            setDue(selection, position)
        default: break
        }
    }

    /// Members whose followed fields an event changes, but for those who leave by it.
    private mutating func applyRows(
        _ event: ModelEvent, _ position: Position, _ time: Timestamp
    ) {
        let followed = rowFields.values.reduce(into: Set()) { $0.formUnion($1) }
        let changed = event.changes.filter { change in
            change.fields.contains { followed.contains(ExactText(fieldName($0.name))) }
        }
        let names = Set(changed.flatMap { $0.fields.map(\.name) })
            .filter { followed.contains(ExactText(fieldName($0))) }
        for (id, segment) in segments {
            if event.kind == .profilesRemoved, event.segment == id { continue }
            let profiles = changed.map(\.ordinal).filter { segment.members.contains($0) }
            if profiles.isEmpty { continue }
            rowChanges[id, default: []].append(
                RowChange(
                    position: position, time: time, recordedAt: time, names: names.sorted(),
                    profiles: profiles))
        }
    }

    private mutating func applySegment(
        _ event: ModelEvent, _ position: Position, _ time: Timestamp
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
        for setting in changes.set {
            rowFields[setting.name] = Set(setting.fields.all)
        }
        for name in changes.removed {
            integrations[name] = nil
            rowFields[name] = nil
            rowKeys.remove(name)
            parked.removeAll { $0.change.lane.integration == name }
            for key in lanes.keys where key.integration == name {
                lanes[key]?.hasLeft = true
                lanes[key]?.pendingResync = nil
                lanes[key]?.unfilled = nil
            }
            for (position, request) in requests where request.integration == name {
                for segment in request.segments where ends[position]?[segment] == nil {
                    ends[position, default: [:]][segment] = .cancelled
                }
            }
        }
        for setting in changes.set {
            rowKeys.set(
                setting.name, setting.fields, at: position,
                isNew: integrations[setting.name] == nil, fields)
            integrations[
                setting.name, default: Integration(first: position, isActive: true)
            ].isActive = setting.isActive ?? integrations[setting.name]?.isActive ?? true
            integrations[setting.name]?.stop = nil
            retryFills(setting.name)
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
            lanes[receipt.lane]?.fingerprint = receipt.fingerprint
            if let settled = receipt.parked {
                parked.removeAll { $0.position == settled }
            } else if receipt.query == .clearSegment || receipt.query == .deleteSegment {
                parked.removeAll {
                    $0.change.lane == receipt.lane && $0.change.position < receipt.firstPosition
                }
            }
            integrations[name]?.lastSuccess = time
        } else {
            errors[name, default: []].append(position)
            integrations[name]?.lastError = time
        }
        if receipt.outcome == .delivered {
            lanes[receipt.lane]?.failing = nil
        } else if receipt.parked == nil {
            lanes[receipt.lane]?.failing = position
        }
        let started = lanes[receipt.lane]?.started
        let isDelivered = receipt.outcome == .delivered
        let isReached = isDelivered && started.map { receipt.cursor >= $0.cursor } ?? false
        let isRebuilt = isDelivered && receipt.resync != nil
        let isGivenUp = !isDelivered && receipt.parked != nil
        if isReached || isRebuilt || isGivenUp {
            lanes[receipt.lane]?.started = nil
        }
        if receipt.outcome == .stopped {
            integrations[name]?.stop = IntegrationRow.Stop(
                code: receipt.errorCode, targetCode: receipt.targetCode,
                message: receipt.errorMessage, hint: receipt.errorHint, time: time)
        }
        self.counts[name, default: [:]][time.minute, default: Statistics.Counts()].add(counts)
    }

    private mutating func applyParked(_ change: ParkedChange, _ position: Position) {
        func isSameProfile(_ one: Parked) -> Bool {
            one.change.lane == change.lane && one.change.profile == change.profile
        }
        parked.removeAll { isSameProfile($0) && $0.change.position == change.position }
        var due: Position?
        if change.reason == .refused {
            for index in parked.indices where isSameProfile(parked[index]) {
                parked[index].due = nil
            }
        } else {
            let others = parked.filter(isSameProfile).map(\.due)
            due = others.contains(nil) ? nil : others.compactMap { $0 }.min()
        }
        parked.append(Parked(position: position, change: change, due: due))
    }

    private mutating func setDue(_ selection: ParkedSelection, _ position: Position) {
        for index in parked.indices where Self.matches(selection, parked[index]) {
            parked[index].due = position
        }
    }

    private static func matches(_ selection: ParkedSelection, _ one: Parked) -> Bool {
        let change = one.change
        return change.lane.integration == selection.integration
            && change.lane.segment == (selection.segment ?? change.lane.segment)
            && change.profile == (selection.profile ?? change.profile)
    }

    private mutating func retryFills(_ name: String) {
        for (key, lane) in lanes where key.integration == name && lane.pendingResync == nil {
            lanes[key]?.unfilled = nil
        }
    }

    private mutating func applyResult(_ result: ResyncResult) {
        guard let request = requests[result.request] else { return }
        for segment in result.segments ?? request.segments where request.segments.contains(segment)
        {
            let end = ends[result.request]?[segment]
            guard end == nil || (result.outcome == .done && end == .cancelled) else { continue }
            ends[result.request, default: [:]][segment] = result.outcome
            let key = LaneKey(integration: result.integration, segment: segment)
            let isItsOwn = lanes[key]?.pendingResync == result.request
            if result.outcome == .done {
                lanes[key]?.lastResync = result.request
                parked.removeAll {
                    $0.change.lane == key && $0.position < result.request
                }
                if isItsOwn || lanes[key]?.pendingResync == nil {
                    if lanes[key]?.unfilled != nil { lanes[key]?.hasLeft = false }
                    lanes[key]?.unfilled = nil
                }
            } else if isItsOwn, lanes[key]?.unfilled != nil {
                lanes[key]?.hasLeft = true
            }
            if isItsOwn { lanes[key]?.pendingResync = nil }
        }
    }

    package func outcome(_ position: Position) -> ResyncResult.Outcome? {
        guard let request = requests[position] else { return nil }
        let found = request.segments.map { ends[position]?[$0] }
        if found.contains(nil) { return nil }
        return [.failed, .cancelled].first { found.contains($0) } ?? .done
    }
}
