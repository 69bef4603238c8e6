internal import Connector
internal import Ledger
internal import SQLTemplate
internal import SegmentModel
internal import StorageIO

/// What a rebuild consists of.
extension Replayer {
    /// Queries of one kind: rendered batch by batch, not all at once.
    struct Step {
        var kind: QueryKind
        /// nil: a query without rows.
        var rows: [LaneBatch.RowImage]?

        func queryCount(_ size: Int) -> Int { rows.map { ($0.count + size - 1) / size } ?? 1 }
    }

    func fold(_ segment: SegmentID) async throws -> SegmentFold {
        let (ledger, pin) = (context.ledger, resync.pin)
        return try await context.pool.run {
            try SegmentFold.fold(ledger, segment, through: pin, keepsMembers: true)
        }
    }

    /// Clear, then delete or save, then all members. Without `clear_segment`, everybody who was
    /// ever named with the segment, also since the pin, is removed, by every key that the row may
    /// have had.
    func steps(_ fold: SegmentFold, _ segment: SegmentID) async throws -> [Step] {
        let pin = resync.pin ?? Position(0)
        var steps: [Step] = []
        if plan.queries[.clearSegment] != nil {
            steps.append(Step(kind: .clearSegment))
        } else {
            let (ledger, end) = (context.ledger, context.ledger.end.predecessor ?? pin)
            let rows = LaneRows(plan: plan, segment: segment, context: context)
            let images = try await context.pool.run {
                let named = try SegmentFold.fold(
                    ledger, segment, through: end, keepsMembers: true
                ).everNamed.sorted()
                return try rows?.images(of: named, from: nil, through: end, withLast: true)
                    ?? named.map { LaneBatch.RowImage(ordinal: $0) }
            }
            steps.append(Step(kind: .removeProfiles, rows: images))
        }
        if !fold.exists {
            if plan.queries[.deleteSegment] != nil { steps.append(Step(kind: .deleteSegment)) }
            return steps
        }
        if plan.queries[.saveSegment] != nil { steps.append(Step(kind: .saveSegment)) }
        steps.append(
            Step(
                kind: .addProfiles,
                rows: fold.members.sorted().map { .init(ordinal: $0, asOf: pin) }))
        return steps
    }

    func scope(_ segment: SegmentID, _ fold: SegmentFold) -> RenderScope {
        let pin = resync.pin ?? Position(0)
        return RenderScope(
            segmentID: segment, segmentName: fold.description.name ?? "",
            integrationName: resync.integration, eventTime: fold.lastTime, position: pin,
            deliveryID: "\(context.ledger.identity.timeline.prefix(8))-\(resync.integration)-"
                + "\(segment)-resync-\(request)")
    }

    func makeReceipt(
        _ lane: LaneKey, _ kind: QueryKind?, _ row: TargetCursor
    ) -> Receipt {
        let pin = resync.pin ?? Position(0)
        return Receipt(
            lane: lane, query: kind, outcome: .delivered, firstPosition: pin, lastPosition: pin,
            cursor: LaneCursor(position: resync.resume), epoch: row.epoch, resync: request,
            templateSHA256: kind.flatMap { plan.queries[$0]?.templateSHA256 })
    }
}
