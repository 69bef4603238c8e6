internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync
internal import Synchronization

/// What many lanes, many integrations and rebuilds cost beside one lane's delivery.
extension Bench {
    /// Into SQLite, and into PostgreSQL if its URL is given.
    func lanes(_ targets: BenchTargets) async throws -> [BenchFigure] {
        let file = directory + "/lanes.db"
        var figures = [try await manySegments(file), try await manyIntegrations(file)]
        figures += try await resting(file)
        figures.append(try await rebuild(BenchTarget("sqlite", url: file)))
        if let url = targets.postgresql {
            figures.append(try await manySegments(of: BenchTarget("postgresql", url: url)))
            figures.append(try await rebuild(BenchTarget("postgresql", url: url)))
        }
        return figures
    }

    // MARK: Many segments

    /// Processor time of many small lanes, beside that of one with the same changes.
    private func manySegments(_ file: String) async throws -> BenchFigure {
        let target = BenchTarget("sqlite", url: file)
        let many = try await deliver(target, SegmentChanges(segments: 2000, perSegment: 5))
        let one = try await deliver(target, SegmentChanges(segments: 1, perSegment: 10_000))
        return BenchFigure(
            what: "10,000 changes in 2,000 segments to sqlite, processor time",
            value: many.processorSeconds * 1000, unit: "ms", ceiling: one.processorSeconds * 1000,
            ceilingName: "the same changes in one segment")
    }

    private func manySegments(of target: BenchTarget) async throws -> BenchFigure {
        let changes = SegmentChanges(segments: 5000, perSegment: 200, perEvent: 50)
        let many = try await deliver(target, changes)
        let one = try await deliver(
            target, SegmentChanges(segments: 1, perSegment: changes.count, perEvent: 50))
        await target.close()
        return BenchFigure(
            what: "200 changes in each of 5,000 segments to \(target.kind.rawValue)",
            value: Double(changes.count) / many.seconds, unit: "rows/s",
            ceiling: Double(changes.count) / one.seconds,
            ceilingName: "the same changes in one segment")
    }

    private func deliver(
        _ target: BenchTarget, _ changes: SegmentChanges,
        start: IntegrationDefinition.Start = .beginning
    ) async throws -> (seconds: Double, processorSeconds: Double) {
        try await target.prepare()
        let data = "\(directory)/lanes-\(UUID().uuidString.prefix(8))"
        let cost = try await Workspace.with(data, .write) { workspace in
            try await changes.append(to: workspace)
            try await workspace.projector.foldToEnd()
            var integration = target.integration(size: 1000)
            integration.start = start
            integration.queries[.clearSegment] =
                "DELETE FROM segledger_bench WHERE segment_id = {segment_id}"
            // Applied behind the changes: what it starts with is a rebuild, if it does so.
            try await Self.apply(integration, to: workspace)
            let began = (monotonicNanoseconds(), Self.processSeconds())
            try await Self.run(Self.engine(workspace), target, [integration])
            return (Self.elapsed(began.0), Self.processSeconds() - began.1)
        }
        try Self.check(try await target.rowCount() == changes.count, "the target table")
        return cost
    }

    private static func apply(
        _ integration: IntegrationDefinition, to workspace: Workspace
    ) async throws {
        let change = ConfigurationChange(
            integrations: [(integration.name, integration)])
        var batch = EventBatch()
        batch.append(.configurationApplied, body: change.encode())
        _ = try await workspace.ledger.append(batch)
        try await workspace.projector.foldToEnd()
    }

    // MARK: Many integrations

    /// An event for one of 200 integrations, each of one segment: when its row is there.
    private func manyIntegrations(_ file: String) async throws -> BenchFigure {
        let target = BenchTarget("sqlite", url: file)
        try await target.prepare()
        let integrations = (1...200).map { number in
            var integration = target.integration(size: 1)
            integration.name = "bench\(number)"
            integration.scope.segments = .ids([SegmentID(Int64(number))])
            return integration
        }
        let milliseconds = try await Workspace.with("\(directory)/integrations", .write) {
            workspace in
            try await SegmentChanges(segments: 200, perSegment: 1).append(to: workspace)
            return try await Self.running(integrations, target, workspace) { committed in
                try await committed.wait(for: 200)
                var measured: [Double] = []
                for number in 1...100 {
                    var batch = EventBatch()
                    batch.append(
                        .profilesAdded, segment: SegmentID(Int64(number * 2)),
                        profiles: [("new\(number)", [("CustomID", .text("N-\(number)"))])])
                    _ = try await workspace.ledger.append(batch)
                    let acknowledged = monotonicNanoseconds()
                    try await committed.wait(for: 200 + number)
                    measured.append(Self.elapsed(acknowledged) * 1000)
                }
                return measured.sorted()[measured.count / 2]
            }
        }
        try Self.check(try await target.rowCount() == 300, "the target table")
        await target.close()
        return BenchFigure(
            what: "event for one of 200 integrations to its row in sqlite, median",
            value: milliseconds, unit: "ms", ceiling: nil, ceilingName: nil)
    }

