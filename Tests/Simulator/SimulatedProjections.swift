import EventJSON
import FrameCodec
import OperatorConfiguration
import Projection
import ProjectionModel
import SegmentModel
import Sync

/// The projections of a simulated ledger: the oracle of their tests, folded event by event.
final class SimulatedProjections: Projections, @unchecked Sendable {  // all on one thread
    let ledger: SimulatedLedger
    private(set) var model: Model
    private var next = Position(0)

    init(_ ledger: SimulatedLedger) {
        self.ledger = ledger
        model = Model(fieldName: { ledger.fieldName($0) })
    }

    func checkpoint() -> Position { next }

    func foldToEnd(before limit: Position?) async throws {
        fold(before: limit ?? ledger.end)
    }

    func fold(before end: Position) {
        while next < min(end, ledger.end) {
            guard let frame = try? ledger.frame(containing: next) else {
                preconditionFailure("a frame holds each event before the end")
            }
            let index = Int(next.rawValue - frame.firstPosition.rawValue)
            let event = frame.events[index]
            model.apply(Self.modelEvent(event, of: frame), at: next, time: event.time)
            next = next.advanced(by: 1)
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any ProjectedState) throws -> Result
    ) async throws -> Result {
        try body(state)
    }

    var state: SimulatedState { SimulatedState(model: model, end: next) }

    func readHere<Result>(_ body: (any ProjectedState) throws -> Result) throws -> Result {
        try body(state)
    }

    static func modelEvent(_ event: Frame.Event, of frame: Frame) -> ModelEvent {
        var fields: [UInt32: [(name: UInt32, value: FieldValue)]] = [:]
        for record in frame.records[event.recordRange] {
            fields[record.ordinal] = frame.changes[record.changeRange].map { change in
                (
                    change.name,
                    FieldValue(kind: change.kind, bytes: frame.bytes[change.value.range])
                )
            }
        }
        do {
            return ModelEvent(
                kind: event.kind, segment: event.segment,
                changes: frame.ordinals[event.ordinalRange].map {
                    ModelEvent.Change(ordinal: $0, fields: fields[$0] ?? [])
                }, content: try content(event.kind, frame.bytes[event.body.range]))
        } catch {
            preconditionFailure("what the engine appends can be read: \(error)")
        }
    }

    private static func content(
        _ kind: EventKind, _ body: ArraySlice<UInt8>
    ) throws -> ModelEvent.Content {
        switch kind {
        case .segmentCreated, .segmentUpdated:
            return .description(try SegmentDescription.decode(body))
        case .configurationApplied:
            let change = try ConfigurationChange.decode(body)
            return .configuration(
                SystemEventDecoder.IntegrationChanges(
                    set: change.integrations.compactMap { name, definition in
                        definition.map {
                            .init(name: name, isActive: $0.isActive, fields: RowFields($0))
                        }
                    }, removed: change.integrations.filter { $0.definition == nil }.map(\.name)))
        case .integrationPaused, .integrationResumed:
            return .integration(try IntegrationReference.decode(body).integration)
        case .deliveryRecorded: return .receipt(try Receipt.decode(body))
        case .resyncRequested: return .request(try ResyncRequest.decode(body))
        case .resyncFinished: return .result(try ResyncResult.decode(body))
        case .laneLeft: return .lane(try LaneKey.decode(body))
        case .changeParked: return .parked(try ParkedChange.decode(body))
        case .redriveRequested, .parkedDiscarded:
            return .selection(try ParkedSelection.decode(body))
        case .deliveryStarted: return .start(try DeliveryStart.decode(body))
        case .gradeRecorded: return .grade(try GradeRecord.decode(body))
        case .laneAdopted: return .adoption(try LaneAdoption.decode(body))
        case .profilesAdded, .profilesRemoved, .profilesUpdated, .segmentCleared, .segmentDeleted:
            return .none
        }
    }
}

/// The oracle's state as delivery asks for it.
struct SimulatedState: ProjectedState {
    let model: Model
    let end: Position
    /// What it answers wrong.
    var canary: Canary?

    func checkpoint() throws -> Position { end }

    func segments() throws -> [SegmentRow] { model.segments.keys.sorted().map(row) }

    func segment(_ id: SegmentID) throws -> SegmentRow? {
        model.segments[id] == nil ? nil : row(id)
    }

    func segments(_ ids: Set<SegmentID>) throws -> [SegmentRow] {
        try ids.sorted().compactMap(segment)
    }

    private func row(_ id: SegmentID) -> SegmentRow {
        let segment = model.segments[id]!
        return SegmentRow(
            id: id, name: segment.description.name ?? "",
            databaseID: segment.description.databaseID, tags: segment.description.tags,
            groups: segment.description.groups, firstPosition: segment.first,
            lastPosition: segment.last, lastRowChange: model.rowChanges[id]?.last?.position,
            createdAt: segment.createdAt, updatedAt: segment.updatedAt,
            deletedPosition: segment.deleted, memberCount: segment.members.count)
    }

    func integration(_ name: String) throws -> IntegrationRow? {
        model.integrations[name].map {
            IntegrationRow(
                name: name, firstPosition: $0.first, isActive: $0.isActive, stop: $0.stop,
                grade: $0.grade?.grade, gradeReason: $0.grade?.reason,
                lastSuccessAt: $0.lastSuccess, lastErrorAt: $0.lastError)
        }
    }

