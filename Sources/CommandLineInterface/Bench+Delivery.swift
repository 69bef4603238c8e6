internal import Connector
internal import EventJSON
internal import Foundation
internal import Ledger
internal import OperatorConfiguration
internal import Projection
internal import SegmentModel
internal import StorageIO
internal import Sync

/// Databases that deliveries may be measured with, by URL.
struct BenchTargets {
    var postgresql: String?
    var mysql: String?
    var clickhouse: String?
}

extension Bench {
    static let deliveryChangeCount = 500_000
    private static let batchSize = 1000

    /// Delivery to SQLite, and to the databases whose URLs are given: values bound where the target
    /// takes them, as text, and in four lanes; beside the same statements through the database's
    /// own client, one transaction each, and for ClickHouse over one kept connection.
    func delivery(_ targets: BenchTargets) async throws -> [BenchFigure] {
        var figures = try await deliveries("sqlite", url: directory + "/target.db")
        if let url = targets.postgresql {
            figures += try await deliveries("postgresql", url: url)
            figures.append(try await latency("postgresql", url: url))
        }
        if let url = targets.mysql { figures += try await deliveries("mysql", url: url) }
        if let url = targets.clickhouse { figures += try await deliveries("clickhouse", url: url) }
        return figures + (try await lanes(targets))
    }

    private func deliveries(_ kind: ConnectorKind, url: String) async throws -> [BenchFigure] {
        let target = BenchTarget(kind, url: url)
        let statements = try await capturedStatements(target)
        var figures: [BenchFigure] = []
        // A server that has rested is faster for a while, and no delivery meets it so: once for
        // nothing. Then before and after each: a shared machine is not the same a minute later.
        _ = try await target.clientRate(statements, in: directory)
        var before = try await target.clientRate(statements, in: directory)
        for form in DeliveryForm.allCases where form.applies(to: kind) {
            try await target.prepare()
            let (rate, share) = try await rate(target, form)
            try Self.check(
                try await target.rowCount() == Self.deliveryChangeCount, "the target table")
            let after = try await target.clientRate(statements, in: directory)
            let ceiling = before.flatMap { before in after.map { (before + $0) / 2 } }
            before = after
            figures.append(
                BenchFigure(
                    what: "delivery to \(kind.rawValue), \(form.title)", value: rate,
                    unit: "rows/s", ceiling: ceiling, ceilingName: target.clientName))
            if form != .lanes {
                figures.append(
                    BenchFigure(
                        what: "its own processor time, \(form.title)", value: share,
                        unit: "of the wall clock", ceiling: nil, ceilingName: nil))
            }
        }
        return figures
    }

    // MARK: Whole runs

    private func rate(
        _ target: BenchTarget, _ form: DeliveryForm
    ) async throws -> (rowsPerSecond: Double, processorShare: Double) {
        let data = "\(directory)/delivery-\(target.kind.rawValue)-\(form.rawValue)"
        return try await Workspace.with(data, .write) { workspace in
            try await Self.append(to: workspace, laneCount: form == .lanes ? 4 : 1)
            try await workspace.projector.foldToEnd()
            let engine = Self.engine(workspace) { definition in
                let connector = try Composition.connectors
                    .makeConnector(definition, secret: nil)
                return form == .text ? TextConnector(inner: connector) : connector
            }
            let start = monotonicNanoseconds()
            let processorStart = Self.processSeconds()
            try await Self.run(engine, target)
            let elapsed = Self.elapsed(start)
            return (
                Double(Self.deliveryChangeCount) / elapsed,
                (Self.processSeconds() - processorStart) / elapsed
            )
        }
    }

    /// Profiles with a `CustomID` each, in events of 5,000, over `laneCount` segments.
    private static func append(to workspace: Workspace, laneCount: Int) async throws {
        let perEvent = 5000
        for part in 0..<deliveryChangeCount / perEvent {
            var batch = EventBatch()
            batch.append(
                .profilesAdded, segment: SegmentID(Int64(part % laneCount) + 1),
                profiles: (0..<perEvent).map {
                    let number = part * perEvent + $0
                    return ("p\(number)", [("CustomID", .text("C-\(number)"))])
                })
            _ = try await workspace.ledger.append(batch)
        }
    }

    static func engine(
        _ workspace: Workspace,
        _ makeConnector: @escaping @Sendable (ConnectorDefinition) throws -> any Connector = {
            try Composition.connectors.makeConnector($0, secret: nil)
        }
    ) -> SyncEngine {
        SyncEngine(
            context: workspace.syncContext, makeConnector: makeConnector)
    }

    static func run(
        _ engine: SyncEngine, _ target: BenchTarget, _ integrations: [IntegrationDefinition] = []
    ) async throws {
        let outcomes = try await engine.run(
            integrations.isEmpty ? [target.integration(size: batchSize)] : integrations,
            connectors: ["bench": target.definition], options: SyncEngine.Options())
        for outcome in outcomes {
            if case .done = outcome.state { continue }
            throw Failure(.targetRefused, "bench: the delivery stopped", hint: nil)
        }
    }

    /// Of this process, all threads.
    static func processSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) / 1e6
        }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The statements that one lane sends, as text.
    private func capturedStatements(_ target: BenchTarget) async throws -> [[UInt8]] {
        let capture = try CapturingConnector(target.definition)
        return try await Workspace.with("\(directory)/text-\(target.kind.rawValue)", .write) {
            try await Self.append(to: $0, laneCount: 1)
            try await $0.projector.foldToEnd()
            try await Self.run(Self.engine($0) { _ in capture }, target)
            return capture.statements
        }
    }

    // MARK: Latency

    /// From an event's acknowledgement to its row, batch size 1: seen by a reader that waits.
    private func latency(_ kind: ConnectorKind, url: String) async throws -> BenchFigure {
        let target = BenchTarget(kind, url: url)
        try await target.prepare()
        let data = "\(directory)/latency-\(kind.rawValue)"
        let milliseconds = try await Workspace.with(data, .write) { workspace in
            let engine = Self.engine(workspace)
            var options = SyncEngine.Options()
            options.isUntilIdle = false
            let settings = options
            let worker = Task {
                try await engine.run(
                    [target.integration(size: 1)], connectors: ["bench": target.definition],
                    options: settings)
            }
            var measured: [Double] = []
            for number in 0..<200 {
                var batch = EventBatch()
                batch.append(
                    .profilesAdded, segment: SegmentID(1),
                    profiles: [("p\(number)", [("CustomID", .text("C-\(number)"))])])
                _ = try await workspace.ledger.append(batch)
                let acknowledged = monotonicNanoseconds()
                while try await target.rowCount() <= number {}
                measured.append(Self.elapsed(acknowledged) * 1000)
            }
            worker.cancel()
            do {
                _ = try await worker.value
            } catch is CancellationError {
                // As it was asked to.
            }
            return measured.sorted()[measured.count / 2]
        }
        await target.close()
        return BenchFigure(
            what: "acknowledged event to its row in \(kind.rawValue), median", value: milliseconds,
            unit: "ms", ceiling: nil, ceilingName: nil)
    }
}

/// How a delivery goes in a measurement.
enum DeliveryForm: String, CaseIterable {
    case text, bound, lanes

    var title: String {
        switch self {
        case .text: "batches of 1,000 as text"
        case .bound: "batches of 1,000 with values bound"
        case .lanes: "batches of 1,000 in four lanes"
        }
    }

    func applies(to kind: ConnectorKind) -> Bool {
        switch self {
        case .text: true
        case .bound: kind != "clickhouse"
        case .lanes: kind != "sqlite"
        }
    }
}