    /// Runs integrations as `sync` does without an end, while `body` looks.
    private static func running<Result>(
        _ integrations: [IntegrationDefinition], _ target: BenchTarget, _ workspace: Workspace,
        _ body: (CommittedChanges) async throws -> Result
    ) async throws -> Result {
        let (engine, committed) = (engine(workspace), CommittedChanges())
        var options = SyncEngine.Options()
        options.isUntilIdle = false
        options.progress = { committed.note($0) }
        let settings = options
        let worker = Task {
            try await engine.run(
                integrations, connectors: ["bench": target.definition], options: settings)
        }
        let result = try await body(committed)
        worker.cancel()
        do {
            _ = try await worker.value
        } catch is CancellationError {
            // As it was asked to.
        }
        return result
    }

    // MARK: Rest

    /// 100,000 segments, all of which one integration delivers, and each of 19 others a few: what
    /// waiting costs, and what the lanes keep.
    private func resting(_ file: String) async throws -> [BenchFigure] {
        let (segments, seconds) = (100_000, 20.0)
        let target = BenchTarget("sqlite", url: file)
        try await target.prepare()
        let integrations = (0..<20).map { number in
            var integration = target.integration(size: 1000)
            integration.name = "bench\(number)"
            if number > 0 {
                integration.scope.segments = .ids((1...100).map { SegmentID($0) })
            }
            return integration
        }
        let figures = try await Workspace.with("\(directory)/resting", .write) { workspace in
            try await SegmentChanges(segments: segments, perSegment: 1).append(to: workspace)
            try await workspace.projector.foldToEnd()
            let before = try Self.residentByteCount()
            return try await Self.running(integrations, target, workspace) { committed in
                try await committed.wait(for: segments + 19 * 100)
                // The last receipts, and what the projections make of them.
                try await Task.sleep(for: .seconds(3))
                let after = try Self.residentByteCount()
                let start = Self.processSeconds()
                try await Task.sleep(for: .seconds(seconds))
                let spent = Self.processSeconds() - start
                return [
                    BenchFigure(
                        what: "waiting with 100,000 segments and 20 integrations, processor time",
                        value: spent * 60 / seconds * 1000, unit: "ms a minute", ceiling: nil,
                        ceilingName: nil),
                    BenchFigure(
                        what: "memory of 100,000 lanes", value: Double(after - before) / 1e6,
                        unit: "MB", ceiling: nil, ceilingName: nil),
                ]
            }
        }
        try Self.check(try await target.rowCount() == segments, "the target table")
        await target.close()
        return figures
    }

    /// Memory of this process that is in use.
    private static func residentByteCount() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize())
    }

    // MARK: Rebuilds

    /// Processor time of a rebuild, beside that of delivering the same members one by one.
    private func rebuild(_ target: BenchTarget) async throws -> BenchFigure {
        let members = SegmentChanges(segments: 1, perSegment: 1_000_000, perEvent: 5000)
        let live = try await deliver(target, members)
        let rebuilt = try await deliver(target, members, start: .fill)
        await target.close()
        return BenchFigure(
            what: "rebuild of 1,000,000 members in \(target.kind.rawValue), processor time",
            value: rebuilt.processorSeconds * 1000, unit: "ms",
            ceiling: live.processorSeconds * 1000, ceilingName: "delivery of the same changes")
    }
}

/// Changes spread over segments in turn.
private struct SegmentChanges {
    var segments: Int
    var perSegment: Int
    var perEvent = 1

    var count: Int { segments * perSegment }

    func append(to workspace: Workspace) async throws {
        let rounds = perSegment / perEvent
        var (batch, number) = (EventBatch(), 0)
        for _ in 0..<rounds {
            for segment in 1...segments {
                batch.append(
                    .profilesAdded, segment: SegmentID(Int64(segment)),
                    profiles: (0..<perEvent).map {
                        ("p\(number + $0)", [("CustomID", .text("C-\(number + $0)"))])
                    })
                number += perEvent
                if number % 10_000 < perEvent {
                    _ = try await workspace.ledger.append(batch)
                    batch = EventBatch()
                }
            }
        }
        if !batch.isEmpty { _ = try await workspace.ledger.append(batch) }
    }
}

/// How many changes all integrations of a run have committed.
private final class CommittedChanges: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func note(_ progress: SyncProgress) {
        guard case .delivery = progress.activity else { return }
        counts.withLock { $0[progress.integration] = progress.done }
    }

    func wait(for count: Int) async throws {
        while counts.withLock({ $0.values.reduce(0, +) }) < count {
            try await Task.sleep(for: .microseconds(100))
        }
    }
}
