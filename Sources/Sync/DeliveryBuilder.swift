internal import Connector
internal import Ledger
internal import Projection
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// What comes behind a lane's state.
enum NextDelivery: Sendable {
    case ready(PreparedDelivery)
    /// Something comes, or it is not known.
    case notYet
    /// Nothing, up to where the ledger ended when this was asked.
    case atEnd
}

/// Cuts and renders the deliveries of one lane. What comes out depends on the ledger and on the
/// state given, on nothing else: so the next delivery can be built while one is under way.
struct DeliveryBuilder: Sendable {
    let plan: IntegrationPlan
    let lane: LaneKey
    let context: SyncContext
    let renderer: QueryRenderer
    private let batcher: LaneBatcher
    /// Looks further ahead than what is built.
    private let scout: LaneBatcher
    private let stock = DeliveryStock()
    private let readsFields: Bool
    let coalesces: Bool
    let rows: LaneRows?

    /// - Parameter coalesces: of several changes of a profile only the last is sent.
    init(
        plan: IntegrationPlan, lane: LaneKey, context: SyncContext,
        coalesces: Bool
    ) {
        self.plan = plan
        self.lane = lane
        self.context = context
        self.coalesces = coalesces
        renderer = QueryRenderer(
            ledger: context.ledger, projections: context.projections, rowKey: plan.rowKey)
        rows = LaneRows(plan: plan, segment: lane.segment, context: context)
        batcher = LaneBatcher(
            ledger: context.ledger, segment: lane.segment, coalesces: coalesces, rows: rows)
        scout = LaneBatcher(
            ledger: context.ledger, segment: lane.segment, coalesces: coalesces, rows: rows)
        readsFields = [.addProfiles, .removeProfiles].contains { kind in
            plan.queries[kind].map { QueryRenderer.readsFields($0.template) } ?? false
        }
    }

    func cut(
        after state: LaneState, size: Int, limit: LaneCursor? = nil
    ) async throws -> LaneBatch? {
        try await foldForRows()
        return try await context.pool.run { [self] in
            try cutHere(after: state, size: size, limit: limit)
        }
    }

    /// Where rows follow fields, batches are cut of what is folded.
    private func foldForRows() async throws {
        if rows != nil, context.projections.checkpoint() < context.ledger.end {
            try await context.projections.foldToEnd()
        }
    }

