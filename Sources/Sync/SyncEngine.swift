package import Connector
internal import EventJSON
internal import Ledger
package import Projection
package import SegmentModel

/// Delivery for all integrations of a data directory.
package struct SyncEngine: Sendable {
    package struct Options: Sendable {
        /// Flush everything, due or not, and return.
        package var isUntilIdle = true
        /// With `isUntilIdle`: how long to wait for an unreachable target.
        package var giveUpMilliseconds = 30_000
        package var progress: @Sendable (SyncProgress) -> Void = { _ in }
        /// Told of each start, failure, recovery and stop.
        package var tell: @Sendable (SyncNotice) -> Void = { _ in }
        /// With `isUntilIdle`: what blocks is given up after that time as well, a query that runs
        /// too.
        package var givesUpStrictly = false

        package init() {}
    }

    let context: SyncContext
    let makeConnector: @Sendable (ConnectorDefinition) throws -> any Connector

    package init(
        context: SyncContext,
        makeConnector: @escaping @Sendable (ConnectorDefinition) throws -> any Connector
    ) {
        self.context = context
        self.makeConnector = makeConnector
    }

    /// Runs the integrations given, each on its own; one that is paused or stopped is left alone.
    ///
    /// - Returns: one outcome for each, in the order of their names.
    /// - Throws: failures of this side (ledger, projections); a target's failures are outcomes.
    package func run(
        _ integrations: [IntegrationDefinition], connectors: [String: ConnectorDefinition],
        options: Options
    ) async throws -> [IntegrationOutcome] {
        let folding = Task { await foldNowAndThen() }
        let outcomes: [IntegrationOutcome]
        do {
            outcomes = try await following { feed in
                try await runAll(integrations, connectors, options, feed)
            }
        } catch {
            folding.cancel()
            await folding.value
            throw error
        }
        folding.cancel()
        await folding.value
        return outcomes
    }

    /// Runs `body` while the ledger is followed for it.
    private func following<Result>(_ body: (LaneFeed) async throws -> Result) async throws -> Result
    {
        let feed = LaneFeed(context: context)
        // From before anything is looked at: no event may come between the look and the feed.
        let start = context.ledger.end
        let task = Task { await feed.run(from: start) }
        let result: Result
        do {
            result = try await body(feed)
        } catch {
            task.cancel()
            await task.value
            throw error
        }
        task.cancel()
        await task.value
        return result
    }

    private func runAll(
        _ integrations: [IntegrationDefinition], _ connectors: [String: ConnectorDefinition],
        _ options: Options, _ feed: LaneFeed
    ) async throws -> [IntegrationOutcome] {
        let pools = SessionPools(makeConnector: makeConnector)
        return try await pools.closing {
            try await withThrowingTaskGroup(of: IntegrationOutcome.self) { group in
                for definition in integrations {
                    group.addTask { try await run(definition, connectors, options, pools, feed) }
                }
                var outcomes: [IntegrationOutcome] = []
                for try await outcome in group { outcomes.append(outcome) }
                return outcomes.sorted { $0.name < $1.name }
            }
        }
    }

    /// So that who asks for status and errors of a long run gets an answer of about now, also while
    /// all of its lanes wait for a target.
    private func foldNowAndThen() async {
        do {
            while await context.ledger.waitForEvent(at: context.projections.checkpoint()) {
                try await context.time.sleep(milliseconds: 1000)
                try await context.projections.foldToEnd()
            }
        } catch {
            // Cancelled, or what every worker meets as well, and says.
        }
    }

    /// Carries out the resyncs that are requested for one integration, paused or not, and nothing
    /// else. Once they are done, an integration that had stopped goes on.
    package func resync(
        _ definition: IntegrationDefinition, connectors: [String: ConnectorDefinition],
        options: Options
    ) async throws -> IntegrationOutcome {
        let pools = SessionPools(makeConnector: makeConnector)
        let outcome = try await following { feed in
            try await pools.closing {
                try await run(definition, connectors, options, pools, feed, isResyncOnly: true)
            }
        }
        guard outcome.state == .done else { return outcome }
        let name = definition.name
        let row = try await context.projections.read { try $0.integration(name) }
        if let row, row.stop != nil, row.isActive {
            var batch = EventBatch()
            batch.append(
                .integrationResumed, body: IntegrationReference(integration: name).encode())
            _ = try await context.ledger.append(batch)
        }
        return outcome
    }

    private func run(
        _ definition: IntegrationDefinition, _ connectors: [String: ConnectorDefinition],
        _ options: Options, _ pools: SessionPools, _ feed: LaneFeed, isResyncOnly: Bool = false
    ) async throws -> IntegrationOutcome {
        let name = definition.name
        try await context.projections.foldToEnd()
        let row = try await context.projections.read { try $0.integration(name) }
        func outcome(_ state: IntegrationOutcome.State) -> IntegrationOutcome {
            IntegrationOutcome(name: name, state: state, deliveredProfileCount: 0)
        }
        if !isResyncOnly {
            guard row?.isActive ?? definition.isActive ?? true else {
                var paused = outcome(.paused)
                paused.hasUndelivered = try await context.projections.read {
                    try Self.hasUndelivered(definition, row, $0)
                }
                return paused
            }
            if let stop = row?.stop {
                options.tell(SyncNotice(name, .stopped(stop.failure)))
                return outcome(.stopped(stop.failure))
            }
        }
        do {
            guard let connector = connectors[definition.connector] else {
                throw Failure(
                    .configurationInvalid,
                    "integration \(name): there is no connector \(definition.connector)",
                    hint: "apply a configuration that holds it")
            }
            let sessions = try pools.pool(of: connector)
            let worker = IntegrationWorker(
                plan: try IntegrationPlan(definition, connector, sessions.connector.dialect),
                sessions: sessions, context: context, feed: feed,
                progress: options.progress, tell: options.tell)
            options.tell(SyncNotice(name, .started))
            let outcome = try await worker.run(
                isResyncOnly ? .resync : options.isUntilIdle ? .idle : .cancelled,
                giveUpMilliseconds: options.giveUpMilliseconds,
                isStrict: options.givesUpStrictly)
            if case .stopped(let failure) = outcome.state {
                options.tell(SyncNotice(name, .stopped(failure), at: outcome.place))
            }
            return outcome
        } catch let failure as Failure
            where failure.code == .configurationInvalid || failure.code == .templateInvalid
        {
            try await record(failure, of: name, known: row)
            options.tell(SyncNotice(name, .stopped(failure)))
            return outcome(.stopped(failure))
        }
    }

    /// A fault of the configuration that shows only when a run begins: `status` tells of it.
    /// Nothing stops for it, so that the next run tries again.
    private func record(_ failure: Failure, of name: String, known row: IntegrationRow?)
        async throws
    {
        guard row?.lastErrorMessage != failure.message else { return }
        try await context.record([
            Receipt(failure, .failed, of: name, before: context.ledger.end)
        ])
    }

    /// Whether events of its segments wait for the integration.
    private static func hasUndelivered(
        _ definition: IntegrationDefinition, _ row: IntegrationRow?, _ reader: any ProjectedState
    ) throws -> Bool {
        let segments = try reader.segments()
        let lanes = Dictionary(
            uniqueKeysWithValues: try reader.lanes(of: definition.name).map {
                ($0.key.segment, $0)
            })
        let decision = LanePlanner(
            definition: definition, integrationPosition: row?.firstPosition ?? Position(0)
        ).decide(segments, lanes)
        if !decision.fill.isEmpty { return true }
        let live = Set(decision.live)
        return segments.contains { segment in
            guard live.contains(segment.id) else { return false }
            guard let cursor = lanes[segment.id]?.cursor else { return true }
            return cursor < LaneCursor(position: segment.lastPosition)
        }
    }

    /// Records a resync request for segments of an integration, or for all that its lanes know and
    /// its scope holds.
    ///
    /// Segments of which an operator's rebuild is pending already are not asked for again: it is
    /// the same.
    ///
    /// - Returns: the position of the request, or of the pending one; nil if there is no segment to
    ///   rebuild.
    package func requestResync(
        _ definition: IntegrationDefinition, segments chosen: [SegmentID]
    ) async throws -> Position? {
        try await context.projections.foldToEnd()
        let name = definition.name
        let (segments, lanes, pending, stop) = try await context.projections.read { reader in
            (
                try reader.segments(), try reader.lanes(of: name),
                try reader.resyncs(of: name).filter { $0.outcome == nil },
                try reader.integration(name)?.stop
            )
        }
        var wanted = segments.filter { definition.scope.contains($0.id, $0.said) }
            .map(\.id)
        wanted += lanes.filter { !$0.hasLeft && !wanted.contains($0.key.segment) }
            .map(\.key.segment)
        if !chosen.isEmpty {
            for segment in chosen where !wanted.contains(segment) {
                throw Failure(
                    .notFound, "segment \(segment) is not in the scope of \(name)",
                    hint: "check the number, and the scope of the integration in its configuration")
            }
            wanted = chosen
        }
        guard !wanted.isEmpty else { return nil }
        // What stopped the integration may have been learned since: then this is another word.
        let isRenewed = stop != nil
        let asked = Set(
            pending.filter { $0.request.reason == .operator }.flatMap(\.request.segments))
        if !isRenewed { wanted.removeAll { asked.contains($0) } }
        if wanted.isEmpty { return pending.last?.position }
        let pin = context.ledger.end.predecessor
        var batch = EventBatch()
        let request = ResyncRequest(
            integration: name, segments: Array(Set(wanted)).sorted(), reason: .operator, pin: pin,
            resume: pin)
        batch.append(.resyncRequested, body: request.encode())
        // A fill of the same segments stops where an operator's word is needed: this is it.
        for one in pending where one.request.reason == .fill || isRenewed {
            let both = one.remaining.filter { wanted.contains($0) }
            if both.isEmpty { continue }
            let result = ResyncResult(
                integration: name, request: one.position, outcome: .cancelled, segments: both)
            batch.append(.resyncFinished, body: result.encode())
        }
        return try await context.ledger.append(batch).firstPosition
    }

    /// Gives up the rebuilds of an integration that are not done: one that is running is rolled
    /// back.
    ///
    /// - Returns: their requests.
    package func cancelResyncs(of name: String) async throws -> [ResyncRow] {
        try await context.projections.foldToEnd()
        let pending = try await context.projections.read { reader in
            try reader.resyncs(of: name).filter { $0.outcome == nil }
        }
        guard !pending.isEmpty else { return [] }
        var batch = EventBatch()
        for one in pending {
            let result = ResyncResult(
                integration: name, request: one.position, outcome: .cancelled)
            batch.append(.resyncFinished, body: result.encode())
        }
        _ = try await context.ledger.append(batch)
        try await context.projections.foldToEnd()
        return pending
    }
}
