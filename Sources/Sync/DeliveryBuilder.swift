internal import Connector
internal import Ledger
internal import Projection
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// Cuts and renders the deliveries of one lane. What comes out depends on the ledger and on the
/// state given, on nothing else: so the next delivery can be built while one is under way.
struct DeliveryBuilder: Sendable {
    let plan: IntegrationPlan
    let lane: LaneKey
    let context: SyncContext
    let projector: Projector
    let renderer: QueryRenderer
    private let batcher: LaneBatcher
    /// Looks further ahead than what is built.
    private let scout: LaneBatcher

    init(plan: IntegrationPlan, lane: LaneKey, context: SyncContext, projector: Projector) {
        self.plan = plan
        self.lane = lane
        self.context = context
        self.projector = projector
        renderer = QueryRenderer(ledger: context.ledger, store: context.store)
        batcher = LaneBatcher(ledger: context.ledger, segment: lane.segment)
        scout = LaneBatcher(ledger: context.ledger, segment: lane.segment)
    }

    func cut(
        after state: LaneState, size: Int, limit: LaneCursor? = nil
    ) async throws -> LaneBatch? {
        try await context.pool.run { [batcher] in
            try batcher.next(
                after: state.cursor, size: size, parked: state.parked, limit: limit)
        }
    }

    /// Where the full deliveries end that follow from `state`, at most `count` of them, before one
    /// that meets a parked profile; nil: there is none.
    func fullEnd(after state: LaneState, size: Int, count: Int) async throws -> LaneCursor? {
        try await context.pool.run { [scout] in
            var end: LaneCursor?
            for _ in 0..<count {
                let batch = try scout.next(
                    after: end ?? state.cursor, size: size, parked: state.parked)
                guard let batch, batch.isComplete, batch.held.isEmpty else { break }
                end = batch.cursorAfter
            }
            return end
        }
    }

    /// The delivery that follows from `state`, cut and rendered in one go on one thread; nil: there
    /// is nothing yet.
    ///
    /// - Parameter binds: of an event's kind: with values beside the text, where that is possible.
    func next(
        after state: LaneState, size: Int, limit: LaneCursor? = nil,
        binds: @escaping @Sendable (EventKind) -> Bool
    ) async throws -> PreparedDelivery? {
        let built = try await context.pool.run { [self] () -> Built in
            let batch = try batcher.next(
                after: state.cursor, size: size, parked: state.parked, limit: limit)
            guard let batch else { return .nothing }
            guard isFolded(batch) else { return .cut(batch) }
            return .ready(try render(batch, from: state, binds: binds(batch.kind)))
        }
        switch built {
        case .nothing: return nil
        case .ready(let prepared): return prepared
        case .cut(let batch):
            return try await prepare(batch, from: state, binds: binds(batch.kind))
        }
    }

    private enum Built: Sendable {
        case nothing
        /// What it needs is not folded yet.
        case cut(LaneBatch)
        case ready(PreparedDelivery)
    }

    /// - Parameter binds: with values beside the text, where that is possible.
    func prepare(
        _ batch: LaneBatch, from state: LaneState, binds: Bool
    ) async throws -> PreparedDelivery {
        if let position = Self.neededPosition(batch) {
            try await projector.foldToEnd(before: position.advanced(by: 1))
        }
        return try await context.pool.run { [self] in
            try render(batch, from: state, binds: binds)
        }
    }

    /// Fields are read as of the batch's events, those of members that a segment loses as of the
    /// event before: through here the projections must be folded.
    private static func neededPosition(_ batch: LaneBatch) -> Position? {
        if batch.kind.hasProfiles { return batch.members.isEmpty ? nil : batch.lastPosition }
        return batch.kind.query == .saveSegment ? nil : batch.firstPosition
    }

    private func isFolded(_ batch: LaneBatch) -> Bool {
        guard let position = Self.neededPosition(batch) else { return true }
        return context.store.checkpoint() > position
    }

    private func render(
        _ batch: LaneBatch, from state: LaneState, binds: Bool
    ) throws -> PreparedDelivery {
        let after = try state.after(batch)
        let id = deliveryID("\(batch.firstPosition)-\(Self.text(batch.cursorAfter))")
        let scope = RenderScope(
            segmentID: lane.segment, segmentName: after.fold.description.name ?? "",
            integrationName: lane.integration, eventTime: batch.lastTime,
            position: batch.lastPosition, deliveryID: id)
        let queries: Result<[TargetQuery], TargetRefusal>
        do {
            queries = .success(try self.queries(for: batch, scope, binds: binds))
        } catch let failure as Failure where failure.code == .targetRefusedValues {
            queries = .failure(TargetRefusal(message: failure.message, hint: failure.hint))
        }
        return PreparedDelivery(batch: batch, id: id, queries: queries, after: after)
    }

    func deliveryID(_ part: String) -> String {
        "\(context.ledger.identity.timeline.prefix(8))-\(lane.integration)-\(lane.segment)-\(part)"
    }

    private static func text(_ cursor: LaneCursor) -> String {
        let position = cursor.position.map { "\($0)" } ?? "start"
        return cursor.profileCount == 0 ? position : "\(position)+\(cursor.profileCount)"
    }

    private func queries(
        for batch: LaneBatch, _ scope: RenderScope, binds: Bool
    ) throws -> [TargetQuery] {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            let query = plan.queries[batch.kind == .profilesAdded ? .addProfiles : .removeProfiles]!
            return try renderer.render(
                query, batch.members, batchSize: plan.batchSize, scope, binds: binds)
        case .segmentCreated, .segmentUpdated:
            return try single(.saveSegment, scope)
        case .segmentCleared:
            return try clearing(batch, scope)
        default:
            return try clearing(batch, scope) + single(.deleteSegment, scope)
        }
    }

    private func single(_ kind: QueryKind, _ scope: RenderScope) throws -> [TargetQuery] {
        guard let query = plan.queries[kind] else { return [] }
        return [.text(try renderer.render(query, scope))]
    }

    /// `clear_segment`, or, without it, removals of the members known just before.
    private func clearing(_ batch: LaneBatch, _ scope: RenderScope) throws -> [TargetQuery] {
        if plan.queries[.clearSegment] != nil { return try single(.clearSegment, scope) }
        let position = batch.firstPosition
        let members = try SegmentFold.fold(
            context.ledger, lane.segment, through: position.predecessor, keepsMembers: true
        ).members.sorted()
        return try renderer.render(
            plan.queries[.removeProfiles]!,
            members.map { LaneBatch.Member(ordinal: $0, position: position) },
            batchSize: plan.batchSize, scope, binds: false)
    }

    /// How many queries `prepare` makes of a batch, without making them.
    func queryCount(_ batch: LaneBatch) -> Int {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            (batch.members.count + plan.batchSize - 1) / plan.batchSize
        case .segmentCreated, .segmentUpdated: plan.queries[.saveSegment] == nil ? 0 : 1
        case .segmentCleared: plan.queries[.clearSegment] == nil ? 0 : 1
        default:
            (plan.queries[.clearSegment] == nil ? 0 : 1)
                + (plan.queries[.deleteSegment] == nil ? 0 : 1)
        }
    }
}
