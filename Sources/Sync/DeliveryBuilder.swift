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
    private let spare = SpareDelivery()
    private let readsFields: Bool

    /// - Parameter coalesces: of several changes of a profile only the last is sent.
    init(
        plan: IntegrationPlan, lane: LaneKey, context: SyncContext, projector: Projector,
        coalesces: Bool
    ) {
        self.plan = plan
        self.lane = lane
        self.context = context
        self.projector = projector
        renderer = QueryRenderer(ledger: context.ledger, store: context.store)
        batcher = LaneBatcher(
            ledger: context.ledger, segment: lane.segment, coalesces: coalesces)
        scout = LaneBatcher(ledger: context.ledger, segment: lane.segment, coalesces: coalesces)
        readsFields = [.addProfiles, .removeProfiles].contains { kind in
            plan.queries[kind].map { QueryRenderer.readsFields($0.template) } ?? false
        }
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
    /// - Parameters:
    ///   - isComplete: nil also for one that may still grow.
    ///   - binds: the kinds of events that go with values beside the text, where that is possible.
    ///   - isFollowed: the full delivery behind it is built too, and kept for the next call.
    func next(
        after state: LaneState, size: Int, limit: LaneCursor? = nil, isComplete: Bool = false,
        binds: Set<EventKind>, isFollowed: Bool = false
    ) async throws -> PreparedDelivery? {
        let terms = SpareDelivery.Terms(size: size, binds: binds)
        if limit == nil, let kept = spare.take(after: state, terms) { return kept }
        let built = try await context.pool.run { [self] () -> Built in
            let batch = try batcher.next(
                after: state.cursor, size: size, parked: state.parked, limit: limit)
            guard let batch, batch.isComplete || !isComplete else { return .nothing }
            let folded = context.store.checkpoint()
            guard Self.isFolded(batch, before: folded) else { return .cut(batch) }
            guard isFollowed, limit == nil, terms.allowSpare, batch.isComplete,
                batch.kind.hasProfiles
            else { return .ready(try render(batch, from: state, binds: binds)) }
            guard readsFields else {
                return .ready(try renderTwo(batch, from: state, terms, before: folded, nil))
            }
            return .ready(
                try context.store.readHere {
                    try renderTwo(batch, from: state, terms, before: folded, $0)
                })
        }
        switch built {
        case .nothing: return nil
        case .ready(let prepared): return prepared
        case .cut(let batch):
            return try await prepare(batch, from: state, binds: binds)
        }
    }

    private enum Built: Sendable {
        case nothing
        /// What it needs is not folded yet.
        case cut(LaneBatch)
        case ready(PreparedDelivery)
    }

    /// Renders a full delivery, and the full one behind it, if there is one, as the spare one.
    ///
    /// - Parameter folded: what `reader` sees is folded up to here at least.
    private func renderTwo(
        _ batch: LaneBatch, from state: LaneState, _ terms: SpareDelivery.Terms,
        before folded: Position, _ reader: ProjectionReader?
    ) throws -> PreparedDelivery {
        let first = try render(batch, from: state, binds: terms.binds, reader)
        do {
            let next = try batcher.next(
                after: first.after.cursor, size: terms.size, parked: first.after.parked)
            if let next, next.isComplete, next.kind.hasProfiles,
                Self.isFolded(next, before: folded)
            {
                let second = try render(next, from: first.after, binds: terms.binds, reader)
                spare.put(second, after: first.after, terms)
            }
        } catch {
            // The first one goes out all the same. Whoever asks for the second meets it again.
        }
        return first
    }

    /// Nothing is kept while a lane rests.
    func dropSpare() { spare.drop() }

    /// - Parameter binds: as for `next`.
    func prepare(
        _ batch: LaneBatch, from state: LaneState, binds: Set<EventKind>
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

    private static func isFolded(_ batch: LaneBatch, before folded: Position) -> Bool {
        neededPosition(batch).map { folded > $0 } ?? true
    }

    private func render(
        _ batch: LaneBatch, from state: LaneState, binds: Set<EventKind>,
        _ reader: ProjectionReader? = nil
    ) throws -> PreparedDelivery {
        let after = try state.after(batch)
        let id = deliveryID("\(batch.firstPosition)-\(Self.text(batch.cursorAfter))")
        let scope = RenderScope(
            segmentID: lane.segment, segmentName: after.fold.description.name ?? "",
            integrationName: lane.integration, eventTime: batch.lastTime,
            position: batch.lastPosition, deliveryID: id)
        let queries: Result<[TargetQuery], TargetRefusal>
        do {
            queries = .success(try self.queries(for: batch, scope, binds: binds, reader))
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
        for batch: LaneBatch, _ scope: RenderScope, binds: Set<EventKind>,
        _ reader: ProjectionReader?
    ) throws -> [TargetQuery] {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            return try batch.parts.flatMap { part in
                try renderer.render(
                    plan.queries[part.query]!, part.members, batchSize: plan.batchSize, scope,
                    binds: binds.contains(part.query.changeKind), reader)
            }
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
            members.map { LaneBatch.Member(ordinal: $0, position: position) }[...],
            batchSize: plan.batchSize, scope, binds: false)
    }

    /// How many queries of each kind `prepare` makes of a batch, without making them.
    func queryCounts(_ batch: LaneBatch) -> [Int] {
        let counts = batch.parts.map {
            ($0.members.count + plan.batchSize - 1) / plan.batchSize
        }
        return counts.isEmpty ? [queryCountWithoutProfiles(batch)] : counts
    }

    /// Whose query it is that stands at a place of a batch's delivery.
    func kind(of place: Int, in batch: LaneBatch) -> EventKind {
        var rest = place
        for (part, count) in zip(batch.parts, queryCounts(batch)) {
            if rest < count { return part.query.changeKind }
            rest -= count
        }
        return batch.kind
    }

    private func queryCountWithoutProfiles(_ batch: LaneBatch) -> Int {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved: 0
        case .segmentCreated, .segmentUpdated: plan.queries[.saveSegment] == nil ? 0 : 1
        case .segmentCleared: plan.queries[.clearSegment] == nil ? 0 : 1
        default:
            (plan.queries[.clearSegment] == nil ? 0 : 1)
                + (plan.queries[.deleteSegment] == nil ? 0 : 1)
        }
    }
}

extension QueryKind {
    /// The kind of events whose profiles go through `add_profiles` or `remove_profiles`.
    var changeKind: EventKind { self == .addProfiles ? .profilesAdded : .profilesRemoved }
}