    func lanes(of integration: String) throws -> [LaneRow] {
        try model.lanes.keys.filter { $0.integration == integration }
            .sorted { $0.segment < $1.segment }.compactMap(lane)
    }

    func lanes(of integration: String, segments: Set<SegmentID>) throws -> [LaneRow] {
        try lanes(of: integration).filter { segments.contains($0.key.segment) }
    }

    func lane(_ key: LaneKey) throws -> LaneRow? {
        model.lanes[key].map {
            LaneRow(
                key: key, epoch: $0.epoch, cursor: $0.cursor, fingerprint: $0.fingerprint,
                successfulQueryCount: $0.queries, lastResync: $0.lastResync,
                pendingResync: $0.pendingResync, started: $0.started, hasLeft: $0.hasLeft,
                failing: $0.failing, unfilled: $0.unfilled)
        }
    }

    func resyncs(of integration: String?) throws -> [ResyncRow] {
        try model.requests.keys.sorted().compactMap(resync)
            .filter { integration == nil || $0.request.integration == integration }
    }

    func unsettledResyncs(of integration: String) throws -> [ResyncRow] {
        try resyncs(of: integration).filter { row in
            if row.outcome == nil { return true }
            return row.ends.contains { segment, end in
                let key = LaneKey(integration: integration, segment: segment)
                guard end == .cancelled, let lane = model.lanes[key] else { return false }
                return lane.lastResync.map { $0 < row.position } ?? true
            }
        }
    }

    func resync(_ request: Position) throws -> ResyncRow? {
        model.requests[request].map {
            var sorted = $0
            sorted.segments = Set($0.segments).sorted()
            return ResyncRow(
                position: request, request: sorted, ends: model.ends[request] ?? [:],
                outcome: model.outcome(request), requestedAt: Timestamp(rawValue: 0))
        }
    }

    func parked(at lane: LaneKey) throws -> [ParkedRow] {
        model.parked.filter { $0.change.lane == lane }
            .sorted {
                ($0.change.profile, $0.change.position) < ($1.change.profile, $1.change.position)
            }
            .map {
                ParkedRow(
                    position: $0.position, change: $0.change, time: Timestamp(rawValue: 0),
                    due: $0.due)
            }
    }

    func lanesWithDueChanges(of integration: String) throws -> [SegmentID] {
        Set(
            model.parked.filter { $0.change.lane.integration == integration && $0.due != nil }
                .map(\.change.lane.segment)
        ).sorted()
    }

    func lanesWithParkedChanges(of integration: String) throws -> [SegmentID] {
        Set(
            model.parked.map(\.change.lane).filter { $0.integration == integration }
                .map(\.segment)
        ).sorted()
    }

    func parkedCount(of integration: String) throws -> (all: Int, refused: Int) {
        let own = model.parked.filter { $0.change.lane.integration == integration }
        return (own.count, own.count { $0.change.reason == .refused })
    }

    func readFields(
        _ requests: [FieldRequest],
        _ body: (Int, UInt32, FieldKind, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        for (index, request) in requests.enumerated() {
            let fields = fields(of: request.profile.rawValue, asOf: request.asOf)
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                try Array(value.bytes).withUnsafeBytes { try body(index, name, value.kind, $0) }
            }
        }
    }

    func fields(of profile: UInt32, asOf position: Position?) -> [UInt32: FieldValue] {
        if canary == .fieldsOfNow { return model.fields[profile]?.last?.fields ?? [:] }
        guard let position else { return [:] }
        return model.fields[profile]?.last { $0.position <= position }?.fields ?? [:]
    }

    func fieldChangePositions(
        of profiles: [ProfileOrdinal], _ body: (ProfileOrdinal, [Position]) throws -> Void
    ) throws {
        for profile in profiles {
            try body(profile, (model.fields[profile.rawValue] ?? []).map(\.position))
        }
    }

    func fieldChanges(
        of profiles: [UInt32], from start: Position, before end: Position,
        _ body: (ProfileOrdinal, Position) throws -> Void
    ) throws {
        for profile in profiles {
            for one in model.fields[profile] ?? [] where one.position >= start {
                if one.position < end { try body(ProfileOrdinal(profile), one.position) }
            }
        }
    }

    func rowFieldsStart(of integration: String) throws -> Position? {
        if canary == .earlierForgotten { return nil }
        return model.rowKeys.settings[integration]?.since.values.max()
    }

    func profilesSharingRowKeys(among profiles: [UInt32]) throws -> Set<UInt32> {
        if canary == .sharingForgotten { return [] }
        let shared = model.rowKeys.holders.values.filter { $0.count > 1 }
        return shared.reduce(into: Set()) { $0.formUnion($1) }.intersection(profiles)
    }

    func profiles(withRowKey key: RowKey) throws -> [UInt32] {
        (model.rowKeys.holders[key] ?? []).sorted()
    }

    func members(among profiles: [UInt32], of segment: SegmentID) throws -> [UInt32] {
        profiles.filter { model.segments[segment]?.members.contains($0) ?? false }
    }

    func rowChanges(
        of segment: SegmentID, after position: Position?, limit: Int
    ) throws -> [RowChange] {
        let behind = (model.rowChanges[segment] ?? []).filter { change in
            position.map { change.position > $0 } ?? true
        }
        return Array(behind.prefix(limit))
    }

    func segmentsWithRowChanges(
        from start: Position, before end: Position
    ) throws -> [SegmentID] {
        model.rowChanges.filter { _, changes in
            changes.contains { $0.position >= start && $0.position < end }
        }.keys.sorted()
    }
}
