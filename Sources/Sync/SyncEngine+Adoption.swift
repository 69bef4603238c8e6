internal import Connector
internal import EventJSON
internal import FrameCodec
internal import Ledger
internal import Projection
package import SegmentModel
internal import StorageIO

extension SyncEngine {
    /// Where rows and cursors of a target went back together, as by a restore of its own backup:
    /// the lanes go back to where their rows stand, and delivery goes on from there.
    ///
    /// - Parameter isPlan: nothing is changed.
    /// - Throws: `cursorFenced` where the rows are not this ledger's, `targetRefused` where they
    ///   do not say where lanes stand; what a target fails with.
    package func adopt(
        _ definition: IntegrationDefinition, connectors: [String: ConnectorDefinition],
        isPlan: Bool
    ) async throws -> AdoptionReport {
        let name = definition.name
        guard let connector = connectors[definition.connector] else {
            throw Failure(
                .configurationInvalid,
                "integration \(name): there is no connector \(definition.connector)",
                hint: "apply a configuration that holds it")
        }
        let pools = SessionPools(makeConnector: makeConnector)
        let found = try await pools.closing {
            let sessions = try pools.pool(of: connector)
            let plan = try IntegrationPlan(definition, connector, sessions.connector.dialect)
            do {
                return try await read(name, sessions)
            } catch let failure as TargetFailure {
                throw plan.told(failure).asFailure
            }
        }
        let (report, batch) = try await plan(found, of: name)
        if !isPlan, !batch.isEmpty { _ = try await context.ledger.append(batch) }
        return report
    }

    private func read(
        _ name: String, _ sessions: SessionPool
    ) async throws -> TargetRecognizer.Result {
        let lease = try await sessions.take(for: name)
        let recognizer = TargetRecognizer(
            integration: name, context: context)
        do {
            guard lease.support == .transactional else {
                throw Failure(
                    .targetRefused,
                    "integration \(name): rows of segledger_cursor do not move with deliveries "
                        + "there, and do not say where its lanes stand",
                    hint: "run 'segledger resync \(name)', which rebuilds the tables")
            }
            let result = try await recognizer.read(lease.session, lease.support)
            await sessions.putBack(lease, of: name, isUsable: true)
            return result
        } catch {
            await sessions.putBack(lease, of: name, isUsable: false)
            throw error
        }
    }

    /// What is done, as events.
    private func plan(
        _ found: TargetRecognizer.Result, of name: String
    ) async throws -> (AdoptionReport, EventBatch) {
        let faults = found.verdict.faults
        let behind = faults[.behind] ?? []
        let isOther = faults[.foreign] != nil || faults[.diverged] != nil
        // Where no row is left there is nothing to go back to.
        if isOther || (faults[.missing] != nil && found.rows.isEmpty) {
            if let failure = found.failure(of: name) { throw failure }
        }
        var report = AdoptionReport()
        report.rebuilt = faults[.missing] ?? []
        report.unchangedCount = found.verdict.laneCount - behind.count - report.rebuilt.count
        let histories = try await histories(behind, found, of: name)
        var batch = EventBatch()
        for segment in behind.sorted() {
            guard let lane = found.lanes[segment], let row = found.rows[segment] else { continue }
            let parked = try await context.projections.read { try $0.parked(at: lane.key) }
            let step = AdoptionPlan.step(
                lane, row, histories[segment] ?? AdoptionPlan.History(),
                parked: parked.map(\.change.position))
            guard case .adopt(let again) = step, let fingerprint = row.fingerprint else {
                report.rebuilt.append(segment)
                continue
            }
            report.adopted.append(
                AdoptionReport.Lane(segment: segment, from: lane.cursor, to: row.cursor))
            let adoption = LaneAdoption(
                lane: lane.key, cursor: row.cursor, epoch: row.epoch,
                successfulQueryCount: Int(row.queryCount), fingerprint: fingerprint)
            batch.append(.laneAdopted, body: adoption.encode())
            report.redrivenCount += try await redrive(again, behind: row.cursor, &batch)
        }
        report.rebuilt.sort()
        try await finish(report, of: name, &batch)
        return (report, batch)
    }

    /// Sets aside again what was tried again since, and has it tried once more.
    private func redrive(
        _ again: [Position], behind cursor: LaneCursor, _ batch: inout EventBatch
    ) async throws -> Int {
        var changes: [ParkedChange] = []
        for position in again {
            let ledger = context.ledger
            let change = try await context.pool.run { () -> ParkedChange? in
                guard let frame = try ledger.frame(containing: position) else { return nil }
                let index = Int(position.rawValue - frame.firstPosition.rawValue)
                return try frame.withBody(of: frame.events[index]) { try ParkedChange.decode($0) }
            }
            // What lies behind the lane's place comes again by itself.
            guard let change, LaneCursor(position: change.position) <= cursor else { continue }
            changes.append(change)
        }
        for change in changes { batch.append(.changeParked, body: change.encode()) }
        for profile in Set(changes.map(\.profile)) {
            let lane = changes[0].lane
            let selection = ParkedSelection(
                integration: lane.integration, segment: lane.segment, profile: profile)
            batch.append(.redriveRequested, body: selection.encode())
        }
        return changes.count
    }

    private func finish(
        _ report: AdoptionReport, of name: String, _ batch: inout EventBatch
    ) async throws {
        if !report.rebuilt.isEmpty {
            let pin = context.ledger.end.predecessor
            let request = ResyncRequest(
                integration: name, segments: report.rebuilt, reason: .operator, pin: pin,
                resume: pin)
            batch.append(.resyncRequested, body: request.encode())
        }
        let row = try await context.projections.read { try $0.integration(name) }
        if let row, row.isActive, row.stop?.code == Failure.Code.cursorFenced.rawValue {
            batch.append(
                .integrationResumed, body: IntegrationReference(integration: name).encode())
        }
    }

    /// What the ledger says of lanes since their rows were written: one pass over what came since
    /// the oldest.
    private func histories(
        _ segments: [SegmentID], _ found: TargetRecognizer.Result, of name: String
    ) async throws -> [SegmentID: AdoptionPlan.History] {
        let starts = segments.reduce(into: [SegmentID: Position]()) { starts, segment in
            starts[segment] = found.rows[segment]?.fingerprint?.position
        }
        guard let first = starts.values.min() else { return [:] }
        let ledger = context.ledger
        return try await context.pool.run {
            var histories: [SegmentID: AdoptionPlan.History] = [:]
            var position = first
            while let frame = try ledger.frame(containing: position) {
                for (index, event) in frame.events.enumerated() {
                    let at = frame.firstPosition.advanced(by: index)
                    switch event.kind {
                    case .deliveryRecorded:
                        let receipt = try frame.withBody(of: event) { try Receipt.decode($0) }
                        guard receipt.lane.integration == name,
                            let start = starts[receipt.lane.segment], at >= start
                        else { continue }
                        let settled = receipt.outcome == .delivered ? receipt.parked : nil
                        histories[receipt.lane.segment, default: .init()].receipts.append(
                            (receipt.successfulQueryCount, settled))
                    case .laneAdopted:
                        let lane = try frame.withBody(of: event) {
                            try LaneAdoption.decode($0).lane
                        }
                        guard lane.integration == name, let start = starts[lane.segment],
                            at >= start
                        else { continue }
                        histories[lane.segment, default: .init()].hasAdoption = true
                    default: continue
                    }
                }
                position = frame.endPosition
            }
            return histories
        }
    }
}

extension Frame {
    /// Calls `body` with the event's JSON body.
    fileprivate func withBody<Result>(
        of event: Event, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[event.body.range]))
        }
    }
}