    private func cutHere(
        after state: LaneState, size: Int, limit: LaneCursor? = nil
    ) throws -> LaneBatch? {
        var batch = try batcher.next(
            after: state.cursor, size: size, parked: state.parked, limit: limit)
        if let kind = batch?.kind, plan.queries[.saveSegment] != nil {
            batch?.savesSegment = state.isSaved(before: kind)
        }
        return batch
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

    /// The delivery that follows from `state`, cut and rendered in one go on one thread.
    ///
    /// - Parameters:
    ///   - isReady: not one that may still grow, nor one whose fields are not folded.
    ///   - binds: the kinds of events that go with values beside the text, where that is possible.
    ///   - isFollowed: the full delivery behind it is built too, and kept for the next call.
    func nextOrEnd(
        after state: LaneState, size: Int, limit: LaneCursor? = nil, isReady: Bool = false,
        binds: Set<EventKind>, isFollowed: Bool = false
    ) async throws -> NextDelivery {
        let terms = DeliveryStock.Terms(size: size, binds: binds)
        if limit == nil, let kept = stock.take(after: state, terms) {
            return .ready(kept)
        }
        if !isReady { try await foldForRows() }
        let built = try await context.pool.run { [self] () -> Built in
            let end = context.ledger.end
            let isWhole = rows == nil || context.projections.checkpoint() >= end
            let batch = try cutHere(after: state, size: size, limit: limit)
            guard let batch else { return isWhole || !isReady ? .atEnd : .notYet }
            guard batch.isComplete || !isReady else { return .notYet }
            let folded = context.projections.checkpoint()
            guard Self.isFolded(batch, before: folded) else {
                return isReady ? .notYet : .cut(batch)
            }
            guard isFollowed, limit == nil, batch.isComplete, batch.kind.hasProfiles else {
                return .ready(try render(batch, from: state, binds: binds))
            }
            return .ready(
                try withReader { reader in
                    let first = try render(batch, from: state, binds: binds, reader)
                    guard case .success = first.queries else { return first }
                    stock.put(
                        build(
                            terms.count - 1, after: first.after, terms, before: folded, reader),
                        after: first.after, terms)
                    return first
                })
        }
        switch built {
        case .atEnd: return .atEnd
        case .notYet: return .notYet
        case .ready(let prepared): return .ready(prepared)
        case .cut(let batch):
            return .ready(try await prepare(batch, from: state, binds: binds))
        }
    }

    /// `nextOrEnd`, if it is a delivery.
    func next(
        after state: LaneState, size: Int, limit: LaneCursor? = nil, isReady: Bool = false,
        binds: Set<EventKind>, isFollowed: Bool = false
    ) async throws -> PreparedDelivery? {
        let found = try await nextOrEnd(
            after: state, size: size, limit: limit, isReady: isReady, binds: binds,
            isFollowed: isFollowed)
        guard case .ready(let delivery) = found else { return nil }
        return delivery
    }

    private enum Built: Sendable {
        case atEnd, notYet
        /// What it needs is not folded yet.
        case cut(LaneBatch)
        case ready(PreparedDelivery)
    }

    /// Builds the full deliveries that follow from `state`, for the next calls of `next`, unless
    /// some are there.
    func fillStock(
        after state: LaneState, size: Int, binds: Set<EventKind>
    ) async throws {
        let terms = DeliveryStock.Terms(size: size, binds: binds)
        guard terms.count > 1, stock.isEmpty else { return }
        try await context.pool.run { [self] in
            let folded = context.projections.checkpoint()
            let built = try withReader {
                build(terms.count, after: state, terms, before: folded, $0)
            }
            stock.put(built, after: state, terms)
        }
    }

    /// Nothing is kept while a lane rests.
    func dropStock() { stock.drop() }

    /// One look at the projections, if the queries need one.
    private func withReader<Result>(
        _ body: ((any ProjectedState)?) throws -> Result
    ) throws -> Result {
        try readsFields ? context.projections.readHere { try body($0) } : body(nil)
    }

    /// Full deliveries of profiles that follow each other, `count` at most. One that fails is not
    /// among them: whoever asks for it meets that again.
    ///
    /// - Parameter folded: what `reader` sees is folded up to here at least.
    private func build(
        _ count: Int, after state: LaneState, _ terms: DeliveryStock.Terms,
        before folded: Position, _ reader: (any ProjectedState)?
    ) -> [PreparedDelivery] {
        var built: [PreparedDelivery] = []
        var last = state
        while built.count < count {
            do {
                let batch = try cutHere(after: last, size: terms.size)
                guard let batch, batch.isComplete, batch.kind.hasProfiles,
                    Self.isFolded(batch, before: folded)
                else { break }
                let next = try render(batch, from: last, binds: terms.binds, reader)
                guard case .success = next.queries else { break }
                built.append(next)
                last = next.after
            } catch {
                break
            }
        }
        return built
    }

    /// - Parameter binds: as for `next`.
    func prepare(
        _ batch: LaneBatch, from state: LaneState, binds: Set<EventKind>
    ) async throws -> PreparedDelivery {
        if let position = Self.neededPosition(batch) {
            try await context.projections.foldToEnd(before: position.advanced(by: 1))
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
        _ reader: (any ProjectedState)? = nil
    ) throws -> PreparedDelivery {
        let after = try state.after(batch)
        let id = deliveryID("\(batch.firstPosition)-\(Self.text(batch.cursorAfter))")
        let scope = RenderScope(
            segmentID: lane.segment, segmentName: after.fold.description.name ?? "",
            integrationName: lane.integration, eventTime: batch.lastTime,
            position: batch.lastPosition, deliveryID: id)
        var batch = batch
        let queries: Result<[TargetQuery], TargetRefusal>
        do {
            let rendered = try self.queries(
                for: batch, scope, parked: state.parked.profiles, binds: binds, reader)
            batch.queryCounts = rendered.map(\.count)
            queries = .success(rendered.flatMap { $0 })
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

    /// By part, where the batch has some.
    private func queries(
        for batch: LaneBatch, _ scope: RenderScope, parked: Set<UInt32>, binds: Set<EventKind>,
        _ reader: (any ProjectedState)?
    ) throws -> [[TargetQuery]] {
        switch batch.kind {
        case .profilesAdded, .profilesRemoved:
            return try batch.parts.map { part in
                guard part.query.hasBatch else { return try single(part.query, scope) }
                return try part.runs.flatMap { rows in
                    try renderer.render(
                        plan.queries[part.query]!, rows, batchSize: plan.batchSize, scope,
                        binds: binds.contains(part.query.changeKind), reader)
                }
            }
        case .segmentCreated, .segmentUpdated:
            return [try single(.saveSegment, scope)]
        case .segmentCleared:
            let saving = batch.savesSegment ? try single(.saveSegment, scope) : []
            return [try saving + clearing(batch, scope, parked)]
        default:
            return [try clearing(batch, scope, parked) + single(.deleteSegment, scope)]
        }
    }

    private func single(_ kind: QueryKind, _ scope: RenderScope) throws -> [TargetQuery] {
        guard let query = plan.queries[kind] else { return [] }
        return [.text(try renderer.render(query, scope))]
    }

    /// `clear_segment`, or, without it, removals of the members known just before; of whom changes
    /// are set aside, by every key that the row may have.
    private func clearing(
        _ batch: LaneBatch, _ scope: RenderScope, _ parked: Set<UInt32>
    ) throws -> [TargetQuery] {
        if plan.queries[.clearSegment] != nil { return try single(.clearSegment, scope) }
        let position = batch.firstPosition
        let before = position.predecessor
        let members = try SegmentFold.fold(
            context.ledger, lane.segment, through: before, keepsMembers: true
        ).members
        var images = members.subtracting(parked).sorted().map {
            LaneBatch.RowImage(ordinal: $0, asOf: before)
        }
        if let rows, let before {
            images += try rows.images(
                of: parked.sorted(), from: nil, through: before, withLast: true)
        } else {
            images += parked.sorted().map { LaneBatch.RowImage(ordinal: $0, asOf: before) }
        }
        return try renderer.render(
            plan.queries[.removeProfiles]!, images[...], batchSize: plan.batchSize, scope,
            binds: false)
    }

    /// How many queries each part of a batch has; before it is rendered, at most.
    func queryCounts(_ batch: LaneBatch) -> [Int] {
        if let counts = batch.queryCounts { return counts }
        let counts = batch.parts.map { part in
            guard part.query.hasBatch else { return 1 }
            return part.runs.reduce(0) { $0 + ($1.count + plan.batchSize - 1) / plan.batchSize }
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
        case .segmentCleared:
            (batch.savesSegment ? 1 : 0) + (plan.queries[.clearSegment] == nil ? 0 : 1)
        default:
            (plan.queries[.clearSegment] == nil ? 0 : 1)
                + (plan.queries[.deleteSegment] == nil ? 0 : 1)
        }
    }
}

extension QueryKind {
    /// A kind of events that goes through the query.
    var changeKind: EventKind {
        switch self {
        case .addProfiles, .members: .profilesAdded
        case .removeProfiles: .profilesRemoved
        case .saveSegment: .segmentUpdated
        case .clearSegment: .segmentCleared
        case .deleteSegment: .segmentDeleted
        }
    }
}
